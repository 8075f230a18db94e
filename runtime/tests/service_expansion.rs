//! What the macros emit for two cells that call each other in a circle, written by hand: it compiles, and calls work.

#![allow(missing_docs, reason = "the user's own items have none here")]

use std::sync::Arc;
use std::time::Duration;

use cell::service::{CallError, Fault, Synapse};
use cell::start::{Part, start};
use cell::{Error, Result};

/// ```ignore
/// #[cell::message]
/// pub struct NewOrder { pub customer: i64, pub note: Option<String> }
/// ```
#[derive(cell::__private::serde::Serialize, cell::__private::serde::Deserialize)]
#[serde(crate = "cell::__private::serde")]
pub struct NewOrder {
    pub customer: i64,
    pub note: Option<String>,
}

impl ::cell::message::Message for NewOrder {
    fn shape(shapes: &mut ::cell::message::Shapes) -> ::cell::message::Shape {
        shapes.define::<Self>("NewOrder", |define| {
            define.structure(|fields| {
                fields.field::<i64>("customer").field::<Option<String>>("note");
            })
        })
    }
}

/// ```ignore
/// #[service]
/// pub struct Tax { orders: Synapse<Orders> }
/// ```
pub struct Tax {
    orders: Synapse<Orders>,
}

impl ::cell::service::Cell for Tax {
    const NAME: &'static str = "tax";

    async fn start(cx: &::cell::service::Context) -> ::cell::Result<Self> {
        ::core::result::Result::Ok(Self { orders: cx.field::<Synapse<Orders>, _>("orders").await? })
    }
}

::cell::__private::inventory::submit! { ::cell::service::Service::of::<Tax>() }

// The user's impl, with the helpers taken off.
impl Tax {
    pub async fn calculate(&self, order: &NewOrder) -> Result<i64> {
        Ok(self.orders.count(order.customer).await? * 2)
    }

    pub async fn slow(&self) -> Result<()> {
        std::future::pending().await
    }
}

/// What `#[handler]` adds.
pub struct TaxClient(::cell::service::Handle<Tax>);

const _: () = {
    impl ::core::clone::Clone for TaxClient {
        fn clone(&self) -> Self {
            Self(::core::clone::Clone::clone(&self.0))
        }
    }

    impl ::core::convert::From<::cell::service::Handle<Tax>> for TaxClient {
        fn from(handle: ::cell::service::Handle<Tax>) -> Self {
            Self(handle)
        }
    }

    impl TaxClient {
        pub fn calculate(
            &self,
            order: &NewOrder,
        ) -> ::cell::service::Call<
            impl ::core::future::Future<Output = ::cell::service::CallResult<Result<i64>>> + ::core::marker::Send,
        > {
            ::cell::service::Call::new(async move {
                ::cell::service::Handle::<Tax>::answer(self.0.cell()?.calculate(order).await)
            })
        }

        pub fn slow(
            &self,
        ) -> ::cell::service::Call<
            impl ::core::future::Future<Output = ::cell::service::CallResult<Result<()>>> + ::core::marker::Send,
        > {
            ::cell::service::Call::new(
                async move { ::cell::service::Handle::<Tax>::answer(self.0.cell()?.slow().await) },
            )
        }
    }

    impl ::cell::service::Handlers for Tax {
        type Client = TaxClient;

        fn interface(interface: &mut ::cell::service::Interface<Self>) {
            interface.handler("calculate").argument::<NewOrder>("order").result::<Result<i64>>();
            interface.handler("slow").result::<Result<()>>();
        }
    }

    ::cell::__private::inventory::submit! { ::cell::service::Handling::of::<Tax>() }
};

#[derive(Debug, thiserror::Error)]
#[error("there is no customer {0}")]
pub struct NoCustomer(i64);

pub struct Orders {
    tax: Synapse<Tax>,
}

impl ::cell::service::Cell for Orders {
    const NAME: &'static str = "orders";

    async fn start(cx: &::cell::service::Context) -> ::cell::Result<Self> {
        ::core::result::Result::Ok(Self { tax: cx.field::<Synapse<Tax>, _>("tax").await? })
    }
}

::cell::__private::inventory::submit! { ::cell::service::Service::of::<Orders>() }

impl Orders {
    pub async fn process(&self, order: NewOrder) -> Result<i64> {
        Ok(self.tax.calculate(&order).await? + 1)
    }

    pub async fn count(&self, customer: i64) -> Result<i64> {
        if customer < 0 {
            return Err(NoCustomer(customer).into());
        }
        Ok(customer * 10)
    }
}

pub struct OrdersClient(::cell::service::Handle<Orders>);

const _: () = {
    impl ::core::clone::Clone for OrdersClient {
        fn clone(&self) -> Self {
            Self(::core::clone::Clone::clone(&self.0))
        }
    }

    impl ::core::convert::From<::cell::service::Handle<Orders>> for OrdersClient {
        fn from(handle: ::cell::service::Handle<Orders>) -> Self {
            Self(handle)
        }
    }

    impl OrdersClient {
        pub fn process(
            &self,
            order: NewOrder,
        ) -> ::cell::service::Call<
            impl ::core::future::Future<Output = ::cell::service::CallResult<Result<i64>>> + ::core::marker::Send,
        > {
            ::cell::service::Call::new(async move {
                ::cell::service::Handle::<Orders>::answer(self.0.cell()?.process(order).await)
            })
        }

        pub fn count(
            &self,
            customer: i64,
        ) -> ::cell::service::Call<
            impl ::core::future::Future<Output = ::cell::service::CallResult<Result<i64>>> + ::core::marker::Send,
        > {
            ::cell::service::Call::new(async move {
                ::cell::service::Handle::<Orders>::answer(self.0.cell()?.count(customer).await)
            })
        }
    }

    impl ::cell::service::Handlers for Orders {
        type Client = OrdersClient;

        fn interface(interface: &mut ::cell::service::Interface<Self>) {
            interface.handler("process").argument::<NewOrder>("order").result::<Result<i64>>();
            let handler = interface.handler("count").idempotent().argument::<i64>("customer").result::<Result<i64>>();
            ::cell::__door!(handler, Get, "/customers/{customer}/orders", |cell, input| {
                cell.count(input.take::<i64>("customer")?).await
            });
        }
    }

    ::cell::__private::inventory::submit! { ::cell::service::Handling::of::<Orders>() }
};

fn order(customer: i64) -> NewOrder {
    NewOrder { customer, note: None }
}

#[tokio::test]
async fn cells_that_call_each_other_in_a_circle_start_and_answer() -> Result<()> {
    let running = start(Part::all()).await?;
    let orders = running.synapse::<Orders>().await?;
    // A call may move to another thread, so its future is `Send`.
    let called = tokio::spawn(async move { orders.process(order(4)).await }).await?;
    assert_eq!(called?, 81);
    running.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn a_handlers_error_arrives_as_it_was() -> Result<()> {
    let running = start(Part::all()).await?;
    let orders = running.synapse::<Orders>().await?;
    let error = orders.process(order(-1)).await.expect_err("a customer below zero is refused");
    assert!(matches!(&error, CallError::Handler(error) if error.downcast_ref::<NoCustomer>().is_some()), "{error}");
    let error = Error::from(error);
    assert_eq!(error.to_string(), "there is no customer -1");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_call_past_its_deadline_may_have_run() -> Result<()> {
    let running = start(Part::all()).await?;
    let tax = running.synapse::<Tax>().await?;
    let begun = tokio::time::Instant::now();
    let error = tax.slow().deadline(Duration::from_secs(3)).await.expect_err("the handler never ends");
    assert!(matches!(error, CallError::MayHaveRun(Fault::Deadline)), "{error}");
    assert_eq!(begun.elapsed(), Duration::from_secs(3));
    assert_eq!(Error::from(error).to_string(), "the call may have run: the deadline passed");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_call_within_its_deadline_gives_its_result() -> Result<()> {
    let running = start(Part::all()).await?;
    let orders = running.synapse::<Orders>().await?;
    assert_eq!(orders.count(2).deadline(Duration::from_secs(3)).await?, 20);
    Ok(())
}

#[tokio::test]
async fn a_local_call_adds_little_to_the_handlers_future() -> Result<()> {
    let running = start(Part::all()).await?;
    let tax = running.synapse::<Tax>().await?;
    let orders = Arc::new(Orders { tax: tax.clone() });
    let plain = size_of_val(&orders.process(order(1)));
    let called = size_of_val(&Synapse::local(Arc::clone(&orders)).process(order(1)));
    // The client moves the arguments once more, and keeps a reference and a state beside the handler's future.
    assert!(called <= plain + size_of::<NewOrder>() + 3 * size_of::<usize>(), "{called} bytes for {plain}");
    Ok(())
}
