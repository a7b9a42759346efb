//! The classes of a flat test part.
//!
//! Three forms are read, distinguished by the lines of the whole file:
//!
//! - `IMAGE CLASS`, as Caffe's `val.txt`, separated by a space or a tab, or as CSV with two columns;
//! - `LOC_val_solution.csv`: `IMAGE,WNID ...` after the header `ImageId,PredictionString`;
//! - `ILSVRC2012_validation_ground_truth.txt` of the development kit: line k holds the `ILSVRC2012_ID` of image
//!   `ILSVRC2012_val_k`. These numbers follow an order of their own, so that `map_clsloc.txt` (`WNID ID NAME` a line)
//!   must lie beside it.
//!
//! The classes of one file are all names (for ImageNet, wnids) or all numbers, which count from 0 in the order of the
//! sorted class names, as Caffe's do. A file that mixes both, or can be read in both ways with different results, is
//! refused. A byte order mark, line ends of Windows and quoted CSV fields are taken for what they are.

use super::{FolderError, listing::is_image};
use crate::{
    data::{DataError, csv_fields::fields},
    host::bounded,
};
use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

/// The names under which a file of labels is looked for.
pub const NAMES: [&str; 3] = ["val.txt", "LOC_val_solution.csv", "ILSVRC2012_validation_ground_truth.txt"];

/// What translates the development kit's numbers.
const KIT_ORDER: &str = "map_clsloc.txt";

/// The header of `LOC_val_solution.csv`.
const LOC_HEADER: [&str; 2] = ["ImageId", "PredictionString"];

/// The first file of labels in some folders.
pub fn find(folders: &[&Path]) -> Option<PathBuf> {
    let mut candidates = NAMES.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    candidates.find(|path| path.is_file())
}

/// An image's name without the suffix of an image, by which labels are looked up.
pub fn stem(name: &str) -> &str {
    match name.rsplit_once('.') {
        Some((stem, _)) if is_image(name) => stem,
        _ => name,
    }
}

/// One image and its class as they stand in a file.
struct Entry {
    /// The line, from 1.
    line: usize,
    image: String,
    class: String,
}

/// Reads a file of labels: the class number of each image by the image's [`stem`].
///
/// # Errors
/// [`DataError::Read`]; [`FolderError::Label`] for a line in none of the three forms, for a class that there is
/// not, for names and numbers in one file, for numbers that may count from 1, and for an image that comes twice.
pub fn read(path: &Path, classes: &[String]) -> Result<HashMap<String, u16>, DataError> {
    let text = text(path)?;
    let entries = if lines(&text).next().is_some_and(|(_, line)| line.parse::<u32>().is_ok()) {
        of_kit(path, &text)?
    } else if lines(&text).all(|(_, line)| line.contains(',')) {
        of_csv(path, &text)?
    } else {
        of_words(path, &text)?
    };
    let by_name: HashMap<&str, u16> = classes.iter().map(String::as_str).zip(0..).collect();
    let numbers = meaning(path, &entries, &by_name)?;
    let mut labels = HashMap::with_capacity(entries.len());
    for Entry { line, image, class } in entries {
        let label = if numbers { number(&class, classes.len()) } else { by_name.get(class.as_str()).copied() };
        // The meaning was chosen so that every class has a label.
        let Some(label) = label else { continue };
        if labels.insert(image, label).is_some() {
            return Err(broken(path, line, "the image has a label already".into()));
        }
    }
    Ok(labels)
}

fn broken(path: &Path, line: usize, reason: String) -> DataError {
    FolderError::Label { path: path.into(), line, reason }.into()
}

/// The lines that hold something, with their numbers.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().map(|(at, line)| (at + 1, line.trim())).filter(|(_, line)| !line.is_empty())
}

/// What labels are looked up by: the last part of an image's path, whichever way its slashes lean.
fn image_of(path: &str) -> String {
    stem(path.trim().rsplit(['/', '\\']).next().unwrap_or_default()).to_string()
}

fn of_words(path: &Path, text: &str) -> Result<Vec<Entry>, DataError> {
    let entry = |(line, words): (usize, &str)| match words.rsplit_once(char::is_whitespace) {
        Some((image, class)) => Ok(Entry { line, image: image_of(image), class: class.to_string() }),
        None => Err(broken(path, line, format!("{words:?} is not an image and its class"))),
    };
    lines(text).map(entry).collect()
}

fn of_csv(path: &Path, text: &str) -> Result<Vec<Entry>, DataError> {
    let mut entries = Vec::new();
    let mut published = false;
    for (line, row) in lines(text) {
        let fields = fields(row);
        let [image, class] = &fields[..] else {
            let reason = format!("holds {} fields where an image and its class are needed", fields.len());
            return Err(broken(path, line, reason));
        };
        if line == 1 && fields == LOC_HEADER {
            published = true;
            continue;
        }
        let class = class.trim();
        // The published file has boxes after each class; elsewhere a class is the whole field, spaces included.
        let class = if published { class.split_whitespace().next().unwrap_or_default() } else { class };
        entries.push(Entry { line, image: image_of(image), class: class.to_string() });
    }
    Ok(entries)
}

fn of_kit(path: &Path, text: &str) -> Result<Vec<Entry>, DataError> {
    let names = kit_order(&path.with_file_name(KIT_ORDER))?;
    let entry = |(line, id): (usize, &str)| {
        let wnid = id.parse().ok().and_then(|id: u32| names.get(&id));
        let wnid = wnid.ok_or_else(|| broken(path, line, format!("{id:?} is not a number of {KIT_ORDER}")))?;
        Ok(Entry { line, image: format!("ILSVRC2012_val_{line:08}"), class: wnid.clone() })
    };
    lines(text).map(entry).collect()
}

/// A class by its number.
fn number(class: &str, classes: usize) -> Option<u16> {
    let digits = class.bytes().all(|digit| digit.is_ascii_digit());
    class.parse::<u16>().ok().filter(|&label| digits && usize::from(label) < classes)
}

/// Whether the classes of a file are numbers; else they are names.
fn meaning(path: &Path, entries: &[Entry], by_name: &HashMap<&str, u16>) -> Result<bool, DataError> {
    let classes = by_name.len();
    let name_of = |label: u16| by_name.iter().find(|(_, own)| **own == label).map_or("", |(name, _)| *name);
    let no_name = entries.iter().find(|entry| !by_name.contains_key(entry.class.as_str()));
    let no_number = entries.iter().find(|entry| number(&entry.class, classes).is_none());
    match (no_name, no_number) {
        (Some(_), None) => {
            // Every number is below the number of classes. Where none is 0, the first class has no image, or they
            // count from 1 and every label is off by one: nothing shows which.
            if let Some(first) =
                entries.first().filter(|_| entries.iter().all(|e| number(&e.class, classes) != Some(0)))
            {
                let reason = format!(
                    "no image of the file has the number 0, {:?}, so that its numbers may count from 1; count from 0, \
                     or write the classes' names",
                    name_of(0)
                );
                return Err(broken(path, first.line, reason));
            }
            Ok(true)
        }
        (None, Some(_)) => Ok(false),
        (None, None) => {
            let differs = |entry: &&Entry| by_name.get(entry.class.as_str()).copied() != number(&entry.class, classes);
            let Some(entry) = entries.iter().find(differs) else { return Ok(false) };
            let other = number(&entry.class, classes).map_or("", name_of);
            let reason = format!(
                "{:?} is the name of a class, and as a number, counted from 0 in the order of the sorted names, it is \
                 {other:?}; rename the class folders so that the file can be read in one way only",
                entry.class
            );
            Err(broken(path, entry.line, reason))
        }
        (Some(name), Some(other)) => Err(neither(path, entries, by_name, name, other)),
    }
}

/// The refusal of a file that is neither names nor numbers throughout: the first line to differ from those before.
fn neither(
    path: &Path,
    entries: &[Entry],
    by_name: &HashMap<&str, u16>,
    no_name: &Entry,
    no_number: &Entry,
) -> DataError {
    let classes = by_name.len();
    let fits = |entry: &Entry| by_name.contains_key(entry.class.as_str()) || number(&entry.class, classes).is_some();
    let Some(odd) = entries.iter().find(|entry| !fits(entry)) else {
        let odd = if no_name.line > no_number.line { no_name } else { no_number };
        let reason = format!(
            "{:?} would be {} where lines before it hold {}; one file holds names or numbers",
            odd.class,
            if odd.line == no_name.line { "a number" } else { "a name" },
            if odd.line == no_name.line { "names" } else { "numbers" }
        );
        return broken(path, odd.line, reason);
    };
    let mut reason = format!("{:?} is neither a class of the training part nor a number below {classes}", odd.class);
    if odd.class.parse() == Ok(classes) && entries.iter().all(|entry| number(&entry.class, classes) != Some(0)) {
        reason.push_str("; the numbers seem to count from 1, and must count from 0");
    }
    broken(path, odd.line, reason)
}

/// The wnid of each number of the development kit.
fn kit_order(path: &Path) -> Result<HashMap<u32, String>, DataError> {
    let mut names = HashMap::new();
    for (at, line) in text(path)?.lines().enumerate() {
        let mut words = line.split_whitespace();
        let (wnid, id) = (words.next(), words.next().and_then(|id| id.parse().ok()));
        let (Some(wnid), Some(id)) = (wnid, id) else {
            return Err(broken(path, at + 1, "is not `WNID ID NAME`".into()));
        };
        names.insert(id, wnid.to_string());
    }
    Ok(names)
}

fn text(path: &Path) -> Result<String, DataError> {
    bounded::read_text(path, bounded::TABLE).map_err(|source| DataError::Read { path: path.into(), source })
}
