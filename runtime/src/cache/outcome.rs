//! What of a function's result is held. In: a result. Out: its value where there is one to hold. Of a `Result` that is what is `Ok`: an error
//! is computed again by the next who asks.

use std::marker::PhantomData;

/// What a memoized function gives.
pub trait Outcome: Sized {
    /// What is held of it.
    type Value: Clone + Send + Sync + 'static;

    /// What is to be held; nothing where it failed.
    fn value(&self) -> Option<&Self::Value>;

    /// As it is given from what was held.
    fn of(value: Self::Value) -> Self;
}

impl<T: Clone + Send + Sync + 'static, E> Outcome for Result<T, E> {
    type Value = T;

    fn value(&self) -> Option<&T> {
        self.as_ref().ok()
    }

    fn of(value: T) -> Self {
        Ok(value)
    }
}

/// A result that is held whatever it is.
#[derive(Debug)]
pub struct Plain<T>(pub T);

impl<T: Clone + Send + Sync + 'static> Outcome for Plain<T> {
    type Value = T;

    fn value(&self) -> Option<&T> {
        Some(&self.0)
    }

    fn of(value: T) -> Self {
        Self(value)
    }
}

/// Asks whether a type is a `Result`: an inherent constant goes before a trait's of the same name.
#[derive(Debug)]
pub struct ResultProbe<T>(PhantomData<T>);

impl<T, E> ResultProbe<Result<T, E>> {
    /// It is.
    pub const IS_RESULT: bool = true;
}

/// The answer where it is none.
pub trait NoResult {
    /// It is not.
    const IS_RESULT: bool = false;
}

impl<T> NoResult for ResultProbe<T> {}
