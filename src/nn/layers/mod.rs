//! The layers, one file each: what a layer's output is, what it learns, and which operations compute it.
//!
//! A new layer is a file here that implements [`LayerKind`], and one line in the list below. The trait has no default
//! methods, so that whatever a layer forgets to say is an error of the compiler. The fields of its struct are the keys
//! of a net file.

mod size;
pub mod softmax_cross_entropy;

use crate::{
    host::ImageDims,
    ops::{Element, Op, OpsError, TensorId, TensorShape, sgd::Gradient},
};
use serde::{Deserialize, Serialize};

/// In which way a layer computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// In a training step, unless the layer has parameters and is frozen.
    Training,
    /// In an evaluation, and in every layer with parameters that is frozen.
    Evaluation,
}

/// What an image's output depends on beside the parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depends {
    /// On the image alone: it may be computed once for all steps.
    Image,
    /// On the other images of its batch, or of its part of a batch.
    Batch,
    /// On random numbers of the step.
    Random,
}

/// Where a layer leaves its output, and where the gradients of its inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In tensors of their own.
    Apart,
    /// In its input, and in the gradient of its output: both are changed in place. Where something else reads them,
    /// too, the layer works on a copy. The layer's own backward pass, and that of a layer in place above it, must
    /// do with the output.
    InPlace,
    /// The output in a tensor of its own; the gradient of every input is that of the output, as it is.
    Summed,
}

/// What a parameter is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParamRole {
    /// Weights, drawn by the layer's filler, with the first of Caffe's `lr_mult` and `decay_mult`.
    Weight,
    /// A bias, of the layer's constant, with the second of them.
    Bias,
    /// Not learned, but kept up to date by the forward pass in training: it is saved, copied and watched like weights.
    Statistic,
}

impl ParamRole {
    /// Its place in Caffe's pairs of factors.
    pub(super) const fn place(self) -> usize {
        match self {
            ParamRole::Weight | ParamRole::Statistic => 0,
            ParamRole::Bias => 1,
        }
    }
}

/// A parameter of a layer.
#[derive(Clone, Debug, PartialEq)]
pub struct ParamSpec {
    /// What follows the layer's name: `weight`, `bias`.
    pub suffix: &'static str,
    /// What it is.
    pub role: ParamRole,
    /// The shape inside.
    pub shape: TensorShape,
    /// The shape in files: OIHW or `[out, in]` for weights, `[out]` for a bias.
    pub outer: Vec<usize>,
    /// Whether the operation that computes its gradient can update it there, so that no gradient need be kept.
    pub applies: bool,
    /// The value that it starts at where no filler draws it: of statistics, and of weights such as a scale of 1.
    pub starts_at: Option<f64>,
}

impl ParamSpec {
    /// The weights and the bias of a matrix product: an operation gives both gradients at once, and can apply that of
    /// the weights.
    fn product(shape: TensorShape, outer: Vec<usize>) -> Vec<Self> {
        let outputs = outer[0];
        let weight = Self { suffix: "weight", role: ParamRole::Weight, shape, outer, applies: true, starts_at: None };
        let (shape, outer) = (TensorShape::Channels(outputs), vec![outputs]);
        vec![weight, Self { suffix: "bias", role: ParamRole::Bias, shape, outer, applies: false, starts_at: None }]
    }
}

/// A tensor that a layer's forward pass leaves for its backward pass.
#[derive(Clone, Debug, PartialEq)]
pub struct KeptSpec {
    /// What follows the layer's name: `argmax`.
    pub suffix: &'static str,
    /// What its elements are.
    pub element: Element,
    /// Its shape.
    pub shape: TensorShape,
}

/// The tensors of a layer.
#[derive(Clone, Copy, Debug)]
pub struct Io<'a> {
    /// Its inputs.
    pub x: &'a [(TensorId, ImageDims)],
    /// Its output; the input itself where it works in place.
    pub y: (TensorId, ImageDims),
    /// Its parameters, in the order of [`LayerKind::params`].
    pub params: &'a [TensorId],
    /// Its other tensors, in the order of [`LayerKind::keeps`].
    pub kept: &'a [TensorId],
    /// Layers below it that draw random numbers: its number among them.
    pub drawing: u32,
}

/// What a layer's backward pass shall compute.
#[derive(Clone, Copy, Debug)]
pub struct Wants<'a> {
    /// The gradient of its output. One in place finds it in `dx`.
    pub dy: TensorId,
    /// The gradients of its inputs to overwrite; none where nothing below needs one.
    pub dx: &'a [Option<TensorId>],
    /// What becomes of the gradients of its learned parameters, in their order; none where it does not learn.
    pub params: Option<&'a [Gradient]>,
}

/// What a kind of layer is. No method has a default.
pub trait LayerKind {
    /// How many tensors it reads.
    fn inputs(&self) -> usize;
    /// Whether it has parameters: then it can be frozen, and counts as a block where a net names none.
    fn has_params(&self) -> bool;
    /// Whether a filler draws its weights, which must then be named.
    fn is_filled(&self) -> bool;
    /// The dimensions of its output.
    ///
    /// # Errors
    /// Parameters out of their range; inputs that do not fit them or each other.
    fn output(&self, x: &[ImageDims]) -> Result<ImageDims, OpsError>;
    /// Its parameters over inputs that fit.
    ///
    /// # Errors
    /// As [`Self::output`].
    fn params(&self, x: &[ImageDims]) -> Result<Vec<ParamSpec>, OpsError>;
    /// The tensors that its forward pass leaves for its backward pass.
    ///
    /// # Errors
    /// As [`Self::output`].
    fn keeps(&self, x: &[ImageDims]) -> Result<Vec<KeptSpec>, OpsError>;
    /// What its output depends on.
    fn depends_on(&self, mode: Mode) -> Depends;
    /// Where its output and the gradients of its inputs lie.
    fn place(&self) -> Place;
    /// The operations of its forward pass.
    ///
    /// # Errors
    /// As [`Self::output`].
    fn forward(&self, io: &Io<'_>, mode: Mode) -> Result<Vec<Op>, OpsError>;
    /// The operations of its backward pass; whatever reads the weights comes before what updates them.
    ///
    /// # Errors
    /// As [`Self::output`].
    fn backward(&self, io: &Io<'_>, wants: &Wants<'_>) -> Result<Vec<Op>, OpsError>;
}

macro_rules! layers {
    ($($variant:ident = $stem:ident),* $(,)?) => {
        $(pub mod $stem;)*
        $(pub use $stem::$variant;)*

        /// What a layer does. The name of a type in net files is that of its file here.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "type", rename_all = "snake_case")]
        #[expect(missing_docs, reason = "each variant is documented where its type is")]
        pub enum Kind { $($variant($variant)),* }

        impl Kind {
            /// The names of all types.
            pub const TYPES: &[&str] = &[$(stringify!($stem)),*];

            /// The name of its type.
            pub const fn type_name(&self) -> &'static str {
                match self { $(Kind::$variant(_) => stringify!($stem)),* }
            }

            /// The keys that layers of a type have in net files; none for an unknown type.
            pub(super) fn keys(name: &str) -> Option<&'static [&'static str]> {
                match name { $(stringify!($stem) => Some(super::keys::of::<$variant>()),)* _ => None }
            }

            /// What the layer is.
            pub(super) fn layer(&self) -> &dyn LayerKind {
                match self { $(Kind::$variant(layer) => layer),* }
            }
        }
        $(impl From<$variant> for Kind {
            fn from(layer: $variant) -> Self { Kind::$variant(layer) }
        })*
    };
}

layers! {
    Add = add,
    AvgPool = avg_pool,
    BatchNorm = batch_norm,
    Conv2d = conv2d,
    Dense = dense,
    Dropout = dropout,
    Lrn = lrn,
    MaxPool = max_pool,
    Relu = relu,
}

/// The gradient of weights and the tensor of the gradient of their bias, from what becomes of the two; the operation
/// leaves that of a layer without a bias where the layer keeps it.
fn weight_and_bias(params: Option<&[Gradient]>, kept: &[TensorId]) -> Option<(Gradient, TensorId)> {
    match (params, kept) {
        (Some(&[weight, Gradient::Kept(bias)]), _) => Some((weight, bias)),
        (Some(&[weight]), &[bias]) => Some((weight, bias)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_has_the_keys_of_its_struct_and_the_name_of_its_file() {
        assert_eq!(Kind::keys("relu"), Some(&[][..]));
        assert!(Kind::keys("conv2d").is_some_and(|keys| keys.contains(&"kernel_size")));
        assert_eq!(Kind::keys("conv3d"), None);
        let relu: Kind = toml::from_str("type = \"relu\"").unwrap();
        assert_eq!((relu.type_name(), relu), ("relu", Kind::Relu(Relu {})));
        for name in Kind::TYPES {
            // A type that serde knows by another name than ours would never be read.
            let error = toml::from_str::<Kind>(&format!("type = {name:?}\nno_such_key = 1")).unwrap_err().to_string();
            assert!(!error.contains("unknown variant"), "{error}");
        }
    }
}
