//! Messages on a stream of bytes: four bytes of length, one of kind, then JSON or plain bytes.
//! In: anything that is read and written. Out: whole messages, or what is wrong. Absent: what they mean, and trust. A length is
//! checked before memory is kept for it, and memory grows only as bytes arrive.

#[cfg(test)]
mod tests;

use std::io;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

/// The longest JSON, in bytes: 1 MiB.
pub const MAX_JSON: usize = 1 << 20;

/// The longest plain bytes, in bytes: 32 MiB. A receiver may allow less.
pub const MAX_BYTES: usize = 32 << 20;

const HEAD: usize = 5;

/// Memory grows by at most this much at a time, in bytes.
const STEP: usize = 64 << 10;

/// How much is kept of a peer that sends while it should wait, in bytes.
const MAX_UNASKED: usize = 64 << 10;

/// How long to wait for the other side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// For the beginning of a message; nothing to wait for ever.
    pub idle: Option<Duration>,
    /// For the next bytes in the middle of a message, and for the other side to take some.
    pub stall: Duration,
}

impl Default for Timeouts {
    /// A minute for a message to begin, half of one for it to go on.
    fn default() -> Self {
        Self { idle: Some(Duration::from_secs(60)), stall: Duration::from_secs(30) }
    }
}

/// What a message holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Json = 1,
    Bytes = 2,
}

/// Why a message cannot be sent or received. The stream is of no use afterwards, but for [`FrameError::Json`] and a message that
/// was too large to send.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// The stream fails.
    #[error("the connection fails: {0}")]
    Io(#[source] io::Error),
    /// The other side went away in the middle, or without saying so.
    #[error("the connection was cut")]
    Cut,
    /// The other side is silent or takes nothing.
    #[error("the other side is silent for {} s", .0.as_secs_f32())]
    Silent(Duration),
    /// A message is longer than is allowed.
    #[error("a message has {length} bytes, but {limit} are the most here")]
    TooLarge {
        /// Its length.
        length: usize,
        /// The limit.
        limit: usize,
    },
    /// A message is of another kind than the one that is due, or no message at all.
    #[error(
        "a message of kind {found} came where one of kind {expected} is due: the other side does not speak this protocol"
    )]
    Kind {
        /// The kind that is due: 1 for JSON, 2 for bytes.
        expected: u8,
        /// The kind that came.
        found: u8,
    },
    /// A message is not of the form that is due.
    #[error("a message is not of the form that was expected: {0}")]
    Json(#[source] serde_json::Error),
    /// An earlier message was not sent or received to its end.
    #[error("the connection is of no use after an earlier failure")]
    Broken,
}

/// The half that receives.
#[derive(Debug)]
pub struct Reader<R> {
    inner: R,
    /// What has arrived and was not taken. Waiting may be given up at any time: nothing is lost.
    buffer: Vec<u8>,
    end: Option<End>,
    timeouts: Timeouts,
}

/// How a stream ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// The other side said that it is done.
    Closed,
    Cut,
    Broken,
}

impl<R: AsyncRead + Unpin> Reader<R> {
    /// Receives from `inner`.
    pub fn new(inner: R, timeouts: Timeouts) -> Self {
        Self { inner, buffer: Vec::new(), end: None, timeouts }
    }

    /// Changes how long to wait.
    pub fn set_timeouts(&mut self, timeouts: Timeouts) {
        self.timeouts = timeouts;
    }

    /// The next message, or nothing when the other side is done.
    ///
    /// Waiting may be given up and begun again: no part of a message is lost.
    ///
    /// # Errors
    /// See [`FrameError`].
    pub async fn receive<T: DeserializeOwned>(&mut self) -> Result<Option<T>, FrameError> {
        match self.frame(Kind::Json, MAX_JSON).await? {
            None => Ok(None),
            Some(json) => serde_json::from_slice(&json).map(Some).map_err(FrameError::Json),
        }
    }

    /// The next message, which is to hold plain bytes, at most `limit`; nothing when the other side is done.
    ///
    /// # Errors
    /// See [`FrameError`].
    pub async fn receive_bytes(&mut self, limit: usize) -> Result<Option<Vec<u8>>, FrameError> {
        self.frame(Kind::Bytes, limit.min(MAX_BYTES)).await
    }

    /// Returns when the other side is gone, or sends much that it was not asked for. What it sends meanwhile is kept for
    /// [`Reader::receive`].
    pub async fn closed(&mut self) {
        while self.end.is_none() && self.buffer.len() < MAX_UNASKED {
            // A failure is one way to be gone; the next to receive is told.
            if self.fill(STEP).await.is_err() {
                self.end = Some(End::Cut);
            }
        }
    }

    async fn frame(&mut self, kind: Kind, limit: usize) -> Result<Option<Vec<u8>>, FrameError> {
        let frame = self.next(kind, limit).await;
        if frame.is_err() {
            // Where the next message begins is not known any more.
            self.end = self.end.or(Some(End::Broken));
            self.buffer.clear();
        }
        frame
    }

    async fn next(&mut self, kind: Kind, limit: usize) -> Result<Option<Vec<u8>>, FrameError> {
        if self.buffer.is_empty() {
            match self.end {
                Some(End::Closed) => return Ok(None),
                Some(End::Cut) => return Err(FrameError::Cut),
                Some(End::Broken) => return Err(FrameError::Broken),
                None => {}
            }
            match self.timeouts.idle {
                None => self.fill(STEP).await?,
                Some(limit) => timeout(limit, self.fill(STEP)).await.map_err(|_| FrameError::Silent(limit))??,
            }
            if self.buffer.is_empty() {
                return Ok(None);
            }
        }
        let head = loop {
            match self.buffer.first_chunk::<HEAD>() {
                Some(head) => break *head,
                None => self.more(HEAD).await?,
            }
        };
        let [a, b, c, d, found] = head;
        if found != kind as u8 {
            return Err(FrameError::Kind { expected: kind as u8, found });
        }
        let length = u32::from_be_bytes([a, b, c, d]) as usize;
        if length > limit {
            return Err(FrameError::TooLarge { length, limit });
        }
        while self.buffer.len() < HEAD + length {
            self.more(HEAD + length).await?;
        }
        let rest = self.buffer.split_off(HEAD + length);
        let mut frame = std::mem::replace(&mut self.buffer, rest);
        frame.drain(..HEAD);
        Ok(Some(frame))
    }

    /// Reads on in the middle of a message that ends at `whole`.
    async fn more(&mut self, whole: usize) -> Result<(), FrameError> {
        if self.end.is_some() {
            return Err(FrameError::Cut);
        }
        let stall = self.timeouts.stall;
        let step = whole.saturating_sub(self.buffer.len()).min(STEP);
        timeout(stall, self.fill(step)).await.map_err(|_| FrameError::Silent(stall))?
    }

    /// Reads once. An end of the stream is remembered.
    async fn fill(&mut self, step: usize) -> Result<(), FrameError> {
        self.buffer.reserve(step);
        match self.inner.read_buf(&mut self.buffer).await {
            Ok(0) => self.end = Some(End::Closed),
            Ok(_) => {}
            // TLS says that an end that was not announced is none: an attacker may have cut the rest off.
            Err(error) if is_cut(&error) => {
                self.end = Some(End::Cut);
                return Err(FrameError::Cut);
            }
            Err(error) => return Err(FrameError::Io(error)),
        }
        Ok(())
    }
}

/// The half that sends.
#[derive(Debug)]
pub struct Writer<W> {
    inner: W,
    /// A message was begun and not ended: what would follow could not be read.
    torn: bool,
    stall: Duration,
}

impl<W: AsyncWrite + Unpin> Writer<W> {
    /// Sends to `inner`.
    pub fn new(inner: W, timeouts: Timeouts) -> Self {
        Self { inner, torn: false, stall: timeouts.stall }
    }

    /// Changes how long to wait.
    pub fn set_timeouts(&mut self, timeouts: Timeouts) {
        self.stall = timeouts.stall;
    }

    /// Sends a message. Giving up in the middle makes the stream useless.
    ///
    /// # Errors
    /// See [`FrameError`].
    pub async fn send<T: Serialize + ?Sized>(&mut self, message: &T) -> Result<(), FrameError> {
        let json = serde_json::to_vec(message).map_err(FrameError::Json)?;
        self.frame(Kind::Json, &json, MAX_JSON).await
    }

    /// Sends plain bytes. Giving up in the middle makes the stream useless.
    ///
    /// # Errors
    /// See [`FrameError`].
    pub async fn send_bytes(&mut self, bytes: &[u8]) -> Result<(), FrameError> {
        self.frame(Kind::Bytes, bytes, MAX_BYTES).await
    }

    /// Says that nothing more is sent.
    ///
    /// # Errors
    /// The stream fails, or the other side takes nothing.
    pub async fn close(&mut self) -> Result<(), FrameError> {
        waited(self.stall, self.inner.shutdown()).await
    }

    async fn frame(&mut self, kind: Kind, payload: &[u8], limit: usize) -> Result<(), FrameError> {
        let too_large = || FrameError::TooLarge { length: payload.len(), limit };
        if payload.len() > limit {
            return Err(too_large());
        }
        let length = u32::try_from(payload.len()).map_err(|_| too_large())?;
        if self.torn {
            return Err(FrameError::Broken);
        }
        self.torn = true;
        let [a, b, c, d] = length.to_be_bytes();
        self.write(&[a, b, c, d, kind as u8]).await?;
        self.write(payload).await?;
        waited(self.stall, self.inner.flush()).await?;
        self.torn = false;
        Ok(())
    }

    async fn write(&mut self, mut bytes: &[u8]) -> Result<(), FrameError> {
        // Each step may take as long as is allowed, not all together: a long message on a slow line is no failure.
        while !bytes.is_empty() {
            let written = waited(self.stall, self.inner.write(bytes)).await?;
            if written == 0 {
                return Err(FrameError::Cut);
            }
            bytes = bytes.get(written..).unwrap_or_default();
        }
        Ok(())
    }
}

async fn waited<T>(limit: Duration, step: impl Future<Output = io::Result<T>>) -> Result<T, FrameError> {
    match timeout(limit, step).await {
        Err(_) => Err(FrameError::Silent(limit)),
        Ok(Err(error)) if is_cut(&error) => Err(FrameError::Cut),
        Ok(done) => done.map_err(FrameError::Io),
    }
}

fn is_cut(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, TimedOut, UnexpectedEof};
    // `TimedOut` is what the kernel says when a peer no longer answers.
    [BrokenPipe, ConnectionAborted, ConnectionReset, TimedOut, UnexpectedEof].contains(&error.kind())
}
