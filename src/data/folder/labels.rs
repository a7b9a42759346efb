//! The classes of a flat test part.
//!
//! Three forms are read, told by their lines:
//!
//! - `IMAGE CLASS`, as Caffe's `val.txt`: the class by its number in the order of the sorted class names, or by its
//!   name (for ImageNet, its wnid);
//! - `LOC_val_solution.csv`: `IMAGE,WNID ...` behind the header `ImageId,PredictionString`;
//! - `ILSVRC2012_validation_ground_truth.txt` of the development kit: line k holds the `ILSVRC2012_ID` of image
//!   `ILSVRC2012_val_k`. These numbers follow an order of their own, so that `map_clsloc.txt` (`WNID ID NAME` a line)
//!   must lie beside it.

use super::FolderError;
use crate::{data::DataError, host::bounded};
use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

/// The names under which a file of labels is looked for.
pub const NAMES: [&str; 3] = ["val.txt", "LOC_val_solution.csv", "ILSVRC2012_validation_ground_truth.txt"];

/// What translates the development kit's numbers.
const KIT_ORDER: &str = "map_clsloc.txt";

/// The first file of labels in some folders.
pub fn find(folders: &[&Path]) -> Option<PathBuf> {
    let mut candidates = NAMES.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    candidates.find(|path| path.is_file())
}

/// An image's name without its suffix, by which labels are looked up.
pub fn stem(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

/// Reads a file of labels: the class number of each image by the image's [`stem`].
///
/// # Errors
/// [`DataError::Read`]; [`FolderError::Label`] for a line that is none of the three forms, for a class that there is
/// not, and for an image that comes twice.
pub fn read(path: &Path, classes: &[String]) -> Result<HashMap<String, u16>, DataError> {
    let text = text(path)?;
    let by_name: HashMap<&str, u16> = classes.iter().map(String::as_str).zip(0..).collect();
    let lines =
        || text.lines().enumerate().map(|(at, line)| (at + 1, line.trim())).filter(|(_, line)| !line.is_empty());
    let broken = |line: usize, reason: String| FolderError::Label { path: path.into(), line, reason };
    let kit = lines().next().is_some_and(|(_, line)| line.parse::<u32>().is_ok());
    let kit_names = if kit { kit_order(&path.with_file_name(KIT_ORDER))? } else { HashMap::new() };
    let mut labels = HashMap::new();
    for (number, line) in lines() {
        let (image, class) = if kit {
            let wnid = line.parse().ok().and_then(|id: u32| kit_names.get(&id));
            let wnid = wnid.ok_or_else(|| broken(number, format!("{line:?} is no number of {KIT_ORDER}")))?;
            (format!("ILSVRC2012_val_{:08}", number), wnid.as_str())
        } else if let Some((image, rest)) = line.split_once(',') {
            if (number, image) == (1, "ImageId") {
                continue;
            }
            (stem(image.trim()).to_string(), rest.split_whitespace().next().unwrap_or_default())
        } else if let Some((image, class)) = line.rsplit_once(char::is_whitespace) {
            let image = image.trim().rsplit('/').next().unwrap_or_default();
            (stem(image).to_string(), class)
        } else {
            return Err(broken(number, format!("{line:?} is not an image and its class")).into());
        };
        let by_number = || class.parse::<u16>().ok().filter(|&label| usize::from(label) < classes.len());
        let Some(label) = by_name.get(class).copied().or_else(by_number) else {
            let reason =
                format!("{class:?} is neither a class of the training part nor a number below {}", classes.len());
            return Err(broken(number, reason).into());
        };
        if labels.insert(image, label).is_some() {
            return Err(broken(number, "the image has a label already".into()).into());
        }
    }
    Ok(labels)
}

/// The wnid of each number of the development kit.
fn kit_order(path: &Path) -> Result<HashMap<u32, String>, DataError> {
    let mut names = HashMap::new();
    for (at, line) in text(path)?.lines().enumerate() {
        let mut words = line.split_whitespace();
        let (wnid, id) = (words.next(), words.next().and_then(|id| id.parse().ok()));
        let (Some(wnid), Some(id)) = (wnid, id) else {
            let reason = "is not `WNID ID NAME`".into();
            return Err(FolderError::Label { path: path.into(), line: at + 1, reason }.into());
        };
        names.insert(id, wnid.to_string());
    }
    Ok(names)
}

fn text(path: &Path) -> Result<String, DataError> {
    bounded::read_text(path, bounded::TABLE).map_err(|source| DataError::Read { path: path.into(), source })
}
