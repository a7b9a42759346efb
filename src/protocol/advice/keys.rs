//! What can be set of an advice, with `--set key=value`.

use crate::{
    data::region::Regions,
    host::Precision,
    protocol::ProtocolError,
    train::{Policy, Reading, Schedule, Solver, TrainError, Warmup, batches::Augmentation},
};
use serde::{Deserialize, Serialize};
use toml::{Table, Value};

/// The keys of an advice, in three tables as in an experiment file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Keys {
    /// The procedure.
    pub advice: Procedure,
    /// What a net sees of an image.
    pub data: Views,
    /// How networks are trained.
    pub solver: Training,
}

/// How candidates are compared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Procedure {
    /// Paired splits, where classes have images for as many.
    pub splits: usize,
    /// The share of each class that is locked away, where the data set has no test part.
    pub test_fraction: f64,
    /// The confidence of intervals and of the set.
    pub level: f64,
    /// Points below the leader at which a candidate is dropped.
    pub margin: f64,
    /// What the rate of copied layers is multiplied with at a lower rate.
    pub low_rate: f64,
    /// Fresh seeds of the refit; 0 leaves the test images locked.
    pub refit_seeds: usize,
    /// Splits of the curve at 25 and 50 % of the images; 0 leaves it out.
    pub curve_splits: usize,
}

impl Default for Procedure {
    fn default() -> Self {
        Self { splits: 5, test_fraction: 0.2, level: 0.95, margin: 0.5, low_rate: 0.1, refit_seeds: 3, curve_splits: 3 }
    }
}

/// What a net sees of an image.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Views {
    /// Where training crops come from.
    pub augmentation: Augmentation,
    /// Windows of each image, drawn once; 0 draws a new one every time.
    pub views: u32,
    /// Pixels of 0 around an image.
    pub augment_padding: usize,
    /// The least and the most of an image's area that a resized region has.
    pub crop_scale: [f64; 2],
    /// The least and the most of a resized region's width over its height.
    pub crop_ratio: [f64; 2],
}

impl Views {
    /// What a network's bits depend on: regions count where they are resized only.
    pub fn text(&self) -> String {
        let Self { augmentation, views, augment_padding, crop_scale, crop_ratio } = self;
        let windows =
            format!("Views {{ augmentation: {augmentation:?}, views: {views}, augment_padding: {augment_padding} }}");
        if augmentation.resizes() { format!("{windows} {crop_scale:?} {crop_ratio:?}") } else { windows }
    }
}

impl Default for Views {
    fn default() -> Self {
        let Regions { scale: crop_scale, ratio: crop_ratio } = Regions::USUAL;
        Self { augmentation: Augmentation::None, views: 0, augment_padding: 0, crop_scale, crop_ratio }
    }
}

/// How networks are trained: a cosine from `base_lr` to 0.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Training {
    /// Passes over the training images.
    pub max_epochs: u64,
    /// The fewest steps, however few images there are.
    pub min_iter: u64,
    /// The rate at the first step.
    pub base_lr: f64,
    /// Images of a step.
    pub batch_size: usize,
    /// The momentum.
    pub momentum: f64,
    /// The weight decay.
    pub weight_decay: f64,
    /// The precision of matrix products.
    pub precision: Precision,
}

impl Default for Training {
    fn default() -> Self {
        Self {
            max_epochs: 20,
            min_iter: 200,
            base_lr: 0.01,
            batch_size: 32,
            momentum: 0.9,
            weight_decay: 0.0005,
            precision: Precision::F32,
        }
    }
}

impl Training {
    /// Steps of a network on so many images.
    pub fn steps(&self, images: usize) -> u64 {
        let of_epochs = self.max_epochs.saturating_mul(images as u64).div_ceil(self.batch_size.max(1) as u64);
        of_epochs.max(self.min_iter)
    }

    /// The solver of so many steps.
    pub fn solver(&self, steps: u64) -> Solver {
        let schedule =
            Schedule { base_lr: self.base_lr, policy: Policy::Cosine, warmup: Warmup::NONE, max_iter: steps.max(1) };
        Solver {
            schedule,
            batch_size: self.batch_size,
            momentum: self.momentum,
            weight_decay: self.weight_decay,
            precision: self.precision,
            ..Solver::default()
        }
    }
}

impl Keys {
    /// The keys with `key=value` overrides.
    ///
    /// # Errors
    /// A key that an advice does not have, with the nearest; a value out of its range.
    pub fn of(overrides: &[String]) -> Result<Self, ProtocolError> {
        let broken = |reason: String| ProtocolError::Experiment { origin: "--set".into(), reason };
        let mut table = Table::try_from(Self::default()).map_err(|error| broken(error.to_string()))?;
        for assignment in overrides {
            set(&mut table, assignment)?;
        }
        let keys: Self = table.try_into().map_err(|error: toml::de::Error| broken(error.to_string()))?;
        keys.check()?;
        Ok(keys)
    }

    /// Which windows of stored images become the net's input.
    pub const fn reading(&self) -> Reading {
        let Views { augmentation, views, augment_padding, crop_scale, crop_ratio } = self.data;
        let regions = Regions { scale: crop_scale, ratio: crop_ratio };
        Reading { augmentation, views, padding: augment_padding, regions }
    }

    fn check(&self) -> Result<(), ProtocolError> {
        let Procedure { splits, test_fraction, level, margin, low_rate, .. } = self.advice;
        let bad = |key, expected: &str, got: String| {
            Err(ProtocolError::Value { experiment: "advice".into(), key, expected: expected.into(), got })
        };
        if !(2..=50).contains(&splits) {
            return bad("advice.splits", "2 to 50", splits.to_string());
        }
        if !(test_fraction > 0.0 && test_fraction < 1.0) {
            return bad("advice.test_fraction", "above 0 and below 1", test_fraction.to_string());
        }
        if !(level > 0.5 && level < 1.0) {
            return bad("advice.level", "above 0.5 and below 1", level.to_string());
        }
        if !(margin.is_finite() && margin >= 0.0) {
            return bad("advice.margin", "a number of points not below 0", margin.to_string());
        }
        if !(low_rate > 0.0 && low_rate < 1.0) {
            return bad("advice.low_rate", "above 0 and below 1", low_rate.to_string());
        }
        let Views { augmentation, views, augment_padding, crop_scale, crop_ratio } = self.data;
        if augmentation == Augmentation::None && views > 0 {
            return bad("data.views", "0 without augmentation", views.to_string());
        }
        if augment_padding > 0 && (augmentation == Augmentation::None || augmentation.resizes()) {
            return bad("data.augment_padding", "0 unless data.augmentation is a crop", augment_padding.to_string());
        }
        for (key, [low, high], most) in
            [("data.crop_scale", crop_scale, 1.0), ("data.crop_ratio", crop_ratio, f64::MAX)]
        {
            if !(low > 0.0 && low <= high && high <= most) {
                return bad(key, "two numbers above 0, the smaller first", format!("[{low}, {high}]"));
            }
        }
        let Training { max_epochs, min_iter, .. } = self.solver;
        if max_epochs == 0 && min_iter == 0 {
            return bad("solver.max_epochs", "at least 1", "0".into());
        }
        self.solver.solver(min_iter.max(2)).check().map_err(|error: TrainError| error.into())
    }
}

/// Sets one key of a table that has all of them.
fn set(table: &mut Table, assignment: &str) -> Result<(), ProtocolError> {
    let broken = |reason: String| ProtocolError::Experiment { origin: "--set".into(), reason };
    let (key, text) = assignment.split_once('=').ok_or_else(|| {
        broken(format!("{assignment:?} is no assignment; give KEY=VALUE, such as solver.max_epochs=30"))
    })?;
    let key = key.trim();
    let known: Vec<String> = table
        .iter()
        .filter_map(|(room, inner)| inner.as_table().map(|inner| (room, inner)))
        .flat_map(|(room, inner)| inner.keys().map(move |key| format!("{room}.{key}")))
        .collect();
    let there = key.split_once('.').filter(|_| known.iter().any(|name| name == key));
    let Some((room, inner)) = there else {
        let likeness = |name: &&String| (1e6 * strsim::jaro_winkler(name, key)) as u64;
        let nearest = known.iter().max_by_key(likeness).cloned().unwrap_or_default();
        return Err(ProtocolError::UnknownKey { origin: "--set".into(), key: key.into(), nearest });
    };
    // A word without quotes is a text.
    let value = format!("value = {text}")
        .parse::<Table>()
        .ok()
        .and_then(|mut parsed| parsed.remove("value"))
        .unwrap_or_else(|| Value::String(text.trim().into()));
    if let Some(Value::Table(inner_table)) = table.get_mut(room) {
        // Whole numbers are numbers.
        let float = matches!(inner_table.get(inner), Some(Value::Float(_)));
        let value = match value {
            Value::Integer(number) if float => Value::Float(number as f64),
            value => value,
        };
        inner_table.insert(inner.into(), value);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(assignments: &[&str]) -> Result<Keys, ProtocolError> {
        Keys::of(&assignments.iter().map(ToString::to_string).collect::<Vec<_>>())
    }

    #[test]
    fn keys_are_set_by_name_and_others_are_refused_with_the_nearest() {
        let keys = of(&["solver.max_epochs=3", "advice.margin=1", "data.augmentation=crop-and-mirror"]).unwrap();
        assert_eq!((keys.solver.max_epochs, keys.advice.margin), (3, 1.0));
        assert_eq!(keys.data.augmentation, Augmentation::CropAndMirror);
        let error = of(&["solver.max_epoch=3"]).unwrap_err().to_string();
        assert!(error.contains("solver.max_epochs"), "{error}");
        assert!(of(&["solver.max_epochs"]).unwrap_err().to_string().contains("KEY=VALUE"));
    }

    #[test]
    fn values_out_of_their_range_are_refused_by_name() {
        for (assignment, key) in [
            ("advice.splits=1", "advice.splits"),
            ("advice.level=0.4", "advice.level"),
            ("advice.low_rate=0", "advice.low_rate"),
            ("solver.base_lr=-1", "base_lr"),
            ("solver.batch_size=0", "batch_size"),
        ] {
            let error = of(&[assignment]).unwrap_err().to_string();
            assert!(error.contains(key), "{error}");
        }
    }

    #[test]
    fn few_images_are_still_trained_on_for_the_fewest_steps() {
        let training = Training { max_epochs: 10, min_iter: 100, batch_size: 10, ..Training::default() };
        assert_eq!((training.steps(50), training.steps(1000)), (100, 1000));
    }
}
