//! Experiments: what is compared, on which data, with which schedule.

use super::{Arm, Half, Halving, Judging, ProtocolError, SourceTask, net_choice::NetChoice, unequal::Unequal};
use crate::{
    data::{
        DataError, ImageSet, Normalisation, OnBad, Source,
        fit::Fit,
        normalisation::{Mean, Std},
        region::Regions,
        test_part::TestPart,
    },
    nn::Input,
    train::{Reading, Solver, batches::Augmentation},
};
use serde::{Deserialize, Deserializer, Serialize, de};
use std::collections::BTreeMap;

/// A resolved experiment.
///
/// A key that is added later needs `#[serde(default)]` and a default that means what was done before, which must
/// never change: networks made without the key then stay valid (see [`super::settings`]).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Experiment {
    /// The name, which is that of its run directory.
    pub name: String,
    /// What it is for, in a sentence.
    pub description: String,
    /// The number from which all streams derive.
    pub seed: u64,
    /// The data.
    pub data: Data,
    /// The net.
    pub net: NetChoice,
    /// Splits, arms and replicates.
    pub protocol: Protocol,
    /// The schedule of every network. In a file, `max_epochs`, `stepsize_epochs`, `stepvalue_epochs` and
    /// `warmup_epochs` may stand for `max_iter`, `stepsize`, `stepvalue` and `warmup_iter`; see [`super::resolve`].
    pub solver: Solver,
    /// How the report judges; no network depends on it.
    #[serde(default, skip_serializing_if = "Judging::is_usual")]
    pub report: Judging,
}

/// The steps of a network that `--quick` cuts down.
const QUICK_STEPS: u64 = 10;

/// The data of an experiment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Data {
    /// What reads the images.
    pub source: Source,
    /// The folder of the files, or the packed file; empty for the embedded set and noise. Best given with
    /// `--set data.path=PATH`.
    pub path: String,
    /// A second data set, which is B where `protocol.split` is `two-data-sets`, and the source `other-data` where it is
    /// `distance`; else empty or left out.
    #[serde(default, deserialize_with = "unless_empty", skip_serializing_if = "Option::is_none")]
    pub other_source: Option<Source>,
    /// The files of the second data set.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub other_path: String,
    /// How images of another shape become the net's input: `exact` (not at all), `resize` or `pad`. Gray becomes three
    /// equal channels, colours become gray.
    #[serde(default, skip_serializing_if = "is_usual")]
    pub fit: Fit,
    /// Training images of each class: the first ones of the set, or all where it is 0.
    pub train_per_class: usize,
    /// Images of each class after these, held out to choose schedules on.
    pub held_out_per_class: usize,
    /// Test images of each class: the first ones of the set, or all where it is 0.
    pub test_per_class: usize,
    /// What networks are evaluated on: `test`, or `held-out` while a schedule is being chosen.
    pub evaluate_on: String,
    /// The share of each class that is drawn as the test part of a data set without one; 0 draws none.
    #[serde(default, skip_serializing_if = "is_usual")]
    pub test_fraction: f64,
    /// What the test part is drawn by.
    #[serde(default, skip_serializing_if = "is_usual")]
    pub test_seed: u64,
    /// What happens to an image of a folder that cannot be decoded: `fail` or `skip`.
    #[serde(default, skip_serializing_if = "is_usual")]
    pub on_bad_image: OnBad,
    /// What is subtracted from pixels: `image`, the mean image of the source's training half; `channel`, the mean of
    /// each channel over it; or one number per channel, in the units of the bytes, 0 to 255 (torchvision's times 255).
    #[serde(default, skip_serializing_if = "is_usual")]
    pub mean: Mean,
    /// What the difference is divided by: `none`; `channel`, the standard deviation of each channel over the source's
    /// training half; or one number per channel, in the units of the bytes. It needs a `mean` of channels, and `scale` 1.
    #[serde(default, skip_serializing_if = "is_usual")]
    pub std: Std,
    /// What becomes of halves that differ in their number of training images: `refused`, `balanced` or `allowed`. What
    /// networks become of it shows in the digest of their images.
    #[serde(default, skip_serializing_if = "Unequal::is_refused")]
    pub unequal_halves: Unequal,
    /// Whose training images' statistics (`mean`, `std`) a transfer network takes: its `source`'s, as the authors' did,
    /// or its `target`'s. An experiment that does not say takes the target's where A and B are different data sets (see
    /// [`Experiment::find`]); a resolved one that does not say was made when there was the source's only.
    #[serde(default)]
    pub mean_of: MeanOf,
    /// What a pixel's difference to the mean is multiplied with.
    pub scale: f64,
    /// `none`, `crop`, `crop-and-mirror`, `resized-crop` or `resized-crop-and-mirror`.
    pub augmentation: Augmentation,
    /// Pixels of 0 put around images on each side before anything is subtracted, so that random windows reach into
    /// them: 4 is torchvision's `RandomCrop(32, padding=4)` on images of 32 x 32. Evaluations see the centre.
    #[serde(default, skip_serializing_if = "is_usual")]
    pub augment_padding: usize,
    /// The least and the most of an image's area that a resized region has: torchvision's `RandomResizedCrop(scale=...)`.
    #[serde(default = "usual_scale", skip_serializing_if = "is_usual_scale")]
    pub crop_scale: [f64; 2],
    /// The least and the most of a resized region's width over its height: torchvision's `ratio`.
    #[serde(default = "usual_ratio", skip_serializing_if = "is_usual_ratio")]
    pub crop_ratio: [f64; 2],
    /// Windows of each image where there is augmentation, drawn once and seen in turn from epoch to epoch: a frozen
    /// prefix is then computed once for each. 0 draws a new window every time.
    #[serde(default, skip_serializing_if = "is_usual")]
    pub views: u32,
}

/// Whose mean a transfer network subtracts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MeanOf {
    /// That of the half that its layers come from: the paper's way.
    #[default]
    Source,
    /// That of the half that it is trained on, so that its inputs are centred whatever its layers come from.
    Target,
}

/// The source of a name, and none for an empty one.
fn unless_empty<'de, D: Deserializer<'de>>(value: D) -> Result<Option<Source>, D::Error> {
    let name = String::deserialize(value)?;
    if name.is_empty() { Ok(None) } else { name.parse().map(Some).map_err(de::Error::custom) }
}

const fn usual_scale() -> [f64; 2] {
    Regions::USUAL.scale
}

const fn usual_ratio() -> [f64; 2] {
    Regions::USUAL.ratio
}

fn is_usual_scale(scale: &[f64; 2]) -> bool {
    *scale == Regions::USUAL.scale
}

fn is_usual_ratio(ratio: &[f64; 2]) -> bool {
    *ratio == Regions::USUAL.ratio
}

fn is_usual<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl Data {
    /// Which windows of images become a net's input.
    pub const fn reading(&self) -> Reading {
        let regions = Regions { scale: self.crop_scale, ratio: self.crop_ratio };
        Reading { augmentation: self.augmentation, views: self.views, padding: self.augment_padding, regions }
    }

    /// The test part that is drawn where a data set has none of its own.
    pub fn test_part(&self) -> Option<TestPart> {
        (self.test_fraction > 0.0).then_some(TestPart { fraction: self.test_fraction, seed: self.test_seed })
    }

    /// How the pixels of a training set become numbers.
    ///
    /// # Errors
    /// No images; other channels than there are numbers.
    pub fn normalisation(&self, train: &ImageSet) -> Result<Normalisation, DataError> {
        Normalisation::of(train, &self.mean, &self.std, self.scale)
    }

    /// What a net reads that sees such images.
    pub const fn input(&self, images: &ImageSet) -> Input {
        Input::Images { stored: [images.height, images.width], padding: self.augment_padding }
    }
}

/// What is compared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Protocol {
    /// What A and B are: `random`, `man-made-natural`, `man-made-natural-balanced`, `listed`, `two-data-sets` or
    /// `distance`.
    pub split: Halving,
    /// What A is in turn, where `protocol.split` is `distance` and B stays; else none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<SourceTask>,
    /// The file of a listed split: a class name, a comma, and A or B on each line.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub split_file: String,
    /// Classes of each half, drawn by the split's seed; 0 takes all.
    #[serde(default, skip_serializing_if = "is_usual")]
    pub classes_per_half: usize,
    /// The seeds of the random splits; where nothing is drawn by a seed there is one split.
    pub splits: Vec<u32>,
    /// Networks of each kind on each split.
    pub replicates: u32,
    /// Bases of each half, replicate and split, and as many restarts and bases of double length where there are these
    /// arms. Everything else derives from the first of them; the others make the reference less noisy.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub base_draws: u32,
    /// The values of n, of every arm that `layers_of` does not name.
    pub layers: Vec<usize>,
    /// The arms beside the base.
    pub arms: Vec<Arm>,
    /// Reduced target sets: training images of each class; every network is trained on each of these, too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub train_sizes: Vec<usize>,
    /// Which images are left in reduced sets: `first` (of each class, as the authors did) or `random` (drawn anew for
    /// each split and replicate).
    #[serde(default, skip_serializing_if = "is_usual")]
    pub train_sizes_of: Kept,
    /// Test images of each half on which `reproduce` compares layers when all networks are trained (linear CKA);
    /// 0 means that only `strata similarity` does.
    #[serde(default, skip_serializing_if = "is_usual")]
    pub similarity_images: usize,
    /// Evaluations in one training run, the last one included; fewer where its steps cannot be divided so.
    pub evaluations: u64,
    /// Evaluations of each base, restart and base of double length on the held-out images, the last step's included:
    /// they show whether its schedule has reached a plateau, and no test image is looked at. 0 makes none.
    #[serde(default, skip_serializing_if = "is_none")]
    pub held_out_evaluations: u64,
    /// Steps between two checkpoints.
    pub checkpoint_every: u64,
    /// The values of n of single arms, where they are not those of `layers`: fine-tuned arms cost most. An override of
    /// `protocol.layers` is one of every arm, and an override of `protocol.arms` drops the entries of arms that are
    /// gone.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub layers_of: BTreeMap<Arm, Vec<usize>>,
}

impl Protocol {
    /// The values of n of an arm.
    pub fn layers_of(&self, arm: Arm) -> &[usize] {
        self.layers_of.get(&arm).unwrap_or(&self.layers)
    }
}

/// Which images of a class are left in a reduced set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kept {
    /// The first ones of the set.
    #[default]
    First,
    /// Ones drawn at random; a smaller set is part of a larger one.
    Random,
}

const fn one() -> u32 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_one(draws: &u32) -> bool {
    *draws == 1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_none(evaluations: &u64) -> bool {
    *evaluations == 0
}

impl Experiment {
    /// The same plan cut down to seconds natively and to minutes on a software adapter: one split, few images,
    /// ten steps, under a name of its own. Its numbers mean nothing; every part of the program runs. Keys that
    /// `overrides` give keep the values that they give.
    ///
    /// # Errors
    /// [`ProtocolError::Value`] where what is given and what is cut do not fit together.
    pub fn quick(mut self, overrides: &[String]) -> Result<Self, ProtocolError> {
        let given = |keys: &[&str]| {
            let mut names = overrides.iter().filter_map(|assignment| assignment.split_once('='));
            names.any(|(key, _)| keys.contains(&key.trim()))
        };
        self.name.push_str("-quick");
        self.report.quick = true;
        let (data, protocol) = (&mut self.data, &mut self.protocol);
        let sizes_given = given(&["protocol.train_sizes"]);
        if !given(&["data.train_per_class"]) && !sizes_given {
            data.train_per_class = 20;
        }
        if !given(&["data.held_out_per_class"]) {
            data.held_out_per_class = data.held_out_per_class.min(10);
        }
        if !given(&["data.test_per_class"]) {
            data.test_per_class = 10;
        }
        if !given(&["protocol.splits"]) {
            protocol.splits.truncate(1);
        }
        if !sizes_given && data.train_per_class > 0 {
            protocol.train_sizes.retain(|&size| size < data.train_per_class);
        }
        if !given(&["protocol.similarity_images"]) {
            protocol.similarity_images = protocol.similarity_images.min(50);
        }
        if !given(&["protocol.replicates"]) {
            protocol.replicates = 1;
        }
        if !given(&["solver.batch_size"]) {
            self.solver.batch_size = self.solver.batch_size.min(16);
        }
        if !given(&["solver.batch_parts"]) && !self.solver.batch_size.is_multiple_of(self.solver.batch_parts) {
            self.solver.batch_parts = 1;
        }
        if !given(&["solver.max_iter", "solver.max_epochs"]) {
            self.solver.schedule = self.solver.schedule.within(QUICK_STEPS);
        }
        let steps = self.solver.schedule.max_iter;
        if !given(&["protocol.evaluations"]) {
            protocol.evaluations = 1;
        }
        if !given(&["protocol.held_out_evaluations"]) {
            protocol.held_out_evaluations = protocol.held_out_evaluations.min(3).min(steps);
        }
        self.check()?;
        Ok(self)
    }

    /// The resolved configuration as text.
    pub fn to_toml(&self) -> String {
        toml::to_string_pretty(self).unwrap_or_default()
    }

    /// The schedule of an arm's networks: the experiment's, of double length for [`Arm::Base2x`].
    pub fn solver_of(&self, arm: Arm) -> Solver {
        let solver = self.solver.clone();
        if arm == Arm::Base2x { solver.twice_as_long() } else { solver }
    }

    /// The names of the net's blocks, which n counts.
    ///
    /// # Errors
    /// A net that is missing or invalid.
    pub fn block_names(&self) -> Result<Vec<String>, ProtocolError> {
        Ok(self.net.blocks()?.into_iter().map(|block| block.name).collect())
    }

    /// The net's first convolution over the image, whose filters can be looked at.
    pub fn first_convolution(&self) -> Option<String> {
        self.net.def().ok()?.first_convolution().map(String::from)
    }

    /// Whether an arm has a network at n of a net whose largest n is `most`: the blocks that it preserves must be
    /// there. The last block, whose outputs are the classes of one half, can be preserved for the other half only where
    /// outputs are fixed.
    pub fn copies(&self, arm: Arm, n: usize, most: usize) -> bool {
        let own = arm.source(Half::A) == Some(Half::A);
        n + arm.preserved() <= most + usize::from(own || self.net.outputs > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quick(overrides: &[&str]) -> Result<Experiment, ProtocolError> {
        let overrides: Vec<String> = overrides.iter().map(ToString::to_string).collect();
        Experiment::find("default", &overrides)?.quick(&overrides)
    }

    #[test]
    fn what_is_given_wins_over_the_cuts_of_a_quick_plan() {
        let cut = quick(&[]).unwrap();
        assert!(cut.report.quick && cut.name == "default-quick");
        assert_eq!((cut.data.train_per_class, cut.solver.schedule.max_iter, cut.protocol.splits.len()), (20, 10, 1));
        let given = quick(&[
            "data.train_per_class=30",
            "data.test_per_class=7",
            "solver.max_iter=40",
            "solver.batch_size=24",
            "protocol.splits=[3, 4]",
            "protocol.replicates=2",
            "protocol.evaluations=4",
        ]);
        let given = given.unwrap();
        assert_eq!((given.data.train_per_class, given.data.test_per_class), (30, 7));
        assert_eq!((given.solver.schedule.max_iter, given.solver.batch_size), (40, 24));
        let protocol = &given.protocol;
        assert_eq!((protocol.splits.len(), protocol.replicates, protocol.evaluations), (2, 2, 4));
        // What is derived from a value that is given follows it.
        let sizes = quick(&["protocol.train_sizes=[40, 80]"]).unwrap();
        assert_eq!(sizes.protocol.train_sizes, [40, 80]);
        assert!(sizes.data.train_per_class > 80);
    }

    #[test]
    fn what_is_given_and_what_is_cut_are_checked_together() {
        let message = quick(&["protocol.evaluations=11"]).unwrap_err().to_string();
        assert!(message.contains("protocol.evaluations"), "{message}");
    }
}
