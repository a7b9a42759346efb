//! Sizes of two axes in net files: one number for both, or height and width.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

#[derive(Serialize, Deserialize)]
#[serde(untagged, expecting = "expected a number, or a list of two: height and width")]
enum Size {
    Both(usize),
    Each([usize; 2]),
}

pub fn serialize<S: Serializer>(size: &[usize; 2], to: S) -> Result<S::Ok, S::Error> {
    let size = if size[0] == size[1] { Size::Both(size[0]) } else { Size::Each(*size) };
    size.serialize(to)
}

pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<[usize; 2], D::Error> {
    Ok(match Size::deserialize(from)? {
        Size::Both(size) => [size; 2],
        Size::Each(sizes) => sizes,
    })
}

/// 1 down and across.
pub const fn ones() -> [usize; 2] {
    [1; 2]
}

/// 0 down and across.
pub const fn zeros() -> [usize; 2] {
    [0; 2]
}

pub const fn are_ones(size: &[usize; 2]) -> bool {
    matches!(size, [1, 1])
}

pub const fn are_zeros(size: &[usize; 2]) -> bool {
    matches!(size, [0, 0])
}
