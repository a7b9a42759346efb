//! Halves of one size: as many steps on fewer images are more passes over each, so that a difference between two
//! halves of different size would be one of training, not of their tasks.

use super::{Experiment, ProtocolError, part::Part, unequal::Unequal};
use crate::data::subset;

/// Halves whose sizes differ by no more than one part in so many count as equal: the authors' random halves of
/// ImageNet, whose classes differ in size, are within a fourth of that.
const ALIKE: usize = 100;

/// Makes the training images of the halves of one split as many, or refuses them.
///
/// # Errors
/// Halves of different size, where that is neither balanced nor allowed.
pub(super) fn balance(experiment: &Experiment, split: u32, halves: &mut [Part]) -> Result<(), ProtocolError> {
    let sizes = || halves.iter().map(|half| half.train.len());
    let (Some(least), Some(most)) = (sizes().min(), sizes().max()) else { return Ok(()) };
    match experiment.data.unequal_halves {
        Unequal::Balanced => {
            for half in halves.iter_mut().filter(|half| half.train.len() > least) {
                half.train = subset::first_evenly(&half.train, least)?;
            }
            Ok(())
        }
        Unequal::Refused if (most - least) * ALIKE > most => {
            let counts: Vec<String> =
                halves.iter().map(|half| format!("{} on {}", half.key, half.train.len())).collect();
            let expected = "\"balanced\" (as many images of each half as the smallest has), \"allowed\", or halves of \
                one size, as protocol.classes_per_half draws them where classes are of one size";
            Err(ProtocolError::Value {
                experiment: experiment.name.clone(),
                key: "data.unequal_halves",
                expected: expected.into(),
                got: format!(
                    "\"refused\", and split {split} would train {} images in as many steps",
                    counts.join(", ")
                ),
            })
        }
        Unequal::Refused | Unequal::Allowed => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        data::ImageSet,
        protocol::{Half, half_key::HalfKey},
    };

    /// A half whose classes have these numbers of images, one class after the other.
    fn part(half: Half, counts: &[usize]) -> Part {
        let labels: Vec<u16> = (0..).zip(counts).flat_map(|(class, &count)| vec![class; count]).collect();
        let train = ImageSet::new(1, 1, 1, (0..labels.len()).map(|at| at as u8).collect(), labels).unwrap();
        let class_names = counts.iter().map(ToString::to_string).collect();
        let key = HalfKey { split: 0, half, source_task: None };
        Part { key, name: String::new(), evaluate: train.clone(), held_out: None, train, class_names }
    }

    fn balanced(unequal: &str, a: &[usize], b: &[usize]) -> Result<[Vec<usize>; 2], String> {
        let overrides = [format!("data.unequal_halves={unequal}")];
        let experiment = Experiment::find("default", &overrides).unwrap();
        let mut parts = [part(Half::A, a), part(Half::B, b)];
        balance(&experiment, 0, &mut parts).map_err(|error| error.to_string())?;
        Ok(parts.map(|part| part.train.class_counts(0)))
    }

    #[test]
    fn unequal_halves_are_refused_with_both_numbers_and_what_to_say() {
        let error = balanced("refused", &[30, 30], &[50, 20]).unwrap_err();
        for word in ["A on 60", "B on 70", "\"balanced\"", "\"allowed\"", "classes_per_half"] {
            assert!(error.contains(word), "{error}");
        }
        assert_eq!(balanced("allowed", &[30, 30], &[50, 20]).unwrap(), [[30, 30], [50, 20]]);
        // Equal ones, and those that differ by one image in a hundred, stay as they are.
        assert_eq!(balanced("refused", &[50, 50], &[50, 49]).unwrap(), [[50, 50], [50, 49]]);
        assert!(balanced("refused", &[50, 50], &[50, 48]).is_err());
    }

    #[test]
    fn balanced_halves_have_as_many_images_spread_evenly_over_their_classes() {
        assert_eq!(balanced("balanced", &[8, 8], &[9, 9, 9]).unwrap(), [vec![8, 8], vec![6, 5, 5]]);
        // A class that has no more gives what it has.
        assert_eq!(balanced("balanced", &[10, 10], &[2, 30]).unwrap(), [[10, 10], [2, 18]]);
    }
}
