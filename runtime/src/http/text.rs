//! Values out of texts: what a path or a query can hold.
//! In: the texts given under one name, none where it is missing. Out: numbers, texts, options, enumerations and lists of them.
//! Absent: structs and maps. A door whose path or query would need one is refused at start.

use std::fmt;

use serde::de::value::StrDeserializer;
use serde::de::{self, IntoDeserializer as _, Visitor};
use serde::forward_to_deserialize_any;

/// The texts under one name.
#[derive(Clone, Copy)]
pub(crate) struct Texts<'a>(pub(crate) &'a [&'a str]);

/// Why a text is not the value it should be: what stands behind "the argument `x` …".
#[derive(Debug)]
pub(crate) struct TextError(String);

impl fmt::Display for TextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for TextError {}

impl de::Error for TextError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(format!("cannot be read: {message}"))
    }
}

impl<'a> Texts<'a> {
    fn one(self) -> Result<&'a str, TextError> {
        match self.0 {
            [text] => Ok(text),
            [] => Err(TextError("is missing".to_owned())),
            more => Err(TextError(format!("is given {} times", more.len()))),
        }
    }

    fn parse<T: std::str::FromStr>(self, what: &str) -> Result<T, TextError> {
        let text = self.one()?;
        text.parse().map_err(|_| TextError(format!("is `{text}`, which is no {what}")))
    }
}

macro_rules! parsed {
    ($($deserialize:ident $visit:ident $ty:ty => $what:literal),* $(,)?) => {$(
        fn $deserialize<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, TextError> {
            visitor.$visit(self.parse::<$ty>($what)?)
        }
    )*};
}

impl<'de> de::Deserializer<'de> for Texts<'_> {
    type Error = TextError;

    parsed! {
        deserialize_bool visit_bool bool => "`true` or `false`",
        deserialize_i8 visit_i8 i8 => "integer of 8 bits",
        deserialize_i16 visit_i16 i16 => "integer of 16 bits",
        deserialize_i32 visit_i32 i32 => "integer of 32 bits",
        deserialize_i64 visit_i64 i64 => "integer of 64 bits",
        deserialize_u8 visit_u8 u8 => "unsigned integer of 8 bits",
        deserialize_u16 visit_u16 u16 => "unsigned integer of 16 bits",
        deserialize_u32 visit_u32 u32 => "unsigned integer of 32 bits",
        deserialize_u64 visit_u64 u64 => "unsigned integer of 64 bits",
        deserialize_f32 visit_f32 f32 => "number",
        deserialize_f64 visit_f64 f64 => "number",
        deserialize_char visit_char char => "single character",
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, TextError> {
        visitor.visit_str(self.one()?)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, TextError> {
        if self.0.is_empty() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, TextError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, TextError> {
        visitor.visit_seq(Each { texts: self.0, at: 0 })
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, TextError> {
        let text: StrDeserializer<'_, TextError> = self.one()?.into_deserializer();
        visitor.visit_enum(text)
    }

    forward_to_deserialize_any! {
        i128 u128 str string bytes byte_buf unit unit_struct tuple tuple_struct map struct identifier ignored_any
    }
}

/// The elements of a list: one text each.
struct Each<'a> {
    texts: &'a [&'a str],
    at: usize,
}

impl<'de> de::SeqAccess<'de> for Each<'_> {
    type Error = TextError;

    fn next_element_seed<T: de::DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, TextError> {
        let Some(text) = self.texts.get(self.at) else { return Ok(None) };
        self.at += 1;
        seed.deserialize(Texts(&[text])).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Debug;

    use expect_test::{Expect, expect};
    use rust_decimal::Decimal;
    use serde::Deserialize;
    use uuid::Uuid;

    use super::Texts;

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Kind {
        Book,
        BoardGame,
    }

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only `Debug` reads it")]
    struct Id(i64);

    fn check<'de, T: Deserialize<'de> + Debug>(texts: &[&str], expected: Expect) {
        expected.assert_eq(&match T::deserialize(Texts(texts)) {
            Ok(value) => format!("{value:?}"),
            Err(error) => format!("error: {error}"),
        });
    }

    #[test]
    fn a_text_is_read_as_what_is_wanted() {
        check::<u32>(&["20"], expect!["20"]);
        check::<Option<u32>>(&["20"], expect!["Some(20)"]);
        check::<Option<u32>>(&[], expect!["None"]);
        check::<String>(&["20"], expect![[r#""20""#]]);
        check::<Vec<i16>>(&["1", "-2"], expect!["[1, -2]"]);
        check::<Vec<i16>>(&[], expect!["[]"]);
        check::<Kind>(&["board_game"], expect!["BoardGame"]);
        check::<Id>(&["7"], expect!["Id(7)"]);
        check::<Decimal>(&["12.50"], expect!["12.50"]);
        check::<Option<Uuid>>(
            &["67e55044-10b1-426f-9247-bb680e5fe0c8"],
            expect!["Some(67e55044-10b1-426f-9247-bb680e5fe0c8)"],
        );
    }

    #[test]
    fn what_cannot_be_read_is_told() {
        check::<u32>(&[], expect!["error: is missing"]);
        check::<u32>(&["1", "2"], expect!["error: is given 2 times"]);
        check::<u32>(&["-1"], expect!["error: is `-1`, which is no unsigned integer of 32 bits"]);
        check::<bool>(&["yes"], expect!["error: is `yes`, which is no `true` or `false`"]);
        check::<Kind>(
            &["car"],
            expect!["error: cannot be read: unknown variant `car`, expected `book` or `board_game`"],
        );
    }
}
