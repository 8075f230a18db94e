//! How cells are started: their order, what they share, their configuration, and what is told where that fails.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use cell::config::{Config, Secret};
use cell::service::{CallError, Cell, Context, Fault, Field, Handle, Handlers, Handling, Interface, Service, Synapse};
use cell::start::{Part, start};
use cell::{Error, Result};
use expect_test::{Expect, expect};

/// Registers a cell with a client that lends the cell itself.
macro_rules! registered {
    ($cell:ident, $client:ident) => {
        #[derive(Clone)]
        struct $client(Handle<$cell>);

        impl $client {
            fn with<R>(&self, read: impl FnOnce(&$cell) -> R) -> Result<R, CallError<Error>> {
                Ok(read(self.0.cell()?))
            }
        }

        impl From<Handle<$cell>> for $client {
            fn from(handle: Handle<$cell>) -> Self {
                Self(handle)
            }
        }

        impl Handlers for $cell {
            type Client = $client;

            fn interface(_: &mut Interface<Self>) {}
        }

        cell::__private::inventory::submit! { Service::of::<$cell>() }
        cell::__private::inventory::submit! { Handling::of::<$cell>() }
    };
}

/// What a database's handle is to the cells: opened once in a process.
#[derive(Clone, Debug, PartialEq)]
struct Store(usize);

static OPENED: AtomicUsize = AtomicUsize::new(0);

impl Store {
    async fn open() -> Result<Self> {
        Ok(Self(OPENED.fetch_add(1, Ordering::Relaxed)))
    }
}

impl Field for Store {
    async fn grow(cx: &Context, _: &'static str) -> Result<Self> {
        cx.shared(Self::open).await
    }
}

static STARTED: Mutex<Vec<&str>> = Mutex::new(Vec::new());

struct Alpha {
    store: Store,
    zulu: Synapse<Zulu>,
}

impl Cell for Alpha {
    const NAME: &'static str = "alpha";

    async fn start(cx: &Context) -> Result<Self> {
        let alpha = Self { store: cx.field("store").await?, zulu: cx.field("zulu").await? };
        STARTED.lock().unwrap().push(cx.cell());
        Ok(alpha)
    }
}

registered!(Alpha, AlphaClient);

struct Zulu {
    store: Store,
}

impl Cell for Zulu {
    const NAME: &'static str = "zulu";

    async fn start(cx: &Context) -> Result<Self> {
        let zulu = Self { store: cx.field("store").await? };
        STARTED.lock().unwrap().push(cx.cell());
        Ok(zulu)
    }
}

registered!(Zulu, ZuluClient);

#[tokio::test]
async fn a_cell_starts_after_those_it_needs_and_shares_their_databases() -> Result<()> {
    let running = start(Part::of(["alpha", "zulu"])).await?;
    assert_eq!(*STARTED.lock().unwrap(), ["zulu", "alpha"]);
    let stores = running.synapse::<Alpha>().await?.with(|alpha| {
        let theirs = alpha.zulu.with(|zulu| zulu.store.clone());
        (alpha.store.clone(), theirs)
    })?;
    assert_eq!(stores.0, stores.1?);
    assert_eq!(OPENED.load(Ordering::Relaxed), 1);
    Ok(())
}

async fn refused(part: Part, expected: Expect) {
    expected.assert_eq(&start(part).await.expect_err("this part cannot start").to_string());
}

#[tokio::test]
async fn a_needed_cell_that_this_process_does_not_run_is_named() {
    refused(Part::of(["alpha"]), expect!["cannot make the field `zulu` of the cell `alpha`: this process does not run the cell `zulu`, only `alpha`: calls between processes do not work yet, so name both in `CELL_PART`"]).await;
}

/// Two cells in a circle, one of which calls the other too early.
struct Early;

impl Cell for Early {
    const NAME: &'static str = "early";

    async fn start(cx: &Context) -> Result<Self> {
        let late = cx.synapse::<Late>().await?;
        late.with(|_| ()).map(|()| Self).map_err(Error::from)
    }
}

registered!(Early, EarlyClient);

struct Late {
    early: Synapse<Early>,
}

impl Cell for Late {
    const NAME: &'static str = "late";

    async fn start(cx: &Context) -> Result<Self> {
        let late = Self { early: cx.synapse().await? };
        let error = late.early.with(|_| ()).expect_err("its start waits for this one");
        assert!(matches!(error, CallError::NotSent(Fault::Starting)), "{error}");
        Ok(late)
    }
}

registered!(Late, LateClient);

#[tokio::test]
async fn a_call_of_a_cell_that_is_still_starting_is_not_sent() -> Result<()> {
    let running = start(Part::of(["early", "late"])).await?;
    let late = running.synapse::<Late>().await?;
    late.with(|late| late.early.with(|_| ()))??;
    Ok(())
}

#[derive(Debug)]
struct Settings {
    port: Config<u16>,
    name: Config<Option<String>>,
    address: Config<Option<std::net::IpAddr>>,
    password: Secret,
    pin: Secret<Option<u32>>,
}

impl Cell for Settings {
    const NAME: &'static str = "settings";

    async fn start(cx: &Context) -> Result<Self> {
        Ok(Self {
            port: cx.field::<Config<u16>, _>("port").await?,
            name: cx.field::<Config<Option<String>>, _>("name").await?,
            address: cx.field::<Config<Option<std::net::IpAddr>>, _>("address").await?,
            password: cx.field::<Secret, _>("password").await?,
            pin: cx.field::<Secret<Option<u32>>, _>("pin").await?,
        })
    }
}

registered!(Settings, SettingsClient);

fn settings() -> Part {
    Part::of(["settings"]).set("SETTINGS_PORT", "8080").set("SETTINGS_PASSWORD", "hunter2")
}

#[tokio::test]
async fn configuration_is_read_as_its_type_and_secrets_do_not_show() -> Result<()> {
    let running = start(settings().set("SETTINGS_ADDRESS", "::1")).await?;
    running.synapse::<Settings>().await?.with(|settings| {
        assert_eq!((*settings.port, settings.name.as_deref(), settings.address.is_some()), (8080, None, true));
        assert_eq!((settings.password.expose().as_str(), settings.pin.expose()), ("hunter2", &None));
        expect!["Settings { port: Config { value: 8080 }, name: Config { value: None }, address: Config { value: Some(::1) }, password: Secret(…), pin: Secret(…) }"].assert_eq(&format!("{settings:?}"));
    })?;
    Ok(())
}

#[tokio::test]
async fn a_variable_that_is_missing_or_wrong_is_named_with_its_field() {
    refused(Part::of(["settings"]).set("SETTINGS_PASSWORD", "hunter2"), expect!["cannot make the field `port` of the cell `settings`: the environment variable `SETTINGS_PORT` is not set: give it a `u16`"]).await;
    refused(settings().set("SETTINGS_PORT", "eighty"), expect!["cannot make the field `port` of the cell `settings`: the environment variable `SETTINGS_PORT` is `eighty`, which is no `u16`: invalid digit found in string"]).await;
    refused(settings().set("SETTINGS_ADDRESS", "here"), expect!["cannot make the field `address` of the cell `settings`: the environment variable `SETTINGS_ADDRESS` is `here`, which is no `IpAddr`: invalid IP address syntax"]).await;
    refused(settings().set("SETTINGS_PIN", "hunter2"), expect!["cannot make the field `pin` of the cell `settings`: the environment variable `SETTINGS_PIN` is set to what is no `u32` (it is secret, so it is not shown)"]).await;
}
