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
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep};

/// The most connections at once. More wait until one ends.
const CONNECTIONS: usize = 4096;

/// How long a connection may be without a byte in either direction: longer than the deadline of a request.
const IDLE: Duration = Duration::from_secs(60);

/// A socket that listens, and its free places.
pub(super) struct Bounded {
    listener: TcpListener,
    places: Arc<Semaphore>,
}

impl Bounded {
    pub(super) fn new(listener: TcpListener) -> Self {
        Self { listener, places: Arc::new(Semaphore::new(CONNECTIONS)) }
    }
}

impl Listener for Bounded {
    type Io = Active<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, SocketAddr) {
        // The semaphore is never closed.
        let place = Arc::clone(&self.places).acquire_owned().await.ok();
        let (stream, address) = Listener::accept(&mut self.listener).await;
        (Active::new(stream, IDLE, place), address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// A connection that fails once nothing came or went for a while.
pub(super) struct Active<S> {
    stream: S,
    idle: Duration,
    end: Pin<Box<Sleep>>,
    _place: Option<OwnedSemaphorePermit>,
}

impl<S> Active<S> {
    fn new(stream: S, idle: Duration, place: Option<OwnedSemaphorePermit>) -> Self {
        Self { stream, idle, end: Box::pin(tokio::time::sleep(idle)), _place: place }
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
        let mut server = Active::new(server, IDLE, None);
        let begun = Instant::now();
        let ended = server.read_u8().await.map_err(|error| error.kind());
        assert_eq!((ended, begun.elapsed().as_secs()), (Err(io::ErrorKind::TimedOut), 60));
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_takes_no_answer_ends() {
        let (_client, server) = tokio::io::duplex(64);
        let mut server = Active::new(server, IDLE, None);
        let ended = server.write_all(&[0; 65]).await.map_err(|error| error.kind());
        assert_eq!(ended, Err(io::ErrorKind::TimedOut));
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_speaks_now_and_then_stays() -> io::Result<()> {
        let (mut client, server) = tokio::io::duplex(64);
        let mut server = Active::new(server, IDLE, None);
        for byte in 0..5 {
            sleep(Duration::from_secs(50)).await;
            client.write_u8(byte).await?;
            assert_eq!(server.read_u8().await?, byte);
        }
        Ok(())
    }
}
