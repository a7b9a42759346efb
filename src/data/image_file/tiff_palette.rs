//! TIFF pages whose samples are indices into a palette, which the crate `tiff` does not read.
//!
//! It reads gray pages of the same bits, and the two differ in one tag alone.

use super::fault::Fault;
use std::borrow::Cow;

/// The colours of a page's indices.
pub(super) struct Palette(Vec<[u8; 3]>);

impl Palette {
    /// Takes a page's map: all reds, all greens, all blues of 2^depth colours, of which the high bytes count.
    pub(super) fn of(map: &[u16], depth: u8) -> Result<Self, Fault> {
        let colours = 1 << depth;
        if map.len() != 3 * colours {
            let len = map.len();
            return Err(Fault::Undecodable(format!("its palette has {len} values in place of {}", 3 * colours)));
        }
        Ok(Self((0..colours).map(|at| [0, 1, 2].map(|band| (map[band * colours + at] >> 8) as u8)).collect()))
    }

    /// The colour of an index.
    pub(super) fn colour(&self, index: u8) -> [u8; 3] {
        self.0.get(usize::from(index)).copied().unwrap_or_default()
    }
}

/// A file whose first page has a palette, as one whose page is gray with its indices as levels; owned where it is
/// such a file, and else as it was.
pub(super) fn as_gray(bytes: &[u8]) -> Cow<'_, [u8]> {
    match low_byte_of_kind(bytes) {
        Some(at) if bytes[at] == 3 => {
            let mut gray = bytes.to_vec();
            gray[at] = 1;
            Cow::Owned(gray)
        }
        _ => Cow::Borrowed(bytes),
    }
}

/// Where the low byte of the first page's photometric interpretation stands, which is a number below 256.
fn low_byte_of_kind(bytes: &[u8]) -> Option<usize> {
    const PHOTOMETRIC_INTERPRETATION: u64 = 262;
    let little = bytes.first() == Some(&b'I');
    let number = |at: usize, len: usize| {
        let part = bytes.get(at..at.checked_add(len)?)?;
        let fold = |value: u64, &byte: &u8| value << 8 | u64::from(byte);
        Some(if little { part.iter().rev().fold(0, fold) } else { part.iter().fold(0, fold) })
    };
    // Offsets and counts of a BigTIFF are twice as long.
    let (offset_at, offset, count, entry) = if number(2, 2)? == 43 { (8, 8, 8, 20) } else { (4, 4, 2, 12) };
    let page = usize::try_from(number(offset_at, offset)?).ok()?;
    let entries = usize::try_from(number(page, count)?).ok()?;
    for place in 0..entries.min(4096) {
        let at = page.checked_add(count + place * entry)?;
        if number(at, 2)? == PHOTOMETRIC_INTERPRETATION {
            let (value, kind) = (at + entry - offset, number(at + 2, 2)?);
            // A number of two bytes stands at the beginning of its place.
            return (kind == 3).then_some(if little { value } else { value + 1 });
        }
    }
    None
}
