//! Which parts a data set has, and in which of the layouts.

use super::{FolderError, Item, Listing, labels, tar_entries, tree::Tree};
use crate::data::DataError;
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// The names of the training part.
const TRAIN: [&str; 1] = ["train"];

/// The names of the test part, the first one that is there being taken: ImageNet's `test` has no labels.
const TEST: [&str; 3] = ["val", "validation", "test"];

/// A data set of image files: which there are, not yet what is in them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FolderSet {
    /// The folder or archive.
    pub path: PathBuf,
    /// The training part.
    pub train: Listing,
    /// The test part, with the same classes; empty where there is none.
    pub test: Listing,
}

impl FolderSet {
    /// The name of the folder, which the data set goes by.
    pub fn name(&self) -> String {
        let canonical = fs::canonicalize(&self.path);
        let name = canonical.as_deref().unwrap_or(&self.path).file_stem();
        name.map_or_else(|| "folder".into(), |name| name.to_string_lossy().into_owned())
    }
}

/// Finds the parts of a data set in a folder, or in one archive that holds them both, and lists their images.
///
/// `label_file` names the classes of a flat test part; without it the names of [`labels::NAMES`] are looked for.
///
/// # Errors
/// Every [`FolderError`], and [`DataError::Read`].
pub fn open(path: &Path, label_file: Option<&Path>) -> Result<FolderSet, DataError> {
    let metadata = fs::metadata(path).map_err(|source| DataError::Read { path: path.into(), source })?;
    let (train, test) = if metadata.is_dir() {
        (part_of_folder(path, &TRAIN)?, part_of_folder(path, &TEST)?)
    } else {
        let mut all = Tree::new(path);
        tar_entries::collect(path, None, &mut all)?;
        let mut part = |names: &[&str]| {
            let parts = names.iter().map(|name| all.split_off(name));
            parts.reduce(|first, next| if first.files.is_empty() { next } else { first })
        };
        let (train, test) = (part(&TRAIN), part(&TEST));
        match train {
            Some(train) if !train.files.is_empty() => (Some(train), test.filter(|test| !test.files.is_empty())),
            _ => (Some(all), None),
        }
    };
    let (train, test) = match train {
        Some(train) => (Listing::of_classes(train)?, test),
        // Without a training part the folder itself is one; `val` and the like would then be classes.
        None => (Listing::of_classes(Tree::walk(path)?)?, None),
    };
    let test = match test {
        Some(tree) if tree.folders.is_empty() && tree.files.iter().all(|(name, _)| !name.contains('/')) => {
            flat(tree, path, label_file, &train.class_names)?
        }
        Some(tree) => same_classes(Listing::of_classes(tree)?, &train, path)?,
        None => Listing { class_names: train.class_names.clone(), ..Listing::default() },
    };
    Ok(FolderSet { path: path.into(), train, test })
}

fn part_of_folder(root: &Path, names: &[&str]) -> Result<Option<Tree>, DataError> {
    let failure = |source| DataError::Read { path: root.into(), source };
    let entries =
        fs::read_dir(root).and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>, _>>());
    let mut archives = entries.map_err(failure)?;
    archives.retain(|path| path.extension().is_some_and(|suffix| suffix == "tar"));
    archives.sort();
    for name in names {
        let folder = root.join(name);
        if folder.is_dir() {
            return Tree::walk(&folder).map(Some);
        }
        let belongs = |path: &&PathBuf| {
            let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let shard = stem.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '_']));
            shard || stem == format!("ILSVRC2012_img_{name}")
        };
        let mut tree = Tree::new(&folder);
        let own: Vec<&PathBuf> = archives.iter().filter(belongs).collect();
        for archive in &own {
            tar_entries::collect(archive, None, &mut tree)?;
        }
        if !own.is_empty() {
            // An archive may hold the part's folder itself or what is in it.
            let inside = tree.split_off(name);
            tree.folders.extend(inside.folders);
            tree.files.extend(inside.files);
            return Ok(Some(tree));
        }
    }
    Ok(None)
}

/// A test part with its classes in a file of labels.
fn flat(tree: Tree, root: &Path, file: Option<&Path>, classes: &[String]) -> Result<Listing, DataError> {
    let found = file.map(PathBuf::from).or_else(|| labels::find(&[root, &tree.path]));
    let Some(file) = found else {
        return Err(FolderError::NoLabels { path: tree.path, names: labels::NAMES.join(", ") }.into());
    };
    let labels = labels::read(&file, classes)?;
    let mut items = Vec::with_capacity(tree.files.len());
    for (name, place) in tree.files {
        let Some(&label) = labels.get(labels::stem(&name)) else {
            return Err(FolderError::Unlabelled { path: file, image: name }.into());
        };
        items.push(Item { name, label, place });
    }
    items.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(Listing { class_names: classes.to_vec(), items, ignored: tree.ignored })
}

fn same_classes(test: Listing, train: &Listing, root: &Path) -> Result<Listing, DataError> {
    if test.class_names == train.class_names {
        return Ok(test);
    }
    let set = |listing: &Listing| listing.class_names.iter().cloned().collect::<BTreeSet<_>>();
    let (here, there) = (set(&test), set(train));
    let names = |a: &BTreeSet<String>, b: &BTreeSet<String>| a.difference(b).cloned().collect::<Vec<_>>().join(", ");
    let (missing, added) = (names(&there, &here), names(&here, &there));
    Err(FolderError::OtherClasses { path: root.into(), missing, added }.into())
}
