//! A program: tensors with names and shapes, and tapes of operations on them, made once and run many times.

use super::Op;
use crate::host::{ImageDims, Layout, Precision};

/// The number of a tensor in its program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TensorId(pub usize);

/// What a tensor's elements are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Element {
    /// Real numbers (`f32`; `f64` on the reference executor).
    Real,
    /// 32-bit words.
    Word,
    /// Bytes.
    Byte,
}

impl Element {
    /// The kind in words, for messages.
    pub const fn name(self) -> &'static str {
        match self {
            Element::Real => "real numbers",
            Element::Word => "words",
            Element::Byte => "bytes",
        }
    }
}

/// A tensor's shape, in the outer order of its axes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TensorShape {
    /// NCHW outside, channels last (padded on the gpu) inside.
    Activation(ImageDims),
    /// OIHW outside (`[k, c / groups, r, s]`), `[r][s][c][k]` inside.
    Kernel {
        /// Output channels, input channels a group, kernel height, kernel width.
        dims: [usize; 4],
        /// Groups.
        groups: usize,
    },
    /// One value per channel (biases): padded like a channel axis.
    Channels(usize),
    /// `rows` times `width` values without any padding: labels, losses, crops, mean images, stored images.
    Rows {
        /// Rows, mostly images.
        rows: usize,
        /// Values a row.
        width: usize,
    },
}

impl TensorShape {
    /// Elements outside.
    pub const fn len(&self) -> usize {
        match *self {
            TensorShape::Activation(dims) => dims.n * dims.features(),
            TensorShape::Kernel { dims: [k, c, r, s], .. } => k * c * r * s,
            TensorShape::Channels(channels) => channels,
            TensorShape::Rows { rows, width } => rows * width,
        }
    }

    /// Whether there are no elements.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Elements inside an executor.
    pub const fn inner_len(&self, layout: Layout) -> usize {
        match *self {
            TensorShape::Activation(d) => layout.activation_len([d.n, d.c, d.h, d.w]),
            TensorShape::Kernel { dims, groups } => layout.kernel_len(dims, groups),
            TensorShape::Channels(channels) => layout.padded(channels),
            TensorShape::Rows { rows, width } => rows * width,
        }
    }

    /// Outer order to inner order.
    pub fn pack<T: Copy + Default>(&self, layout: Layout, outer: &[T]) -> Vec<T> {
        match *self {
            TensorShape::Activation(d) => layout.pack_activation([d.n, d.c, d.h, d.w], outer),
            TensorShape::Kernel { dims, groups } => layout.pack_kernel(dims, groups, outer),
            TensorShape::Channels(channels) => layout.pack_activation([1, channels, 1, 1], outer),
            TensorShape::Rows { .. } => outer.to_vec(),
        }
    }

    /// Inner order to outer order.
    pub fn unpack<T: Copy + Default>(&self, layout: Layout, inner: &[T]) -> Vec<T> {
        match *self {
            TensorShape::Activation(d) => layout.unpack_activation([d.n, d.c, d.h, d.w], inner),
            TensorShape::Kernel { dims, groups } => layout.unpack_kernel(dims, groups, inner),
            TensorShape::Channels(channels) => layout.unpack_activation([1, channels, 1, 1], inner),
            TensorShape::Rows { .. } => inner.to_vec(),
        }
    }
}

/// What a tensor is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Written from outside before a step.
    Input,
    /// Results of the forward pass.
    Activation,
    /// Weights and biases.
    Parameter,
    /// Gradients of activations.
    ActivationGradient,
    /// Gradients of parameters.
    ParameterGradient,
    /// The optimiser's memory.
    History,
}

/// One tensor of a program.
#[derive(Clone, Debug)]
pub struct Tensor {
    /// The name, such as `conv1.weight` or `d(conv2)`.
    pub name: String,
    /// What it is for.
    pub role: Role,
    /// What its elements are.
    pub element: Element,
    /// Its shape.
    pub shape: TensorShape,
    /// Whether nobody but operations that follow one another reads it, so that it may share its storage.
    pub passing: bool,
}

impl Tensor {
    /// Bytes inside an executor of `real` bytes a real number.
    pub const fn bytes(&self, layout: Layout, real: usize) -> u64 {
        let size = match self.element {
            Element::Real => real,
            Element::Word => 4,
            Element::Byte => 1,
        };
        self.shape.inner_len(layout) as u64 * size as u64
    }
}

/// One operation of a tape, with the layer that it belongs to.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The layer, for messages and profiles.
    pub layer: String,
    /// The operation.
    pub op: Op,
}

/// What distinguishes one tape of a program from the others: its number, or a name that stands for one, such as
/// those of the tapes of a net.
pub trait TapeName: Copy {
    /// The number.
    fn number(self) -> usize;
}

impl TapeName for usize {
    fn number(self) -> usize {
        self
    }
}

/// Tensors, and tapes over them.
#[derive(Clone, Debug, Default)]
pub struct Program {
    /// The tensors, by number.
    pub tensors: Vec<Tensor>,
    /// The tapes, by number: operations that run in order.
    pub tapes: Vec<Vec<Entry>>,
    /// The precision of its matrix products.
    pub precision: Precision,
}

impl Program {
    /// Adds a tensor.
    pub fn tensor(&mut self, name: impl Into<String>, role: Role, element: Element, shape: TensorShape) -> TensorId {
        self.tensors.push(Tensor { name: name.into(), role, element, shape, passing: false });
        TensorId(self.tensors.len() - 1)
    }

    /// The operations of a tape.
    pub fn tape(&self, tape: impl TapeName) -> &[Entry] {
        &self.tapes[tape.number()]
    }

    /// Multiply-adds of a tape.
    pub fn macs(&self, tape: impl TapeName) -> u64 {
        self.tape(tape).iter().map(|entry| entry.op.cost().macs).sum()
    }
}
