//! Looks through a protobuf message before it is decoded: which format it is, and how much decoding would make.
//!
//! An empty message inside another takes two bytes in a file and hundreds in memory, so they are counted first, along
//! the fields that are decoded. The wire format: https://protobuf.dev/programming-guides/encoding.

use super::Format;

/// The most messages inside a file.
pub const MAX_MESSAGES: usize = 200_000;
/// The most bytes of a field that is no tensor's values: names, lists of sizes.
pub const MAX_SMALL: usize = 1 << 16;

/// What a field of a message holds.
#[derive(Clone, Copy)]
pub enum Field {
    /// A message.
    Message(&'static Schema),
    /// Values of a tensor: as many bytes in memory as in the file.
    Values,
    /// Anything else that is decoded.
    Small,
}

/// The fields of a message that are decoded. All others are skipped by the decoder, too.
pub struct Schema(pub &'static [(u64, Field)]);

/// Why a message is not decoded.
#[derive(Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It is not protobuf, or is cut off, at a byte of the outermost message or one inside it.
    Damaged(&'static str),
    /// More messages than [`MAX_MESSAGES`].
    Messages,
    /// A field of more bytes than [`MAX_SMALL`].
    Small(usize),
}

/// One field as it stands in a message: its number, its type on the wire, and the bytes of one with a length.
pub struct Found<'a> {
    /// The number.
    pub number: u64,
    /// 0 for a number, 1 for eight bytes, 2 for a length and bytes, 5 for four bytes.
    pub wire: u64,
    /// The bytes where it has a length.
    pub bytes: Option<&'a [u8]>,
}

/// The fields of a message from its first to its last.
pub struct Fields<'a> {
    rest: &'a [u8],
}

/// The fields of a message.
pub const fn fields(bytes: &[u8]) -> Fields<'_> {
    Fields { rest: bytes }
}

impl<'a> Fields<'a> {
    fn varint(&mut self) -> Result<u64, Refusal> {
        let mut value = 0u64;
        for place in 0..10 {
            let (&byte, rest) = self.rest.split_first().ok_or(Refusal::Damaged("a number is cut off"))?;
            self.rest = rest;
            value |= u64::from(byte & 0x7f).checked_shl(7 * place).unwrap_or(0);
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(Refusal::Damaged("a number has more than ten bytes"))
    }

    fn take(&mut self, count: u64) -> Result<&'a [u8], Refusal> {
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        let Some((taken, rest)) = self.rest.split_at_checked(count) else {
            return Err(Refusal::Damaged("a field is cut off"));
        };
        self.rest = rest;
        Ok(taken)
    }

    fn field(&mut self) -> Result<Found<'a>, Refusal> {
        let tag = self.varint()?;
        let number = tag >> 3;
        if number == 0 || number >= 1 << 29 {
            return Err(Refusal::Damaged("a field has a number that protobuf does not have"));
        }
        let bytes = match tag & 7 {
            0 => self.varint().map(|_| None)?,
            1 => self.take(8).map(|_| None)?,
            2 => {
                let length = self.varint()?;
                Some(self.take(length)?)
            }
            5 => self.take(4).map(|_| None)?,
            _ => return Err(Refusal::Damaged("a field has a type that is not read")),
        };
        Ok(Found { number, wire: tag & 7, bytes })
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<Found<'a>, Refusal>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let found = self.field();
        if found.is_err() {
            self.rest = &[];
        }
        Some(found)
    }
}

/// Looks through a message and those inside it.
///
/// # Errors
/// The first reason for which it is not decoded.
pub fn check(bytes: &[u8], schema: &'static Schema) -> Result<(), Refusal> {
    // Messages inside messages are as deep as the schema, which has no circle.
    let (mut waiting, mut messages, mut small) = (vec![(bytes, schema)], 0, 0usize);
    while let Some((bytes, schema)) = waiting.pop() {
        for found in fields(bytes) {
            let found = found?;
            let Some(&(_, field)) = schema.0.iter().find(|(number, _)| *number == found.number) else { continue };
            messages += usize::from(!matches!(field, Field::Values));
            if messages > MAX_MESSAGES {
                return Err(Refusal::Messages);
            }
            match (field, found.bytes) {
                (Field::Message(inner), Some(bytes)) => waiting.push((bytes, inner)),
                (Field::Small, Some(bytes)) => {
                    small += bytes.len();
                    if bytes.len() > MAX_SMALL || small > MAX_SMALL * 64 {
                        return Err(Refusal::Small(small.max(bytes.len())));
                    }
                }
                _ => {}
            }
        }
    }
    Ok(())
}

/// Which of the protobuf formats a file is of, by the fields of its outermost message; none of them where it is no such
/// message.
pub fn kind(bytes: &[u8]) -> Option<Format> {
    const NUMBER: u64 = 0;
    const BYTES: u64 = 2;
    // What is cut off is refused when it is read.
    let seen: Vec<(u64, u64)> =
        fields(bytes).take(64).map_while(Result::ok).map(|found| (found.number, found.wire)).collect();
    let has = |number, wire| seen.contains(&(number, wire));
    // Caffe's blob: sides 1 to 4 or shape = 7, and data = 5, packed or one by one, or 8.
    let data = has(5, BYTES) || has(5, 5);
    // ONNX: ir_version = 1 is a number, graph = 7 a message. Caffe's net: layer = 100, or layers = 2.
    if has(1, NUMBER) && has(7, BYTES) && !data {
        Some(Format::Onnx)
    } else if has(100, BYTES) || (has(2, BYTES) && !has(1, NUMBER) && !data) {
        Some(Format::Caffe)
    } else if data || has(8, BYTES) {
        Some(Format::CaffeMean)
    } else if has(1, NUMBER) {
        Some(Format::Onnx)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static INNER: Schema = Schema(&[(1, Field::Small), (2, Field::Values)]);
    static OUTER: Schema = Schema(&[(3, Field::Message(&INNER))]);

    #[test]
    fn messages_are_counted_where_they_are_decoded_and_skipped_elsewhere() {
        let many = |tag: u8| [tag, 0].repeat(MAX_MESSAGES + 1);
        assert_eq!(check(&many(3 << 3 | 2), &OUTER), Err(Refusal::Messages));
        assert_eq!(check(&many(4 << 3 | 2), &OUTER), Ok(()));
        let long = [&[0x1a, 0x84, 0x80, 0x08, 0x0a, 0x80, 0x80, 0x08][..], &vec![0; 1 << 17]].concat();
        assert_eq!(check(&long, &OUTER), Err(Refusal::Small(1 << 17)));
    }

    #[test]
    fn what_is_cut_off_is_refused() {
        let whole = [0x1a, 4, 0x0a, 2, b'h', b'i'];
        assert_eq!(check(&whole, &OUTER), Ok(()));
        for cut in 1..whole.len() {
            assert!(matches!(check(&whole[..cut], &OUTER), Err(Refusal::Damaged(_))), "{cut}");
        }
    }
}
