//! The keys of a struct, from the struct itself: none can be forgotten in a list beside it.

use serde::{
    Deserialize,
    de::{Deserializer, Visitor, value::Error},
    forward_to_deserialize_any,
};

/// The names of the fields that a struct is read from.
pub(super) fn of<'de, T: Deserialize<'de>>() -> &'static [&'static str] {
    let mut fields: &'static [&'static str] = &[];
    // It gives no value, so that the struct cannot be made; by then it has said what it would be made of.
    let _ = T::deserialize(Ask(&mut fields));
    fields
}

/// Remembers what it is asked for.
struct Ask<'a>(&'a mut &'static [&'static str]);

impl<'de> Deserializer<'de> for Ask<'_> {
    type Error = Error;

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        *self.0 = fields;
        self.deserialize_any(visitor)
    }

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
        Err(serde::de::Error::custom("nothing to read"))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

/// The valid name that is nearest to one that is not.
pub(super) fn nearest<'a>(name: &str, valid: impl Iterator<Item = &'a str>) -> &'a str {
    let distance = |known: &&str| (strsim::jaro_winkler(known, name) * -1e6) as i64;
    valid.min_by_key(distance).unwrap_or("")
}
