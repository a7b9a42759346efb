//! The data of an experiment: the keys of its table `data`, and what they mean to a net.

use super::unequal::Unequal;
use crate::{
    data::{
        DataError, ImageSet, Normalisation, OnBad, Source,
        fit::Fit,
        normalisation::{Mean, Std},
        region::Regions,
        test_part::TestPart,
    },
    nn::Input,
    train::{Reading, batches::Augmentation},
};
use serde::{Deserialize, Deserializer, Serialize, de};

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
    /// [`super::Experiment::find`]); a resolved one that does not say was made when there was the source's only.
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

/// Whether a key stands at the default of its type.
pub(super) fn is_usual<T: Default + PartialEq>(value: &T) -> bool {
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
