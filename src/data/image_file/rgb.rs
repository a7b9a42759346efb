//! A decoded picture.

/// A decoded image: H x W x 3 bytes, rows from the top.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rgb {
    /// Columns, W.
    pub width: u32,
    /// Rows, H.
    pub height: u32,
    /// H x W x 3 values: red, green, blue.
    pub pixels: Vec<u8>,
}

/// The red, green and blue of a row of samples: gray is repeated, what follows gray or blue (alpha) is dropped.
///
/// `channels` is 1 (gray), 2 (gray, alpha), 3 (red, green, blue) or 4 (red, green, blue, alpha).
pub(super) fn without_alpha(samples: Vec<u8>, channels: usize) -> Vec<u8> {
    match channels {
        3 => samples,
        1 | 2 => samples.chunks_exact(channels).flat_map(|pixel| [pixel[0]; 3]).collect(),
        _ => samples.chunks_exact(channels).flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect(),
    }
}
