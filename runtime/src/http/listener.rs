//! Connections to a process's doors, few enough and none of them idle for long: a client that connects and says nothing, or
//! takes no answer, holds neither memory nor a file for longer than it may.
//! In: a socket that listens. Out: connections. Absent: deadlines of requests, which the server has.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::serve::Listener;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{Instant, Sleep};

use super::server::Stop;

/// The most connections at once. More wait until one ends.
const CONNECTIONS: usize = 4096;

/// How long a connection may be without a byte in either direction: longer than the deadline of a request.
const IDLE: Duration = Duration::from_secs(60);

/// A socket that listens until it is told to stop, and its free places.
pub(super) struct Bounded {
    /// Closed, and gone, once nothing is accepted any more. Others may hold the same socket: what waits in it is theirs.
    listener: Option<TcpListener>,
    places: Arc<Semaphore>,
    stop: watch::Receiver<Stop>,
    count: watch::Sender<Count>,
}

/// What the end of a server waits for.
#[derive(Clone, Copy)]
struct Count {
    /// Whether connections may still be accepted.
    open: bool,
    /// Connections of which nothing was read yet.
    silent: usize,
}

/// Tells how far the end of a server has come.
pub(super) struct Awaited(watch::Receiver<Count>);

impl Awaited {
    /// Waits until nothing is accepted any more.
    pub(super) async fn closed(&self) {
        // An error is the end of the listener, which is as good.
        let _ = self.0.clone().wait_for(|count| !count.open).await;
    }

    /// Waits until every connection has sent a byte, or is gone.
    pub(super) async fn spoken(&self) {
        let _ = self.0.clone().wait_for(|count| count.silent == 0).await;
    }
}

impl Bounded {
    pub(super) fn new(listener: TcpListener, stop: watch::Receiver<Stop>) -> (Self, Awaited) {
        let (count, counted) = watch::channel(Count { open: true, silent: 0 });
        let places = Arc::new(Semaphore::new(CONNECTIONS));
        (Self { listener: Some(listener), places, stop, count }, Awaited(counted))
    }

    /// The next connection and its place; nothing once the server stops.
    async fn next(&mut self) -> Option<(TcpStream, SocketAddr, Option<OwnedSemaphorePermit>)> {
        let Self { listener, places, stop, .. } = self;
        let listener = listener.as_mut()?;
        let next = async {
            // The semaphore is never closed.
            let place = Arc::clone(places).acquire_owned().await.ok();
            let (stream, address) = Listener::accept(listener).await;
            (stream, address, place)
        };
        tokio::select! {
            biased;
            // The sender is gone only when the process is.
            _ = stop.wait_for(|stop| *stop >= Stop::Draining) => None,
            next = next => Some(next),
        }
    }
}

impl Listener for Bounded {
    type Io = Active<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, SocketAddr) {
        let Some((stream, address, place)) = self.next().await else {
            self.listener = None;
            self.count.send_modify(|count| count.open = false);
            return std::future::pending().await;
        };
        (Active::new(stream, IDLE, place, Some(Silent::new(&self.count))), address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.as_ref().ok_or(io::ErrorKind::NotConnected)?.local_addr()
    }
}

/// A connection of which nothing was read yet, as long as this lives.
struct Silent(watch::Sender<Count>);

impl Silent {
    fn new(count: &watch::Sender<Count>) -> Self {
        count.send_modify(|count| count.silent += 1);
        Self(count.clone())
    }
}

impl Drop for Silent {
    fn drop(&mut self) {
        self.0.send_modify(|count| count.silent -= 1);
    }
}

/// A connection that fails once nothing came or went for a while.
pub(super) struct Active<S> {
    stream: S,
    idle: Duration,
    end: Pin<Box<Sleep>>,
    silent: Option<Silent>,
    _place: Option<OwnedSemaphorePermit>,
}

impl<S> Active<S> {
    fn new(stream: S, idle: Duration, place: Option<OwnedSemaphorePermit>, silent: Option<Silent>) -> Self {
        Self { stream, idle, end: Box::pin(tokio::time::sleep(idle)), silent, _place: place }
    }

    /// Begins the time anew where something moved, and ends the connection where nothing did for too long.
    fn moved<T>(&mut self, cx: &mut Context<'_>, result: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if result.is_ready() {
            let end = Instant::now() + self.idle;
            self.end.as_mut().reset(end);
            return result;
        }
        match self.end.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Active<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if result.is_ready() {
            self.silent = None;
        }
        self.moved(cx, result)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Active<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.moved(cx, result)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write_vectored(cx, pieces);
        self.moved(cx, result)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::time::Duration;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::time::{Instant, sleep};

    use super::Active;

    const IDLE: Duration = Duration::from_secs(60);

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_says_nothing_ends() {
        let (_client, server) = tokio::io::duplex(64);
        let mut server = Active::new(server, IDLE, None, None);
        let begun = Instant::now();
        let ended = server.read_u8().await.map_err(|error| error.kind());
        assert_eq!((ended, begun.elapsed().as_secs()), (Err(io::ErrorKind::TimedOut), 60));
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_takes_no_answer_ends() {
        let (_client, server) = tokio::io::duplex(64);
        let mut server = Active::new(server, IDLE, None, None);
        let ended = server.write_all(&[0; 65]).await.map_err(|error| error.kind());
        assert_eq!(ended, Err(io::ErrorKind::TimedOut));
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_speaks_now_and_then_stays() -> io::Result<()> {
        let (mut client, server) = tokio::io::duplex(64);
        let mut server = Active::new(server, IDLE, None, None);
        for byte in 0..5 {
            sleep(Duration::from_secs(50)).await;
            client.write_u8(byte).await?;
            assert_eq!(server.read_u8().await?, byte);
        }
        Ok(())
    }
}
