//! Whether an experiment makes sense: the values of its keys, one by one and together.

use super::{Arm, Experiment, Halving, ProtocolError, SourceTask, experiment::Protocol};
use crate::{
    data::{
        OnBad, Source,
        normalisation::{Mean, Std},
        region::Regions,
    },
    nn::{NetDef, zoo},
    train::batches::Augmentation,
};
use std::{collections::HashSet, hash::Hash};

/// The most networks of one experiment, where every arm has as many as the one that has most: some 300,000 in truth. A
/// plan of them takes 3 s and 100 MB; the published study has 170.
const MAX_NETWORKS: usize = 400_000;
/// The most evaluations of a network: its checkpoints and its log hold every one of them.
const MAX_EVALUATIONS: u64 = 10_000;

impl Experiment {
    /// Whether the values make sense, one by one and together.
    ///
    /// # Errors
    /// [`ProtocolError::Value`] with what is expected; those of the solver and of the zoo.
    pub(super) fn check(&self) -> Result<(), ProtocolError> {
        self.check_but_steps()?;
        self.solver.check()?;
        let most = self.solver.schedule.max_iter.min(MAX_EVALUATIONS);
        if self.protocol.evaluations == 0 || self.protocol.evaluations > most {
            let got = self.protocol.evaluations.to_string();
            let expected = format!("1 to solver.max_iter, and at most {MAX_EVALUATIONS}");
            return self.bad("protocol.evaluations", &expected, got);
        }
        let held_out = self.protocol.held_out_evaluations;
        // A schedule of fewer steps is evaluated after each of them.
        if held_out > MAX_EVALUATIONS {
            let expected = format!("0 to {MAX_EVALUATIONS}");
            return self.bad("protocol.held_out_evaluations", &expected, held_out.to_string());
        }
        if self.protocol.arms.contains(&Arm::Base2x) {
            self.solver_of(Arm::Base2x).check()?;
        }
        Ok(())
    }

    fn bad(&self, key: &'static str, expected: &str, got: String) -> Result<(), ProtocolError> {
        let (experiment, expected) = (self.name.clone(), expected.to_string());
        Err(ProtocolError::Value { experiment, key, expected, got })
    }

    /// Whether an epoch can be the same number of steps for every network of the experiment.
    ///
    /// # Errors
    /// [`ProtocolError::Value`] of `key`, which holds a number of epochs.
    pub(super) fn check_one_epoch(&self, key: &'static str, epochs: String) -> Result<(), ProtocolError> {
        if self.protocol.train_sizes.is_empty() {
            return Ok(());
        }
        let expected = "steps: with protocol.train_sizes the networks have different numbers of images, and an epoch \
                        is not the same for all";
        self.bad(key, expected, epochs)
    }

    /// Whether everything makes sense that does not depend on how long networks train.
    ///
    /// # Errors
    /// As [`Self::check`].
    pub(super) fn check_but_steps(&self) -> Result<(), ProtocolError> {
        let bad = |key, expected: &str, got: String| self.bad(key, expected, got);
        let name_ok = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if self.name.is_empty() || self.name.starts_with('.') || !self.name.chars().all(name_ok) {
            return bad("name", "letters, digits, '-', '_' and '.'", format!("{:?}", self.name));
        }
        // Multiplied without overflow and before lists are looked through, so that no file can ask for a plan that
        // fills the memory or takes hours to check.
        let protocol = &self.protocol;
        // There is one network of an arm for each n, and each source that it may derive from, or for each draw.
        let ns = protocol.layers_of.values().map(Vec::len).fold(protocol.layers.len(), usize::max);
        let with_n = ns.saturating_mul(protocol.sources.len().max(1));
        let of_an_arm = with_n.max(protocol.base_draws as usize);
        let kinds = (protocol.arms.len() + 1).saturating_mul(of_an_arm).saturating_add(protocol.sources.len());
        let kinds = kinds.saturating_mul(2 * (protocol.train_sizes.len() + 1));
        let networks = kinds.saturating_mul(protocol.splits.len().max(1)).saturating_mul(protocol.replicates as usize);
        if networks > MAX_NETWORKS {
            let expected = format!("splits, replicates, layers and arms for at most {MAX_NETWORKS} networks");
            return bad("protocol", &expected, format!("for up to {networks}"));
        }
        let net = self.net.def()?;
        let blocks: Vec<String> = net.blocks()?.into_iter().map(|block| block.name).collect();
        let most = blocks.len().saturating_sub(1);
        let outside = |layers: &[usize]| layers.iter().copied().find(|&n| n == 0 || n > most);
        let inside = || {
            let names = blocks[..most].join(", ");
            format!("numbers from 1 to {most}: {} has {} blocks, {names} and the last", net.name, most + 1)
        };
        if let Some(n) = outside(&self.protocol.layers) {
            return bad("protocol.layers", &inside(), n.to_string());
        }
        for (arm, layers) in &self.protocol.layers_of {
            let (key, arm) = ("protocol.layers_of", *arm);
            let named = |what: &str| format!("{:?} = {what}", arm.name());
            if !arm.has_n() {
                let names = Arm::WITH_N.map(Arm::name).join(", ");
                return bad(key, &format!("arms that have an n: {names}"), format!("{:?}", arm.name()));
            }
            if !self.protocol.arms.contains(&arm) {
                let names: Vec<&str> = self.protocol.arms.iter().map(|arm| arm.name()).collect();
                let expected = format!("arms of protocol.arms, which has {}", names.join(", "));
                return bad(key, &expected, format!("{:?}", arm.name()));
            }
            if let Some(n) = outside(layers) {
                return bad(key, &inside(), named(&n.to_string()));
            }
            if let Some(n) = repeated(layers) {
                return bad(key, "numbers that differ", named(&format!("{n} twice")));
            }
        }
        self.check_fillers(&net)?;
        let (sizes, all) = (&self.protocol.train_sizes, self.data.train_per_class);
        for (i, &size) in sizes.iter().enumerate() {
            if size == 0 || (all > 0 && size >= all) || sizes[..i].contains(&size) {
                let expected = "distinct numbers from 1 to below data.train_per_class";
                return bad("protocol.train_sizes", expected, size.to_string());
            }
        }
        // A network that stands in a plan twice would wait for itself, and count twice.
        let (layers, arms) = (&self.protocol.layers, &self.protocol.arms);
        if let Some(n) = repeated(layers) {
            return bad("protocol.layers", "numbers that differ", format!("{n} twice"));
        }
        if let Some(arm) = repeated(arms) {
            return bad("protocol.arms", "arms that differ", format!("{:?} twice", arm.name()));
        }
        if self.protocol.splits.is_empty() {
            return bad("protocol.splits", "at least one seed", "empty".into());
        }
        if let Some(seed) = repeated(&self.protocol.splits) {
            return bad("protocol.splits", "seeds that differ", format!("{seed} twice"));
        }
        let Protocol { split, classes_per_half, splits, .. } = &self.protocol;
        if splits.len() > 1 && !split.is_drawn(*classes_per_half) {
            let expected =
                "one seed, since it draws no classes here; for more runs of the one split, raise protocol.replicates";
            return bad("protocol.splits", expected, format!("{splits:?}"));
        }
        if *classes_per_half == 1 {
            return bad("protocol.classes_per_half", "0 for all, or at least 2", "1".into());
        }
        if (*split == Halving::Listed) == self.protocol.split_file.is_empty() {
            let expected = "a file where protocol.split is \"listed\", and none elsewhere";
            return bad("protocol.split_file", expected, format!("{:?}", self.protocol.split_file));
        }
        let sources = &protocol.sources;
        if (*split == Halving::Distance) == sources.is_empty() {
            let names = SourceTask::ALL.map(|task| format!("{:?}", task.name())).join(", ");
            let expected = format!("some of {names} where protocol.split is \"distance\", and none elsewhere");
            return bad(
                "protocol.sources",
                &expected,
                format!("{:?}", sources.iter().map(|s| s.name()).collect::<Vec<_>>()),
            );
        }
        if let Some(task) = repeated(sources) {
            return bad("protocol.sources", "sources that differ", format!("{:?} twice", task.name()));
        }
        if sources.contains(&SourceTask::Pretrained) == self.net.pretrained.is_empty() {
            let expected = "a weights file where protocol.sources has \"pretrained\", and none elsewhere";
            return bad("net.pretrained", expected, format!("{:?}", self.net.pretrained));
        }
        let of_a_file = **sources == [SourceTask::Pretrained];
        if of_a_file && *classes_per_half == 0 && splits.len() > 1 {
            let expected = "one seed: the target is all classes; for more runs, raise protocol.replicates";
            return bad("protocol.splits", expected, format!("{splits:?}"));
        }
        if *split == Halving::Distance && *classes_per_half == 0 && !of_a_file {
            return bad("protocol.classes_per_half", "a number where protocol.split is \"distance\"", "0".into());
        }
        let second = *split == Halving::TwoDataSets || sources.contains(&SourceTask::OtherData);
        if second == self.data.other_source.is_none() {
            let expected = "a data set where protocol.split is \"two-data-sets\" or protocol.sources has \
                \"other-data\", and none elsewhere";
            return bad(
                "data.other_source",
                expected,
                format!("{:?}", self.data.other_source.map_or("", Source::name)),
            );
        }
        if self.data.other_source.is_none() && !self.data.other_path.is_empty() {
            let expected = "empty, unless data.other_source names a data set";
            return bad("data.other_path", expected, format!("{:?}", self.data.other_path));
        }
        if !["test", "held-out"].contains(&self.data.evaluate_on.as_str()) {
            return bad("data.evaluate_on", "\"test\" or \"held-out\"", format!("{:?}", self.data.evaluate_on));
        }
        if self.data.evaluate_on == "held-out" && self.data.held_out_per_class == 0 {
            return bad("data.held_out_per_class", "at least 1 to evaluate on held-out images", "0".into());
        }
        let fraction = self.data.test_fraction;
        if !(0.0..1.0).contains(&fraction) {
            return bad("data.test_fraction", "a share above 0 and below 1, or 0 for none", fraction.to_string());
        }
        if self.data.test_seed > 0 && fraction == 0.0 {
            return bad("data.test_seed", "0 without data.test_fraction", self.data.test_seed.to_string());
        }
        let of_folders = [Some(self.data.source), self.data.other_source].contains(&Some(Source::Folder));
        if self.data.on_bad_image != OnBad::Fail && !of_folders {
            let expected = "\"fail\": only the source \"folder\" decodes image files";
            return bad("data.on_bad_image", expected, format!("{:?}", self.data.on_bad_image.name()));
        }
        if self.protocol.replicates == 0 {
            return bad("protocol.replicates", "at least 1", "0".into());
        }
        if self.net.outputs > usize::from(u16::MAX) {
            return bad("net.outputs", "at most 65535, as many as labels can name", self.net.outputs.to_string());
        }
        if self.protocol.held_out_evaluations > 0 && self.data.held_out_per_class == 0 {
            return bad("data.held_out_per_class", "at least 1 to evaluate on held-out images", "0".into());
        }
        if self.protocol.base_draws == 0 {
            return bad("protocol.base_draws", "at least 1", "0".into());
        }
        if self.protocol.checkpoint_every == 0 {
            return bad("protocol.checkpoint_every", "at least 1", "0".into());
        }
        if self.data.views > 0 && self.data.augmentation == Augmentation::None {
            return bad("data.views", "0 without augmentation", self.data.views.to_string());
        }
        if self.data.augment_padding > 0 && self.data.augmentation == Augmentation::None {
            return bad("data.augment_padding", "0 without augmentation", self.data.augment_padding.to_string());
        }
        if self.data.augment_padding > 0 && self.data.augmentation.resizes() {
            let expected = "0: regions that are resized are parts of the image itself";
            return bad("data.augment_padding", expected, self.data.augment_padding.to_string());
        }
        let regions = [
            (
                "data.crop_scale",
                self.data.crop_scale,
                Regions::USUAL.scale,
                "two numbers above 0 and up to 1, the smaller first",
                1.0,
            ),
            (
                "data.crop_ratio",
                self.data.crop_ratio,
                Regions::USUAL.ratio,
                "two numbers above 0, the smaller first",
                f64::MAX,
            ),
        ];
        for (key, [low, high], usual, expected, most) in regions {
            if !(low > 0.0 && low <= high && high <= most) {
                return bad(key, expected, format!("[{low}, {high}]"));
            }
            if [low, high] != usual && !self.data.augmentation.resizes() {
                let expected =
                    "left out without `data.augmentation = \"resized-crop\"` or `\"resized-crop-and-mirror\"`";
                return bad(key, expected, format!("[{low}, {high}]"));
            }
        }
        let [channels, height, width] = net.input;
        if self.data.augment_padding >= height.min(width) {
            let expected = format!("below {}, so that every window sees a part of its image", height.min(width));
            return bad("data.augment_padding", &expected, self.data.augment_padding.to_string());
        }
        if !self.data.scale.is_finite() || self.data.scale <= 0.0 {
            return bad("data.scale", "a number above 0", self.data.scale.to_string());
        }
        if !self.report.margin.is_finite() || self.report.margin <= 0.0 {
            return bad("report.margin", "a number of points above 0", self.report.margin.to_string());
        }
        self.check_normalisation(channels)
    }

    fn check_normalisation(&self, channels: usize) -> Result<(), ProtocolError> {
        let (mean, std) = (&self.data.mean, &self.data.std);
        if let Mean::Given(numbers) = mean {
            let got = format!("{numbers:?}");
            let in_bytes = |value: &f64| (0.0..=255.0).contains(value);
            if numbers.len() != channels || !numbers.iter().all(in_bytes) {
                let expected = format!("{channels} numbers from 0 to 255, one a channel of the net's input");
                return self.bad("data.mean", &expected, got);
            }
            if numbers.iter().all(|&value| value > 0.0 && value < 1.0) {
                let expected = "numbers in the units of the bytes, 0 to 255: 255 times those for pixels from 0 to 1";
                return self.bad("data.mean", expected, got);
            }
        }
        if let Std::Given(numbers) = std
            && (numbers.len() != channels || !numbers.iter().all(|&value| value.is_finite() && value > 0.0))
        {
            let expected = format!("{channels} numbers above 0, one a channel of the net's input");
            return self.bad("data.std", &expected, format!("{numbers:?}"));
        }
        if *std != Std::None && *mean == Mean::Image {
            return self.bad("data.std", "\"none\" with the mean image; set data.mean as well", format!("{std:?}"));
        }
        if *std != Std::None && self.data.scale != 1.0 {
            let expected = "1 with data.std, which takes its place";
            return self.bad("data.scale", expected, self.data.scale.to_string());
        }
        Ok(())
    }
}

impl Experiment {
    /// Whether the paper's random filters are known for every layer of the net that an arm asks them for.
    fn check_fillers(&self, net: &NetDef) -> Result<(), ProtocolError> {
        if !self.protocol.arms.contains(&Arm::RandomCaffe) {
            return Ok(());
        }
        zoo::caffe_fillers(net).map(drop).map_err(|error| ProtocolError::Value {
            experiment: self.name.clone(),
            key: "protocol.arms",
            expected: format!(
                "no \"random-caffe\" for this net, whose random filters are CaffeNet's ({error}); \
                \"random-he\" has filters for every net"
            ),
            got: format!("{:?}", self.protocol.arms.iter().map(|arm| arm.name()).collect::<Vec<_>>()),
        })
    }
}

/// The first value that stands in a list for the second time.
fn repeated<T: Eq + Hash>(values: &[T]) -> Option<&T> {
    let mut seen = HashSet::new();
    values.iter().find(|value| !seen.insert(*value))
}
