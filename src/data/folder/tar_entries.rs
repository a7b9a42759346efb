//! The images in a tar archive, by offset and length.

use super::{FolderError, Place, listing::is_image, names::part_name, tree::Tree};
use crate::data::{DataError, image_file};
use std::{
    collections::HashMap,
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

/// How many archives may lie in each other: a whole set, its part, a class.
const MAX_DEPTH: usize = 3;

/// Where the images of an archive go in the tree.
struct Within {
    /// What stands in front of every name: nothing, or folders with a slash after them.
    prefix: String,
    /// The folder of images that lie in none.
    class: Option<String>,
    /// The archives around this one.
    depth: usize,
}

impl Within {
    fn name(&self, entry: &str) -> String {
        match &self.class {
            Some(class) if !entry.contains('/') => format!("{}{class}/{entry}", self.prefix),
            _ => format!("{}{entry}", self.prefix),
        }
    }

    /// Where the images of an archive in this one go: into the part that it is named as, else into the folder of its
    /// own name.
    fn inner(&self, entry: &str) -> Option<Self> {
        let (folders, stem) = match entry.strip_suffix(".tar")?.rsplit_once('/') {
            Some((folders, stem)) => (format!("{folders}/"), stem),
            None => (String::new(), entry.strip_suffix(".tar")?),
        };
        let (prefix, depth) = (format!("{}{folders}", self.prefix), self.depth + 1);
        let inner = match part_name(stem) {
            Some(part) => Self { prefix: format!("{prefix}{part}/"), class: None, depth },
            None => Self { prefix, class: Some(stem.to_string()), depth },
        };
        Some(inner).filter(|inner| inner.depth < MAX_DEPTH)
    }
}

/// Adds the images of an archive to a tree. Images in no folder get the folder `stem`, where there is one. An archive
/// in the archive is read in place: one that is named as a part (`train.tar`, `ILSVRC2012_img_train.tar`) holds that
/// part, any other the class of its own name. Entries of one name are all there; [`Tree::settle`] keeps the last.
///
/// # Errors
/// [`DataError::Read`]; [`FolderError::Archive`] for a damaged or truncated archive; [`FolderError::Entry`] for a
/// symbolic link, a hard link to anything but an image before it, a device, a sparse file, an absolute name or one
/// with `..`, records above 1 MiB or ones that change an entry's size, and an image above 256 MiB;
/// [`FolderError::TooManyFiles`]; [`FolderError::NotText`].
pub(super) fn collect(path: &Path, stem: Option<&str>, tree: &mut Tree) -> Result<(), DataError> {
    let metadata = std::fs::metadata(path).map_err(|source| DataError::Read { path: path.into(), source })?;
    if !metadata.is_file() {
        return Err(FolderError::NotRegular { path: path.into() }.into());
    }
    let within = Within { prefix: String::new(), class: stem.map(String::from), depth: 0 };
    entries(&Arc::from(path), (0, metadata.len()), &within, tree)
}

fn entries(path: &Arc<Path>, (start, len): (u64, u64), within: &Within, tree: &mut Tree) -> Result<(), DataError> {
    let read = |source| DataError::Read { path: path.to_path_buf(), source };
    let damaged = |source| DataError::from(FolderError::Archive { path: path.to_path_buf(), source });
    let file = BufReader::new(File::open(path).map_err(read)?);
    let mut archive = Archive::new(Stretch { file, start, len, at: 0 });
    // The records in front of an entry are read here and not by the library, which would believe any size of theirs.
    let (mut long_name, mut long_link): (Option<Vec<u8>>, Option<Vec<u8>>) = (None, None);
    // Where the images so far lie, made when the first hard link asks for one of them.
    let (first, mut linked) = (tree.files.len(), Linked::default());
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
        let link = match long_link.take() {
            Some(name) if !is_record(kind) => Some(name),
            kept => {
                long_link = kept;
                entry.link_name_bytes().map(|name| name.into_owned())
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
                EntryType::GNULongName | EntryType::GNULongLink => {
                    bytes.truncate(bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len()));
                    let long = if kind == EntryType::GNULongName { &mut long_name } else { &mut long_link };
                    *long = Some(bytes);
                }
                EntryType::XHeader => {
                    let [name, link] = names_of(&bytes).map_err(refused)?;
                    (long_name, long_link) = (name.or(long_name), link.or(long_link));
                }
                _ => {}
            }
            continue;
        }
        let Ok(name) = std::str::from_utf8(&raw) else {
            return Err(FolderError::NotText { path: path.join(&printable) }.into());
        };
        // Archives from before there was a type for folders mark them by a slash.
        let is_folder = kind == EntryType::Directory || name.ends_with('/') && kind == EntryType::Regular;
        let name = relative(name).map_err(refused)?;
        tree.count(path)?;
        match kind {
            _ if is_folder => tree.folders.extend((!name.is_empty()).then(|| format!("{}{name}", within.prefix))),
            EntryType::Regular | EntryType::Continuous => {
                let (offset, size) = (entry.raw_file_position(), entry.size());
                if offset.checked_add(size).is_none_or(|end| end > len) {
                    let reason = format!("it ends inside the entry {printable:?}");
                    return Err(damaged(io::Error::new(io::ErrorKind::UnexpectedEof, reason)));
                }
                if is_image(&name) {
                    if size > MAX_ENTRY {
                        return Err(refused("is above the limit of 256 MiB of an image").into());
                    }
                    let place = Place::Tar { archive: path.clone(), offset: start + offset, len: size };
                    tree.files.push((within.name(&name), place));
                } else if let Some(inner) = within.inner(&name) {
                    entries(path, (start + offset, size), &inner, tree)?;
                } else {
                    tree.ignored += 1;
                }
            }
            // A file that is in the archive twice, under one name or two: GNU tar stores it once.
            EntryType::Link if is_image(&name) => {
                let target = link.as_deref().and_then(|link| std::str::from_utf8(link).ok()).unwrap_or_default();
                let target = within.name(&relative(target).map_err(refused)?);
                let Some(place) = linked.place(&tree.files, first, &target) else {
                    return Err(refused("is a link to something other than an earlier image of the archive").into());
                };
                tree.files.push((within.name(&name), place));
            }
            EntryType::Link => tree.ignored += 1,
            EntryType::Symlink => {
                return Err(refused("is a link by name (symbolic), and those are never followed").into());
            }
            _ => return Err(refused("is not a regular file").into()),
        }
    }
    Ok(())
}

/// Whether an entry says something about those after it instead of holding a file.
fn is_record(kind: EntryType) -> bool {
    [EntryType::GNULongName, EntryType::GNULongLink, EntryType::XHeader, EntryType::XGlobalHeader].contains(&kind)
}

/// The images of an archive by name, as far as hard links have needed them.
#[derive(Default)]
struct Linked {
    places: HashMap<String, usize>,
    seen: usize,
}

impl Linked {
    /// Where the last image of a name lies, among those after the first ones that belong to other archives.
    fn place(&mut self, files: &[(String, Place)], first: usize, name: &str) -> Option<Place> {
        for (at, (name, _)) in files.iter().enumerate().skip(first.max(self.seen)) {
            self.places.insert(name.clone(), at);
        }
        self.seen = files.len();
        self.places.get(name).map(|&at| files[at].1.clone())
    }
}

/// The name in an entry's records and that of what it links to, where they are there. Records that give another size
/// than the header, or parts of a sparse file, would make the entry end elsewhere than other programs believe.
fn names_of(records: &[u8]) -> Result<[Option<Vec<u8>>; 2], &'static str> {
    let [mut name, mut link] = [None, None];
    for record in PaxExtensions::new(records) {
        let record = record.map_err(|_| "has damaged records")?;
        match record.key_bytes() {
            b"path" => name = Some(record.value_bytes().to_vec()),
            b"linkpath" => link = Some(record.value_bytes().to_vec()),
            b"size" => return Err("has its size in records beside the header"),
            key if key.starts_with(b"GNU.sparse") => return Err("is a sparse file"),
            _ => {}
        }
    }
    Ok([name, link])
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
