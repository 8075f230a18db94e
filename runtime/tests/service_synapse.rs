//! A cell from outside of any cell. Alone in its file, since what runs in a process is one for all its threads.

use std::sync::Arc;

use cell::Result;
use cell::service::{Cell, Context, Handle, Handlers, Handling, Interface, Service, Synapse};
use cell::start::{Part, start};

struct Tax;

impl Cell for Tax {
    const NAME: &'static str = "tax";

    async fn start(_: &Context) -> Result<Self> {
        Ok(Self)
    }
}

#[derive(Clone)]
struct TaxClient(Handle<Tax>);

impl From<Handle<Tax>> for TaxClient {
    fn from(handle: Handle<Tax>) -> Self {
        Self(handle)
    }
}

impl Handlers for Tax {
    type Client = TaxClient;

    fn interface(_: &mut Interface<Self>) {}
}

cell::__private::inventory::submit! { Service::of::<Tax>() }
cell::__private::inventory::submit! { Handling::of::<Tax>() }

#[tokio::test]
async fn a_synapse_leads_to_the_cell_for_as_long_as_it_runs() -> Result<()> {
    let error = Synapse::to::<Tax>().await.expect_err("nothing runs yet");
    expect_test::expect!["there is no cell `tax` yet: no cells run in this process (`cell::main!()` starts them)"]
        .assert_eq(&error.to_string());
    let running = start(Part::all()).await?;
    let (outside, inside) = (Synapse::to::<Tax>().await?, running.synapse::<Tax>().await?);
    match (&outside.0, &inside.0) {
        (Handle::Local(outside), Handle::Local(inside)) => assert!(Arc::ptr_eq(outside, inside)),
        _ => panic!("a cell that has started is reached directly"),
    }
    running.shutdown().await;
    assert!(Synapse::to::<Tax>().await.is_err());
    Ok(())
}
