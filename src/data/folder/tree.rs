//! The files below a folder.

use super::{FolderError, Place, listing::is_image, tar_entries};
use crate::data::DataError;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// The most files and folders of one part: as many places as any published set of images needs, several times over.
const MAX_FILES: usize = 1 << 24;

/// The images and folders below one folder or in one archive; names are relative, with slashes.
#[derive(Debug)]
pub(super) struct Tree {
    /// What errors name.
    pub path: PathBuf,
    /// The folders.
    pub folders: Vec<String>,
    /// The images.
    pub files: Vec<(String, Place)>,
    /// Files passed over.
    pub ignored: usize,
}

impl Tree {
    /// A tree without anything in it yet.
    pub fn new(path: &Path) -> Self {
        Self { path: path.into(), folders: Vec::new(), files: Vec::new(), ignored: 0 }
    }

    /// Collects the images below a folder at any depth, following links as torchvision does. Archives beside
    /// each other in it (`CLASS.tar`, or shards of class folders) count where it has no folder.
    ///
    /// # Errors
    /// [`DataError::Read`], [`FolderError::LinkLoop`], [`FolderError::NotText`], those of reading an archive.
    pub fn walk(path: &Path) -> Result<Self, DataError> {
        let mut tree = Self::new(path);
        let canonical = fs::canonicalize(path).map_err(|source| DataError::Read { path: path.into(), source })?;
        let mut archives = Vec::new();
        tree.descend(path, "", &mut vec![canonical], &mut archives)?;
        if tree.folders.is_empty() {
            archives.sort();
            for archive in archives {
                let stem = archive.file_stem().map(|stem| stem.to_string_lossy().into_owned());
                tar_entries::collect(&archive, stem.as_deref(), &mut tree)?;
            }
        } else {
            tree.ignored += archives.len();
        }
        Ok(tree)
    }

    /// Counts one more file or folder of a folder or archive, before it is kept.
    ///
    /// # Errors
    /// [`FolderError::TooManyFiles`].
    pub fn count(&self, path: &Path) -> Result<(), DataError> {
        if self.files.len() + self.folders.len() + self.ignored < MAX_FILES {
            return Ok(());
        }
        Err(FolderError::TooManyFiles { path: path.into(), limit: MAX_FILES }.into())
    }

    /// `around` holds the canonical paths of the folders from the top down to this one.
    fn descend(
        &mut self,
        folder: &Path,
        prefix: &str,
        around: &mut Vec<PathBuf>,
        archives: &mut Vec<PathBuf>,
    ) -> Result<(), DataError> {
        let failure = |source| DataError::Read { path: folder.into(), source };
        for entry in fs::read_dir(folder).map_err(failure)? {
            let entry = entry.map_err(failure)?;
            let path = entry.path();
            let name = entry.file_name();
            let Some(name) = name.to_str() else { return Err(FolderError::NotText { path }.into()) };
            self.count(folder)?;
            let full = format!("{prefix}{name}");
            let kind = entry.file_type().map_err(failure)?;
            // A broken link stays a file here, and fails with its name when it is read.
            if kind.is_dir() || kind.is_symlink() && path.is_dir() {
                let canonical = match around.last() {
                    Some(parent) if !kind.is_symlink() => parent.join(name),
                    _ => fs::canonicalize(&path).map_err(failure)?,
                };
                if around.contains(&canonical) {
                    return Err(FolderError::LinkLoop { path }.into());
                }
                around.push(canonical);
                self.descend(&path, &format!("{full}/"), around, archives)?;
                around.pop();
                self.folders.push(full);
            } else if is_image(name) {
                self.files.push((full, Place::File(path)));
            } else if prefix.is_empty() && name.ends_with(".tar") {
                archives.push(path);
            } else {
                self.ignored += 1;
            }
        }
        Ok(())
    }

    /// Moves what lies below the folder `name` into a tree of its own, where names start below that folder.
    pub fn split_off(&mut self, name: &str) -> Self {
        let below = |full: &str| full.strip_prefix(name).and_then(|rest| rest.strip_prefix('/')).map(String::from);
        let mut part = Self::new(&self.path.join(name));
        self.folders.retain(|folder| match below(folder) {
            Some(rest) => {
                part.folders.push(rest);
                false
            }
            None => folder != name,
        });
        self.files.retain(|(file, place)| match below(file) {
            Some(rest) => {
                part.files.push((rest, place.clone()));
                false
            }
            None => true,
        });
        part
    }
}
