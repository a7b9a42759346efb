//! The images and folders of one part, wherever they lie.

use super::{FolderError, Place};
use crate::data::DataError;
use std::{
    collections::BTreeSet,
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
    /// Entries of archives that a later one of the same name has replaced.
    pub replaced: usize,
}

/// What macOS puts beside a folder when it makes an archive of it.
const BESIDE: &str = "__MACOSX";

/// Whether a folder is none of a data set's: hidden, or made by a program for itself.
pub(super) fn is_aside(name: &str) -> bool {
    name.starts_with('.') || name == BESIDE
}

impl Tree {
    /// A tree without anything in it yet.
    pub fn new(path: &Path) -> Self {
        Self { path: path.into(), folders: Vec::new(), files: Vec::new(), ignored: 0, replaced: 0 }
    }

    /// Keeps the last of the entries of one name, as the extraction of an archive does.
    pub fn settle(&mut self) {
        let all = self.files.len();
        // Equal names stay in the order in which they came.
        self.files.sort_by(|(a, _), (b, _)| a.cmp(b));
        self.files.reverse();
        self.files.dedup_by(|(later, _), (kept, _)| later == kept);
        self.files.reverse();
        self.replaced += all - self.files.len();
    }

    /// The first parts of all names, without those that are not parts of a data set.
    pub fn tops(&self) -> BTreeSet<&str> {
        let names = self.files.iter().map(|(name, _)| name).chain(&self.folders);
        names.filter_map(|name| name.split('/').next()).filter(|top| !is_aside(top)).collect()
    }

    /// The folder that everything lies in, where there is one.
    pub fn only_folder(&self) -> Option<String> {
        let tops = self.tops();
        let flat = self.files.iter().any(|(name, _)| !name.contains('/'));
        if flat || tops.len() != 1 { None } else { tops.first().map(|top| (*top).to_string()) }
    }

    /// Whether there are folders in a folder.
    pub fn has_folders_in(&self, name: &str) -> bool {
        let below = |full: &str| full.strip_prefix(name).and_then(|rest| rest.strip_prefix('/')).is_some();
        let folders = self.folders.iter().any(|folder| below(folder));
        folders || self.files.iter().any(|(file, _)| below(file) && file[name.len() + 1..].contains('/'))
    }

    /// The tree below one of the folders, where that is all there is.
    pub fn into_folder(mut self, name: &str) -> Self {
        let mut inside = self.split_off(name);
        inside.ignored += self.ignored + self.files.len();
        inside.replaced = self.replaced;
        inside
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
