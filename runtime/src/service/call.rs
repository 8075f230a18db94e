//! One call: the future that a client's method returns, and how it can fail.
//! In: the handler's own future, unboxed. Out: its result, or a fault that tells "not sent" from "may have run".
//! Absent: retries. A call of a cell in this process is as large and as fast as the handler's future.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Poll, ready};
use std::time::Duration;

use pin_project_lite::pin_project;
use tokio::time::Sleep;

use crate::Error;

/// What a handler returns: a `Result`, also behind an alias. It names both types where only the alias is written.
#[diagnostic::on_unimplemented(
    message = "a handler returns a `Result`, not `{Self}`",
    note = "write `Result<{Self}>`: a call can always fail"
)]
pub trait Outcome {
    /// The value.
    type Ok;
    /// The handler's error.
    type Err;

    /// The result behind the alias.
    fn into_result(self) -> Result<Self::Ok, Self::Err>;
}

impl<T, E> Outcome for Result<T, E> {
    type Ok = T;
    type Err = E;

    fn into_result(self) -> Self {
        self
    }
}

/// What the call of a handler that returns `R` gives.
pub type CallResult<R> = Result<<R as Outcome>::Ok, CallError<<R as Outcome>::Err>>;

/// Why a call gave no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallError<E> {
    /// The handler ran and returned this.
    Handler(E),
    /// The handler did not run: calling again does nothing twice.
    NotSent(Fault),
    /// The handler may have run, in part or as a whole.
    MayHaveRun(Fault),
}

/// What went wrong between a caller and a handler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The deadline passed.
    Deadline,
    /// No replica of the cell can be reached.
    Unreachable,
    /// The cell has more calls than it takes.
    Overloaded,
    /// The cell has not finished starting: only a call from within another cell's start can meet this.
    Starting,
}

impl<E> CallError<E> {
    /// What went wrong between caller and handler; nothing where the handler itself returned the error.
    #[must_use]
    pub fn fault(&self) -> Option<Fault> {
        match self {
            Self::Handler(_) => None,
            Self::NotSent(fault) | Self::MayHaveRun(fault) => Some(*fault),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Deadline => "the deadline passed",
            Self::Unreachable => "the cell cannot be reached",
            Self::Overloaded => "the cell is overloaded",
            Self::Starting => "the cell has not finished starting",
        })
    }
}

impl std::error::Error for Fault {}

impl<E: fmt::Display> fmt::Display for CallError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Handler(error) => error.fmt(f),
            Self::NotSent(_) => f.write_str("the call was not sent"),
            Self::MayHaveRun(_) => f.write_str("the call may have run"),
        }
    }
}

impl<E: std::error::Error> std::error::Error for CallError<E> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            // The handler's error stands for itself, so its own cause is the next in the chain.
            Self::Handler(error) => error.source(),
            Self::NotSent(fault) | Self::MayHaveRun(fault) => Some(fault),
        }
    }
}

/// A caller that returns [`Error`] itself gets the handler's error as it was. A fault is kept as a
/// `CallError<Infallible>`, which [`Error::downcast_ref`] finds.
impl From<CallError<Error>> for Error {
    fn from(error: CallError<Error>) -> Self {
        match error {
            CallError::Handler(error) => error,
            CallError::NotSent(fault) => CallError::<std::convert::Infallible>::NotSent(fault).into(),
            CallError::MayHaveRun(fault) => CallError::<std::convert::Infallible>::MayHaveRun(fault).into(),
        }
    }
}

/// A handle leads to no cell yet. Only a step on the way to [`CallError::NotSent`], whatever the handler's error is.
#[doc(hidden)]
#[derive(Debug)]
pub struct Unsent(pub(crate) Fault);

impl<E> From<Unsent> for CallError<E> {
    fn from(unsent: Unsent) -> Self {
        Self::NotSent(unsent.0)
    }
}

pin_project! {
    /// A call under way. It starts when it is first awaited, and is cancelled when it is dropped.
    #[must_use = "a call does nothing until it is awaited"]
    #[derive(Debug)]
    pub struct Call<F> {
        #[pin]
        future: F,
    }
}

impl<F> Call<F> {
    #[doc(hidden)]
    pub fn new(future: F) -> Self {
        Self { future }
    }
}

impl<F, T, E> Call<F>
where
    F: Future<Output = Result<T, CallError<E>>>,
{
    /// Gives up after `within`, counted from now: the call is dropped and gives [`Fault::Deadline`].
    /// What the handler calls in turn ends with it. The nearest deadline wins where there are several.
    pub fn deadline(self, within: Duration) -> Call<Deadline<F>> {
        Call::new(Deadline { future: self.future, sleep: tokio::time::sleep(within) })
    }
}

impl<F: Future> Future for Call<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut std::task::Context<'_>) -> Poll<Self::Output> {
        self.project().future.poll(cx)
    }
}

pin_project! {
    /// A call with a deadline of its own.
    #[must_use = "a call does nothing until it is awaited"]
    #[derive(Debug)]
    pub struct Deadline<F> {
        #[pin]
        future: F,
        #[pin]
        sleep: Sleep,
    }
}

impl<F, T, E> Future for Deadline<F>
where
    F: Future<Output = Result<T, CallError<E>>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut std::task::Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        // The result first: one that is ready at the deadline is still a result.
        if let Poll::Ready(result) = this.future.poll(cx) {
            return Poll::Ready(result);
        }
        ready!(this.sleep.poll(cx));
        Poll::Ready(Err(CallError::MayHaveRun(Fault::Deadline)))
    }
}
