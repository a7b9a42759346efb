//! The written form of a tape. `docs/web-tape.md` describes it field by field.

use serde::Serialize;
use std::collections::BTreeMap;

/// The first field of every tape.
pub const FORMAT: &str = "strata-web-tape";
/// The version that is written. A player refuses any other.
pub const VERSION: u32 = 1;
/// Bytes of the unpacked binary at most.
pub const MOST_BYTES: u64 = 256 << 20;

/// A piece of the unpacked binary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Section {
    /// Where it begins, a multiple of 16.
    pub offset: u64,
    /// Its bytes.
    pub bytes: u64,
}

/// The whole description.
#[derive(Clone, Debug, Serialize)]
pub struct Tape {
    /// [`FORMAT`].
    pub format: &'static str,
    /// [`VERSION`].
    pub version: u32,
    /// The version of strata that has written it.
    pub strata: &'static str,
    /// What is trained.
    pub experiment: Study,
    /// The images.
    pub data: Images,
    /// The names of the net's blocks.
    pub blocks: Vec<String>,
    /// The shaders, whose numbers pipelines name.
    pub shaders: Vec<Shader>,
    /// The pipelines, whose numbers dispatches name.
    pub pipelines: Vec<Pipeline>,
    /// A program for each number of frozen blocks, from 0 up.
    pub programs: Vec<Network>,
    /// The file beside this one.
    pub binary: File,
}

/// What is trained.
#[derive(Clone, Debug, Serialize)]
pub struct Study {
    /// The experiment's name.
    pub name: String,
    /// Its description.
    pub description: String,
    /// The command that trains the same networks natively, up to the keys that a page adds.
    pub command: String,
    /// The seed of all streams.
    pub seed: u64,
    /// The steps of a network.
    pub steps: u64,
    /// The images of a step.
    pub batch: usize,
    /// Evaluations of a network, the last one included.
    pub evaluations: u64,
    /// Learning rates, each with the first step that has it.
    pub rates: Vec<(u64, f64)>,
    /// Whose mean a transfer network subtracts: `source` or `target`.
    pub mean_of: &'static str,
}

/// The images.
#[derive(Clone, Debug, Serialize)]
pub struct Images {
    /// The data set in words.
    pub name: String,
    /// The names of the classes.
    pub classes: Vec<String>,
    /// Classes of one half: the outputs of every network.
    pub classes_per_half: usize,
    /// Height, width and channels.
    pub shape: [usize; 3],
    /// What a pixel's difference to the mean is multiplied with.
    pub scale: f32,
    /// The top and left of the window that the net sees.
    pub window: [u32; 2],
    /// Images to train on.
    pub train: ImageList,
    /// Images to evaluate on.
    pub test: ImageList,
    /// For each class the sums of its training images' values, 32-bit words: what means are made of.
    pub sums: Section,
}

/// Some images, in the order of their data set.
#[derive(Clone, Debug, Serialize)]
pub struct ImageList {
    /// How many there are.
    pub count: usize,
    /// Bytes, `[image][row][column][channel]`.
    pub pixels: Section,
    /// A byte each.
    pub labels: Section,
}

/// A shader.
#[derive(Clone, Debug, Serialize)]
pub struct Shader {
    /// Its name.
    pub name: String,
    /// WGSL.
    pub source: String,
}

/// A pipeline.
#[derive(Clone, Debug, Serialize)]
pub struct Pipeline {
    /// The shader's number.
    pub shader: usize,
    /// The entry point.
    pub entry: String,
    /// The values of its overridable constants.
    pub constants: BTreeMap<String, f64>,
    /// The numbers of its bindings, all in group 0, with how it uses them: `uniform`, `step`, `read`, `write` or
    /// `read_write`.
    pub bindings: Vec<(u32, &'static str)>,
    /// Bytes of its uniform.
    pub parameters: usize,
}

/// A program: buffers, and tapes over them.
#[derive(Clone, Debug, Serialize)]
pub struct Program {
    /// Bytes of each buffer; all begin as zeros.
    pub buffers: Vec<u64>,
    /// The tapes by their names.
    pub tapes: BTreeMap<String, Dispatches>,
}

/// The dispatches of a tape.
#[derive(Clone, Debug, Serialize)]
pub struct Dispatches {
    /// The parameters of all of them, for one uniform buffer.
    pub parameters: Section,
    /// One after the other.
    pub dispatches: Vec<Dispatch>,
}

/// A dispatch.
#[derive(Clone, Debug, Serialize)]
pub struct Dispatch {
    /// The layer that it belongs to.
    pub layer: String,
    /// The pipeline's number.
    pub pipeline: usize,
    /// The numbers of the buffers that its pipeline's storage bindings take, in their order.
    pub buffers: Vec<usize>,
    /// Where its uniform begins in the tape's parameters.
    pub parameters: usize,
    /// Workgroups across and down.
    pub grid: [u32; 2],
}

/// The program of a network with some frozen blocks.
#[derive(Clone, Debug, Serialize)]
pub struct Network {
    /// How many of its blocks are frozen.
    pub frozen: usize,
    /// Buffers and tapes: `train` is one step, `evaluate` a batch of test images.
    #[serde(flatten)]
    pub program: Program,
    /// The buffers that a step reads.
    pub inputs: Inputs,
    /// The buffers that a step leaves.
    pub outputs: Outputs,
    /// The parameters, from the input up.
    pub parameters: Vec<Parameter>,
}

/// The buffers that a step reads.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Inputs {
    /// The stored bytes of a batch.
    pub images: usize,
    /// Three words an image: top, left and mirror of its window.
    pub crops: usize,
    /// The mean image, `[row][column][channel]`.
    pub mean: usize,
    /// What the differences are multiplied with, a channel each.
    pub scale: usize,
    /// A word an image.
    pub labels: usize,
}

/// The buffers that a step leaves.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Outputs {
    /// The loss of each image.
    pub loss: usize,
    /// After an evaluation: how many classes have greater scores than the true one, a word an image.
    pub rank: usize,
    /// The class scores, padded to a multiple of four an image.
    pub scores: usize,
}

/// A parameter of a net.
#[derive(Clone, Debug, Serialize)]
pub struct Parameter {
    /// The name, such as `conv1.weight`: also that of its random stream.
    pub name: String,
    /// The number of its block, counted from 1.
    pub block: usize,
    /// The outer shape: OIHW or `[out, in]`, or `[out]`.
    pub shape: Vec<usize>,
    /// Its buffer.
    pub buffer: usize,
    /// The buffer of its momentum; none where it does not learn.
    pub history: Option<usize>,
    /// How its elements lie in the buffer.
    pub layout: Layout,
    /// What it starts as.
    pub start: Start,
}

/// How a parameter's elements lie in its buffer.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Layout {
    /// `[r][s][c][k]`, k padded to a multiple of four, and c too where there is one group.
    Kernel {
        /// Output channels, input channels a group, height, width.
        dims: [usize; 4],
        /// Groups.
        groups: usize,
    },
    /// One value per channel, padded to a multiple of four.
    Channels(usize),
}

/// What a parameter starts as.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Start {
    /// Normally distributed with mean 0 and this standard deviation, in outer order, from the stream of its name.
    Normal(f64),
    /// The same value everywhere.
    Constant(f64),
}

/// A file beside the description.
#[derive(Clone, Debug, Serialize)]
pub struct File {
    /// Its name.
    pub file: &'static str,
    /// Its bytes, which are a gzip member.
    pub packed: u64,
    /// Bytes that it unpacks to.
    pub bytes: u64,
    /// The BLAKE3 digest of what it unpacks to.
    pub digest: String,
}
