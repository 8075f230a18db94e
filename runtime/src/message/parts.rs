//! Fields of a struct together, as tuples: what the macros would emit for each field of each type stands here once. More than sixteen are
//! a tuple and [`More`].

use serde::ser::SerializeStruct;
use serde::{Deserialize, Serialize};

use super::Fields;
use super::structure::{Described, DescribedField, More, Parts, Source, Written};

macro_rules! together {
    ($(($($name:ident $at:tt),+) $count:literal;)+) => {$(
        impl<'de, $($name: Deserialize<'de>),+> Parts<'de> for ($($name,)+) {
            type Places = ($(Option<$name>,)+);
            const COUNT: usize = $count;

            fn places() -> Self::Places {
                ($(None::<$name>,)+)
            }

            fn fill<S: Source<'de>>(places: &mut Self::Places, at: usize, source: S) -> Result<(), S::Error> {
                match at {
                    $($at => source.fill(&mut places.$at),)+
                    _ => Ok(()),
                }
            }

            fn taken(places: Self::Places) -> Option<Self> {
                Some(($(places.$at?,)+))
            }
        }

        impl<$($name: Serialize),+> Written for ($(&$name,)+) {
            fn write<'n, S: SerializeStruct>(
                self,
                names: &'n [&'static str],
                to: &mut S,
            ) -> Result<&'n [&'static str], S::Error> {
                let mut names = names.iter();
                $(if let Some(name) = names.next() {
                    to.serialize_field(name, self.$at)?;
                })+
                Ok(names.as_slice())
            }
        }

        impl<$($name: DescribedField),+> Described for ($($name,)+) {
            fn describe<'n>(names: &'n [&'static str], fields: &mut Fields<'_>) -> &'n [&'static str] {
                let mut names = names.iter();
                $(if let Some(name) = names.next() {
                    $name::describe(name, fields);
                })+
                names.as_slice()
            }
        }
    )+};
}

together! {
    (A 0) 1;
    (A 0, B 1) 2;
    (A 0, B 1, C 2) 3;
    (A 0, B 1, C 2, D 3) 4;
    (A 0, B 1, C 2, D 3, E 4) 5;
    (A 0, B 1, C 2, D 3, E 4, F 5) 6;
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6) 7;
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7) 8;
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8) 9;
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9) 10;
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10) 11;
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11) 12;
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11, M 12) 13;
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11, M 12, N 13) 14;
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11, M 12, N 13, O 14) 15;
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11, M 12, N 13, O 14, P 15) 16;
}

impl<'de> Parts<'de> for () {
    type Places = ();
    const COUNT: usize = 0;

    fn places() -> Self::Places {}

    fn fill<S: Source<'de>>((): &mut Self::Places, _: usize, _: S) -> Result<(), S::Error> {
        Ok(())
    }

    fn taken((): Self::Places) -> Option<Self> {
        Some(())
    }
}

impl Written for () {
    fn write<'n, S: SerializeStruct>(
        self,
        names: &'n [&'static str],
        _: &mut S,
    ) -> Result<&'n [&'static str], S::Error> {
        Ok(names)
    }
}

impl Described for () {
    fn describe<'n>(names: &'n [&'static str], _: &mut Fields<'_>) -> &'n [&'static str] {
        names
    }
}

impl<'de, A: Parts<'de>, B: Parts<'de>> Parts<'de> for More<A, B> {
    type Places = (A::Places, B::Places);
    const COUNT: usize = A::COUNT + B::COUNT;

    fn places() -> Self::Places {
        (A::places(), B::places())
    }

    fn fill<S: Source<'de>>(places: &mut Self::Places, at: usize, source: S) -> Result<(), S::Error> {
        match at.checked_sub(A::COUNT) {
            None => A::fill(&mut places.0, at, source),
            Some(at) => B::fill(&mut places.1, at, source),
        }
    }

    fn taken(places: Self::Places) -> Option<Self> {
        Some(Self(A::taken(places.0)?, B::taken(places.1)?))
    }
}

impl<A: Written, B: Written> Written for More<A, B> {
    fn write<'n, S: SerializeStruct>(
        self,
        names: &'n [&'static str],
        to: &mut S,
    ) -> Result<&'n [&'static str], S::Error> {
        let rest = self.0.write(names, to)?;
        self.1.write(rest, to)
    }
}

impl<A: Described, B: Described> Described for More<A, B> {
    fn describe<'n>(names: &'n [&'static str], fields: &mut Fields<'_>) -> &'n [&'static str] {
        let rest = A::describe(names, fields);
        B::describe(rest, fields)
    }
}
