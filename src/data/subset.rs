//! Fewer images per class: reduced training sets and images held out of training.
//!
//! Images are taken in the order of the set, as the authors made their reduced sets, or drawn at random.

use super::{DataError, ImageSet};
use crate::host::Stream;

/// The place of each image among those of its own class, counted from 0.
fn places(set: &ImageSet) -> Vec<usize> {
    let mut seen = vec![0; set.class_counts(0).len()];
    let place = |&label: &u16| {
        let next = &mut seen[usize::from(label)];
        *next += 1;
        *next - 1
    };
    set.labels.iter().map(place).collect()
}

/// The first `per_class` images of each class (all of a class that has fewer), in the order of the set.
///
/// # Errors
/// None in practice; the type is that of [`ImageSet::select`].
pub fn first_per_class(set: &ImageSet, per_class: usize) -> Result<ImageSet, DataError> {
    let places = places(set);
    set.select(&(0..set.len()).filter(|&index| places[index] < per_class).collect::<Vec<_>>())
}

/// The first `count` images, or all where there are fewer, as evenly spread over the classes as their sizes allow: the
/// first of each class, then the second of each, and so on, of the last round those of the lowest classes. They stay in
/// the order of the set.
///
/// # Errors
/// None in practice; the type is that of [`ImageSet::select`].
pub fn first_evenly(set: &ImageSet, count: usize) -> Result<ImageSet, DataError> {
    let places = places(set);
    let mut order: Vec<usize> = (0..set.len()).collect();
    order.sort_by_key(|&index| (places[index], set.labels[index]));
    order.truncate(count);
    order.sort_unstable();
    set.select(&order)
}

/// `per_class` images of each class drawn at random (all of a class that has fewer), in the order of the set. What a
/// stream draws for a smaller number is part of what it draws for a larger one.
///
/// # Errors
/// None in practice; the type is that of [`ImageSet::select`].
pub fn drawn_per_class(set: &ImageSet, per_class: usize, stream: Stream) -> Result<ImageSet, DataError> {
    // Ranked by a random word each, its place breaking ties, the first of each class are a draw without repetition.
    let rank = |&index: &usize| (stream.words(index as u64, 0), index);
    let mut order: Vec<usize> = (0..set.len()).collect();
    order.sort_by_key(rank);
    let mut taken = vec![0; set.class_counts(0).len()];
    order.retain(|&index| {
        let taken = &mut taken[usize::from(set.labels[index])];
        *taken += 1;
        *taken <= per_class
    });
    order.sort_unstable();
    set.select(&order)
}

/// Two disjoint sets, each in the order of the original: of every class the first `train_per_class` images to
/// train on, and the next `held_per_class` to choose schedules with.
///
/// # Errors
/// [`DataError::TooFewImages`] for a class (below the highest label) with fewer images than both together.
pub fn hold_out(
    set: &ImageSet,
    train_per_class: usize,
    held_per_class: usize,
) -> Result<(ImageSet, ImageSet), DataError> {
    let expected = train_per_class.saturating_add(held_per_class);
    for (class, &got) in set.class_counts(0).iter().enumerate() {
        if got < expected {
            return Err(DataError::TooFewImages { class: class as u16, name: None, expected, got });
        }
    }
    let places = places(set);
    let between = |from: usize, to: usize| {
        set.select(&(0..set.len()).filter(|&index| (from..to).contains(&places[index])).collect::<Vec<_>>())
    };
    Ok((between(0, train_per_class)?, between(train_per_class, expected)?))
}

/// Two disjoint sets, each in the order of the original: of every class all images but the last `held_per_class` to
/// train on, and those to choose schedules with. Classes may differ in size.
///
/// # Errors
/// [`DataError::TooFewImages`] for a class (below the highest label) that would keep no image to train on.
pub fn hold_out_last(set: &ImageSet, held_per_class: usize) -> Result<(ImageSet, ImageSet), DataError> {
    let counts = set.class_counts(0);
    let expected = held_per_class.saturating_add(1);
    for (class, &got) in counts.iter().enumerate() {
        if got < expected {
            return Err(DataError::TooFewImages { class: class as u16, name: None, expected, got });
        }
    }
    let places = places(set);
    let trained = |&index: &usize| places[index] < counts[usize::from(set.labels[index])] - held_per_class;
    let (train, held): (Vec<usize>, Vec<usize>) = (0..set.len()).partition(trained);
    Ok((set.select(&train)?, set.select(&held)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set() -> ImageSet {
        ImageSet::new(1, 1, 1, (0..8).collect(), vec![1, 0, 1, 1, 0, 0, 1, 0]).unwrap()
    }

    #[test]
    fn the_first_of_each_class_stay_in_their_order() {
        let first = first_per_class(&set(), 2).unwrap();
        assert_eq!((first.pixels, first.labels), (vec![0, 1, 2, 4], vec![1, 0, 1, 0]));
        assert_eq!(first_per_class(&set(), 100).unwrap(), set());
        assert!(first_per_class(&set(), 0).unwrap().is_empty());
    }

    #[test]
    fn the_first_spread_evenly_are_as_many_of_each_class_but_for_the_last_round() {
        let evenly = |count| first_evenly(&set(), count).unwrap();
        assert_eq!((evenly(3).pixels, evenly(3).labels), (vec![0, 1, 4], vec![1, 0, 0]));
        assert_eq!(evenly(4), first_per_class(&set(), 2).unwrap());
        assert_eq!((evenly(8), evenly(100)), (set(), set()));
    }

    #[test]
    fn drawn_images_are_as_many_of_each_class_nested_and_another_stream_draws_others() {
        let set = ImageSet::new(1, 1, 1, (0..200).collect(), (0..200).map(|i| i % 2).collect()).unwrap();
        let draw = |per_class, name: &str| drawn_per_class(&set, per_class, Stream::named(name)).unwrap();
        let (ten, fifty) = (draw(10, "a"), draw(50, "a"));
        assert_eq!((ten.class_counts(2), fifty.class_counts(2)), (vec![10, 10], vec![50, 50]));
        assert!(ten.pixels.iter().all(|pixel| fifty.pixels.contains(pixel)));
        assert!(ten.pixels.is_sorted() && ten.pixels != first_per_class(&set, 10).unwrap().pixels);
        assert_ne!(ten, draw(10, "b"));
        assert_eq!(draw(1000, "a"), set);
    }

    #[test]
    fn held_out_images_follow_the_training_images_and_are_none_of_them() {
        let (train, held) = hold_out(&set(), 2, 1).unwrap();
        assert_eq!(train.pixels, [0, 1, 2, 4]);
        assert_eq!((held.pixels, held.labels), (vec![3, 5], vec![1, 0]));
    }

    #[test]
    fn the_last_of_each_class_are_held_out_and_all_others_trained_on_whatever_their_number() {
        let uneven = ImageSet::new(1, 1, 1, (0..7).collect(), vec![1, 0, 1, 1, 0, 1, 1]).unwrap();
        let (train, held) = hold_out_last(&uneven, 1).unwrap();
        assert_eq!((train.pixels, train.labels), (vec![0, 1, 2, 3, 5], vec![1, 0, 1, 1, 1]));
        assert_eq!((held.pixels, held.labels), (vec![4, 6], vec![0, 1]));
        assert!(matches!(
            hold_out_last(&uneven, 2),
            Err(DataError::TooFewImages { class: 0, expected: 3, got: 2, .. })
        ));
        // Where all classes are of one size it is the same as naming the number.
        assert_eq!(hold_out_last(&set(), 1).unwrap(), hold_out(&set(), 3, 1).unwrap());
    }

    #[test]
    fn a_class_with_too_few_images_is_named() {
        let error = hold_out(&set(), 3, 2).unwrap_err();
        assert!(matches!(error, DataError::TooFewImages { class: 0, expected: 5, got: 4, .. }), "{error}");
        assert!(hold_out(&set(), usize::MAX, 1).is_err());
        let gap = ImageSet::new(1, 1, 1, vec![0, 1], vec![0, 2]).unwrap();
        assert!(matches!(hold_out(&gap, 1, 0), Err(DataError::TooFewImages { class: 1, got: 0, .. })));
    }
}
