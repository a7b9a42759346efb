//! Every key of an experiment file, with its type, its default, an example and what it is for.
//!
//! The checks of [`super::keys`], the defaults that files may leave out and `docs/experiment.md` come from this list.

use super::Arm;
use crate::data::Source;

/// The type of a key's value, in the words of messages.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// A table of keys.
    Table,
    /// A text.
    Text,
    /// The path of a file or folder, relative to the experiment's file.
    Path,
    /// A whole number of at least 0.
    Whole,
    /// A whole number that 32 bits hold.
    Small,
    /// Any number.
    Number,
    /// `true` or `false`.
    Flag,
    /// A list of whole numbers.
    Wholes,
    /// One of some names.
    OneOf(&'static [&'static str]),
    /// A list of some of these names.
    SomeOf(&'static [&'static str]),
    /// The name of a data source.
    Source,
    /// The same, or an empty text for none.
    OptionalSource,
    /// A list of arms.
    Arms,
    /// A table from names of arms to lists of whole numbers.
    WholesByArm,
    /// A word, or one number per channel.
    Statistic,
    /// Two numbers.
    Pair,
}

/// What holds where a key is not given.
#[derive(Clone, Copy, Debug)]
pub enum Usual {
    /// It must be given.
    Needed,
    /// It must be given, or another key in its place.
    NeededUnless(&'static str),
    /// This value, in TOML.
    Put(&'static str),
    /// What these words say.
    Is(&'static str),
}

/// One key.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// The name, with a dot between a table and its keys.
    pub name: &'static str,
    /// Its type.
    pub kind: Kind,
    /// What holds without it.
    pub usual: Usual,
    /// A value, in TOML.
    pub example: &'static str,
    /// What it is for.
    pub about: &'static str,
}

const fn key(name: &'static str, kind: Kind, usual: Usual, example: &'static str, about: &'static str) -> Key {
    Key { name, kind, usual, example, about }
}

use Kind::{
    Arms, Flag, Number, OneOf, OptionalSource, Pair, Path, Small, SomeOf, Source as OfData, Statistic, Table, Text,
    Whole, Wholes, WholesByArm,
};
use Usual::{Is, Needed, NeededUnless, Put};

/// All keys, in the order of the documents.
#[rustfmt::skip]
pub const KEYS: [Key; 74] = [
    key("name", Text, Is("the name of the file"), "\"mine\"", "the name, which is that of its run directory"),
    key("description", Text, Put("\"\""), "\"Two halves of my photos\"", "what it is for, in a sentence"),
    key("seed", Whole, Put("1"), "7", "the number from which all random numbers derive"),
    key("data", Table, Needed, "", "where the images come from"),
    key("data.source", OfData, Needed, "\"folder\"", "what reads the images (docs/data.md)"),
    key("data.path", Path, Put("\"\""), "\"photos\"", "the folder of the files, or the packed file; empty for embedded and generated images"),
    key("data.other_source", OptionalSource, Is("not set"), "\"cifar10\"", "a second data set: B with `protocol.split = \"two-data-sets\"`, the source `other-data` with `protocol.split = \"distance\"`"),
    key("data.other_path", Path, Is("not set"), "\"cifar-10-batches-bin\"", "the files of the second data set"),
    key("data.fit", OneOf(&["exact", "crop", "resize", "pad"]), Is("`\"exact\"`"), "\"resize\"", "how images of another shape become the net's input; the files of a folder are first resized to it"),
    key("data.train_per_class", Whole, Put("0"), "500", "training images of each class: the first ones of the set; 0 takes all"),
    key("data.held_out_per_class", Whole, Put("0"), "100", "images of each class after these, held out to choose schedules on"),
    key("data.test_per_class", Whole, Put("0"), "100", "test images of each class: the first ones of the set; 0 takes all"),
    key("data.evaluate_on", OneOf(&["test", "held-out"]), Put("\"test\""), "\"held-out\"", "what networks are evaluated on"),
    key("data.test_fraction", Number, Is("0: the set has a test part"), "0.2", "the share of each class that is drawn as the test part of a data set without one (docs/data.md)"),
    key("data.test_seed", Whole, Is("0"), "1", "what the test part is drawn by"),
    key("data.on_bad_image", OneOf(&["fail", "skip"]), Is("`\"fail\"`"), "\"skip\"", "what happens to an image of a folder that cannot be decoded: `skip` leaves it out, counts it and names it"),
    key("data.mean", Statistic, Is("`\"image\"`"), "[123.7, 116.3, 103.5]", "what is subtracted from pixels: `image` (the mean image of the training half), `channel` (its mean of each channel), or one number per channel, 0 to 255"),
    key("data.std", Statistic, Is("`\"none\"`"), "\"channel\"", "what the difference is divided by: `none`, `channel`, or one number per channel, 0 to 255"),
    key("data.unequal_halves", OneOf(&["refused", "balanced", "allowed"]), Is("`\"refused\"`"), "\"balanced\"", "halves with different numbers of training images: `refused` stops; `balanced` takes as many images of each half as the smallest has; `allowed` trains on what there is, in the same number of steps"),
    key("data.mean_of", OneOf(&["source", "target"]), Is("`\"source\"`; `\"target\"` where A and B are different data sets"), "\"target\"", "whose mean and deviation a transfer network takes"),
    key("data.scale", Number, Is("0.0125; 1 with data.std"), "0.0125", "what a pixel's difference to the mean is multiplied with"),
    key("data.augmentation", OneOf(&["none", "crop", "crop-and-mirror", "resized-crop", "resized-crop-and-mirror"]), Put("\"none\""), "\"crop-and-mirror\"", "which windows of images networks train on"),
    key("data.augment_padding", Whole, Is("0"), "4", "pixels of 0 around images that random windows reach into"),
    key("data.crop_scale", Pair, Is("[0.08, 1.0]"), "[0.25, 1.0]", "with resized-crop: the least and the most of an image's area that a region has, which is resized to the net's input"),
    key("data.crop_ratio", Pair, Is("[3/4, 4/3]"), "[1.0, 1.0]", "with resized-crop: the least and the most of its width over its height"),
    key("data.views", Small, Is("0"), "8", "windows of each image, drawn once and seen in turn; 0 draws a new one every time"),
    key("net", Table, Needed, "", "the net"),
    key("net.name", Text, NeededUnless("net.file"), "\"alexnet32\"", "a net that comes with strata (`strata net list`)"),
    key("net.file", Path, Is("not set"), "\"mine-net.toml\"", "a net file (docs/nets.md), in place of the name"),
    key("net.description", Text, Is("not set"), "", "the text of a net file; written by strata"),
    key("net.pretrained", Path, Is("not set"), "\"alexnet.safetensors\"", "a weights file whose net and weights are the source A (docs/weights.md), in place of the name"),
    key("net.pretrained_digest", Text, Is("that of the file"), "", "the digest of that file when the experiment was resolved; written by strata"),
    key("net.outputs", Whole, Put("0"), "1000", "outputs of the last layer; 0 gives as many as the half has classes"),
    key("protocol", Table, Is("all defaults"), "", "what is compared"),
    key("protocol.split", OneOf(&["random", "man-made-natural", "man-made-natural-balanced", "listed", "two-data-sets", "distance"]), Put("\"random\""), "\"listed\"", "what A and B are (docs/data.md)"),
    key("protocol.sources", SomeOf(&["other-classes", "opposite-kind", "other-data", "shuffled", "noise", "pretrained"]), Is("not set"), "[\"other-classes\", \"noise\"]", "what A is in turn with `protocol.split = \"distance\"`, where B stays the same"),
    key("protocol.split_file", Path, Is("not set"), "\"halves.csv\"", "the file of a listed split: a class name, a comma, and A or B on each line"),
    key("protocol.classes_per_half", Whole, Is("0"), "10", "classes of each half, drawn by the split's seed; 0 takes all"),
    key("protocol.splits", Wholes, Put("[0]"), "[0, 1, 2, 3, 4, 5]", "the seeds of the splits; a verdict takes at least three"),
    key("protocol.replicates", Small, Put("1"), "2", "networks of each kind on each split"),
    key("protocol.base_draws", Small, Is("1"), "3", "bases of each half, replicate and split"),
    key("protocol.layers", Wholes, Is("every n of the net"), "[1, 3, 5]", "the values of n: how many blocks are copied"),
    key("protocol.layers_of", WholesByArm, Is("not set"), "{ \"BnB+\" = [3, 5] }", "the values of n of single arms, where they are not those of protocol.layers"),
    key("protocol.arms", Arms, Put("[\"BnB\", \"BnB+\", \"AnB\", \"AnB+\"]"), "[\"BnB\", \"AnB\", \"continue\"]", "the arms beside the base (`strata explain AnB` and so on)"),
    key("protocol.train_sizes", Wholes, Is("not set"), "[10, 50]", "reduced target sets: training images of each class"),
    key("protocol.train_sizes_of", OneOf(&["first", "random"]), Is("`\"first\"`"), "\"random\"", "which images are left in reduced sets"),
    key("protocol.similarity_images", Whole, Is("0"), "1000", "test images of each half on which `reproduce` compares layers; 0 compares none"),
    key("protocol.evaluations", Whole, Put("1"), "10", "evaluations in one training run, the last one included"),
    key("protocol.held_out_evaluations", Whole, Is("0"), "10", "evaluations of bases and their controls on held-out images"),
    key("protocol.checkpoint_every", Whole, Put("500"), "1000", "steps between two checkpoints"),
    key("solver", Table, Needed, "", "how networks train (docs/solver.md)"),
    key("solver.base_lr", Number, Needed, "0.01", "the learning rate that the policy starts from"),
    key("solver.lr_policy", OneOf(&["step", "multistep", "cosine"]), Is("`\"step\"`"), "\"cosine\"", "what becomes of the rate"),
    key("solver.gamma", Number, Is("0.1, with step and multistep"), "0.1", "what the rate is multiplied with at each drop"),
    key("solver.stepsize", Whole, Is("must be given with step, or `stepsize_epochs`"), "10000", "steps between two drops"),
    key("solver.stepsize_epochs", Small, Is("not set"), "10", "the same in epochs"),
    key("solver.stepvalue", Wholes, Is("must be given with multistep, or `stepvalue_epochs`"), "[6000, 9000]", "the steps of the drops"),
    key("solver.stepvalue_epochs", Wholes, Is("not set"), "[6, 9]", "the same in epochs"),
    key("solver.warmup_iter", Whole, Is("0"), "500", "steps of linear warm-up"),
    key("solver.warmup_epochs", Small, Is("not set"), "1", "the same in epochs"),
    key("solver.warmup_start_factor", Number, Is("1/3"), "0.1", "the share of `base_lr` at the first step of warm-up"),
    key("solver.max_iter", Whole, NeededUnless("solver.max_epochs"), "12000", "steps in all"),
    key("solver.max_epochs", Small, Is("not set"), "12", "the same in epochs"),
    key("solver.batch_size", Whole, Put("64"), "128", "images per step"),
    key("solver.batch_parts", Whole, Is("1"), "2", "the parts in which a batch is computed: the same step in less memory"),
    key("solver.momentum", Number, Put("0.9"), "0.9", "the momentum"),
    key("solver.nesterov", Flag, Is("false"), "true", "whether it is Nesterov's"),
    key("solver.weight_decay", Number, Put("0.0005"), "0.0005", "the weight decay"),
    key("solver.convention", OneOf(&["caffe", "pytorch"]), Put("\"caffe\""), "\"pytorch\"", "where the learning rate enters"),
    key("solver.precision", OneOf(&["f32", "mixed", "f16x3"]), Is("`\"f32\"`"), "\"mixed\"", "the precision of matrix products"),
    key("solver.loss_scale", Small, Is("1024"), "512", "what the loss is multiplied with on its way back, in mixed and f16x3: a power of two"),
    key("report", Table, Is("all defaults"), "", "how the report judges"),
    key("report.margin", Number, Is("0.5"), "1.0", "differences smaller than this many points count as none"),
    key("report.quick", Flag, Is("false"), "true", "whether `--quick` cut the plan down, so that its numbers mean nothing; written by strata"),
];

impl Key {
    /// The key of a name.
    pub fn find(name: &str) -> Option<&'static Self> {
        KEYS.iter().find(|key| key.name == name)
    }

    /// The name without that of its table.
    pub fn last(&self) -> &'static str {
        self.name.rsplit('.').next().unwrap_or(self.name)
    }
}

impl Kind {
    /// What a value of it is, for people.
    pub fn words(self) -> String {
        let names = |names: &[&str]| names.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ");
        match self {
            Table => "a table".into(),
            Text => "a text in quotes".into(),
            Path => "a path in quotes".into(),
            Whole => "a whole number of at least 0".into(),
            Small => format!("a whole number from 0 to {}", u32::MAX),
            Number => "a number".into(),
            Flag => "true or false".into(),
            Wholes => "a list of whole numbers, such as [1, 2]".into(),
            OneOf(all) => format!("one of {}", names(all)),
            SomeOf(all) => format!("a list of some of {}", names(all)),
            OfData => format!("one of {}", names(&Source::ALL.map(Source::name))),
            OptionalSource => format!("one of {}, or \"\"", names(&Source::ALL.map(Source::name))),
            Arms => format!("a list of some of {}", names(&Arm::ALL.map(Arm::name))),
            WholesByArm => "a table from arms to lists of whole numbers, such as { AnB = [1, 2] }".into(),
            Statistic => "a word, or a list of one number per channel".into(),
            Pair => "a list of two numbers, such as [0.5, 1.0]".into(),
        }
    }
}
