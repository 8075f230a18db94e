//! The plain types that are messages, each in serde's form.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::hash::Hash;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use rust_decimal::Decimal;
use uuid::Uuid;

use super::{Answer, Message, Shape, Shapes};

macro_rules! plain {
    ($($ty:ty => $shape:ident),* $(,)?) => {$(
        impl Message for $ty {
            fn shape(_: &mut Shapes) -> Shape {
                Shape::$shape
            }
        }
    )*};
}

plain! {
    bool => Bool,
    i8 => I8, i16 => I16, i32 => I32, i64 => I64,
    u8 => U8, u16 => U16, u32 => U32, u64 => U64,
    f32 => F32, f64 => F64,
    char => Char, String => String,
    Uuid => Uuid, Decimal => Decimal,
    DateTime<Utc> => Instant, NaiveDate => Date, NaiveTime => Time,
    serde_json::Value => Json,
}

/// A document is carried as itself, whatever type it has in this program.
#[cfg(any(feature = "postgres", feature = "sqlite"))]
impl<T: serde::Serialize + serde::de::DeserializeOwned + Send + 'static> Message for crate::Json<T> {
    fn shape(_: &mut Shapes) -> Shape {
        Shape::Json
    }
}

/// A cursor is carried as its text.
#[cfg(any(feature = "postgres", feature = "sqlite"))]
impl Message for crate::db::Cursor {
    fn shape(_: &mut Shapes) -> Shape {
        Shape::String
    }
}

impl Message for () {
    fn shape(_: &mut Shapes) -> Shape {
        Shape::Unit
    }

    fn answer(&self) -> Answer<'_> {
        Answer::Empty
    }
}

impl<T: Message> Message for Option<T> {
    fn shape(shapes: &mut Shapes) -> Shape {
        Shape::Option(Box::new(T::shape(shapes)))
    }

    fn answer(&self) -> Answer<'_> {
        self.as_ref().map_or(Answer::Missing, Message::answer)
    }
}

impl<T: Message> Message for Box<T> {
    fn shape(shapes: &mut Shapes) -> Shape {
        T::shape(shapes)
    }

    fn answer(&self) -> Answer<'_> {
        T::answer(self)
    }
}

impl<T: Message> Message for Vec<T> {
    fn shape(shapes: &mut Shapes) -> Shape {
        Shape::List(Box::new(T::shape(shapes)))
    }
}

impl<T: Message + Ord> Message for BTreeSet<T> {
    fn shape(shapes: &mut Shapes) -> Shape {
        Shape::Set(Box::new(T::shape(shapes)))
    }
}

impl<T: Message + Eq + Hash> Message for HashSet<T> {
    fn shape(shapes: &mut Shapes) -> Shape {
        Shape::Set(Box::new(T::shape(shapes)))
    }
}

impl<T: Message> Message for BTreeMap<String, T> {
    fn shape(shapes: &mut Shapes) -> Shape {
        Shape::Map(Box::new(T::shape(shapes)))
    }
}

impl<T: Message> Message for HashMap<String, T> {
    fn shape(shapes: &mut Shapes) -> Shape {
        Shape::Map(Box::new(T::shape(shapes)))
    }
}

macro_rules! tuple {
    ($($ty:ident)*) => {
        impl<$($ty: Message),*> Message for ($($ty,)*) {
            fn shape(shapes: &mut Shapes) -> Shape {
                Shape::Tuple(vec![$($ty::shape(shapes)),*])
            }
        }
    };
}

tuple!(A);
tuple!(A B);
tuple!(A B C);
tuple!(A B C D);
tuple!(A B C D E);
tuple!(A B C D E F);

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    fn check<T: Message>(text: Expect) {
        text.assert_eq(&serde_json::to_string(&T::shape(&mut Shapes::new())).unwrap());
    }

    #[test]
    fn plain_types_read_as_in_the_manifest() {
        check::<()>(expect![[r#""unit""#]]);
        check::<u64>(expect![[r#""u64""#]]);
        check::<Option<Vec<Decimal>>>(expect![[r#"{"option":{"list":"decimal"}}"#]]);
        check::<BTreeMap<String, (DateTime<Utc>, Uuid)>>(expect![[r#"{"map":{"tuple":["instant","uuid"]}}"#]]);
    }
}
