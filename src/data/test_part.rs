//! A test part that is drawn from a data set without one.
//!
//! Of each class the same share is drawn, by a seed, the name of the class and the places of its images alone, so that
//! the same files give the same parts on any machine. Images of equal pixels stay on one side: those of one class are
//! drawn together or not at all, and those that several classes have stay in training.

use super::{DataError, Dataset, ImageSet};
use crate::host::Stream;
use std::collections::HashMap;

/// Which test part is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TestPart {
    /// The share of each class, above 0 and below 1.
    pub fraction: f64,
    /// What it is drawn by.
    pub seed: u64,
}

impl TestPart {
    /// Draws the part. Of a class of N images `round(fraction N)` become test images, at least one and at most N - 1;
    /// fewer where images of equal pixels cannot be divided. Both parts stay in the order of the set.
    ///
    /// # Errors
    /// [`DataError::Fraction`]; [`DataError::OwnTestPart`]; [`DataError::Indivisible`] for a class of which no image
    /// can be drawn.
    pub fn draw(self, data: Dataset) -> Result<Dataset, DataError> {
        let Self { fraction, seed } = self;
        if !(fraction > 0.0 && fraction < 1.0) {
            return Err(DataError::Fraction { got: fraction });
        }
        if !data.test.is_empty() {
            return Err(DataError::OwnTestPart { name: data.name, images: data.test.len() });
        }
        let Dataset { name, class_names, train, mut taken, .. } = data.into_shared();
        let equal = Equal::of(&train, class_names.len());
        let counts = train.class_counts(class_names.len());
        let mut tested = vec![false; train.len()];
        for ((class, groups), &images) in class_names.iter().zip(&equal.groups).zip(&counts) {
            let wanted = ((fraction * images as f64).round() as usize).clamp(1, images.max(2) - 1);
            let order = Stream::named(&format!("test-part/seed={seed}/class={class}")).permutation(groups.len(), 0);
            let mut drawn = 0;
            for group in order.iter().map(|&place| &groups[place as usize]) {
                if drawn + group.len() <= wanted && group.len() < images {
                    drawn += group.len();
                    group.iter().for_each(|&index| tested[index] = true);
                }
            }
            if drawn == 0 {
                return Err(DataError::Indivisible { name, class: class.clone(), images });
            }
        }
        let of = |part: bool| (0..train.len()).filter(|&index| tested[index] == part).collect::<Vec<_>>();
        let (learnt, test) = (train.select(&of(false))?, train.select(&of(true))?);
        taken.push(format!(
            "test part: {} of {} images, {fraction} of each class, drawn with seed {seed}",
            test.len(),
            train.len()
        ));
        if equal.repeated > 0 {
            let have = if equal.repeated == 1 { "image has" } else { "images have" };
            taken.push(format!(
                "{} {have} the pixels of an earlier one; equal images stay on one side of the test part",
                equal.repeated
            ));
        }
        Ok(Dataset { taken, ..Dataset::new(name, class_names, learnt, test)? })
    }
}

/// Images by their pixels.
struct Equal {
    /// Of each class the images that no other class has, those of equal pixels together.
    groups: Vec<Vec<Vec<usize>>>,
    /// Images that an earlier one equals.
    repeated: usize,
}

impl Equal {
    fn of(set: &ImageSet, classes: usize) -> Self {
        let mut by_pixels: HashMap<blake3::Hash, Vec<usize>> = HashMap::new();
        let digests = set.image_digests();
        for (index, digest) in digests.iter().enumerate() {
            by_pixels.entry(*digest).or_default().push(index);
        }
        let repeated = digests.len() - by_pixels.len();
        let mut groups = vec![Vec::new(); classes];
        let class_of = |index: usize| set.labels[index];
        // In the order of the set, so that nothing depends on how the map orders its keys.
        for (index, digest) in digests.iter().enumerate() {
            let Some(group) = by_pixels.get(digest).filter(|group| group.first() == Some(&index)) else { continue };
            if group.iter().all(|&other| class_of(other) == class_of(index))
                && let Some(of_class) = groups.get_mut(usize::from(class_of(index)))
            {
                of_class.push(group.clone());
            }
        }
        Self { groups, repeated }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Images of one pixel with these values and labels.
    fn set(images: &[(u8, u16)]) -> Dataset {
        let (pixels, labels): (Vec<u8>, Vec<u16>) = images.iter().copied().unzip();
        let train = ImageSet::new(1, 1, 1, pixels, labels).unwrap();
        let test = train.select(&[]).unwrap();
        Dataset::new("x", vec!["a".into(), "b".into()], train, test).unwrap()
    }

    fn pixels(set: &ImageSet) -> Vec<u8> {
        set.images().flatten().copied().collect()
    }

    fn part(fraction: f64, seed: u64) -> TestPart {
        TestPart { fraction, seed }
    }

    #[test]
    fn of_each_class_the_share_is_drawn_and_the_seed_alone_decides_which() {
        let images: Vec<(u8, u16)> = (0..50).map(|i| (i, u16::from(i >= 20))).collect();
        let drawn = part(0.2, 3).draw(set(&images)).unwrap();
        assert_eq!((drawn.train.class_counts(2), drawn.test.class_counts(2)), (vec![16, 24], vec![4, 6]));
        assert_eq!(drawn, part(0.2, 3).draw(set(&images)).unwrap());
        assert_ne!(drawn.test, part(0.2, 4).draw(set(&images)).unwrap().test);
        // A program of its own in Python, with Philox and BLAKE3, draws these.
        assert_eq!(pixels(&drawn.test), DRAWN);
        let mut all = [pixels(&drawn.train), pixels(&drawn.test)].concat();
        all.sort_unstable();
        assert_eq!(all, (0..50).collect::<Vec<u8>>(), "every image is in one part");
    }

    const DRAWN: [u8; 10] = [5, 17, 18, 19, 32, 33, 35, 41, 45, 48];

    #[test]
    fn equal_images_stay_on_one_side_and_those_of_several_classes_in_training() {
        // Of each class 10 images: three pairs, and one image that the other class has, too.
        let of = |class: u8| (0..10).map(move |i| if i == 9 { (255, class) } else { (100 * class + i / 2 * 2, class) });
        let images: Vec<(u8, u16)> = of(0).chain(of(1)).map(|(value, class)| (value, u16::from(class))).collect();
        for seed in 0..40 {
            let drawn = part(0.4, seed).draw(set(&images)).unwrap();
            let (train, test) = (pixels(&drawn.train), pixels(&drawn.test));
            assert!(test.iter().all(|value| !train.contains(value)), "seed {seed}: {train:?} and {test:?}");
            assert!(!test.contains(&255) && drawn.test.class_counts(2).iter().all(|&count| count == 4 || count == 3));
            assert!(drawn.taken.iter().any(|line| line.starts_with("9 images have the pixels of an earlier one")));
        }
    }

    #[test]
    fn what_cannot_be_drawn_is_refused() {
        let two = [(1, 0), (2, 0), (3, 1), (4, 1)];
        assert_eq!(part(0.01, 0).draw(set(&two)).unwrap().test.len(), 2, "one of each class at least");
        assert_eq!(part(0.99, 0).draw(set(&two)).unwrap().train.len(), 2, "and one is left");
        for fraction in [0.0, 1.0, -0.5, f64::NAN] {
            assert!(matches!(part(fraction, 0).draw(set(&two)), Err(DataError::Fraction { .. })), "{fraction}");
        }
        for alike in [&[(1, 0), (1, 0), (3, 1), (4, 1)][..], &[(1, 0), (3, 1), (4, 1)]] {
            let error = part(0.5, 0).draw(set(alike)).unwrap_err();
            assert!(error.to_string().contains("\"a\""), "{error}");
        }
        let own = part(0.5, 0).draw(set(&two)).unwrap();
        assert!(matches!(part(0.5, 0).draw(own), Err(DataError::OwnTestPart { images: 2, .. })));
    }
}
