//! The images in a tar archive, by offset and length.

use super::{FolderError, Place, listing::is_image, tree::Tree};
use crate::data::{DataError, image_file};
use std::{
    fs::File,
    io::{self, BufReader, Read, Seek, SeekFrom},
    path::Path,
    sync::Arc,
};
use tar::{Archive, EntryType, PaxExtensions};

/// The most bytes of the records that stand in front of an entry, such as its long name.
const MAX_RECORDS: u64 = 1 << 20;

/// The most bytes of an image's entry: what is not decoded either.
const MAX_ENTRY: u64 = image_file::MAX_BYTES;

/// Adds the images of an archive to a tree. Images in no folder get the folder `stem`, where there is one; an
/// archive in the archive (as in `ILSVRC2012_img_train.tar`) is read in place, its own name being the folder.
///
/// # Errors
/// [`DataError::Read`]; [`FolderError::Archive`] for a damaged or truncated archive; [`FolderError::Entry`] for a
/// link, a device, a sparse file, an absolute name or one with `..`, records above 1 MiB or ones that change an
/// entry's size, and an image above 256 MiB; [`FolderError::TooManyFiles`]; [`FolderError::NotText`].
pub(super) fn collect(path: &Path, stem: Option<&str>, tree: &mut Tree) -> Result<(), DataError> {
    let metadata = std::fs::metadata(path).map_err(|source| DataError::Read { path: path.into(), source })?;
    if !metadata.is_file() {
        return Err(FolderError::NotRegular { path: path.into() }.into());
    }
    entries(&Arc::from(path), (0, metadata.len()), stem, true, tree)
}

fn entries(
    path: &Arc<Path>,
    (start, len): (u64, u64),
    stem: Option<&str>,
    outermost: bool,
    tree: &mut Tree,
) -> Result<(), DataError> {
    let read = |source| DataError::Read { path: path.to_path_buf(), source };
    let damaged = |source| DataError::from(FolderError::Archive { path: path.to_path_buf(), source });
    let file = BufReader::new(File::open(path).map_err(read)?);
    let mut archive = Archive::new(Stretch { file, start, len, at: 0 });
    // The records in front of an entry are read here and not by the library, which would believe any size of theirs.
    let mut long_name: Option<Vec<u8>> = None;
    for entry in archive.entries_with_seek().map_err(damaged)?.raw(true) {
        let mut entry = entry.map_err(damaged)?;
        let kind = entry.header().entry_type();
        let raw = match long_name.take() {
            Some(name) if !is_record(kind) => name,
            kept => {
                long_name = kept;
                entry.path_bytes().into_owned()
            }
        };
        let printable = String::from_utf8_lossy(&raw).into_owned();
        let refused = |reason| FolderError::Entry { path: path.to_path_buf(), entry: printable.clone(), reason };
        if is_record(kind) {
            if entry.size() > MAX_RECORDS {
                return Err(refused("has more than 1 MiB of records").into());
            }
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).map_err(damaged)?;
            match kind {
                EntryType::GNULongName => {
                    bytes.truncate(bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len()));
                    long_name = Some(bytes);
                }
                EntryType::XHeader => long_name = name_of(&bytes).map_err(refused)?.or(long_name),
                _ => {}
            }
            continue;
        }
        let Ok(name) = std::str::from_utf8(&raw) else {
            return Err(FolderError::NotText { path: path.join(&printable) }.into());
        };
        let name = relative(name).map_err(refused)?;
        tree.count(path)?;
        match kind {
            EntryType::Directory => tree.folders.extend((!name.is_empty()).then_some(name)),
            EntryType::Regular | EntryType::Continuous => {
                let (offset, size) = (entry.raw_file_position(), entry.size());
                if offset.checked_add(size).is_none_or(|end| end > len) {
                    let reason = format!("it ends inside the entry {printable:?}");
                    return Err(damaged(io::Error::new(io::ErrorKind::UnexpectedEof, reason)));
                }
                let flat = !name.contains('/');
                if is_image(&name) {
                    if size > MAX_ENTRY {
                        return Err(refused("is above the limit of 256 MiB of an image").into());
                    }
                    let name = match stem {
                        Some(stem) if flat => format!("{stem}/{name}"),
                        _ => name,
                    };
                    tree.files.push((name, Place::Tar { archive: path.clone(), offset: start + offset, len: size }));
                } else if let (true, true, Some(class)) = (outermost, flat, name.strip_suffix(".tar")) {
                    entries(path, (start + offset, size), Some(class), false, tree)?;
                } else {
                    tree.ignored += 1;
                }
            }
            EntryType::Link | EntryType::Symlink => {
                return Err(refused("is a link, and links are never followed").into());
            }
            _ => return Err(refused("is not a regular file").into()),
        }
    }
    Ok(())
}

/// Whether an entry says something about those behind it instead of holding a file.
fn is_record(kind: EntryType) -> bool {
    [EntryType::GNULongName, EntryType::GNULongLink, EntryType::XHeader, EntryType::XGlobalHeader].contains(&kind)
}

/// The name in an entry's records, where there is one. Records that give another size than the header, or parts of a
/// sparse file, would make the entry end elsewhere than other programs believe.
fn name_of(records: &[u8]) -> Result<Option<Vec<u8>>, &'static str> {
    let mut name = None;
    for record in PaxExtensions::new(records) {
        let record = record.map_err(|_| "has damaged records")?;
        match record.key_bytes() {
            b"path" => name = Some(record.value_bytes().to_vec()),
            b"size" => return Err("has its size in records beside the header"),
            key if key.starts_with(b"GNU.sparse") => return Err("is a sparse file"),
            _ => {}
        }
    }
    Ok(name)
}

/// The name without `.` parts and a slash at the end.
fn relative(name: &str) -> Result<String, &'static str> {
    if name.starts_with(['/', '\\']) {
        return Err("has an absolute name");
    }
    let parts: Vec<&str> = name.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    if parts.contains(&"..") {
        return Err("leads out of the archive by `..`");
    }
    Ok(parts.join("/"))
}

/// A stretch of a file as a file of its own.
struct Stretch {
    file: BufReader<File>,
    start: u64,
    len: u64,
    at: u64,
}

impl Read for Stretch {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.len.saturating_sub(self.at).min(buffer.len() as u64) as usize;
        // The position is set again only where it was moved: a buffered reader loses its buffer by absolute seeks.
        let here = self.file.stream_position()?;
        let there = self.start + self.at;
        if here != there {
            self.file.seek_relative(there.wrapping_sub(here) as i64)?;
        }
        let got = self.file.read(&mut buffer[..left])?;
        self.at += got as u64;
        Ok(got)
    }
}

impl Seek for Stretch {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.len.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = at.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "a seek before the start"))?;
        Ok(self.at)
    }
}
