//! Requests that come in while something else is done.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Requests without an end, each over a connection of its own.
pub(super) struct Load {
    stop: Arc<AtomicBool>,
    answered: Arc<AtomicUsize>,
    thread: std::thread::JoinHandle<Result<(), String>>,
}

impl Load {
    pub(super) fn on(address: &str, path: &'static str) -> Self {
        let (stop, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let (address, stopped, count) = (address.to_owned(), Arc::clone(&stop), Arc::clone(&answered));
        let thread = std::thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                let asked = || -> std::io::Result<String> {
                    let mut stream = TcpStream::connect(&address)?;
                    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
                    let mut text = String::new();
                    stream.read_to_string(&mut text)?;
                    Ok(text)
                };
                let answer =
                    asked().map_err(|error| format!("after {} answers: {error}", count.load(Ordering::Relaxed)))?;
                if !answer.starts_with("HTTP/1.1 200 ") {
                    return Err(format!("after {} answers: {answer:?}", count.load(Ordering::Relaxed)));
                }
                count.fetch_add(1, Ordering::Relaxed);
            }
            Ok(())
        });
        Self { stop, answered, thread }
    }

    /// Ends it; there must have been no failed request.
    pub(super) fn end(self) -> usize {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().expect("the load").expect("no request fails");
        self.answered.load(Ordering::Relaxed)
    }
}
