//! A weights file of any format: its tensors, and what it says of its layers.

use std::fmt;

/// The most tensors of a file.
pub const MAX_TENSORS: usize = 100_000;
/// The most dimensions of a tensor.
pub const MAX_RANK: usize = 8;

/// The format of a weights file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// PyTorch's zip archive, of 1.6 and later.
    PytorchZip,
    /// PyTorch's stream of pickles, of before 1.6.
    PytorchStream,
    /// Safetensors.
    Safetensors,
    /// Caffe's `NetParameter`, with `layer` or the older `layers`.
    Caffe,
    /// Caffe's `BlobProto`: a mean image.
    CaffeMean,
    /// ONNX's `ModelProto`.
    Onnx,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Format::PytorchZip => "PyTorch (zip)",
            Format::PytorchStream => "PyTorch (stream of before 1.6)",
            Format::Safetensors => "safetensors",
            Format::Caffe => "Caffe",
            Format::CaffeMean => "Caffe mean",
            Format::Onnx => "ONNX",
        })
    }
}

/// Which dimension of a weight counts outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// The first: OIHW and `[out, in]`, as in PyTorch and Caffe.
    OutFirst,
    /// The last: HWIO and `[in, out]`, as in TensorFlow, and in ONNX where a graph says so.
    OutLast,
}

/// One tensor of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct FileTensor {
    /// Its name in the file.
    pub name: String,
    /// Its dimensions.
    pub shape: Vec<usize>,
    /// Its values, the last dimension running fastest.
    pub values: Vec<f32>,
    /// Where it counts outputs, where it is a weight.
    pub order: Order,
}

/// What a tensor is to its layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// Weights, or the scale of a normalisation.
    Weight,
    /// A bias.
    Bias,
    /// The running mean of a batch normalisation.
    Mean,
    /// Its running variance.
    Variance,
}

impl Part {
    /// What follows the layer's name in strata's and PyTorch's files.
    pub const fn suffix(self) -> &'static str {
        match self {
            Part::Weight => "weight",
            Part::Bias => "bias",
            Part::Mean => "running_mean",
            Part::Variance => "running_var",
        }
    }
}

/// The tensors of one layer.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// The layer's name in the file.
    pub name: String,
    /// Its tensors by their place in the file.
    pub parts: Vec<(Part, usize)>,
}

impl Group {
    /// The place of a part.
    pub fn part(&self, part: Part) -> Option<usize> {
        self.parts.iter().find(|(other, _)| *other == part).map(|(_, place)| *place)
    }
}

/// What a file says of a layer beside its weights, in the order of its layers.
#[derive(Clone, Debug, PartialEq)]
pub enum Geometry {
    /// A convolution: its weight's name, strides, paddings (top, left, bottom, right), dilations and groups.
    Conv {
        /// The name of the weight.
        weight: String,
        /// Steps down and across.
        stride: [usize; 2],
        /// Zeros above, on the left, below and on the right.
        padding: [usize; 4],
        /// Distances of taps.
        dilation: [usize; 2],
        /// Groups.
        groups: usize,
    },
    /// A local response normalisation, its alpha divided by its size.
    Lrn {
        /// Channels in the window.
        size: usize,
        /// The weight of the squares, before the division by `size`.
        alpha: f64,
        /// The exponent.
        beta: f64,
        /// The constant.
        k: f64,
    },
    /// A batch normalisation.
    BatchNorm {
        /// The name of its running mean.
        mean: String,
        /// What is added to the variance below the root.
        eps: f64,
    },
    /// A max pooling.
    MaxPool {
        /// Window height and width.
        kernel: [usize; 2],
        /// Steps down and across.
        stride: [usize; 2],
        /// Padding above, on the left, below and on the right.
        padding: [usize; 4],
        /// Whether sizes are rounded up.
        ceil: bool,
    },
}

/// What a weights file holds.
#[derive(Clone, Debug, PartialEq)]
pub struct ForeignFile {
    /// Its format.
    pub format: Format,
    /// Its tensors of floating-point numbers, in the order of its layers where the format has one.
    pub tensors: Vec<FileTensor>,
    /// Which of them belong to one layer, in the order of layers, as the format or their names say.
    pub groups: Vec<Group>,
    /// What it says of its layers; nothing in formats that hold tensors alone.
    pub layers: Vec<Geometry>,
    /// Tensors that are no weights, and why.
    pub ignored: Vec<String>,
    /// What strata wrote about itself into the file; empty where another program wrote it.
    pub text: String,
}

/// The number of elements of a shape, where it is that of a tensor with as many values.
pub(super) fn elements(shape: &[usize]) -> Option<usize> {
    let fits = shape.len() <= MAX_RANK;
    shape.iter().try_fold(1usize, |product, &side| product.checked_mul(side)).filter(|_| fits)
}
