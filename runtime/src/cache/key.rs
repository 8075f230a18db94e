//! By what calls of one function are told apart: the exact values of its arguments. In: references to them. Out: the same, kept.
//! Absent: hashes in the place of values: two calls are one where all their arguments are equal.

use std::borrow::Borrow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::sync::Arc;

use crate::db::{Database, Model, Tx};

/// An argument that tells calls apart.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot tell calls of a memoized function apart",
    label = "not `Eq`, `Hash` and `Clone`",
    note = "say what does: `#[Cache::memoize(key = \"(id, limit)\")]`"
)]
pub trait Part {
    /// As it is kept.
    type Kept: Eq + Hash + Clone + Send + Sync + 'static;

    /// Kept.
    fn keep(&self) -> Self::Kept;

    /// Whether it is what was kept.
    fn is(&self, kept: &Self::Kept) -> bool;

    /// Hashed as what is kept is.
    fn feed<H: Hasher>(&self, state: &mut H);
}

impl<T> Part for T
where
    T: ToOwned + Eq + Hash + ?Sized,
    T::Owned: Eq + Hash + Clone + Send + Sync + 'static,
{
    type Kept = T::Owned;

    fn keep(&self) -> T::Owned {
        self.to_owned()
    }

    fn is(&self, kept: &T::Owned) -> bool {
        *self == *kept.borrow()
    }

    fn feed<H: Hasher>(&self, state: &mut H) {
        self.hash(state);
    }
}

/// Which database it is.
impl<D: Database> Part for Tx<D> {
    type Kept = u64;

    fn keep(&self) -> u64 {
        self.handle().number()
    }

    fn is(&self, kept: &u64) -> bool {
        self.handle().number() == *kept
    }

    fn feed<H: Hasher>(&self, state: &mut H) {
        self.handle().number().hash(state);
    }
}

/// All arguments of a call, as references to them.
pub trait Parts {
    /// As they are kept.
    type Kept: Eq + Hash + Clone + Send + Sync + 'static;

    /// Kept.
    fn keep(&self) -> Self::Kept;

    /// Whether they are what was kept.
    fn are(&self, kept: &Self::Kept) -> bool;

    /// Hashed as what is kept is.
    fn feed<H: Hasher>(&self, state: &mut H);
}

macro_rules! parts {
    ($(($($part:ident $at:tt),*))+) => {$(
        impl<$($part: Part + ?Sized),*> Parts for ($(&$part,)*) {
            type Kept = ($($part::Kept,)*);

            #[allow(clippy::unused_unit, reason = "a call without arguments is the only one")]
            fn keep(&self) -> Self::Kept {
                ($(self.$at.keep(),)*)
            }

            #[allow(unused_variables, reason = "a call without arguments is the only one")]
            fn are(&self, kept: &Self::Kept) -> bool {
                true $(&& self.$at.is(&kept.$at))*
            }

            #[allow(unused_variables, reason = "a call without arguments is the only one")]
            fn feed<H: Hasher>(&self, state: &mut H) {
                $(self.$at.feed(state);)*
            }
        }
    )+};
}

parts! {
    ()
    (A 0)
    (A 0, B 1)
    (A 0, B 1, C 2)
    (A 0, B 1, C 2, D 3)
    (A 0, B 1, C 2, D 3, E 4)
    (A 0, B 1, C 2, D 3, E 4, F 5)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, I 7)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, I 7, J 8)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, I 7, J 8, K 9)
}

/// Looks for what was kept of the same arguments, without keeping these.
pub(super) struct Look<'a, P>(pub(super) &'a P);

impl<P: Parts> Hash for Look<'_, P> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.feed(state);
    }
}

impl<P: Parts> equivalent::Equivalent<P::Kept> for Look<'_, P> {
    fn equivalent(&self, kept: &P::Kept) -> bool {
        self.0.are(kept)
    }
}

/// What tells one instance from another: of a cell, or of a database.
#[diagnostic::on_unimplemented(
    message = "what `{Self}` holds does not tell calls of a memoized method apart",
    label = "neither a cell nor a database",
    note = "say what of it does: `#[Cache::memoize(key = \"(self.tenant, limit)\")]`"
)]
pub trait Instance {
    /// Its number; no two that are there at one time have the same.
    fn number(&self) -> u64;
}

impl<T: Instance + ?Sized> Instance for &T {
    fn number(&self) -> u64 {
        (**self).number()
    }
}

impl<T: Instance + ?Sized> Instance for Arc<T> {
    fn number(&self) -> u64 {
        (**self).number()
    }
}

impl<T: Instance + ?Sized> Instance for Box<T> {
    fn number(&self) -> u64 {
        (**self).number()
    }
}

/// Asks for the number of an instance, where there is one: an inherent method goes before a trait's of the same name.
pub struct Probe<'a, T: ?Sized>(pub &'a T);

impl<T: ?Sized> fmt::Debug for Probe<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Probe")
    }
}

impl<T: Instance + ?Sized> Probe<'_, T> {
    /// The instance's number.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.0.number()
    }
}

/// The answer where it is no instance of anything.
pub trait NoInstance {
    /// All are alike.
    fn number(&self) -> u64;
}

impl<T: ?Sized> NoInstance for Probe<'_, T> {
    fn number(&self) -> u64 {
        0
    }
}

/// The number of an opened database.
#[must_use]
pub fn number<D: Database>(database: &D) -> u64 {
    database.handle().number()
}

/// An argument, which tells calls of a memoized function apart. Where one can't, such as a float, `key = "…"` says what does.
pub fn tells_calls_apart<T: Part + ?Sized>(argument: &T) -> &T {
    argument
}

/// What tells a type from others: where its name is. A function in an impl with parameters is one of several.
#[must_use]
pub fn type_of<T: ?Sized>() -> usize {
    std::any::type_name::<T>().as_ptr().addr()
}

/// What tells a cell or a database from others.
#[must_use]
pub fn instance<T: Instance + ?Sized>(of: &T) -> (usize, u64) {
    (type_of::<T>(), of.number())
}

/// One number of several, in their order, and of where they are.
#[must_use]
pub fn mixed(place: usize, numbers: &[u64]) -> u64 {
    let mut mixed = place as u64;
    for number in numbers {
        // What tells them apart are numbers that the process counts and places in its memory: nobody chooses them.
        mixed = (mixed.rotate_left(23) ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
    mixed
}

impl<D: Database> Instance for Tx<D> {
    fn number(&self) -> u64 {
        self.handle().number()
    }
}

/// Asks for the SQL name of a table, of its concrete type, as [`Probe`] asks.
#[derive(Debug)]
pub struct Named<T>(PhantomData<T>);

impl<T: Model> Named<T> {
    /// The name, where the table says one.
    pub const NAME: Option<&'static str> = T::NAME;
}

/// The answer where it is no table.
pub trait Nameless {
    /// None.
    const NAME: Option<&'static str> = None;
}

impl<T> Nameless for Named<T> {}

#[cfg(test)]
mod tests {
    use std::hash::{BuildHasher as _, RandomState};

    use equivalent::Equivalent as _;

    use super::*;

    fn hash(state: &RandomState, value: impl Hash) -> u64 {
        state.hash_one(value)
    }

    #[test]
    fn what_is_looked_for_is_hashed_as_what_is_kept() {
        let state = RandomState::new();
        let (name, limit, list) = ("a", 7_u32, vec![1_u8, 2]);
        let parts = (name, &limit, list.as_slice());
        let look = Look(&parts);
        let kept: (String, u32, Vec<u8>) = Parts::keep(look.0);
        assert_eq!(hash(&state, &look), hash(&state, &kept));
        assert!(look.equivalent(&kept));
    }

    #[test]
    fn texts_that_run_together_alike_are_not_alike() {
        let one = Look(&("a", "bc"));
        assert!(one.equivalent(&("a".to_owned(), "bc".to_owned())));
        assert!(!one.equivalent(&("ab".to_owned(), "c".to_owned())));
        let state = RandomState::new();
        assert_ne!(hash(&state, &one), hash(&state, ("ab".to_owned(), "c".to_owned())));
    }
}
