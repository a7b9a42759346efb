//! The images of an advice: a test part that is locked away, and paired splits of the rest.

use crate::{
    data::{DataError, Dataset, ImageSet, test_part::TestPart},
    host::Stream,
    protocol::degenerate,
};
use std::collections::HashMap;

/// Classes count as unequal where the largest has more than this many times the images of the smallest.
const UNEQUAL: f64 = 1.1;

/// The images of an advice.
#[derive(Clone, Debug)]
pub struct Parts {
    /// The data set: its training images are those that splits divide, its test images are locked away.
    pub data: Dataset,
    /// Images of each class, all parts together.
    pub counts: Vec<usize>,
    /// The splits.
    pub splits: Vec<Split>,
    /// What a reader should know.
    pub remarks: Vec<String>,
}

/// One division of the images that are not locked away, by their indices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    /// Trained on.
    pub train: Vec<usize>,
    /// Judged on.
    pub validation: Vec<usize>,
}

impl Parts {
    /// Locks the test part of a data set away, or draws one, and divides the rest into as many folds as are wanted and
    /// as the smallest class has images for. Every fold is the validation part of one split, so that each image is judged
    /// once. Images of equal pixels stay together; those of several classes are trained on only.
    ///
    /// # Errors
    /// [`DataError::Degenerate`] for one class, and for a class of fewer than three images.
    pub fn of(data: Dataset, wanted: usize, test_fraction: f64, seed: u64) -> Result<Self, DataError> {
        degenerate::task(&data.name, &data)?;
        let classes = data.classes();
        let counts: Vec<usize> = data.train.class_counts(classes);
        let own = !data.test.is_empty();
        let fewest = if own { 2 } else { 3 };
        let small: Vec<&String> =
            data.class_names.iter().zip(&counts).filter(|(_, count)| **count < fewest).map(|(name, _)| name).collect();
        if let Some(first) = small.first() {
            let others = match small.len().saturating_sub(1) {
                0 => String::new(),
                1 => " (and 1 other class)".to_string(),
                more => format!(" (and {more} other classes)"),
            };
            let reason = format!(
                "class {first:?}{others} has fewer than {fewest} images; advice needs at least one image of each class to \
                 train on, one to validate on{}: add images, or leave the class out",
                if own { "" } else { " and one to test on" }
            );
            return Err(DataError::Degenerate { what: data.name, reason });
        }
        let mut remarks = Vec::new();
        let data = if own {
            remarks.push(format!("The data set's own {} test images are locked away.", data.test.len()));
            data.into_shared()
        } else {
            TestPart { fraction: test_fraction, seed }.draw(data)?
        };
        let all = data.train.class_counts(classes).into_iter().zip(data.test.class_counts(classes));
        let counts: Vec<usize> = all.map(|(train, test)| train + test).collect();
        let groups = groups(&data.train, classes);
        let room = groups.iter().map(Vec::len).min().unwrap_or(0);
        if room < 2 {
            let reason = "a class has only one image, or images that all look the same, beside its test images; advice \
                          needs one to train on and one to validate on: add images, or leave the class out";
            return Err(DataError::Degenerate { what: data.name, reason: reason.into() });
        }
        let count = wanted.min(room);
        if count < wanted {
            remarks.push(format!(
                "There is no room for {wanted} splits: the smallest class has {room} images beside its test images, so that \
                 there are {count}, and intervals are wider."
            ));
        }
        let splits = folds(&data.train, &groups, count, seed);
        Ok(Self { data, counts, splits, remarks })
    }

    /// Whether classes have so unequal numbers of images that candidates are compared by balanced accuracy.
    pub fn is_unequal(&self) -> bool {
        let [most, fewest] = [self.counts.iter().max(), self.counts.iter().min()].map(|n| n.copied().unwrap_or(0));
        most as f64 > UNEQUAL * fewest as f64
    }

    /// Images judged of a split over images trained on, the mean over splits.
    pub fn test_over_train(&self) -> f64 {
        let ratio = |split: &Split| split.validation.len() as f64 / split.train.len().max(1) as f64;
        self.splits.iter().map(ratio).sum::<f64>() / self.splits.len().max(1) as f64
    }

    /// The training images of a split of which only a share of each class is kept, at least one: what is drawn for a
    /// smaller share is part of what is drawn for a larger one.
    pub fn share(&self, split: usize, share: f64, seed: u64) -> Vec<usize> {
        let stream = Stream::named(&format!("seed={seed}/advice/share/split={split}"));
        let train = &self.splits[split].train;
        let label = |index: usize| usize::from(self.data.train.labels[index]);
        let mut of_class = vec![0usize; self.data.classes()];
        train.iter().for_each(|&index| of_class[label(index)] += 1);
        let mut left: Vec<usize> = of_class.iter().map(|&n| ((share * n as f64).round() as usize).max(1)).collect();
        let mut kept = Vec::new();
        for place in stream.permutation(train.len(), 0) {
            let index = train[place as usize];
            if let Some(more) = left[label(index)].checked_sub(1) {
                left[label(index)] = more;
                kept.push(index);
            }
        }
        kept.sort_unstable();
        kept
    }
}

/// Of each class the images that no other class has, those of equal pixels together, in the order of the set.
fn groups(set: &ImageSet, classes: usize) -> Vec<Vec<Vec<usize>>> {
    let mut by_pixels: HashMap<blake3::Hash, usize> = HashMap::new();
    let mut alike: Vec<Vec<usize>> = Vec::new();
    for (index, digest) in set.image_digests().into_iter().enumerate() {
        let place = *by_pixels.entry(digest).or_insert(alike.len());
        match alike.get_mut(place) {
            Some(group) => group.push(index),
            None => alike.push(vec![index]),
        }
    }
    let mut groups = vec![Vec::new(); classes];
    for group in alike {
        let class = set.labels[group[0]];
        if group.iter().all(|&index| set.labels[index] == class) {
            groups[usize::from(class)].push(group);
        }
    }
    groups
}

/// Deals the groups of each class over the folds, in an order of their own for each class, going on where the class
/// before ended, so that folds have equal sizes.
fn folds(set: &ImageSet, groups: &[Vec<Vec<usize>>], count: usize, seed: u64) -> Vec<Split> {
    let mut fold_of = vec![None; set.len()];
    let mut next = 0;
    for (class, groups) in groups.iter().enumerate() {
        let stream = Stream::named(&format!("seed={seed}/advice/folds/class={class}"));
        for place in stream.permutation(groups.len(), 0) {
            groups[place as usize].iter().for_each(|&index| fold_of[index] = Some(next % count));
            next += 1;
        }
    }
    let split = |fold: usize| {
        let (validation, train) = (0..set.len()).partition(|&index| fold_of[index] == Some(fold));
        Split { train, validation }
    };
    (0..count).map(split).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One image a value, with a class each.
    fn data(images: &[(u8, u16)]) -> Dataset {
        let (pixels, labels): (Vec<u8>, Vec<u16>) = images.iter().copied().unzip();
        let classes = labels.iter().max().map_or(0, |&label| usize::from(label) + 1);
        let train = ImageSet::new(1, 1, 1, pixels, labels).unwrap();
        let test = train.select(&[]).unwrap();
        Dataset::new("x", (0..classes).map(|class| format!("c{class}")).collect(), train, test).unwrap()
    }

    fn even(classes: u16, each: u16) -> Dataset {
        let images: Vec<(u8, u16)> = (0..classes * each).map(|i| (i as u8, i % classes)).collect();
        data(&images)
    }

    #[test]
    fn each_image_is_judged_once_every_class_in_every_fold_and_the_test_part_is_in_none() {
        let parts = Parts::of(even(3, 20), 5, 0.2, 1).unwrap();
        assert_eq!((parts.data.test.len(), parts.data.train.len(), parts.splits.len()), (12, 48, 5));
        let mut judged = [0; 48];
        for split in &parts.splits {
            split.validation.iter().for_each(|&index| judged[index] += 1);
            assert_eq!(split.train.len() + split.validation.len(), 48);
            let counts = parts.data.train.select(&split.validation).unwrap().class_counts(3);
            assert!(counts.iter().all(|&count| count == 3 || count == 4), "{counts:?}");
        }
        assert!(judged.iter().all(|&times| times == 1));
        assert!((parts.test_over_train() - 0.25).abs() < 0.01);
        assert_ne!(parts.splits, Parts::of(even(3, 20), 5, 0.2, 2).unwrap().splits);
    }

    #[test]
    fn images_that_look_the_same_stay_together_and_those_of_two_classes_are_only_trained_on() {
        // Of each class ten images in pairs, and one that both have.
        let mut images: Vec<(u8, u16)> = (0..20).map(|i| (i / 2 * 2 + i % 2 * 100, (i % 2) as u16)).collect();
        images.extend((0..20).map(|i| (i / 2 * 2 + i % 2 * 100, (i % 2) as u16)));
        images.extend([(255, 0), (255, 1)]);
        let parts = Parts::of(data(&images), 4, 0.2, 3).unwrap();
        let pixel = |index: &usize| parts.data.train.image(*index)[0];
        for split in &parts.splits {
            let trained: Vec<u8> = split.train.iter().map(pixel).collect();
            assert!(split.validation.iter().all(|index| !trained.contains(&pixel(index)) && pixel(index) != 255));
        }
    }

    #[test]
    fn what_cannot_be_divided_is_refused_and_little_room_is_told() {
        let refused = |data: Dataset| Parts::of(data, 5, 0.2, 1).unwrap_err().to_string();
        assert!(refused(even(1, 9)).contains("1 class"));
        assert!(refused(even(4, 2)).contains("\"c0\" (and 3 other classes) has fewer than 3 images"));
        let parts = Parts::of(even(2, 4), 5, 0.2, 1).unwrap();
        assert_eq!(parts.splits.len(), 3);
        assert!(parts.remarks.iter().any(|remark| remark.contains("no room for 5 splits")), "{:?}", parts.remarks);
    }

    #[test]
    fn shares_are_nested_and_keep_every_class() {
        let parts = Parts::of(even(3, 20), 5, 0.2, 1).unwrap();
        let [quarter, half, all] = [0.25, 0.5, 1.0].map(|share| parts.share(0, share, 7));
        assert!(quarter.iter().all(|index| half.contains(index)));
        assert_eq!(all, parts.splits[0].train);
        let counts = parts.data.train.select(&quarter).unwrap().class_counts(3);
        assert!(counts.iter().all(|&count| (3..=4).contains(&count)), "{counts:?}");
    }

    #[test]
    fn classes_are_unequal_from_a_tenth_more_images_on() {
        assert!(!Parts::of(even(3, 20), 5, 0.2, 1).unwrap().is_unequal());
        let images: Vec<(u8, u16)> = (0..30).map(|i| (i, u16::from(i < 10))).collect();
        assert!(Parts::of(data(&images), 5, 0.2, 1).unwrap().is_unequal());
    }
}
