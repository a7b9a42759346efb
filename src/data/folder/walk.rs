//! The files below a folder.

use super::{FolderError, Place, listing::is_image, tar_entries, tree::Tree};
use crate::data::DataError;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Collects the images below a folder at any depth, following links as torchvision does. Archives beside
/// each other in it (`CLASS.tar`, or shards of class folders) count where it has no folder.
///
/// # Errors
/// [`DataError::Read`], [`FolderError::LinkLoop`], [`FolderError::NotText`], those of reading an archive.
pub(super) fn walk(path: &Path) -> Result<Tree, DataError> {
    let mut tree = Tree::new(path);
    let canonical = fs::canonicalize(path).map_err(|source| DataError::Read { path: path.into(), source })?;
    let mut archives = Vec::new();
    descend(&mut tree, path, "", &mut vec![canonical], &mut archives)?;
    if tree.folders.is_empty() {
        archives.sort();
        for archive in archives {
            let stem = archive.file_stem().map(|stem| stem.to_string_lossy().into_owned());
            tar_entries::collect(&archive, stem.as_deref(), &mut tree)?;
        }
        tree.settle();
    } else {
        tree.ignored += archives.len();
    }
    Ok(tree)
}

/// `around` holds the canonical paths of the folders from the top down to this one.
fn descend(
    tree: &mut Tree,
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
        tree.count(folder)?;
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
            descend(tree, &path, &format!("{full}/"), around, archives)?;
            around.pop();
            tree.folders.push(full);
        } else if is_image(name) {
            tree.files.push((full, Place::File(path)));
        } else if prefix.is_empty() && name.ends_with(".tar") {
            archives.push(path);
        } else {
            tree.ignored += 1;
        }
    }
    Ok(())
}
