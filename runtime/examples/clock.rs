//! A process of one cell, with its macros expanded by hand: a door, a task and configuration. The tests of the process
//! as a whole run it: `CLOCK_GREETING` must be set, and `GET /slow` takes as long as it is told to.

use std::sync::Arc;
use std::time::Duration;

use cell::config::Config;
use cell::service::{Cell, Context, Handle, Handlers, Handling, Interface, Service};
use cell::{Error, Result};

/// Tells what it was told to.
struct Clock {
    greeting: Config<String>,
}

impl Clock {
    async fn greet(&self) -> Result<String> {
        Ok(self.greeting.to_string())
    }

    async fn slow(&self, milliseconds: u64) -> Result<String> {
        tracing::info!("a slow request began");
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
        Ok("done".to_owned())
    }

    async fn tick(&self) -> Result<()> {
        tracing::info!("tick");
        Ok(())
    }

    async fn broken(&self) -> Result<()> {
        Err(Error::message("a task that always fails"))
    }
}

impl Cell for Clock {
    const NAME: &'static str = "clock";

    async fn start(cx: &Context) -> Result<Self> {
        Ok(Self { greeting: cx.field::<Config<String>, _>("greeting").await? })
    }
}

#[derive(Clone)]
struct ClockClient {
    _handle: Handle<Clock>,
}

impl From<Handle<Clock>> for ClockClient {
    fn from(handle: Handle<Clock>) -> Self {
        Self { _handle: handle }
    }
}

impl Handlers for Clock {
    type Client = ClockClient;

    fn interface(interface: &mut Interface<Self>) {
        let handler = interface.handler("greet").result::<Result<String>>();
        cell::__door!(handler, Get, "/", |cell, input| cell.greet().await);
        let handler = interface.handler("slow").argument::<u64>("milliseconds").result::<Result<String>>();
        cell::__door!(handler, Get, "/slow", |cell, input| cell.slow(input.take::<u64>("milliseconds")?).await);
        interface.task("tick", Some(50), |cell: Arc<Self>| Box::pin(async move { cell.tick().await }));
        interface.task("broken", None, |cell: Arc<Self>| Box::pin(async move { cell.broken().await }));
    }
}

cell::__private::inventory::submit! { Service::of::<Clock>() }
cell::__private::inventory::submit! { Handling::of::<Clock>() }

cell::main!();
