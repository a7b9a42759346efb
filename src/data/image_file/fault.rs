//! What a decoder found wrong with the bytes of a picture; the file's name is added where it is known.

use std::{
    error::Error,
    io::{self, ErrorKind},
};

/// Why bytes were not decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    /// The bytes end before the image does.
    Truncated,
    /// Damaged, or of a kind that is not read.
    Undecodable(String),
    /// A side above the limit.
    TooWide {
        /// Columns.
        width: u32,
        /// Rows.
        height: u32,
    },
    /// More bytes than the limit.
    TooLarge(u64),
}

impl Fault {
    /// The fault of a decoder's error: bytes that ran out are one of their own. Some decoders pass the reader's error
    /// on, others its text.
    pub(super) fn of(error: &(dyn Error + 'static)) -> Self {
        let text = io::Error::from(ErrorKind::UnexpectedEof).to_string();
        let mut cause = Some(error);
        while let Some(error) = cause {
            let kind = error.downcast_ref::<io::Error>().map(io::Error::kind);
            if kind == Some(ErrorKind::UnexpectedEof) || error.to_string().contains(&text) {
                return Self::Truncated;
            }
            cause = error.source();
        }
        Self::Undecodable(error.to_string())
    }
}
