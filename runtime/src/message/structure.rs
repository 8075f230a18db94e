//! How structs with columns are read from serde's form, and written to it: what serde's derives emit for each type stands here once, so
//! that an application with a hundred tables compiles in half the time. In: a place for each field. Out: all of them filled.
//! Fields are told by name, by number or by their order; unknown ones are passed over, a missing `Option` is `None`.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::ser::SerializeStruct;
use serde::{Deserialize, Deserializer, Serializer};

use super::{Fields, Message};

/// The fields of a struct, together: a tuple of up to sixteen, or [`More`].
pub trait Parts<'de>: Sized {
    /// A place for each.
    type Places;
    /// How many there are.
    const COUNT: usize;

    /// Places with nothing in them.
    fn places() -> Self::Places;

    /// Fills the place with this number.
    ///
    /// # Errors
    /// The source's.
    fn fill<S: Source<'de>>(places: &mut Self::Places, at: usize, source: S) -> Result<(), S::Error>;

    /// What is in the places; nothing where one is empty.
    fn taken(places: Self::Places) -> Option<Self>;
}

/// Where a field's value comes from.
pub trait Source<'de> {
    /// Why there is none.
    type Error;

    /// Puts the value into its place.
    ///
    /// # Errors
    /// There is none, or one is there already.
    fn fill<T: Deserialize<'de>>(self, place: &mut Option<T>) -> Result<(), Self::Error>;
}

/// Reads a struct with these fields.
///
/// # Errors
/// The deserializer's; a field is missing or comes twice.
pub fn read<'de, P: Parts<'de>, D: Deserializer<'de>>(
    deserializer: D,
    name: &'static str,
    fields: &'static [&'static str],
) -> Result<P, D::Error> {
    deserializer.deserialize_struct(name, fields, Struct { name, fields, parts: PhantomData })
}

/// The fields of a struct by reference, together: a tuple of up to sixteen, or [`More`].
pub trait Written {
    /// Writes them, in their order; gives the names that are left.
    ///
    /// # Errors
    /// The serializer's.
    fn write<'n, S: SerializeStruct>(
        self,
        names: &'n [&'static str],
        to: &mut S,
    ) -> Result<&'n [&'static str], S::Error>;
}

/// Writes a struct with these fields.
///
/// # Errors
/// The serializer's.
pub fn write<S: Serializer>(
    serializer: S,
    name: &'static str,
    fields: &'static [&'static str],
    values: impl Written,
) -> Result<S::Ok, S::Error> {
    let mut to = serializer.serialize_struct(name, fields.len())?;
    values.write(fields, &mut to)?;
    to.end()
}

/// The types of a struct's fields, together: a tuple of up to sixteen, or [`More`].
pub trait Described {
    /// Describes them, in their order; gives the names that are left.
    fn describe<'n>(names: &'n [&'static str], fields: &mut Fields<'_>) -> &'n [&'static str];
}

/// The type of one field.
pub trait DescribedField {
    /// Describes it.
    fn describe(name: &str, fields: &mut Fields<'_>);
}

impl<T: Message> DescribedField for T {
    fn describe(name: &str, fields: &mut Fields<'_>) {
        fields.field::<T>(name);
    }
}

/// Fields of a struct, and those behind them.
#[derive(Debug)]
pub struct More<A, B>(pub A, pub B);

struct Struct<P> {
    name: &'static str,
    fields: &'static [&'static str],
    parts: PhantomData<P>,
}

impl<'de, P: Parts<'de>> Visitor<'de> for Struct<P> {
    type Value = P;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "struct {}", self.name)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<P, A::Error> {
        let mut places = P::places();
        for at in 0..self.fields.len() {
            P::fill(&mut places, at, Item { items: &mut items, at, of: self.fields.len(), life: PhantomData })?;
        }
        self.taken(places)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<P, A::Error> {
        let mut places = P::places();
        while let Some(at) = members.next_key_seed(Name { fields: self.fields })? {
            match self.fields.get(at) {
                Some(name) => {
                    P::fill(&mut places, at, Member { members: &mut members, name, life: PhantomData })?;
                }
                None => drop(members.next_value::<IgnoredAny>()?),
            }
        }
        for (at, name) in self.fields.iter().enumerate() {
            P::fill(&mut places, at, Missing { name, error: PhantomData::<A::Error> })?;
        }
        self.taken(places)
    }
}

impl<'de, P: Parts<'de>> Struct<P> {
    fn taken<E: Error>(&self, places: P::Places) -> Result<P, E> {
        // Each field has filled its place, or was an error.
        P::taken(places).ok_or_else(|| E::custom(format_args!("a field of `{}` has no name", self.name)))
    }
}

/// The number of a field; of one that is unknown the number behind the last.
struct Name {
    fields: &'static [&'static str],
}

impl<'de> DeserializeSeed<'de> for Name {
    type Value = usize;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<usize, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl Visitor<'_> for Name {
    type Value = usize;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("field identifier")
    }

    fn visit_u64<E: Error>(self, at: u64) -> Result<usize, E> {
        Ok(usize::try_from(at).unwrap_or(usize::MAX))
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<usize, E> {
        Ok(self.fields.iter().position(|field| *field == name).unwrap_or(usize::MAX))
    }

    fn visit_bytes<E: Error>(self, name: &[u8]) -> Result<usize, E> {
        Ok(self.fields.iter().position(|field| field.as_bytes() == name).unwrap_or(usize::MAX))
    }
}

/// A member of a map, behind its name.
struct Member<'a, 'de, A> {
    members: &'a mut A,
    name: &'static str,
    life: PhantomData<&'de ()>,
}

impl<'de, A: MapAccess<'de>> Source<'de> for Member<'_, 'de, A> {
    type Error = A::Error;

    fn fill<T: Deserialize<'de>>(self, place: &mut Option<T>) -> Result<(), A::Error> {
        if place.is_some() {
            return Err(A::Error::duplicate_field(self.name));
        }
        *place = Some(self.members.next_value()?);
        Ok(())
    }
}

/// The next item of a sequence.
struct Item<'a, 'de, A> {
    items: &'a mut A,
    at: usize,
    of: usize,
    life: PhantomData<&'de ()>,
}

impl<'de, A: SeqAccess<'de>> Source<'de> for Item<'_, 'de, A> {
    type Error = A::Error;

    fn fill<T: Deserialize<'de>>(self, place: &mut Option<T>) -> Result<(), A::Error> {
        let expected = ["a struct with ", &self.of.to_string(), " fields"].concat();
        *place = Some(self.items.next_element()?.ok_or_else(|| A::Error::invalid_length(self.at, &expected.as_str()))?);
        Ok(())
    }
}

/// Nothing: fine for an `Option`.
struct Missing<E> {
    name: &'static str,
    error: PhantomData<E>,
}

impl<'de, E: Error> Source<'de> for Missing<E> {
    type Error = E;

    fn fill<T: Deserialize<'de>>(self, place: &mut Option<T>) -> Result<(), E> {
        if place.is_none() {
            *place = Some(T::deserialize(self)?);
        }
        Ok(())
    }
}

impl<'de, E: Error> Deserializer<'de> for Missing<E> {
    type Error = E;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, E> {
        Err(E::missing_field(self.name))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, E> {
        visitor.visit_none()
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct newtype_struct seq tuple
        tuple_struct map struct enum identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq)]
    struct Pair {
        name: String,
        count: Option<i64>,
    }

    impl<'de> Deserialize<'de> for Pair {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            let (name, count) = read(deserializer, "Pair", &["name", "count"])?;
            Ok(Self { name, count })
        }
    }

    #[test]
    fn fields_come_by_name_or_in_their_order_and_only_options_may_be_missing() {
        let pair = |name: &str, count| Pair { name: name.to_owned(), count };
        let read = |text: &str| serde_json::from_str::<Pair>(text).map_err(|error| error.to_string());
        assert_eq!(read(r#"{"count": 5, "other": [1, {}], "name": "a"}"#), Ok(pair("a", Some(5))));
        assert_eq!(read(r#"{"name": "a"}"#), Ok(pair("a", None)));
        assert_eq!(read(r#"{"name": "a", "count": null}"#), Ok(pair("a", None)));
        assert_eq!(read(r#"["a", 5]"#), Ok(pair("a", Some(5))));
        let wrong = [
            (r#"{"count": 5}"#, "missing field `name` at line 1 column 12"),
            (r#"{"name": "a", "name": "b"}"#, "duplicate field `name` at line 1 column 20"),
            (r#"{"name": 5}"#, "invalid type: integer `5`, expected a string at line 1 column 10"),
            (r#"["a"]"#, "invalid length 1, expected a struct with 2 fields at line 1 column 5"),
            ("5", "invalid type: integer `5`, expected struct Pair at line 1 column 1"),
        ];
        for (text, error) in wrong {
            assert_eq!(read(text), Err(error.to_owned()), "{text}");
        }
    }
}
