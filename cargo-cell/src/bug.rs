//! What is said when Cell itself is wrong. In: a panic. Out: a short text that asks for a report. Absent: a backtrace, unless
//! `RUST_BACKTRACE` asks for one.

use std::panic;

use crate::output;

/// From now on a panic says what to do about it. The process then ends with the code 101, which is Rust's own for a panic.
pub(crate) fn hook() {
    let previous = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if std::env::var_os("RUST_BACKTRACE").is_some() {
            previous(info);
        }
        let payload = info.payload();
        let message = payload
            .downcast_ref::<&str>()
            .copied()
            .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
            .unwrap_or("a panic without words");
        let place = info.location().map(|place| format!(" ({}:{})", place.file(), place.line())).unwrap_or_default();
        output::bug(&format!("{message}{place}"));
    }));
}
