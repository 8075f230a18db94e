//! What emitted code names: the crates behind the attributes, so that an application need not depend on them.
//! No part of the interface: it changes with the macros, which are always of the same version.

pub use cell_attrs::{Inert, sql};
pub use futures_util;
pub use inventory;
pub use serde;

/// Opens a door to a handler that has just been described. Without the feature `http` it stays shut, and says so at start.
#[cfg(feature = "http")]
#[doc(hidden)]
#[macro_export]
macro_rules! __door {
    ($handler:expr, $method:ident, $path:literal, |$cell:ident, $input:ident| $call:expr) => {
        $handler.door($crate::http::Method::$method, $path, |$cell, mut $input| {
            ::std::boxed::Box::pin(async move {
                // A handler without arguments takes nothing.
                let _ = &mut $input;
                $crate::http::answer($call)
            })
        })
    };
}

/// Opens a door to a handler that has just been described. Without the feature `http` it stays shut, and says so at start.
#[cfg(not(feature = "http"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __door {
    ($handler:expr, $method:ident, $path:literal, |$cell:ident, $input:ident| $call:expr) => {
        $handler.closed_door(::core::stringify!($method), $path)
    };
}

/// What makes a table one that can be searched.
#[cfg(all(feature = "search", any(feature = "postgres", feature = "sqlite")))]
#[doc(hidden)]
#[macro_export]
macro_rules! __search {
    ($($item:tt)*) => { $($item)* };
}

/// Without the feature `search` no table can be.
#[cfg(not(all(feature = "search", any(feature = "postgres", feature = "sqlite"))))]
#[doc(hidden)]
#[macro_export]
macro_rules! __search {
    ($($item:tt)*) => {};
}

/// What a database's table is, asked of the concrete type of its rows: whether it is searched is another attribute's to say.
#[cfg(all(feature = "search", any(feature = "postgres", feature = "sqlite")))]
#[doc(hidden)]
#[macro_export]
macro_rules! __table_info {
    ($row:ty, $field:literal) => {{
        use $crate::search::Unindexed as _;
        $crate::__table_named!($crate::db::TableInfo::of::<$row>($field), $row)
            .followed($crate::search::Probe::<$row>::FOLLOW)
    }};
}

/// Without the feature `search` none is searched.
#[cfg(not(all(feature = "search", any(feature = "postgres", feature = "sqlite"))))]
#[doc(hidden)]
#[macro_export]
macro_rules! __table_info {
    ($row:ty, $field:literal) => {
        $crate::__table_named!($crate::db::TableInfo::of::<$row>($field), $row)
    };
}

/// Makes the search indexes of a database known to the program that it is linked into.
#[cfg(all(feature = "search", any(feature = "postgres", feature = "sqlite")))]
#[doc(hidden)]
#[macro_export]
macro_rules! __linked {
    ($database:ident) => {
        $crate::__private::inventory::submit! {
            $crate::search::Linked(<$database as $crate::db::Database>::INFO)
        }
    };
}

/// Without the feature `search` there are none.
#[cfg(not(all(feature = "search", any(feature = "postgres", feature = "sqlite"))))]
#[doc(hidden)]
#[macro_export]
macro_rules! __linked {
    ($database:ident) => {};
}

/// What a memoized function does.
#[cfg(all(feature = "cache", any(feature = "postgres", feature = "sqlite")))]
#[doc(hidden)]
#[macro_export]
macro_rules! __memoize {
    ($($body:tt)*) => {{ $($body)* }};
}

/// Without the feature `cache` it does nothing of the kind.
#[cfg(not(all(feature = "cache", any(feature = "postgres", feature = "sqlite"))))]
#[doc(hidden)]
#[macro_export]
macro_rules! __memoize {
    ($($body:tt)*) => {
        ::core::compile_error!("`#[Cache::memoize]` needs the feature `cache` of `cell-runtime`")
    };
}

/// What makes the rows of a table held.
#[cfg(all(feature = "cache", any(feature = "postgres", feature = "sqlite")))]
#[doc(hidden)]
#[macro_export]
macro_rules! __memoize_rows {
    ($($item:tt)*) => { $($item)* };
}

/// Without the feature `cache` none are.
#[cfg(not(all(feature = "cache", any(feature = "postgres", feature = "sqlite"))))]
#[doc(hidden)]
#[macro_export]
macro_rules! __memoize_rows {
    ($($item:tt)*) => {
        ::core::compile_error!("`#[Cache::memoize]` needs the feature `cache` of `cell-runtime`");
    };
}

/// What tells a cell from another of its kind.
#[cfg(all(feature = "cache", any(feature = "postgres", feature = "sqlite")))]
#[doc(hidden)]
#[macro_export]
macro_rules! __instance {
    ($($item:tt)*) => { $($item)* };
}

/// Without the feature `cache` nobody asks.
#[cfg(not(all(feature = "cache", any(feature = "postgres", feature = "sqlite"))))]
#[doc(hidden)]
#[macro_export]
macro_rules! __instance {
    ($($item:tt)*) => {};
}

/// A table's name among its facts, asked of the concrete type of its rows.
#[cfg(all(feature = "cache", any(feature = "postgres", feature = "sqlite")))]
#[doc(hidden)]
#[macro_export]
macro_rules! __table_named {
    ($info:expr, $row:ty) => {{
        use $crate::cache::{Nameless as _, Unheld as _};
        $info.named($crate::cache::Named::<$row>::NAME).held($crate::cache::RowProbe::<$row>::HOLD)
    }};
}

/// Without the feature `cache` nobody asks.
#[cfg(not(all(feature = "cache", any(feature = "postgres", feature = "sqlite"))))]
#[doc(hidden)]
#[macro_export]
macro_rules! __table_named {
    ($info:expr, $row:ty) => {
        $info
    };
}

/// What every database can do, beside its tables: open, migrate, run a transaction, be the field of a cell.
#[doc(hidden)]
#[macro_export]
macro_rules! __database {
    ($database:ident) => {
        $crate::__linked! { $database }

        $crate::__instance! {
            impl $crate::cache::Instance for $database {
                fn number(&self) -> u64 {
                    $crate::cache::number(self)
                }
            }

            impl $crate::cache::Part for $database {
                type Kept = u64;

                fn keep(&self) -> u64 {
                    $crate::cache::number(self)
                }

                fn is(&self, kept: &u64) -> bool {
                    $crate::cache::number(self) == *kept
                }

                fn feed<H: ::core::hash::Hasher>(&self, state: &mut H) {
                    state.write_u64($crate::cache::number(self));
                }
            }
        }

        impl $database {
            /// Opens the database where its attribute, or `CELL_<DATABASE>_URL`, says that it is.
            ///
            /// # Errors
            /// The place is not said, or cannot be reached.
            pub async fn open() -> ::core::result::Result<Self, $crate::db::DataError> {
                $crate::db::open().await
            }

            /// Opens the database at a URL: `sqlite:path`, `sqlite::memory:` or `postgres://…`.
            ///
            /// # Errors
            /// The URL is none of these, or cannot be reached.
            pub async fn open_at(url: &str) -> ::core::result::Result<Self, $crate::db::DataError> {
                $crate::db::open_at(url).await
            }

            /// Applies the migrations that the database lacks, from `cell/`.
            ///
            /// # Errors
            /// There are none to go by, or one of them fails; what came before it is done.
            pub async fn migrate(&self) -> ::core::result::Result<(), $crate::db::SchemaError> {
                $crate::db::migrate(self).await
            }

            /// Runs `work` in a serializable transaction, and again where it conflicts with another.
            ///
            /// # Errors
            /// Those of `work`, and those of beginning and committing.
            pub async fn transaction<T>(
                &self,
                work: impl ::core::ops::AsyncFnOnce(&$crate::db::Tx<Self>) -> $crate::Result<T> + ::core::clone::Clone,
            ) -> $crate::Result<T> {
                $crate::db::transaction(self, work).await
            }

            /// As `transaction`, with an error type of the caller's own.
            ///
            /// # Errors
            /// Those of `work`, and those of beginning and committing.
            pub async fn try_transaction<T, E: ::core::convert::From<$crate::db::DataError>>(
                &self,
                work: impl ::core::ops::AsyncFnOnce(&$crate::db::Tx<Self>) -> ::core::result::Result<T, E>
                + ::core::clone::Clone,
            ) -> ::core::result::Result<T, E> {
                $crate::db::try_transaction(self, work).await
            }

            /// As `transaction`, kept apart from others less strictly.
            ///
            /// # Errors
            /// Those of `work`, and those of beginning and committing.
            pub async fn transaction_at<T>(
                &self,
                isolation: $crate::db::Isolation,
                work: impl ::core::ops::AsyncFnOnce(&$crate::db::Tx<Self>) -> $crate::Result<T> + ::core::clone::Clone,
            ) -> $crate::Result<T> {
                $crate::db::transaction_at(self, isolation, work).await
            }

            /// Runs `work` in a transaction that only reads, and sees the database as it is at its first statement.
            ///
            /// # Errors
            /// Those of `work`; it writes.
            pub async fn snapshot<T>(
                &self,
                work: impl ::core::ops::AsyncFnOnce(&$crate::db::Tx<Self>) -> $crate::Result<T> + ::core::clone::Clone,
            ) -> $crate::Result<T> {
                $crate::db::snapshot(self, work).await
            }

            /// The same database, whose reads need not see what is newer than this, such as `"5s"`: a replica that is a little
            /// behind may answer them.
            #[must_use]
            #[track_caller]
            pub fn stale_ok(&self, within: impl ::core::convert::Into<$crate::db::Staleness>) -> Self {
                <Self as $crate::db::Database>::rebind($crate::db::Database::handle(self).stale_ok(within))
            }
        }

        impl $crate::service::Field for $database {
            async fn grow(cx: &$crate::service::Context, _: &'static str) -> $crate::Result<Self> {
                cx.shared($crate::db::open_current::<Self>).await
            }
        }
    };
}
