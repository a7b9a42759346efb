//! What can be wrong with one image file.

use std::path::PathBuf;

/// What was wrong with one image file. `path` is the file, or archive and entry joined by a slash.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImageFileError {
    /// The bytes are those of no known image format.
    #[error(
        "{}: is not a JPEG, PNG, PNM, BMP, TIFF, WebP or GIF file by its first bytes; remove it, or leave bad images \
         out (data.on_bad_image = \"skip\", --on-bad-image skip)",
        path.display()
    )]
    UnknownFormat {
        /// The file.
        path: PathBuf,
    },
    /// The file ends before its image does.
    #[error(
        "{}: ends before its image does ({got} bytes); copy or download it again, or leave bad images out \
         (data.on_bad_image = \"skip\", --on-bad-image skip)",
        path.display()
    )]
    Truncated {
        /// The file.
        path: PathBuf,
        /// The bytes found.
        got: usize,
    },
    /// The decoder refuses the file.
    #[error(
        "{}: cannot be decoded ({reason}); replace it, or leave bad images out \
         (data.on_bad_image = \"skip\", --on-bad-image skip)",
        path.display()
    )]
    Undecodable {
        /// The file.
        path: PathBuf,
        /// What the decoder said.
        reason: String,
    },
    /// A side longer than the limit.
    #[error(
        "{}: is {width} x {height} pixels, above the limit of {limit} a side; shrink it, or leave bad images out \
         (data.on_bad_image = \"skip\", --on-bad-image skip)",
        path.display()
    )]
    TooWide {
        /// The file.
        path: PathBuf,
        /// Columns.
        width: u32,
        /// Rows.
        height: u32,
        /// The longest side that is decoded.
        limit: u32,
    },
    /// More decoded bytes than the limit.
    #[error(
        "{}: would decode to {got} bytes, above the limit of {limit}; shrink it, or leave bad images out \
         (data.on_bad_image = \"skip\", --on-bad-image skip)",
        path.display()
    )]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The bytes it would decode to, or those of the file itself.
        got: u64,
        /// The most bytes that are decoded.
        limit: u64,
    },
    /// An image could not be resized.
    #[error(
        "{}: cannot be resized from {width} x {height} to {side} x {side} ({reason}); replace it, or leave bad images \
         out (data.on_bad_image = \"skip\", --on-bad-image skip)",
        path.display()
    )]
    Resize {
        /// The file.
        path: PathBuf,
        /// Columns.
        width: u32,
        /// Rows.
        height: u32,
        /// The side asked for.
        side: u32,
        /// What the resizer said.
        reason: String,
    },
}
