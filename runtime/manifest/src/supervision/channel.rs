//! A Unix socket that carries messages and open files.
//! In: a connected socket. Out: messages, each with the file that came with it. Absent: trust. A line is bounded, and so is the
//! number of files that wait for their message.

use std::collections::VecDeque;
use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendAncillaryBuffer, SendAncillaryMessage,
    SendFlags, recvmsg, sendmsg,
};
use tokio::io::Interest;
use tokio::net::UnixStream;

use super::{LIMIT, Message};

/// The most files that may have come before their messages.
const FILES: usize = 4;

/// How much is read at once.
const PIECE: usize = 4096;

/// One side of a connection.
#[derive(Debug)]
pub struct Channel {
    stream: UnixStream,
    /// What came and is no whole line yet.
    received: Vec<u8>,
    /// Files in the order of their messages: each is attached to the first byte of its own.
    files: VecDeque<OwnedFd>,
}

impl Channel {
    /// A channel over a connected socket.
    #[must_use]
    pub fn new(stream: UnixStream) -> Self {
        Self { stream, received: Vec::new(), files: VecDeque::new() }
    }

    /// Sends a message, and with it `file` where the message says that it carries one. A channel on which this was given up
    /// half-way is of no use any more.
    ///
    /// # Errors
    /// The other side is gone, or the message says otherwise than `file` about carrying one.
    pub async fn send<M: Message>(&self, message: &M, file: Option<BorrowedFd<'_>>) -> io::Result<()> {
        if message.carries() != file.is_some() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "the message and its file do not fit"));
        }
        let mut line = serde_json::to_vec(message)?;
        line.push(b'\n');
        let mut sent = 0;
        while let Some(rest) = line.get(sent..).filter(|rest| !rest.is_empty()) {
            let file = if sent == 0 { file } else { None };
            sent += self.stream.async_io(Interest::WRITABLE, || send_some(&self.stream, rest, file)).await?;
        }
        Ok(())
    }

    /// The next message and its file; nothing when the other side has ended the connection. Giving up on this loses nothing.
    ///
    /// # Errors
    /// The connection broke, or what came is not a message, or too long.
    pub async fn receive<M: Message>(&mut self) -> io::Result<Option<(M, Option<OwnedFd>)>> {
        loop {
            if let Some(end) = self.received.iter().position(|byte| *byte == b'\n') {
                let rest = self.received.split_off(end + 1);
                let line = std::mem::replace(&mut self.received, rest);
                return self.message(&line).map(Some);
            }
            if self.received.len() > LIMIT {
                return Err(invalid("a line is too long"));
            }
            let mut piece = [0; PIECE];
            let Self { stream, files, .. } = self;
            let read = stream.async_io(Interest::READABLE, || receive_some(stream, &mut piece, files)).await?;
            match (read, self.received.is_empty()) {
                (0, true) => return Ok(None),
                (0, false) => return Err(io::ErrorKind::UnexpectedEof.into()),
                _ => self.received.extend(piece.iter().take(read)),
            }
        }
    }

    fn message<M: Message>(&mut self, line: &[u8]) -> io::Result<(M, Option<OwnedFd>)> {
        if line.len() > LIMIT {
            return Err(invalid("a line is too long"));
        }
        let message: M = serde_json::from_slice(line)?;
        let file = if message.carries() {
            Some(self.files.pop_front().ok_or_else(|| invalid("a message came without its file"))?)
        } else {
            None
        };
        Ok((message, file))
    }
}

fn send_some(stream: &UnixStream, bytes: &[u8], file: Option<BorrowedFd<'_>>) -> io::Result<usize> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let flags = SendFlags::NOSIGNAL;
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let flags = SendFlags::empty();
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    let files: Vec<BorrowedFd<'_>> = file.into_iter().collect();
    if !files.is_empty() && !control.push(SendAncillaryMessage::ScmRights(&files)) {
        return Err(io::Error::other("there is no room for a file"));
    }
    Ok(sendmsg(stream.as_fd(), &[IoSlice::new(bytes)], &mut control, flags)?)
}

fn receive_some(stream: &UnixStream, piece: &mut [u8], files: &mut VecDeque<OwnedFd>) -> io::Result<usize> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let flags = RecvFlags::CMSG_CLOEXEC;
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let flags = RecvFlags::empty();
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(FILES))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let received = recvmsg(stream.as_fd(), &mut [IoSliceMut::new(piece)], &mut control, flags)?;
    for message in control.drain() {
        if let RecvAncillaryMessage::ScmRights(came) = message {
            files.extend(came);
        }
    }
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    for file in files.iter() {
        rustix::io::fcntl_setfd(file, rustix::io::FdFlags::CLOEXEC)?;
    }
    if received.flags.contains(ReturnFlags::CTRUNC) || files.len() > FILES {
        return Err(invalid("too many files came"));
    }
    Ok(received.bytes)
}

fn invalid(text: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, text)
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::{self, Read as _, Seek as _, Write as _};
    use std::os::fd::AsFd as _;

    use tokio::io::AsyncWriteExt as _;
    use tokio::net::UnixStream;

    use super::super::{FromProcess, LIMIT, ToProcess};
    use super::Channel;

    fn pair() -> io::Result<(Channel, Channel)> {
        let (one, other) = UnixStream::pair()?;
        Ok((Channel::new(one), Channel::new(other)))
    }

    #[tokio::test]
    async fn each_file_comes_with_its_message() -> io::Result<()> {
        let (near, mut far) = pair()?;
        let mut files = Vec::new();
        for name in ["one", "two"] {
            let mut file = tempfile::tempfile()?;
            file.write_all(name.as_bytes())?;
            near.send(&ToProcess::Ping, None).await?;
            near.send(&ToProcess::Output, Some(file.as_fd())).await?;
        }
        near.send(&ToProcess::Ping, None).await?;
        drop(near);
        while let Some((message, file)) = far.receive::<ToProcess>().await? {
            assert_eq!(message == ToProcess::Output, file.is_some());
            if let Some(file) = file {
                let (mut file, mut text) = (File::from(file), String::new());
                file.rewind()?;
                file.read_to_string(&mut text)?;
                files.push(text);
            }
        }
        assert_eq!(files, ["one", "two"]);
        Ok(())
    }

    #[tokio::test]
    async fn a_message_without_its_file_is_refused() -> io::Result<()> {
        let (near, mut far) = pair()?;
        assert!(near.send(&ToProcess::Output, None).await.is_err());
        let mut stream = near.stream;
        stream.write_all(b"{\"message\":\"output\"}\n").await?;
        assert!(far.receive::<ToProcess>().await.is_err());
        Ok(())
    }

    #[tokio::test]
    async fn garbage_and_a_line_without_an_end_are_refused() -> io::Result<()> {
        for bytes in [b"\xff\xfe{\n".to_vec(), b"[]\n".to_vec(), vec![b'x'; LIMIT + 4096], b"{\"mess".to_vec()] {
            let (near, mut far) = pair()?;
            let mut stream = near.stream;
            let sending = tokio::spawn(async move { stream.write_all(&bytes).await });
            assert!(far.receive::<FromProcess>().await.is_err());
            drop(far);
            drop(sending.await);
        }
        Ok(())
    }
}
