//! A file mapped into memory: the only place of the data room that is not safe Rust.

use memmap2::Mmap;
use std::{fs::File, io, ops::Deref, path::Path};

/// The bytes of a file, read by the operating system where they are looked at.
#[derive(Debug)]
pub(super) struct Map(Mmap);

impl Map {
    /// Maps a file read-only.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        if !file.metadata()?.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "is not a regular file"));
        }
        // SAFETY: the map must not change while slices of it live. Strata never writes to a store that has its
        // name: it is built under another one and renamed when whole, and building again puts a new file in its
        // place while this map keeps the old one. Someone else who truncates the file while it is mapped ends the
        // process by a signal, as with any memory-mapped data set; there is no portable way to prevent that.
        #[allow(unsafe_code)]
        let map = unsafe { Mmap::map(&file)? };
        Ok(Self(map))
    }
}

impl Deref for Map {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}
