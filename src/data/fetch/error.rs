//! What can go wrong while files are fetched.

use std::path::PathBuf;

/// What went wrong with a download.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// The server could not be reached, refused, or broke off.
    #[error("{url}: {reason}; {kept} bytes are kept, and the same command resumes from there (--url names a mirror)")]
    Transfer {
        /// The address.
        url: String,
        /// What happened.
        reason: String,
        /// The bytes that have arrived.
        kept: u64,
    },
    /// More bytes than any of these files has.
    #[error("{url}: sends more than {limit} bytes, more than any published file; check --url")]
    TooLong {
        /// The address.
        url: String,
        /// The most bytes that are taken.
        limit: u64,
    },
    /// A checksum that is not the maker's.
    #[error(
        "{}: has the checksum {got}, its maker gives {expected}; remove it and fetch it again, from another mirror if \
         it happens twice",
        path.display()
    )]
    Checksum {
        /// The file.
        path: PathBuf,
        /// The maker's checksum.
        expected: String,
        /// The checksum found.
        got: String,
    },
    /// A file that cannot be written.
    #[error("{}: cannot be written ({source}); check the path, its permissions and the free space", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// An archive that lacks a file.
    #[error("{}: lacks {name}; remove it and fetch it again", path.display())]
    NotInside {
        /// The archive.
        path: PathBuf,
        /// The file.
        name: String,
    },
}
