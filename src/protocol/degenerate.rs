//! Studies that would end in numbers without meaning, refused before anything is trained: halves of one class, classes
//! without images, nothing to evaluate on, two splits of one partition.

use super::{Experiment, ProtocolError, half_key::HalfKey, split_classes};
use crate::{
    data::{DataError, Dataset, ImageSet, Split},
    train::TrainError,
};
use std::collections::HashMap;

/// The fewest classes of a task: of one class every network scores 100 % whatever it learns.
const FEWEST: usize = 2;

/// How many seeds are looked through for one that can stand for another.
const SEEDS: u32 = 1000;

/// Names classes for people, at most ten of them.
fn named(names: &[&String]) -> String {
    let shown: Vec<String> = names.iter().take(10).map(|name| format!("{name:?}")).collect();
    let rest = names.len().saturating_sub(10);
    if rest == 0 { shown.join(", ") } else { format!("{} and {rest} more", shown.join(", ")) }
}

/// The names of the classes of which a set has no image.
fn without<'a>(set: &ImageSet, class_names: &'a [String]) -> Vec<&'a String> {
    let counts = set.class_counts(class_names.len());
    class_names.iter().zip(counts).filter(|(_, count)| *count == 0).map(|(name, _)| name).collect()
}

/// Refuses a task that cannot be learned or measured.
///
/// # Errors
/// [`DataError::Degenerate`] for fewer than two classes and for classes without a training image.
pub fn task(what: &str, data: &Dataset) -> Result<(), DataError> {
    let refuse = |reason| Err(DataError::Degenerate { what: what.into(), reason });
    if data.classes() < FEWEST {
        let names: Vec<&String> = data.class_names.iter().collect();
        return refuse(format!(
            "it has {} class, {}, so that every network would score 100 %; a task needs at least {FEWEST} classes, and \
             a data set whose classes are halved at least {}",
            data.classes(),
            named(&names),
            2 * FEWEST
        ));
    }
    let empty = without(&data.train, &data.class_names);
    if !empty.is_empty() {
        return refuse(format!(
            "there is no training image of {}, so that nothing would train their outputs; add images, or leave the \
             classes out with protocol.split = \"listed\"",
            named(&empty)
        ));
    }
    Ok(())
}

/// Refuses an empty set of images for evaluation.
///
/// # Errors
/// [`DataError::Degenerate`].
pub fn evaluated(what: &str, images: &ImageSet) -> Result<(), DataError> {
    if !images.is_empty() {
        return Ok(());
    }
    let reason = "there is no image of its classes to evaluate on; draw a test part (in a study data.test_fraction = \
        0.2, else --test-fraction 0.2), add one, or in a study evaluate on images held out of training \
                  (data.evaluate_on = \"held-out\", data.held_out_per_class above 0)";
    Err(DataError::Degenerate { what: what.into(), reason: reason.into() })
}

/// What a reader should know of images for evaluation that leave classes out: accuracies are those of the others.
pub(super) fn not_evaluated(what: &str, images: &ImageSet, class_names: &[String]) -> Option<String> {
    let missing = without(images, class_names);
    (!missing.is_empty()).then(|| format!("{what}: no image of {} to evaluate on", named(&missing)))
}

/// How messages call a half.
pub(super) fn half_name(data: &str, key: &HalfKey) -> String {
    format!("{data}: half {key} of split {}", key.split)
}

/// Refuses a net with fewer outputs than a half has classes.
pub(super) fn outputs(experiment: &Experiment, classes: usize) -> Result<(), ProtocolError> {
    let outputs = experiment.net.outputs;
    if outputs == 0 || outputs >= classes {
        return Ok(());
    }
    Err(TrainError::Label { label: outputs as u32, classes: outputs }.into())
}

/// Refuses two seeds that halve the classes in the same way, whichever half is called A: their networks solve the same
/// tasks, and would count as if they said something about others.
///
/// # Errors
/// [`ProtocolError::Value`], with a seed to take instead.
pub(super) fn same_partitions(
    experiment: &Experiment,
    data: &Dataset,
    other: Option<&Dataset>,
    seeds: impl IntoIterator<Item = u32>,
) -> Result<(), ProtocolError> {
    // Whichever half is called A: the first list stands for the smaller one.
    let partition = |Split { a, b }: Split| if a <= b { (a, b) } else { (b, a) };
    let mut seen = HashMap::new();
    for seed in seeds {
        let split = partition(split_classes::classes(experiment, data, other, seed)?);
        let Some(first) = seen.get(&split) else {
            seen.insert(split, seed);
            continue;
        };
        let fresh = (0..SEEDS).find(|&candidate| {
            split_classes::classes(experiment, data, other, candidate)
                .is_ok_and(|split| !seen.contains_key(&partition(split)))
        });
        let instead = match fresh {
            Some(fresh) => format!("seed {fresh} gives other halves"),
            None => format!("none of the seeds below {SEEDS} gives other halves; raise protocol.replicates instead"),
        };
        return Err(ProtocolError::Value {
            experiment: experiment.name.clone(),
            key: "protocol.splits",
            expected: format!("seeds that give different halves ({instead})"),
            got: format!("{first} and {seed}, which give the same halves of {} classes", data.classes()),
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(classes: u16) -> Dataset {
        let images = ImageSet::new(1, 1, 1, vec![0; usize::from(classes)], (0..classes).collect()).unwrap();
        let names = (0..classes).map(|class| format!("class {class}")).collect();
        Dataset::new("x", names, images.clone(), images).unwrap()
    }

    #[test]
    fn of_all_pairs_of_seeds_those_of_one_partition_are_refused_whichever_half_is_a() {
        let (experiment, data) = (Experiment::find("default", &[]).unwrap(), data(4));
        let splits: Vec<Split> =
            (0..12).map(|seed| split_classes::classes(&experiment, &data, None, seed).unwrap()).collect();
        let mut pairs = HashMap::new();
        for (one, left) in splits.iter().enumerate() {
            for (other, right) in splits.iter().enumerate().skip(one + 1) {
                let kind = if left == right {
                    "equal"
                } else if left.a == right.b {
                    "swapped"
                } else {
                    "different"
                };
                *pairs.entry(kind).or_insert(0) += 1;
                let result = same_partitions(&experiment, &data, None, [one as u32, other as u32]);
                assert_eq!(result.is_ok(), kind == "different", "{one} and {other} are {kind}");
            }
        }
        assert_eq!(pairs.len(), 3, "every kind of pair is among them: {pairs:?}");
        // Four classes have three partitions: nothing is left to propose.
        let error = same_partitions(&experiment, &data, None, 0..12).unwrap_err().to_string();
        assert!(error.contains("which give the same halves of 4 classes"), "{error}");
    }

    #[test]
    fn seeds_5_and_24_give_the_same_halves_of_ten_classes() {
        let (experiment, data) = (Experiment::find("default", &[]).unwrap(), data(10));
        assert!(same_partitions(&experiment, &data, None, 0..10).is_ok());
        let error = same_partitions(&experiment, &data, None, [5, 7, 24]).unwrap_err().to_string();
        assert!(error.contains("5 and 24") && error.contains("seed 0 gives other halves"), "{error}");
    }

    #[test]
    fn what_is_missing_is_named_with_its_classes() {
        let images = ImageSet::new(1, 1, 1, vec![0; 2], vec![0, 2]).unwrap();
        let names: Vec<String> = ["cup", "dog", "fox"].map(String::from).into();
        let gap = Dataset::new("x", names, images.clone(), images.clone()).unwrap();
        let error = task("x: half A", &gap).unwrap_err().to_string();
        assert!(error.starts_with("x: half A: ") && error.contains("no training image of \"dog\""), "{error}");
        assert!(task("x", &data(1)).unwrap_err().to_string().contains("1 class, \"class 0\""));
        assert!(task("x", &data(2)).is_ok() && evaluated("x", &images).is_ok());
        assert!(evaluated("x", &images.select(&[]).unwrap()).is_err());
    }
}
