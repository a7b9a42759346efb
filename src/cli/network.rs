//! A network of a weights file and the images that it is used on.

use super::{
    DeviceArgs, PrecisionArgs, at_least_one,
    files::{FilesArgs, source_or_path},
    one_of,
    output::note,
};
use crate::{
    data::{
        DataError, Dataset, ImageSet, Source,
        fit::{Fit, fit},
    },
    train::WeightsFile,
};
use anyhow::{Result, bail};
use clap::{Args, ValueEnum};
use std::path::PathBuf;

#[derive(Args, Debug)]
pub struct NetworkArgs {
    /// Use the network of this weights file, which `strata train` or a run directory wrote
    #[arg(allow_hyphen_values = true)]
    pub weights: PathBuf,
    #[arg(long, value_name = "SOURCE|PATH", allow_hyphen_values = true,
        help = format!("Use this data source ({}), or this folder of images or packed file", Source::ALL.map(Source::name).join(", ")))]
    pub data: String,
    /// Read the data source's files from this folder, or this packed file
    #[arg(long, value_name = "PATH", allow_hyphen_values = true)]
    pub data_path: Option<PathBuf>,
    /// Use this part of the data set (default: test, or all where the set has no test part)
    #[arg(long, value_enum)]
    pub part: Option<Part>,
    /// Fit images of another shape to those of training in this way (default: as in training)
    #[arg(long, value_parser = one_of(Fit::ALL, Fit::name, Fit::sees))]
    pub fit: Option<Fit>,
    #[command(flatten)]
    files: FilesArgs,
    /// Compute this many images at once
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = at_least_one::<usize>())]
    pub batch_size: usize,
    #[command(flatten)]
    pub device: DeviceArgs,
    #[command(flatten)]
    pub precision: PrecisionArgs,
}

/// A part of a data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Part {
    /// The test images.
    Test,
    /// The training images.
    Train,
    /// Both.
    All,
}

/// Images with labels that are outputs of a network.
pub struct Labelled {
    /// The data set's name.
    pub name: String,
    /// The images.
    pub set: ImageSet,
}

impl NetworkArgs {
    /// The images of the data set that the network has classes for, as it saw those of its training.
    ///
    /// # Errors
    /// Data that are missing or damaged, or that do not fit the network; no class in common.
    pub fn images(&self, file: &WeightsFile) -> Result<Labelled> {
        let dataset = self.load(file)?;
        let labels = labels(file, &dataset)?;
        let Dataset { name, train, test, .. } = dataset;
        let part = match self.part {
            Some(part) => part,
            None if test.is_empty() => {
                note!("{name} has no test part: all its images are used");
                Part::All
            }
            None => Part::Test,
        };
        let sets = match part {
            Part::Test => vec![test],
            Part::Train => vec![train],
            Part::All => vec![train, test],
        };
        let mut sets = sets.into_iter().map(|set| relabelled(&set, &labels)).collect::<Result<Vec<_>, _>>()?;
        let [height, width, channels] = file.preprocessing.normalisation.shape();
        let set = match (sets.len(), sets.pop()) {
            (1, Some(set)) => set,
            (_, last) => {
                // Those of a packed store are copied here: there is no set of two parts.
                let all: Vec<ImageSet> = sets.into_iter().chain(last).collect();
                let pixels = all.iter().flat_map(ImageSet::images).flatten().copied().collect();
                let labels = all.iter().flat_map(|set| set.labels.iter().copied()).collect();
                ImageSet::new(height, width, channels, pixels, labels)?
            }
        };
        set.verify()?;
        if set.is_empty() {
            bail!(DataError::NoImages);
        }
        Ok(Labelled { name, set })
    }

    /// The data set with images of the shape that the network was trained on.
    fn load(&self, file: &WeightsFile) -> Result<Dataset> {
        let shape = file.preprocessing.normalisation.shape();
        let how = self.fit.unwrap_or(file.preprocessing.fit);
        let (source, path) = source_or_path(&self.data, self.data_path.as_deref())?;
        let dataset = self.files.drawn(source.load(path, shape, self.files.on_bad_image)?)?;
        dataset.taken.iter().for_each(|line| note!("{line}"));
        let dataset = fit(dataset, shape, how)?;
        if dataset.train.shape() != shape {
            let (name, got) = (dataset.name, dataset.train.shape());
            let reason = "the network was trained on the other shape; give --fit resize or --fit pad";
            bail!(DataError::NoFit { name, expected: shape, got, reason });
        }
        Ok(dataset)
    }
}

/// The output of the network for each class of a data set, by name; none where it has no such class.
fn labels(file: &WeightsFile, dataset: &Dataset) -> Result<Vec<Option<u16>>> {
    let output = |name: &String| file.classes.iter().position(|class| class == name).map(|output| output as u16);
    let labels: Vec<Option<u16>> = dataset.class_names.iter().map(output).collect();
    let listed = |names: &[&String]| {
        let shown: Vec<&str> = names.iter().take(10).map(|name| name.as_str()).collect();
        let rest = names.len() - shown.len();
        if rest == 0 { shown.join(", ") } else { format!("{} and {rest} more", shown.join(", ")) }
    };
    if labels.iter().all(Option::is_none) {
        bail!(DataError::Degenerate {
            what: dataset.name.clone(),
            reason: format!(
                "none of its classes ({}) is one of the network's ({}); classes are matched by name",
                listed(&dataset.class_names.iter().collect::<Vec<_>>()),
                listed(&file.classes.iter().collect::<Vec<_>>())
            ),
        });
    }
    let left: Vec<&String> =
        dataset.class_names.iter().zip(&labels).filter(|(_, label)| label.is_none()).map(|(name, _)| name).collect();
    if !left.is_empty() {
        note!("left out, because the network has no such classes: {}", listed(&left));
    }
    Ok(labels)
}

/// The images of classes that have a label, with that label.
fn relabelled(set: &ImageSet, labels: &[Option<u16>]) -> Result<ImageSet, DataError> {
    let label = |index: &usize| labels.get(usize::from(set.labels[*index])).copied().flatten();
    let kept: Vec<usize> = (0..set.len()).filter(|index| label(index).is_some()).collect();
    let mut chosen = set.select(&kept)?;
    chosen.labels = kept.iter().filter_map(label).collect();
    Ok(chosen)
}
