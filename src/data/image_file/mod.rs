//! Image files of any usual format, decoded to red, green and blue bytes and resized.
//!
//! The format is told by the first bytes, never by the name: ImageNet holds a PNG named `.JPEG`. What comes out is
//! what PIL's `Image.open(f).convert("RGB")` gives, which is torchvision's loader:
//!
//! - gray is repeated in all three channels; a palette is resolved;
//! - alpha is dropped, not blended: the colour stored under a transparent pixel counts;
//! - CMYK and YCCK JPEGs are taken as Adobe writes them (inverted): `R = C' K' / 255` with the stored C' and K';
//! - of 16-bit channels the high byte is kept. (PIL does so for colour; it saturates 16-bit gray at 255, which
//!   turns such images white; here gray is treated like colour.)
//! - an EXIF rotation is ignored, as torchvision ignores it; so are colour profiles;
//! - of an animation the first frame counts.
//!
//! A truncated file is an error that names it; a decoder's guess for the missing part is never used.

mod decode;
mod error;
mod jpeg_end;
mod resize;

pub use decode::{MAX_BYTES, MAX_SIDE, Rgb, decode, dimensions};
pub use error::ImageFileError;
pub use resize::Warp;
