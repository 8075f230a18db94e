//! What emitted code names: the crates behind the attributes, so that an application need not depend on them.
//! No part of the interface: it changes with the macros, which are always of the same version.

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
