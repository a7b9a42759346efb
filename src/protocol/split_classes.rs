//! The classes of the two halves of a split.

use super::{
    Experiment, Half, Halving, ProtocolError, distance,
    half_key::HalfKey,
    task::{Images, Task},
};
use crate::data::{Dataset, Source, Split, natural, split};
use std::path::Path;

/// The two halves of the split of a seed; `other` is there where A and B are two data sets.
///
/// # Errors
/// A halving that the data set does not have; more classes asked for than there are.
pub(super) fn tasks(
    experiment: &Experiment,
    data: &Dataset,
    other: Option<&Dataset>,
    seed: u32,
) -> Result<[Task; 2], ProtocolError> {
    let Split { a, b } = classes(experiment, data, other, seed)?;
    let key = |half| HalfKey { split: seed, half, source_task: None };
    let a = Task::new(key(Half::A), Images::Data, a);
    let b = match other {
        None => Task::new(key(Half::B), Images::Data, b),
        Some(_) => {
            let own = b.into_iter().map(|class| class - data.classes() as u16).collect();
            Task::new(key(Half::B), Images::Other, own)
        }
    };
    Ok([a, b])
}

/// The classes of both halves. Of two data sets both count their classes from 0; B's follow A's here.
///
/// # Errors
/// As [`tasks`].
pub(super) fn classes(
    experiment: &Experiment,
    data: &Dataset,
    other: Option<&Dataset>,
    seed: u32,
) -> Result<Split, ProtocolError> {
    if experiment.protocol.split == Halving::Distance {
        // Two splits differ by their targets, whatever A is.
        return Ok(Split { a: Vec::new(), b: distance::target(experiment, data, seed)? });
    }
    let classes = match other {
        None => of_one(experiment, data, seed)?,
        Some(other) => {
            let (of_a, of_b) = (data.classes() as u16, other.classes() as u16);
            Split::new((0..of_a).collect(), (of_a..of_a + of_b).collect())?
        }
    };
    match experiment.protocol.classes_per_half {
        0 => Ok(classes),
        per_half => Ok(split::drawn(&classes, per_half, seed)?),
    }
}

/// The halves of one data set's classes.
fn of_one(experiment: &Experiment, data: &Dataset, seed: u32) -> Result<Split, ProtocolError> {
    let source = experiment.data.source;
    let none = |expected: &str| ProtocolError::Value {
        experiment: experiment.name.clone(),
        key: "protocol.split",
        expected: expected.into(),
        got: format!("{:?} with data.source = \"{source}\"", experiment.protocol.split.name()),
    };
    Ok(match experiment.protocol.split {
        Halving::Random => split::random_halves(data.classes() as u16, seed)?,
        Halving::Listed => split::from_file(Path::new(&experiment.protocol.split_file), &data.class_names)?,
        Halving::ManMadeNaturalBalanced if source == Source::Cifar100 => natural::cifar100_balanced(),
        Halving::ManMadeNaturalBalanced => return Err(none("another halving: only cifar100 has a balanced one")),
        Halving::ManMadeNatural | Halving::TwoDataSets | Halving::Distance => {
            source.man_made_and_natural(&data.class_names)?.ok_or_else(|| {
                none(
                    "another halving: man-made and natural are known of cifar10, cifar100 and classes named by \
                     ImageNet's identifiers; write a file of classes and halves, and use \"listed\"",
                )
            })?
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        data::ImageSet,
        protocol::{default_experiment::experiment, source::Sets},
    };

    fn halves(experiment: &Experiment, sets: &Sets, seed: u32) -> Result<[Dataset; 2], ProtocolError> {
        let [a, b] = tasks(experiment, &sets.data, sets.other.as_ref(), seed)?;
        Ok([a.dataset(sets)?, b.dataset(sets)?])
    }

    fn set(name: &str, classes: &[&str], first: u8) -> Dataset {
        let labels: Vec<u16> = (0..classes.len() as u16).collect();
        let pixels = labels.iter().map(|&label| first + label as u8).collect();
        let images = ImageSet::new(1, 1, 1, pixels, labels).unwrap();
        Dataset::new(name, classes.iter().map(ToString::to_string).collect(), images.clone(), images).unwrap()
    }

    #[test]
    fn of_two_data_sets_each_is_a_half_with_labels_of_its_own() {
        let two = experiment(&["protocol.split=two-data-sets", "data.other_source=noise", "protocol.splits=[0]"]);
        let sets = Sets { data: set("one", &["a", "b", "c"], 10), other: Some(set("other", &["x", "y"], 50)) };
        let [a, b] = halves(&two, &sets, 0).unwrap();
        assert_eq!((a.class_names.len(), b.class_names.clone()), (3, vec!["x".to_string(), "y".into()]));
        assert_eq!((a.train.pixels, b.train.pixels), (vec![10, 11, 12], vec![50, 51]));
        assert_eq!(b.train.labels, [0, 1]);

        let drawn = Experiment {
            protocol: crate::protocol::experiment::Protocol { classes_per_half: 2, ..two.protocol.clone() },
            ..two
        };
        let [a, b] = halves(&drawn, &sets, 1).unwrap();
        assert_eq!((a.classes(), b.classes(), &b.train.labels[..]), (2, 2, &[0, 1][..]));
        assert!(a.train.pixels.iter().all(|&pixel| pixel < 50) && b.train.pixels == [50, 51]);
    }

    #[test]
    fn folders_of_imagenets_identifiers_are_halved_by_the_authors_lists() {
        let natural = experiment(&["protocol.split=man-made-natural", "protocol.splits=[0]"]);
        // An abacus, a goldfish, a tench and a street sign, in the order of their identifiers.
        let images = set("folder", &["n01440764", "n01443537", "n02666196", "n06794110"], 0);
        let [a, b] = halves(&natural, &Sets { data: images, other: None }, 0).unwrap();
        assert_eq!(
            (a.class_names, b.class_names),
            (vec!["n02666196".to_string(), "n06794110".into()], vec!["n01440764".to_string(), "n01443537".into()],)
        );
        let strange = Sets { data: set("folder", &["cat", "cup"], 0), other: None };
        let error = halves(&natural, &strange, 0).unwrap_err().to_string();
        assert!(error.contains("listed"), "{error}");
    }
}
