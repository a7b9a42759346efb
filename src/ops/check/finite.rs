//! Cases of the search for non-finite values, which must be exact.

use super::{Builder, Case, Rule, Values};
use crate::{
    host::ImageDims,
    ops::{OpsError, TensorShape, finite},
};

/// The bits of a value among ordinary ones, and where it stands.
pub type Odd = Option<(u32, usize)>;

/// What a case is for; images and channels; the odd value.
pub const CONFIGURATIONS: &[(&str, [usize; 2], Odd)] = &[
    ("only numbers", [3, 5], None),
    ("the largest number", [3, 5], Some((0x7f7f_ffff, 7))),
    ("a subnormal number", [3, 5], Some((0x0000_0001, 7))),
    ("an infinity, first", [3, 5], Some((0x7f80_0000, 0))),
    ("a negative infinity, last", [3, 5], Some((0xff80_0000, 14))),
    ("a quiet NaN", [3, 5], Some((0x7fc0_0000, 11))),
    ("a NaN of the least bit", [3, 5], Some((0x7f80_0001, 4))),
    ("a negative NaN", [1, 1], Some((0xffc0_0000, 0))),
    ("one among many", [33, 1031], Some((0x7fc0_0000, 30_011))),
];

/// The forward pass over one tensor, with a flag before its own and one after.
pub fn case(text: &str, [n, c]: [usize; 2], odd: Odd) -> Case {
    let mut b = Builder::new("finite", format!("{text}: {n} x {c}"));
    let shape = TensorShape::Activation(ImageDims { n, c, h: 1, w: 1 });
    let mut values = b.draw("x", shape.len(), 1.0);
    if let Some((bits, place)) = odd {
        values[place] = f32::from_bits(bits);
    }
    let x = b.given("x", shape, Values::Real(values), false);
    let flags = b.given("flags", TensorShape::Rows { rows: 1, width: 3 }, Values::Words(vec![0; 3]), false);
    b.in_place(flags, Rule::Exact);
    b.call(finite::Forward { len: shape.len(), place: 1, x, flags });
    b.finish()
}

/// The cases.
pub fn cases() -> Result<Vec<Case>, OpsError> {
    Ok(CONFIGURATIONS.iter().map(|&(text, size, odd)| case(text, size, odd)).collect())
}
