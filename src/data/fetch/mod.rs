//! Downloading the published files of small data sets, and finding out whether a local file is the published one.

mod catalogue;
mod download;
mod error;
mod unpack;

pub use catalogue::{CATALOGUE, Published, PublishedFile};
pub use download::fetch;
pub use error::FetchError;

use super::DataError;
use md5::{Digest, Md5};
use std::{fs::File, io::Read, path::Path};

/// The MD5 of a file as 32 hexadecimal digits: the only kind of checksum that the makers of these sets publish. It
/// detects a damaged file, not a forged one.
///
/// # Errors
/// [`DataError::Read`].
pub fn md5_of(path: &Path) -> Result<String, DataError> {
    let failure = |source| DataError::Read { path: path.into(), source };
    let mut file = File::open(path).map_err(failure)?;
    let (mut hasher, mut buffer) = (Md5::new(), vec![0; 1 << 16]);
    loop {
        match file.read(&mut buffer).map_err(failure)? {
            0 => break,
            got => hasher.update(&buffer[..got]),
        }
    }
    Ok(hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// The files of a folder that have the name of a published file and another checksum than each of that name. Such a
/// file may still hold the same images: some mirrors keep the records in another order.
///
/// # Errors
/// [`DataError::Read`].
pub fn unlike_published(folder: &Path) -> Result<Vec<String>, DataError> {
    let known = CATALOGUE.iter().flat_map(|set| set.files.iter().chain(set.inside));
    let mut names: Vec<&str> = known.clone().filter(|file| file.md5.is_some()).map(|file| file.name).collect();
    names.sort_unstable();
    names.dedup();
    let mut unlike = Vec::new();
    for name in names {
        let path = folder.join(name);
        if path.is_file() {
            let got = md5_of(&path)?;
            if !known.clone().any(|file| file.name == name && file.md5 == Some(&got)) {
                unlike.push(name.to_string());
            }
        }
    }
    Ok(unlike)
}
