//! Which classes belong to half A and which to half B.

use super::{DataError, Dataset, ImageSet, csv_fields::fields, mt19937::Mt19937};
use crate::host::bounded;
use std::{collections::HashMap, path::Path};

/// Two disjoint lists of classes, each in increasing order.
///
/// Together they need not name every class: the balanced splits leave some out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// The classes of half A.
    pub a: Vec<u16>,
    /// The classes of half B.
    pub b: Vec<u16>,
}

impl Split {
    /// Takes two lists in any order and sorts them.
    ///
    /// # Errors
    /// [`DataError::TooFewClasses`] when a list is empty, [`DataError::RepeatedClass`] for a class that is named
    /// twice, in one list or in both.
    pub fn new(mut a: Vec<u16>, mut b: Vec<u16>) -> Result<Self, DataError> {
        if a.is_empty() || b.is_empty() {
            return Err(DataError::TooFewClasses { expected: 2, got: a.len() + b.len() });
        }
        let mut all = [a.as_slice(), b.as_slice()].concat();
        all.sort_unstable();
        if let Some(pair) = all.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(DataError::RepeatedClass { class: pair[0] });
        }
        a.sort_unstable();
        b.sort_unstable();
        Ok(Self { a, b })
    }
}

/// Splits classes 0 to `classes`-1 at random, as the authors did: A = the sorted first `classes / 2` entries of
/// NumPy's legacy permutation under the one-element list `[seed]`, B = the rest.
///
/// With 1000 classes and seeds 0 to 3 these are the paper's four splits. An odd number of classes gives A the
/// smaller half (`classes / 2` rounded down) and B one class more.
///
/// # Errors
/// [`DataError::TooFewClasses`] below 2 classes.
pub fn random_halves(classes: u16, seed: u32) -> Result<Split, DataError> {
    if classes < 2 {
        return Err(DataError::TooFewClasses { expected: 2, got: classes.into() });
    }
    let chosen = Mt19937::from_list(&[seed])?.choice(classes.into(), u32::from(classes) / 2);
    let mut in_a = vec![false; classes.into()];
    for class in chosen {
        in_a[class as usize] = true;
    }
    let (a, b) = (0..classes).partition(|&class| in_a[usize::from(class)]);
    Ok(Split { a, b })
}

/// Some of the classes of each half, drawn at random: `per_half` of A's and as many of B's, by NumPy's legacy choice
/// under the lists `[seed, 0]` and `[seed, 1]`.
///
/// # Errors
/// [`DataError::TooFewClasses`] for a half with fewer.
pub fn drawn(split: &Split, per_half: usize, seed: u32) -> Result<Split, DataError> {
    Split::new(choice(&split.a, per_half, [seed, 0])?, choice(&split.b, per_half, [seed, 1])?)
}

/// Some classes drawn at random by NumPy's legacy choice under a list, in the order in which they are drawn.
///
/// # Errors
/// [`DataError::TooFewClasses`] where there are fewer.
pub fn choice(classes: &[u16], count: usize, list: [u32; 2]) -> Result<Vec<u16>, DataError> {
    if count > classes.len() {
        return Err(DataError::TooFewClasses { expected: count, got: classes.len() });
    }
    let chosen = Mt19937::from_list(&list)?.choice(classes.len() as u32, count as u32);
    Ok(chosen.into_iter().map(|place| classes[place as usize]).collect())
}

/// Reads a split from a CSV file of two columns: the name of a class, a comma, and `A` or `B`. A first line
/// `class,half`, empty lines and lines that begin with `#` are passed over; a name may be quoted, and may hold commas
/// also where it is not, since the half stands after the last one. Classes that are not named belong to no half.
///
/// # Errors
/// [`DataError::Read`]; [`DataError::SplitLine`] for a line of another form, a class that the data set does not
/// have or one that is named twice; [`DataError::TooFewClasses`] where a half has no class.
pub fn from_file(path: &Path, class_names: &[String]) -> Result<Split, DataError> {
    let text = bounded::read_text(path, bounded::TEXT);
    let text = text.map_err(|source| DataError::Read { path: path.into(), source })?;
    let (mut a, mut b, mut lines) = (Vec::new(), Vec::new(), HashMap::new());
    for (line, row) in text.lines().enumerate().map(|(at, row)| (at + 1, row.trim())) {
        let fields = fields(row);
        if row.is_empty() || row.starts_with('#') || (line == 1 && fields == ["class", "half"]) {
            continue;
        }
        let broken = |reason: String| DataError::SplitLine { path: path.into(), line, reason };
        let Some((half, name)) = fields.split_last().filter(|(_, name)| !name.is_empty()) else {
            return Err(broken(format!("{row:?} is not CLASS,HALF")));
        };
        let (name, half) = (name.join(","), half.trim());
        let name = name.trim();
        let Some(class) = class_names.iter().position(|known| known == name) else {
            let distance = |known: &&String| strsim::damerau_levenshtein(known, name);
            let nearest = class_names.iter().min_by_key(distance).map_or("", String::as_str);
            return Err(broken(format!("the data set has no class {name:?}; the nearest is {nearest:?}")));
        };
        if let Some(first) = lines.insert(class, line) {
            return Err(broken(format!("the class {name:?} is named twice, in line {first} before")));
        }
        match half {
            "A" => a.push(class as u16),
            "B" => b.push(class as u16),
            _ => return Err(broken(format!("{half:?} is neither A nor B"))),
        }
    }
    Split::new(a, b)
}

/// The training and test images of some classes, with new labels 0 to k-1 in increasing order of the old ones.
///
/// The order of the images stays, and the order in which `classes` lists them does not matter.
///
/// # Errors
/// [`DataError::TooFewClasses`] for an empty list, [`DataError::NoSuchClass`] and [`DataError::RepeatedClass`]
/// for a class that is not there or named twice.
pub fn half(dataset: &Dataset, classes: &[u16]) -> Result<Dataset, DataError> {
    if classes.is_empty() {
        return Err(DataError::TooFewClasses { expected: 1, got: 0 });
    }
    let mut member = vec![false; dataset.classes()];
    for &class in classes {
        let place = member.get_mut(usize::from(class));
        let place = place.ok_or(DataError::NoSuchClass { class, classes: dataset.classes() })?;
        if std::mem::replace(place, true) {
            return Err(DataError::RepeatedClass { class });
        }
    }
    let mut new_labels = vec![None; member.len()];
    let mut class_names = Vec::with_capacity(classes.len());
    for (old, name) in dataset.class_names.iter().enumerate().filter(|&(old, _)| member[old]) {
        new_labels[old] = Some(class_names.len() as u16);
        class_names.push(name.clone());
    }
    let name = format!("{} ({} of {} classes)", dataset.name, classes.len(), dataset.classes());
    Dataset::new(name, class_names, relabel(&dataset.train, &new_labels)?, relabel(&dataset.test, &new_labels)?)
}

/// Keeps the images whose class has a new label.
fn relabel(set: &ImageSet, new_labels: &[Option<u16>]) -> Result<ImageSet, DataError> {
    let new_label = |label: u16| new_labels.get(usize::from(label)).copied().flatten();
    let kept: Vec<usize> = (0..set.len()).filter(|&index| new_label(set.labels[index]).is_some()).collect();
    let mut part = set.select(&kept)?;
    part.labels = part.labels.into_iter().filter_map(new_label).collect();
    Ok(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dataset() -> Dataset {
        let train = ImageSet::new(1, 1, 1, vec![10, 11, 12, 13, 14, 15], vec![3, 1, 0, 3, 2, 1]).unwrap();
        let test = ImageSet::new(1, 1, 1, vec![20, 21, 22], vec![1, 2, 3]).unwrap();
        Dataset::new("x", ["a", "b", "c", "d"].map(String::from).into(), train, test).unwrap()
    }

    #[test]
    fn small_random_halves_equal_numpys() {
        // sorted(RandomState([s]).choice(arange(10), 5, replace=False)), NumPy 2.4.6.
        assert_eq!(random_halves(10, 0).unwrap(), Split { a: vec![0, 1, 3, 7, 8], b: vec![2, 4, 5, 6, 9] });
        assert_eq!(random_halves(10, 1).unwrap(), Split { a: vec![2, 3, 6, 8, 9], b: vec![0, 1, 4, 5, 7] });
    }

    #[test]
    fn an_odd_number_gives_a_the_smaller_half() {
        let split = random_halves(11, 1).unwrap();
        assert_eq!(split.a, [2, 3, 6, 9, 10]);
        assert_eq!(split.b, [0, 1, 4, 5, 7, 8]);
    }

    #[test]
    fn fewer_than_two_classes_cannot_be_split() {
        for classes in [0, 1] {
            assert!(matches!(random_halves(classes, 0), Err(DataError::TooFewClasses { expected: 2, .. })));
        }
        assert!(random_halves(2, 0).is_ok() && random_halves(u16::MAX, 0).is_ok());
    }

    #[test]
    fn classes_drawn_from_both_halves_are_numpys_and_belong_to_their_halves() {
        let whole = Split { a: (0..50).collect(), b: (50..100).collect() };
        let some = drawn(&whole, 5, 3).unwrap();
        // sorted(RandomState([3, 0]).choice(50, 5, replace=False)) and 50 + the same under [3, 1], NumPy 2.4.6.
        assert_eq!((some.a, some.b), (vec![18, 35, 41, 42, 43], vec![61, 66, 88, 91, 97]));
        assert_eq!(drawn(&whole, 50, 3).unwrap(), whole);
        assert!(matches!(drawn(&whole, 51, 3), Err(DataError::TooFewClasses { expected: 51, got: 50 })));
    }

    #[test]
    fn a_file_of_classes_and_halves_is_a_split_and_its_mistakes_are_named_with_their_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("halves.csv");
        let names = ["tench", "dog, small", "cup"].map(String::from);
        let read = |text: &str| {
            std::fs::write(&path, text).unwrap();
            from_file(&path, &names)
        };
        let split = read("class,half\n# things\ncup, A\n\ndog, small,B\r\n").unwrap();
        assert_eq!(split, Split { a: vec![2], b: vec![1] });
        let quoted = read("\u{feff}\"class\",\"half\"\r\n\"cup\",A\r\n\"dog, small\",\"B\"\r\n\r\n").unwrap();
        assert_eq!(quoted, split);
        for (text, expected) in [
            ("cup,A\ntenchh,B\n", "line 2: the data set has no class \"tenchh\"; the nearest is \"tench\""),
            ("cup,C\n", "line 1: \"C\" is neither A nor B"),
            ("cup\n", "line 1: \"cup\" is not CLASS,HALF"),
            ("cup,A\ncup,B\n", "line 2: the class \"cup\" is named twice, in line 1 before"),
            ("cup,A\n", "cannot be split"),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
        assert!(matches!(from_file(folder.path(), &names), Err(DataError::Read { .. })));
    }

    #[test]
    fn new_labels_follow_the_old_order_in_training_and_test() {
        let part = half(&dataset(), &[3, 1]).unwrap();
        assert_eq!(part.class_names, ["b", "d"]);
        assert_eq!((part.train.pixels, part.train.labels), (vec![10, 11, 13, 15], vec![1, 0, 1, 0]));
        assert_eq!((part.test.pixels, part.test.labels), (vec![20, 22], vec![0, 1]));
        assert_eq!(part.name, "x (2 of 4 classes)");
    }

    #[test]
    fn lists_with_strange_or_repeated_classes_are_refused() {
        assert!(matches!(half(&dataset(), &[4]), Err(DataError::NoSuchClass { class: 4, classes: 4 })));
        assert!(matches!(half(&dataset(), &[1, 1]), Err(DataError::RepeatedClass { class: 1 })));
        assert!(matches!(half(&dataset(), &[]), Err(DataError::TooFewClasses { .. })));
        assert!(matches!(Split::new(vec![0, 2], vec![1, 2]), Err(DataError::RepeatedClass { class: 2 })));
        assert!(matches!(Split::new(vec![], vec![1, 2]), Err(DataError::TooFewClasses { .. })));
        assert_eq!(Split::new(vec![5, 0], vec![3]).unwrap(), Split { a: vec![0, 5], b: vec![3] });
    }
}
