//! The wanted files of a gzipped tar archive.

use super::{FetchError, PublishedFile};
use crate::{data::DataError, host::atomic};
use flate2::read::MultiGzDecoder;
use std::{
    fs::File,
    io::{BufReader, Read},
    path::Path,
};

/// The most bytes of one file in an archive.
const LIMIT: u64 = 1 << 30;

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
    let mut archive_reader = tar::Archive::new(MultiGzDecoder::new(file));
    for entry in archive_reader.entries().map_err(damaged)? {
        let mut entry = entry.map_err(damaged)?;
        let raw = entry.path_bytes().into_owned();
        let name = raw.rsplit(|&byte| byte == b'/').next().unwrap_or_default();
        let Some(file) = wanted.iter().find(|file| file.name.as_bytes() == name) else { continue };
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let mut bytes = Vec::new();
        (&mut entry).take(LIMIT).read_to_end(&mut bytes).map_err(damaged)?;
        let path = folder.join(file.name);
        atomic::write(&path, &bytes).map_err(|source| FetchError::Write { path, source })?;
    }
    match missing() {
        None => Ok(()),
        Some(file) => Err(FetchError::NotInside { path: archive.into(), name: file.name.into() }.into()),
    }
}
