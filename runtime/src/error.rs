//! The error that an application's functions return when they need no type of their own.
//! Absent: the errors of databases ([`crate::db::DataError`]) and of calls ([`crate::service::CallError`]), which are types of their own.

use std::fmt;

/// The result of an application's function.
pub type Result<T, E = Error> = core::result::Result<T, E>;

/// Any error, kept with its causes. It takes every `std::error::Error` by `?`, and is none itself, so that it can.
pub struct Error {
    source: Box<dyn std::error::Error + Send + Sync + 'static>,
}

impl Error {
    /// An error that is only a message.
    pub fn message(text: impl Into<String>) -> Self {
        Self { source: text.into().into() }
    }

    /// The error of which [`Error::into_std`] is the inside.
    #[cfg(feature = "http")]
    pub(crate) fn boxed(source: Box<dyn std::error::Error + Send + Sync + 'static>) -> Self {
        Self { source }
    }

    /// The error inside, where it is a `T`.
    #[must_use]
    pub fn downcast_ref<T: std::error::Error + 'static>(&self) -> Option<&T> {
        self.source.downcast_ref()
    }

    /// The error inside, to be the cause of another.
    #[must_use]
    pub fn into_std(self) -> Box<dyn std::error::Error + Send + Sync + 'static> {
        self.source
    }

    /// The error inside.
    #[must_use]
    pub fn as_std(&self) -> &(dyn std::error::Error + Send + Sync + 'static) {
        &*self.source
    }
}

impl<E: std::error::Error + Send + Sync + 'static> From<E> for Error {
    fn from(error: E) -> Self {
        Self { source: Box::new(error) }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.source.fmt(f)?;
        let mut cause = self.source.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}
