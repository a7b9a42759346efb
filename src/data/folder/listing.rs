//! The images of one part of a data set, in torchvision's order.

use super::{FolderError, Place, tree::Tree};
use crate::data::DataError;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

/// The suffixes of images, in any case: torchvision's `IMG_EXTENSIONS`.
pub const SUFFIXES: [&str; 9] = [".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp"];

/// One image of a part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Its path within the part, with slashes.
    pub name: String,
    /// Its class.
    pub label: u16,
    /// Where its bytes lie.
    pub place: Place,
}

/// The images of one part of a data set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// The name of class k at position k.
    pub class_names: Vec<String>,
    /// The images, class after class, in torchvision's order.
    pub items: Vec<Item>,
    /// Files that were passed over: without an image's suffix, or beside the class folders.
    pub ignored: usize,
}

/// Whether a file's name is that of an image, as torchvision judges: by its end, in any case.
pub fn is_image(name: &str) -> bool {
    let lower = name.to_lowercase();
    SUFFIXES.iter().any(|suffix| lower.ends_with(suffix))
}

impl Listing {
    /// Numbers the class folders of a tree and orders its images: by class, then by the path of the folder as a
    /// string (in which `a-b` stands before `a/b`), then by name. That is the order of
    /// `torchvision.datasets.folder.make_dataset`.
    pub(super) fn of_classes(tree: Tree) -> Result<Self, DataError> {
        let Tree { path, folders, files, mut ignored, .. } = tree;
        let top = |name: &str| name.split_once('/').map(|(class, _)| class.to_string());
        let mut classes: BTreeSet<String> = folders.into_iter().filter(|name| !name.contains('/')).collect();
        classes.extend(files.iter().filter_map(|(name, _)| top(name)));
        let limit = usize::from(u16::MAX);
        match classes.len() {
            0 => return Err(FolderError::NoClasses { path }.into()),
            got if got > limit => return Err(FolderError::TooManyClasses { path, got, limit }.into()),
            _ => {}
        }
        let numbers: BTreeMap<&String, u16> = classes.iter().zip(0..).collect();
        let mut items = Vec::with_capacity(files.len());
        for (name, place) in files {
            match top(&name).and_then(|class| numbers.get(&class).copied()) {
                Some(label) if is_image(&name) => items.push(Item { name, label, place }),
                _ => ignored += 1,
            }
        }
        items.sort_by(|a, b| order(a).cmp(&order(b)));
        let mut has_image = vec![false; classes.len()];
        items.iter().for_each(|item| has_image[usize::from(item.label)] = true);
        let empty: Vec<&str> =
            classes.iter().zip(&has_image).filter(|(_, has)| !**has).map(|(class, _)| class.as_str()).collect();
        if !empty.is_empty() {
            return Err(empty_classes(path, &empty).into());
        }
        Ok(Self { class_names: classes.into_iter().collect(), items, ignored })
    }
}

/// What images are ordered by: the class, the path of the folder, the name.
fn order(item: &Item) -> (u16, Option<(&str, &str)>) {
    (item.label, item.name.rsplit_once('/'))
}

fn empty_classes(path: PathBuf, classes: &[&str]) -> FolderError {
    FolderError::EmptyClasses { path, classes: classes.join(", "), suffixes: SUFFIXES.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(folders: &[&str], files: &[&str]) -> Tree {
        let file = |name: &&str| (name.to_string(), Place::File(PathBuf::from(name)));
        let folders = folders.iter().map(|name| name.to_string()).collect();
        Tree { path: "x".into(), folders, files: files.iter().map(file).collect(), ignored: 0, replaced: 0 }
    }

    #[test]
    fn files_are_ordered_by_the_string_of_their_folder_then_by_name() {
        let files = ["b/z.png", "b/s/a.png", "b/s-t/c.png", "b/s/u/d.png", "b/a.PNG", "a/1.jpg", "B/1.webp", "é/1.bmp"];
        let listing = Listing::of_classes(tree(&[], &files)).unwrap();
        assert_eq!(listing.class_names, ["B", "a", "b", "é"]);
        let names: Vec<&str> = listing.items.iter().map(|item| item.name.as_str()).collect();
        let expected =
            ["B/1.webp", "a/1.jpg", "b/a.PNG", "b/z.png", "b/s/a.png", "b/s-t/c.png", "b/s/u/d.png", "é/1.bmp"];
        assert_eq!(names, expected);
        assert_eq!(listing.items.iter().map(|item| item.label).collect::<Vec<_>>(), [0, 1, 2, 2, 2, 2, 2, 3]);
    }

    #[test]
    fn other_suffixes_and_files_beside_the_classes_are_passed_over() {
        let listing = Listing::of_classes(tree(&[], &["a/1.TIFF", "a/notes.txt", "a/x.gif", "top.png"])).unwrap();
        assert_eq!((listing.items.len(), listing.ignored), (1, 3));
    }

    #[test]
    fn a_class_without_images_is_named() {
        let error = Listing::of_classes(tree(&["a", "full", "b"], &["full/1.png", "b/1.txt"])).unwrap_err();
        assert!(error.to_string().contains("no image in the classes a, b;"), "{error}");
        let error = Listing::of_classes(tree(&[], &["1.png"])).unwrap_err();
        assert!(matches!(error, DataError::Folder(FolderError::NoClasses { .. })), "{error}");
    }
}
