//! What the macros emit for two cells that call each other in a circle, written by hand: it compiles, and calls work.

use cell::Result;
use cell::service::{CallError, Cell, Context, Fault, Synapse};

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
        Ok(customer * 10)
    }
}
