//! How large a picture may be, judged by its header before memory is taken for pixels.

use super::fault::Fault;

/// The longest side that is decoded, in pixels.
pub const MAX_SIDE: u32 = 16_384;

/// The most bytes that an image may decode to, that its decoder may need on the way, and that its file may have:
/// 256 MiB each.
pub const MAX_BYTES: u64 = 256 << 20;

/// Refuses a picture of no pixels, a side above [`MAX_SIDE`], and more than [`MAX_BYTES`] for `bytes_per_pixel` bytes
/// a pixel. Three bytes per pixel are what remains, however few bits a pixel the file stores.
pub(super) fn check(width: u32, height: u32, bytes_per_pixel: u64) -> Result<(), Fault> {
    if width == 0 || height == 0 {
        return Err(Fault::Undecodable(format!("its header says {width} x {height} pixels")));
    }
    if width.max(height) > MAX_SIDE {
        return Err(Fault::TooWide { width, height });
    }
    memory(u64::from(width) * u64::from(height) * bytes_per_pixel.max(3))
}

/// Refuses more than [`MAX_BYTES`].
pub(super) fn memory(bytes: u64) -> Result<(), Fault> {
    if bytes > MAX_BYTES { Err(Fault::TooLarge(bytes)) } else { Ok(()) }
}
