//! Image files of any usual format, decoded to red, green and blue bytes and resized.
//!
//! The first bytes decide the format, never the name: ImageNet holds a PNG named `.JPEG`. What comes out is
//! what PIL's `Image.open(f).convert("RGB")` gives, which is torchvision's loader, to the last bit:
//!
//! - JPEG is decoded by libjpeg, with the settings that PIL leaves as they are;
//! - gray is repeated in all three channels; a palette is resolved;
//! - alpha is dropped, not blended: the colour stored under a transparent pixel counts;
//! - CMYK and YCCK JPEGs are taken as Adobe writes them, inverted;
//! - of 16-bit channels the high byte is kept. (PIL does so for colour; it saturates 16-bit gray at 255, which
//!   turns such images white; here gray is treated like colour.)
//! - an EXIF rotation is ignored, as torchvision ignores it; so are colour profiles. The orientation of a TIFF is a
//!   tag of the image itself, and PIL turns such images;
//! - of an animation the first frame counts.
//!
//! `docs/data.md` has a table of all kinds, and `tests/folder/kinds.rs` checks each row against PIL's pixels. Kinds in
//! neither are refused. A truncated file is an error that names it; a decoder's guess for the missing part is never
//! used.

mod bmp;
mod bmp_runs;
mod cmyk;
mod decode;
mod error;
mod fault;
mod format;
mod gif;
mod jpeg;
mod jpeg_stream;
mod libjpeg;
mod limits;
mod png;
mod pnm;
mod remarks;
mod resample;
mod resize;
mod rgb;
mod tiff;
mod tiff_palette;
mod turn;
mod webp;

pub use decode::{decode, decode_with_remark, dimensions};
pub use error::ImageFileError;
pub use limits::{MAX_BYTES, MAX_SIDE};
pub use remarks::{Remarks, take_remarks};
pub(super) use resample::Resampler;
pub use resize::Warp;
pub use rgb::Rgb;
