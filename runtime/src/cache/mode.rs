//! What a caller wants of the caches that it passes: to use them, to go by them, to renew what they hold, or to take it away.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

tokio::task_local! {
    static MODE: Mode;
}

/// What is wanted.
#[derive(Clone)]
pub(super) enum Mode {
    Use,
    Bypass,
    Refresh,
    Remove(Done),
}

/// Whether something was taken away.
#[derive(Clone, Default)]
pub(super) struct Done(Arc<AtomicBool>);

impl Done {
    pub(super) fn done(&self) {
        self.0.store(true, Ordering::Release);
    }
}

/// What this task wants.
pub(super) fn now() -> Mode {
    MODE.try_with(Clone::clone).unwrap_or(Mode::Use)
}

/// Runs `work` with no caches: every memoized function that it calls is computed, and what comes of it is not held.
///
/// ```
/// # async fn f(best: impl Future<Output = u32>) {
/// let fresh = cell::cache::bypass(best).await;
/// # }
/// ```
pub async fn bypass<T>(work: impl Future<Output = T>) -> T {
    MODE.scope(Mode::Bypass, work).await
}

/// Runs `work` so that every memoized function that it calls is computed anew, and held in the place of what was.
pub async fn refresh<T>(work: impl Future<Output = T>) -> T {
    MODE.scope(Mode::Refresh, work).await
}

/// Takes away what a call would be answered from: `invalidate(self.best_sellers(10)).await`. Nothing of the call runs but what makes its
/// arguments; nor is held what another is just computing for the same call.
///
/// The call has to be one of a memoized function itself. Whatever else a future does before the first such call, it does.
pub async fn invalidate<T>(call: impl Future<Output = T>) {
    let done = Done::default();
    let scope = MODE.scope(Mode::Remove(done.clone()), call);
    let mut scope = pin!(scope);
    std::future::poll_fn(|cx| match scope.as_mut().poll(cx) {
        Poll::Pending if !done.0.load(Ordering::Acquire) => Poll::Pending,
        Poll::Pending | Poll::Ready(_) => Poll::Ready(()),
    })
    .await;
}
