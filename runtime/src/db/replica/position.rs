//! Places in a primary's log. What was committed before one, every server that has replayed so far shows.
//! In: what servers say of their logs. Out: numbers that compare. Absent: logs themselves.

use tokio::sync::watch;

/// A place in a primary's log, in bytes from its beginning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Position(pub(crate) i64);

/// The position of a write, which is asked for once the write is done and known a little later.
#[derive(Clone, Debug)]
pub(crate) struct Mark(watch::Receiver<Told>);

/// What is known of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    Asked,
    At(Position),
    /// Nobody can say yet.
    Unknown,
}

impl Mark {
    /// One that is asked for, and where to say it.
    pub(crate) fn asked() -> (watch::Sender<Told>, Self) {
        let (tell, told) = watch::channel(Told::Asked);
        (tell, Self(told))
    }

    /// Whether the answer is on its way.
    pub(crate) fn is_asked(&self) -> bool {
        *self.0.borrow() == Told::Asked
    }

    /// The position, as soon as it is known; nothing where nobody can say.
    pub(crate) async fn position(&self) -> Option<Position> {
        let mut told = self.0.clone();
        let told = told.wait_for(|told| *told != Told::Asked).await.ok()?;
        match *told {
            Told::At(position) => Some(position),
            Told::Asked | Told::Unknown => None,
        }
    }
}
