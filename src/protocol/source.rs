//! The images of an experiment: its data set, halved, with training, held-out and test parts.

use super::{Experiment, Half, ProtocolError, image_files};
use crate::data::{self, Dataset, ImageSet, cifar, fashion, idx, mean, natural, split, subset};
use std::{collections::BTreeMap, path::Path};

/// One half of one split, ready to train on.
#[derive(Clone, Debug)]
pub struct HalfData {
    /// Training images.
    pub train: ImageSet,
    /// What networks are evaluated on.
    pub evaluate: ImageSet,
    /// The mean of the training images, `[h][w][c]`.
    pub mean: Vec<f32>,
    /// Classes.
    pub classes: usize,
    /// Their names, in the order of the labels.
    pub class_names: Vec<String>,
    /// The digest of everything above.
    pub digest: String,
}

/// All halves of an experiment, by split and half.
#[derive(Clone, Debug)]
pub struct Halves {
    /// The halves.
    pub halves: BTreeMap<(u32, Half), HalfData>,
    /// The data set in words.
    pub name: String,
}

/// Loads an experiment's data set.
///
/// # Errors
/// An unknown source, a missing path, files that are missing or damaged.
pub fn load(experiment: &Experiment) -> Result<Dataset, ProtocolError> {
    let data = &experiment.data;
    let path = Path::new(&data.path);
    let value = |key, expected: &str, got: String| ProtocolError::Value {
        experiment: experiment.name.clone(),
        key,
        expected: expected.into(),
        got,
    };
    if data.source != "fashion-mnist" && data.path.is_empty() {
        let expected = "the folder of the data set's files; give it with --set data.path=DIR";
        return Err(value("data.path", expected, "empty".into()));
    }
    Ok(match data.source.as_str() {
        "fashion-mnist" if data.path.is_empty() => fashion::embedded()?,
        "fashion-mnist" => fashion::load_fashion_folder(path)?,
        "idx" => idx::load_idx_folder(path)?,
        "cifar10" => cifar::load_cifar(path, &cifar::CIFAR10)?,
        "cifar100" => cifar::load_cifar(path, &cifar::CIFAR100_FINE)?,
        "folder" => image_files::folder(path, experiment)?,
        "packed" => image_files::packed(path)?,
        other => {
            let expected = "\"fashion-mnist\", \"idx\", \"cifar10\", \"cifar100\", \"folder\" or \"packed\"";
            return Err(value("data.source", expected, format!("{other:?}")));
        }
    })
}

impl Halves {
    /// Splits the classes, cuts the training images, and computes each half's own mean:
    /// nothing is computed over the other half or over test images.
    ///
    /// # Errors
    /// Too few images of a class, a split that the data set does not have.
    pub fn of(experiment: &Experiment) -> Result<Self, ProtocolError> {
        let dataset = load(experiment)?;
        let mut halves = BTreeMap::new();
        for &seed in &experiment.protocol.splits {
            let split = match experiment.protocol.split.as_str() {
                "random" => split::random_halves(dataset.class_names.len() as u16, seed)?,
                _ => natural_split(experiment)?,
            };
            for (half, classes) in [(Half::A, &split.a), (Half::B, &split.b)] {
                halves.insert((seed, half), one_half(experiment, &split::half(&dataset, classes)?)?);
            }
        }
        Ok(Self { halves, name: dataset.name })
    }
}

fn natural_split(experiment: &Experiment) -> Result<data::Split, ProtocolError> {
    Ok(match experiment.data.source.as_str() {
        "cifar10" => natural::cifar10(),
        "cifar100" => natural::cifar100(),
        other => {
            return Err(ProtocolError::Value {
                experiment: experiment.name.clone(),
                key: "protocol.split",
                expected: "\"random\": only cifar10 and cifar100 have man-made and natural classes".into(),
                got: format!("\"man-made-natural\" with data.source = {other:?}"),
            });
        }
    })
}

fn one_half(experiment: &Experiment, half: &Dataset) -> Result<HalfData, ProtocolError> {
    let data = &experiment.data;
    let (train, held) = match (data.train_per_class, data.held_out_per_class) {
        (0, 0) => (half.train.clone(), None),
        (0, held) => {
            // All but the held-out images of the smallest class are trained on.
            let counts = half.train.class_counts(half.class_names.len());
            let smallest = counts.iter().copied().min().unwrap_or(0);
            let (train, held) = subset::hold_out(&half.train, smallest.saturating_sub(held), held)?;
            (train, Some(held))
        }
        (train, held) => {
            let (train, held) = subset::hold_out(&half.train, train, held)?;
            (train, Some(held))
        }
    };
    let evaluate = match (data.evaluate_on.as_str(), held) {
        ("held-out", Some(held)) => held,
        _ if data.test_per_class > 0 => subset::first_per_class(&half.test, data.test_per_class)?,
        _ => half.test.clone(),
    };
    let mean = mean::mean_image(&train)?;
    let digest = crate::host::digest::hex(format!("{} {}", train.digest(), evaluate.digest()).as_bytes());
    let class_names = half.class_names.clone();
    Ok(HalfData { train, evaluate, mean, classes: class_names.len(), class_names, digest })
}
