//! Where the parts of a data set lie: in a folder or an archive, or in the only folder or archive in there.

use super::{
    FolderError,
    names::{TEST, TRAIN, is_named, part_name},
    tar_entries,
    tree::{Tree, is_aside},
    walk::walk,
};
use crate::data::DataError;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// How many folders may lie around a data set, each the only one in the other.
const MAX_AROUND: usize = 16;

/// The parts of a data set before their classes are known.
#[derive(Debug)]
pub(super) struct Parts {
    /// The training part, or the folder of classes that stands for it.
    pub train: Tree,
    /// Whether the training part has a name of its own.
    pub named: bool,
    /// The test part.
    pub test: Option<Tree>,
    /// Where a file of labels may lie.
    pub beside: PathBuf,
    /// Folders and archives beside the parts that are not parts.
    pub passed_over: Vec<String>,
}

/// What lies in a folder, its files that are no archives left out.
struct Contents {
    folders: Vec<PathBuf>,
    archives: Vec<PathBuf>,
}

fn last(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

impl Contents {
    fn of(folder: &Path) -> Result<Self, DataError> {
        let failure = |source| DataError::Read { path: folder.into(), source };
        let (mut folders, mut archives) = (Vec::new(), Vec::new());
        for entry in fs::read_dir(folder).map_err(failure)? {
            let path = entry.map_err(failure)?.path();
            if is_aside(&last(&path)) {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|suffix| suffix == "tar") {
                archives.push(path);
            }
        }
        folders.sort();
        archives.sort();
        Ok(Self { folders, archives })
    }

    /// The part of some names: the folder, or else the archives, of the first name that is there.
    fn part(&self, root: &Path, names: &[&str]) -> Result<Option<Part>, DataError> {
        for name in names {
            let folders: Vec<&PathBuf> = self.folders.iter().filter(|path| is_named(&last(path), &[name])).collect();
            if let [first, second, ..] = folders[..] {
                return Err(twice(root, &[last(first), last(second)]).into());
            }
            if let [folder] = folders[..] {
                return Ok(Some(Part::Folder(folder.clone())));
            }
            let belongs = |path: &&PathBuf| {
                let stem = path.file_stem().unwrap_or_default().to_string_lossy().to_lowercase();
                let shard =
                    stem.strip_prefix(*name).is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '_']));
                shard || part_name(&stem) == Some(*name)
            };
            let archives: Vec<PathBuf> = self.archives.iter().filter(belongs).cloned().collect();
            if !archives.is_empty() {
                return Ok(Some(Part::Archives(root.join(name), archives)));
            }
        }
        Ok(None)
    }

    /// What is in neither of two parts.
    fn beside(&self, parts: [Option<&Part>; 2]) -> Vec<String> {
        let all = self.folders.iter().chain(&self.archives);
        all.filter(|path| !parts.into_iter().flatten().any(|part| part.has(path))).map(|path| last(path)).collect()
    }
}

fn twice(path: &Path, names: &[String]) -> FolderError {
    FolderError::PartTwice { path: path.into(), names: names.join(" and ") }
}

/// A part of a folder.
enum Part {
    Folder(PathBuf),
    /// What it is called, and the archives.
    Archives(PathBuf, Vec<PathBuf>),
}

impl Part {
    fn has(&self, path: &PathBuf) -> bool {
        match self {
            Self::Folder(folder) => folder == path,
            Self::Archives(_, archives) => archives.contains(path),
        }
    }

    fn tree(&self) -> Result<Tree, DataError> {
        let (path, archives) = match self {
            Self::Folder(folder) => return walk(folder),
            Self::Archives(path, archives) => (path, archives),
        };
        let mut tree = Tree::new(path);
        for archive in archives {
            tar_entries::collect(archive, None, &mut tree)?;
        }
        tree.settle();
        // An archive may hold the part's folder itself or what is in it, of which a class may be called so, too.
        let name = tree.tops().into_iter().find(|top| is_named(top, &[&last(path)])).map(String::from);
        let name = name.filter(|name| tree.only_folder().as_ref() == Some(name) || tree.has_folders_in(name));
        if let Some(name) = name {
            let inside = tree.split_off(&name);
            tree.folders.extend(inside.folders);
            tree.files.extend(inside.files);
            tree.settle();
        }
        Ok(tree)
    }
}

/// The parts in a folder.
pub(super) fn in_folder(root: &Path) -> Result<Parts, DataError> {
    let mut here = root.to_path_buf();
    for _ in 0..MAX_AROUND {
        let contents = Contents::of(&here)?;
        let trains: Vec<String> =
            contents.folders.iter().map(|f| last(f)).filter(|name| is_named(name, &TRAIN)).collect();
        if trains.len() > 1 {
            return Err(twice(&here, &trains).into());
        }
        if let Some(train) = contents.part(&here, &TRAIN)? {
            let test = contents.part(&here, &TEST)?;
            let passed_over = contents.beside([Some(&train), test.as_ref()]);
            let test = test.as_ref().map(Part::tree).transpose()?;
            return Ok(Parts { train: train.tree()?, named: true, test, beside: here, passed_over });
        }
        match (&contents.folders[..], &contents.archives[..]) {
            ([], [archive]) => return in_archive(archive),
            ([folder], []) if !is_named(&last(folder), &TEST) && !Contents::of(folder)?.is_empty() => {
                here.clone_from(folder);
            }
            _ => break,
        }
    }
    Ok(Parts { train: walk(&here)?, named: false, test: None, beside: here, passed_over: Vec::new() })
}

impl Contents {
    fn is_empty(&self) -> bool {
        self.folders.is_empty() && self.archives.is_empty()
    }
}

/// The parts in one archive.
pub(super) fn in_archive(path: &Path) -> Result<Parts, DataError> {
    let mut tree = Tree::new(path);
    tar_entries::collect(path, None, &mut tree)?;
    tree.settle();
    let beside = path.parent().unwrap_or(Path::new("")).to_path_buf();
    loop {
        let named = |names: &[&str]| -> Vec<String> {
            let tops = tree.tops();
            let has_files = |top: &str| tree.files.iter().any(|(name, _)| name.split('/').next() == Some(top));
            tops.into_iter().filter(|top| is_named(top, names) && has_files(top)).map(String::from).collect()
        };
        let train = named(&TRAIN);
        if let [first, second, ..] = &train[..] {
            return Err(twice(&tree.path, &[first.clone(), second.clone()]).into());
        }
        if let [train] = &train[..] {
            let mut tests = TEST.iter().map(|name| named(&[name])).find(|found| !found.is_empty()).unwrap_or_default();
            if let [first, second, ..] = &tests[..] {
                return Err(twice(&tree.path, &[first.clone(), second.clone()]).into());
            }
            let replaced = std::mem::take(&mut tree.replaced);
            let mut part = tree.split_off(train);
            part.replaced = replaced;
            let test = tests.pop().map(|name| tree.split_off(&name));
            part.ignored += tree.ignored;
            let passed_over = tree.tops().into_iter().map(String::from).collect();
            return Ok(Parts { train: part, named: true, test, beside, passed_over });
        }
        match tree.only_folder().filter(|only| !is_named(only, &TEST) && tree.has_folders_in(only)) {
            Some(only) => tree = tree.into_folder(&only),
            None => return Ok(Parts { train: tree, named: false, test: None, beside, passed_over: Vec::new() }),
        }
    }
}
