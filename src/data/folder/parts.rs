//! Which parts a data set has, and in which of the layouts.

use super::{
    FolderError, Item, Listing, Place,
    around::{self, Parts},
    labels,
    names::{TEST, TRAIN, is_named},
    tree::Tree,
};
use crate::data::DataError;
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// A data set of image files: which there are, not yet what is in them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FolderSet {
    /// The folder or archive.
    pub path: PathBuf,
    /// The training part.
    pub train: Listing,
    /// The test part, with the same classes; empty where there is none.
    pub test: Listing,
    /// What was taken for what, a line each.
    pub taken: Vec<String>,
}

impl FolderSet {
    /// The name of the folder, which the data set goes by.
    pub fn name(&self) -> String {
        let canonical = fs::canonicalize(&self.path);
        let name = canonical.as_deref().unwrap_or(&self.path).file_stem();
        name.map_or_else(|| "folder".into(), |name| name.to_string_lossy().into_owned())
    }
}

/// Finds the parts of a data set in a folder, or in one archive that holds them both, and lists their images. Where a
/// single folder, or a single archive, is all there is, the set is in there.
///
/// `label_file` names the classes of a flat test part; without it the names of [`labels::NAMES`] are looked for.
///
/// # Errors
/// Every [`FolderError`], and [`DataError::Read`].
pub fn open(path: &Path, label_file: Option<&Path>) -> Result<FolderSet, DataError> {
    let metadata = fs::metadata(path).map_err(|source| DataError::Read { path: path.into(), source })?;
    let parts = if metadata.is_dir() { around::in_folder(path)? } else { around::in_archive(path)? };
    let Parts { train, named, test, beside, passed_over } = parts;
    let mut taken = Vec::new();

    let train = unwrapped(train, |tree, only| tree.has_folders_in(only) && (named || !is_named(only, &TEST)));
    let mut line = match named {
        true => format!("training images from {}", train.path.display()),
        false => format!("the folders in {} are the classes of the training part", train.path.display()),
    };
    let (from, replaced) = (train.path.clone(), train.replaced);
    let within = if named { BTreeSet::new() } else { parts_within(&train) };
    let train = Listing::of_classes(train)?;
    if !named {
        refuse_parts(&from, &train, within)?;
    }
    // A named training part is what it says; a folder that was taken for one may be the folder above the classes.
    if let ([class], false) = (&train.class_names[..], named) {
        return Err(FolderError::OneClass { path: from, class: class.clone() }.into());
    }

    let test_replaced = test.as_ref().map_or(0, |tree| tree.replaced);
    let test = match test {
        Some(tree) => {
            let part = tree.path.clone();
            let tree = unwrapped(tree, |_, only| !train.class_names.iter().any(|class| class == only));
            line.push_str(&format!(", test images from {}", tree.path.display()));
            if tree.files.is_empty() && tree.folders.is_empty() {
                return Err(FolderError::NoClasses { path: tree.path }.into());
            }
            let flat = tree.folders.is_empty() && tree.files.iter().all(|(name, _)| !name.contains('/'));
            match flat {
                true => self::flat(tree, &[&beside, &part], label_file, &train.class_names, &mut taken)?,
                false => same_classes(Listing::of_classes(tree)?, &train, path)?,
            }
        }
        None => {
            line.push_str(&format!(", and there is no test part ({})", TEST.join(", ")));
            Listing { class_names: train.class_names.clone(), ..Listing::default() }
        }
    };
    taken.insert(0, line);
    if !passed_over.is_empty() {
        taken.push(format!("beside these parts there are {}, which are ignored", passed_over.join(", ")));
    }
    if replaced + test_replaced > 0 {
        taken.push(format!("{} entries are replaced by later ones of the same name", replaced + test_replaced));
    }
    Ok(FolderSet { path: path.into(), train, test, taken })
}

/// A part less the folders that all of it lies in.
fn unwrapped(mut tree: Tree, around: impl Fn(&Tree, &str) -> bool) -> Tree {
    while let Some(only) = tree.only_folder().filter(|only| around(&tree, only)) {
        tree = tree.into_folder(&only);
    }
    tree
}

/// The training parts that lie one level further down, where classes are looked for: the folder holds whole sets.
fn parts_within(tree: &Tree) -> BTreeSet<String> {
    let part = |(name, _): &(String, Place)| {
        let mut folders = name.split('/');
        let (class, part) = (folders.next()?, folders.next()?);
        folders.next().filter(|_| is_named(part, &TRAIN)).map(|_| format!("{class}/{part}"))
    };
    tree.files.iter().filter_map(part).collect()
}

/// Refuses classes that are called as the parts of a data set are: all of them by a word of their names (`seg_train`,
/// `test-images`), or any of them by its whole name; and classes that are sets with parts `within`.
fn refuse_parts(path: &Path, listing: &Listing, within: BTreeSet<String>) -> Result<(), DataError> {
    let whole = |name: &&String| is_named(name, &TRAIN) || is_named(name, &TEST);
    let word = |name: &&String| {
        let lower = name.to_lowercase();
        let mut words = lower.split(|c: char| !c.is_alphabetic()).flat_map(|word| [word, word.trim_end_matches("set")]);
        words.any(|word| TRAIN.contains(&word) || TEST.contains(&word))
    };
    let classes = &listing.class_names;
    let all = classes.iter().all(|name| word(&name));
    let mut meant: Vec<String> = classes.iter().filter(|name| all || whole(name)).cloned().collect();
    meant.extend(within);
    if meant.is_empty() {
        return Ok(());
    }
    let names = meant.join(", ");
    Err(FolderError::PartsAsClasses { path: path.into(), names, train: TRAIN.join(" or "), test: TEST.join(", ") }
        .into())
}

/// A test part with its classes in a file of labels.
fn flat(
    tree: Tree,
    beside: &[&Path],
    file: Option<&Path>,
    classes: &[String],
    taken: &mut Vec<String>,
) -> Result<Listing, DataError> {
    let folders: Vec<&Path> = beside.iter().copied().chain([tree.path.as_path()]).collect();
    let found = file.map(PathBuf::from).or_else(|| labels::find(&folders));
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
    taken.push(format!("the classes of the test images from {}", file.display()));
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
