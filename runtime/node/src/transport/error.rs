//! Why two sides do not come to speak, in words for people. In: what sockets and TLS say. Out: which side to look at.

use std::io;
use std::time::Duration;

use rustls::{AlertDescription, CertificateError, Error, OtherError};

use crate::frame::FrameError;
use crate::key::PublicKey;

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// Nobody answers at the address.
    #[error("`{address}` cannot be reached: {source}")]
    Unreachable {
        /// The address.
        address: String,
        /// Why.
        source: io::Error,
    },
    /// The other side does not finish the handshake.
    #[error("`{address}` does not answer in {} s", .limit.as_secs_f32())]
    Silent {
        /// The address.
        address: String,
        /// How long it was waited for.
        limit: Duration,
    },
    /// Somebody else answers.
    #[error(
        "`{address}` shows the key {found}, but {expected} was expected: it is another machine, or was set up anew; pair again only if you know why"
    )]
    WrongKey {
        /// The address.
        address: String,
        /// The key that was paired.
        expected: PublicKey,
        /// The key that it has.
        found: PublicKey,
    },
    /// The other side speaks, but not with this version.
    #[error("`{address}` speaks another version of Cell's protocol: use one version of Cell on both sides")]
    Version {
        /// The address.
        address: String,
    },
    /// The other side is no Cell.
    #[error("`{address}` does not speak Cell's protocol: {message}")]
    Handshake {
        /// The address.
        address: String,
        /// What went wrong.
        message: String,
    },
    /// The key cannot be used.
    #[error("the key cannot be used for TLS: {0}")]
    Setup(String),
    /// The connection was there and fails.
    #[error(transparent)]
    Frame(#[from] FrameError),
}

/// What the verifier found, on its way through the TLS library.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the key is {found}, not {expected}")]
pub(super) struct WrongKey {
    pub(super) expected: PublicKey,
    pub(super) found: PublicKey,
}

/// What a failed handshake means.
pub(super) fn handshake(address: String, error: &io::Error) -> TransportError {
    let message = match error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) {
        Some(Error::InvalidCertificate(CertificateError::Other(OtherError(other)))) => {
            if let Some(WrongKey { expected, found }) = other.downcast_ref() {
                return TransportError::WrongKey { address, expected: *expected, found: *found };
            }
            other.to_string()
        }
        Some(Error::AlertReceived(AlertDescription::NoApplicationProtocol) | Error::NoApplicationProtocol) => {
            return TransportError::Version { address };
        }
        Some(Error::InvalidMessage(_)) => "what it sends is not TLS".to_owned(),
        Some(Error::PeerIncompatible(_)) => "it offers TLS, but not with the keys of Cell".to_owned(),
        Some(other) => other.to_string(),
        None if error.kind() == io::ErrorKind::UnexpectedEof => "it hangs up".to_owned(),
        None => error.to_string(),
    };
    TransportError::Handshake { address, message }
}
