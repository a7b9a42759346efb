//! Where the bytes of one image lie, and how they are read.

use super::FolderError;
use crate::data::{DataError, image_file::ImageFileError, image_file::MAX_BYTES};
use std::{
    fs::File,
    io::{Read, Seek, SeekFrom},
    path::{Path, PathBuf},
    sync::Arc,
};

/// Where the bytes of one image lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A file of its own.
    File(PathBuf),
    /// A stretch of an uncompressed archive.
    Tar {
        /// The archive.
        archive: Arc<Path>,
        /// The first byte.
        offset: u64,
        /// The number of bytes.
        len: u64,
    },
}

impl Place {
    /// What errors name: the file, or the archive and the entry `name` joined by a slash.
    pub fn path(&self, name: &str) -> PathBuf {
        match self {
            Self::File(path) => path.clone(),
            Self::Tar { archive, .. } => archive.join(name),
        }
    }

    /// The bytes. An archive is opened anew each time, so that any number of threads can read it.
    ///
    /// # Errors
    /// [`DataError::Read`], [`FolderError::NotRegular`] for a pipe or a device, [`ImageFileError::TooLarge`] above
    /// 256 MiB, [`ImageFileError::Truncated`] where an archive became shorter than it was.
    pub fn read(&self, name: &str) -> Result<Vec<u8>, DataError> {
        let failure = |source| DataError::Read { path: self.path(name), source };
        let (path, offset) = match self {
            Self::File(path) => (path.as_path(), 0),
            Self::Tar { archive, offset, .. } => (&**archive, *offset),
        };
        // Judged before it is opened: opening a pipe would wait for its other end.
        let metadata = std::fs::metadata(path).map_err(failure)?;
        if !metadata.is_file() {
            return Err(FolderError::NotRegular { path: path.into() }.into());
        }
        let len = match self {
            Self::File(_) => metadata.len(),
            Self::Tar { len, .. } => *len,
        };
        if len > MAX_BYTES {
            return Err(ImageFileError::TooLarge { path: self.path(name), got: len, limit: MAX_BYTES }.into());
        }
        let mut file = File::open(path).map_err(failure)?;
        if offset > 0 {
            file.seek(SeekFrom::Start(offset)).map_err(failure)?;
        }
        let mut bytes = Vec::with_capacity(len as usize);
        file.take(len).read_to_end(&mut bytes).map_err(failure)?;
        if (bytes.len() as u64) < len {
            return Err(ImageFileError::Truncated { path: self.path(name), got: bytes.len() }.into());
        }
        Ok(bytes)
    }
}
