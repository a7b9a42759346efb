//! The wanted files of a gzipped tar archive.

use super::{FetchError, PublishedFile};
use crate::{
    data::{DataError, gzip::Gzip},
    host::atomic,
};
use std::{
    fs::File,
    io::{self, BufReader, Read},
    path::Path,
};

/// The most bytes that an archive may unpack to: 1 GiB, several times the largest.
const LIMIT: u64 = 1 << 30;

/// A stream that fails after a number of bytes: a small file can unpack to any length.
struct Capped<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Capped<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let got = self.inner.read(buffer)?;
        self.left = self.left.checked_sub(got as u64).ok_or_else(|| {
            let reason = format!("unpacks to more than the limit of {LIMIT} bytes; remove it");
            io::Error::new(io::ErrorKind::FileTooLarge, reason)
        })?;
        Ok(got)
    }
}

/// Writes the `wanted` files of an archive into a folder under their own last names. Names in the archive choose
/// among `wanted` and never where something is written.
pub(super) fn take(archive: &Path, wanted: &[PublishedFile], folder: &Path) -> Result<(), DataError> {
    let missing = || wanted.iter().find(|file| !folder.join(file.name).is_file());
    if missing().is_none() {
        return Ok(());
    }
    let failure = |source| DataError::Read { path: archive.into(), source };
    let damaged = |source| DataError::Gzip { path: archive.into(), source };
    let file = BufReader::new(File::open(archive).map_err(failure)?);
    // Raw: the records of long names, which none of the wanted files has, are passed over and not believed.
    let mut archive_reader = tar::Archive::new(Capped { inner: Gzip::new(file), left: LIMIT });
    for entry in archive_reader.entries().map_err(damaged)?.raw(true) {
        let mut entry = entry.map_err(damaged)?;
        let raw = entry.path_bytes().into_owned();
        let name = raw.rsplit(|&byte| byte == b'/').next().unwrap_or_default();
        let Some(file) = wanted.iter().find(|file| file.name.as_bytes() == name) else { continue };
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).map_err(damaged)?;
        if bytes.len() as u64 != entry.size() {
            return Err(damaged(io::ErrorKind::UnexpectedEof.into()));
        }
        let path = folder.join(file.name);
        atomic::write(&path, &bytes).map_err(|source| FetchError::Write { path, source })?;
    }
    match missing() {
        None => Ok(()),
        Some(file) => Err(FetchError::NotInside { path: archive.into(), name: file.name.into() }.into()),
    }
}
