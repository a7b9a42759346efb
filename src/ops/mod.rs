//! The operations: one file each, with its parameters, shapes, cost and its way to each executor.
//!
//! An operation is one stem in every place: `src/ops/lrn.rs`, `src/cpu/lrn.rs`, `shaders/lrn.wgsl`,
//! `kernels-tests/lrn.rs`, and a line in the list below. `docs` in CONTRIBUTING.md says how to add one.

/// A shader of the `shaders` folder with the shared modules in front of it, or one of shared modules alone.
macro_rules! shader {
    ($stem:literal, [$($module:literal),*]) => {
        shader!(@ $stem, $stem, [$($module),*], include_str!(concat!("../../shaders/", $stem, ".wgsl")), &[])
    };
    ($name:literal of $stem:literal, [$($module:literal),*]) => {
        shader!(@ $name, $stem, [$($module),*], "", &[])
    };
    ($name:literal, $stem:literal, [$($module:literal),*], $sizes:expr) => {
        shader!(@ concat!($stem, "_", $name), $stem, [$($module),*],
            include_str!(concat!("../../shaders/", $stem, ".wgsl")), $sizes)
    };
    (@ $name:expr, $stem:literal, [$($module:literal),*], $text:expr, $sizes:expr) => {
        $crate::gpu::Shader {
            name: $name,
            stem: $stem,
            shared: &[$(($module, include_str!(concat!("../../shaders/shared/", $module, ".wgsl")))),*],
            text: $text,
            sizes: $sizes,
        }
    };
}

/// One entry point of a shader: its bindings, and its parameter struct.
macro_rules! kernel {
    ($name:ident = $shader:ident / $entry:literal, $parameters:ident, [$($binding:literal $access:ident),*]) => {
        pub(super) static $name: $crate::gpu::Kernel =
            kernel!(&$shader, $entry, $parameters, [$($binding $access),*]);
    };
    ($name:ident = each of $shaders:ident / $entry:literal, $parameters:ident, $bindings:tt) => {
        pub(super) static $name: [$crate::gpu::Kernel; tile::WAYS] = [
            kernel!(&$shaders[0], $entry, $parameters, $bindings),
            kernel!(&$shaders[1], $entry, $parameters, $bindings),
            kernel!(&$shaders[2], $entry, $parameters, $bindings),
            kernel!(&$shaders[3], $entry, $parameters, $bindings),
            kernel!(&$shaders[4], $entry, $parameters, $bindings),
            kernel!(&$shaders[5], $entry, $parameters, $bindings),
            kernel!(&$shaders[6], $entry, $parameters, $bindings),
            kernel!(&$shaders[7], $entry, $parameters, $bindings),
            kernel!(&$shaders[8], $entry, $parameters, $bindings),
            kernel!(&$shaders[9], $entry, $parameters, $bindings),
            kernel!(&$shaders[10], $entry, $parameters, $bindings),
            kernel!(&$shaders[11], $entry, $parameters, $bindings),
            kernel!(&$shaders[12], $entry, $parameters, $bindings),
        ];
    };
    ($shader:expr, $entry:literal, $parameters:ident, [$($binding:literal $access:ident),*]) => {
        $crate::gpu::Kernel {
            shader: $shader,
            entry: $entry,
            bindings: &[(0, $crate::gpu::Access::Uniform), $(($binding, $crate::gpu::Access::$access)),*],
            parameters: <$parameters as $crate::gpu::Parameters>::TABLE,
        }
    };
}

/// A shader of matrix products for every way of `tile::SIZES`: in f32, and for each kind of matrices in mixed precision
/// and of pairs.
macro_rules! tiled_shaders {
    ($stem:literal, [$($module:literal),*]) => {
        [
            shader!("64x64", $stem, [$($module,)* "tile_f32", "tile"], tile::SIZES[0]),
            shader!("128x64", $stem, [$($module,)* "tile_f32", "tile"], tile::SIZES[1]),
            shader!("128x128", $stem, [$($module,)* "tile_f32", "tile"], tile::SIZES[2]),
            // What enables extensions must stand first.
            shader!("mixed16_64x64", $stem, ["tile_matrices", $($module,)* "tile_mixed", "tile"], tile::SIZES[3]),
            shader!("mixed16_128x64", $stem, ["tile_matrices", $($module,)* "tile_mixed", "tile"], tile::SIZES[4]),
            shader!("mixed16_128x128", $stem, ["tile_matrices", $($module,)* "tile_mixed", "tile"], tile::SIZES[5]),
            shader!("f16x3_16_64x64", $stem, ["tile_matrices", $($module,)* "tile_f16x3", "tile"], tile::SIZES[6]),
            shader!("f16x3_16_128x64", $stem, ["tile_matrices", $($module,)* "tile_f16x3", "tile"], tile::SIZES[7]),
            shader!("mixed8_64x64", $stem, ["tile_matrices", $($module,)* "tile_mixed", "tile"], tile::SIZES[8]),
            shader!("mixed8_128x64", $stem, ["tile_matrices", $($module,)* "tile_mixed", "tile"], tile::SIZES[9]),
            shader!("mixed8_128x128", $stem, ["tile_matrices", $($module,)* "tile_mixed", "tile"], tile::SIZES[10]),
            shader!("f16x3_8_64x64", $stem, ["tile_matrices", $($module,)* "tile_f16x3", "tile"], tile::SIZES[11]),
            shader!("f16x3_8_128x64", $stem, ["tile_matrices", $($module,)* "tile_f16x3", "tile"], tile::SIZES[12]),
        ]
    };
}

pub mod add;
pub mod augment;
pub mod check;
pub mod conv2d;
pub mod dense;
pub mod dropout;
mod epilogue;
mod error;
mod executor;
pub mod finite;
pub mod lrn;
pub mod max_pool;
mod peak;
mod placement;
pub mod program;
pub mod relu;
pub mod sgd;
pub mod softmax_cross_entropy;
pub mod storage;
mod tile;
mod timing;
pub mod top_k;
mod tuning;

pub use epilogue::{Absorbed, Epilogue};
pub use error::OpsError;
pub use executor::{Device, Executor};
pub use peak::Peak;
pub use program::{Element, Program, Role, TensorId, TensorShape};
pub use tile::{TILES, tiles};
pub use timing::median;
pub use tuning::{Measured, Tuning};

use crate::{
    cpu,
    gpu::{GpuError, Kernel, Recorder},
    host::{ImageDims, Real, Stream, Window},
};

/// What changes from step to step of a static tape.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// The number of the training step, which keys dropout masks.
    pub iteration: u32,
    /// The learning rate, before `lr_mult`.
    pub rate: f64,
    /// The stream of dropout masks.
    pub dropout: Stream,
    /// The number in its batch of the first image that the tape sees: 0 but where a batch is computed in parts.
    pub first_image: u32,
}

/// The work of one call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Multiply-adds.
    pub macs: u64,
    /// Elements read and written, four bytes each.
    pub elements: u64,
}

fn error_window(op: &'static str, vertical: &Window, horizontal: &Window, x: &ImageDims) -> OpsError {
    OpsError::Window {
        op,
        kernel: [vertical.kernel, horizontal.kernel],
        stride: [vertical.stride, horizontal.stride],
        padding: [vertical.pad_begin, horizontal.pad_begin],
        dilation: [vertical.dilation, horizontal.dilation],
        input: [x.h, x.w],
    }
}

/// What every operation can say and do.
pub trait Operation {
    /// The operation's stem, such as `conv2d`.
    const STEM: &'static str;
    /// The pass, such as `backward_weight`: also the name of the shader's entry point.
    fn pass(&self) -> &'static str;
    /// The work of one call.
    fn cost(&self) -> Cost;
    /// Its pass and shape in words where it is a product in tiles: what decides which of them is the fastest.
    fn product(&self) -> Option<String> {
        None
    }
    /// The tensors that it reads, those that it changes in place among them.
    fn reads(&self) -> Vec<TensorId>;
    /// The tensors that it overwrites or changes in place.
    fn writes(&self) -> Vec<TensorId>;
    /// What it does to the result of another operation, where that may be able to do it on the way to memory.
    fn as_epilogue(&self) -> Option<Epilogue> {
        None
    }
    /// Takes on what an operation behind it does to its result, where it can.
    fn absorb(&mut self, _: Epilogue) -> Absorbed {
        Absorbed::Refused
    }
    /// Makes it add to the gradients of parameters that it would overwrite; false where it cannot. Whoever needs that
    /// must look at the answer.
    fn accumulate(&mut self) -> bool {
        false
    }
    /// Runs on the native executor.
    fn run<T: Real>(&self, memory: &mut cpu::Memory<T>, step: &Step);
    /// Records its dispatches for the gpu executor, once, when the program is loaded.
    fn record(&self, recorder: &mut Recorder<'_>) -> Result<(), GpuError>;
}

macro_rules! operations {
    ($($variant:ident = $stem:ident :: $call:ident),* $(,)?) => {
        /// One call of an operation, on numbered tensors.
        #[derive(Clone, Debug)]
        #[expect(missing_docs, reason = "each variant is documented where its type is")]
        pub enum Op { $($variant($stem::$call)),* }

        impl Op {
            /// The operation's stem, such as `conv2d`.
            pub fn stem(&self) -> &'static str {
                match self { $(Op::$variant(_) => <$stem::$call as Operation>::STEM),* }
            }
            /// The pass, such as `backward_weight`.
            pub fn pass(&self) -> &'static str {
                match self { $(Op::$variant(call) => call.pass()),* }
            }
            /// The work of one call.
            pub fn cost(&self) -> Cost {
                match self { $(Op::$variant(call) => call.cost()),* }
            }
            /// Its pass and shape in words where it is a product in tiles: what decides which of them is the fastest.
            pub fn product(&self) -> Option<String> {
                match self { $(Op::$variant(call) => call.product()),* }
            }
            /// The tensors that it reads, those that it changes in place among them.
            pub fn reads(&self) -> Vec<TensorId> {
                match self { $(Op::$variant(call) => call.reads()),* }
            }
            /// The tensors that it overwrites or changes in place.
            pub fn writes(&self) -> Vec<TensorId> {
                match self { $(Op::$variant(call) => call.writes()),* }
            }
            /// What it does to the result of another operation, where that may be able to do it on the way to memory.
            pub fn as_epilogue(&self) -> Option<Epilogue> {
                match self { $(Op::$variant(call) => call.as_epilogue()),* }
            }
            /// Takes on what an operation behind it does to its result, where it can.
            pub fn absorb(&mut self, epilogue: Epilogue) -> Absorbed {
                match self { $(Op::$variant(call) => call.absorb(epilogue)),* }
            }
            /// Makes it add to the gradients of parameters that it would overwrite; false where it cannot.
            pub fn accumulate(&mut self) -> bool {
                match self { $(Op::$variant(call) => call.accumulate()),* }
            }
            /// Runs on the native executor.
            pub fn run<T: Real>(&self, memory: &mut cpu::Memory<T>, step: &Step) {
                match self { $(Op::$variant(call) => call.run(memory, step)),* }
            }
            /// Records its dispatches for the gpu executor.
            pub fn record(&self, recorder: &mut Recorder<'_>) -> Result<(), GpuError> {
                match self { $(Op::$variant(call) => call.record(recorder)),* }
            }
        }
        $(impl From<$stem::$call> for Op {
            fn from(call: $stem::$call) -> Self { Op::$variant(call) }
        })*
    };
}

operations! {
    AddForward = add::Forward,
    AddBackward = add::Backward,
    Augment = augment::Forward,
    Conv2dForward = conv2d::Forward,
    Conv2dBackwardInput = conv2d::BackwardInput,
    Conv2dBackwardWeight = conv2d::BackwardWeight,
    DenseForward = dense::Forward,
    DenseBackwardInput = dense::BackwardInput,
    DenseBackwardWeight = dense::BackwardWeight,
    ReluForward = relu::Forward,
    ReluBackward = relu::Backward,
    LrnForward = lrn::Forward,
    LrnBackward = lrn::Backward,
    MaxPoolForward = max_pool::Forward,
    MaxPoolBackward = max_pool::Backward,
    Dropout = dropout::Apply,
    Finite = finite::Forward,
    SoftmaxCrossEntropyForward = softmax_cross_entropy::Forward,
    SoftmaxCrossEntropyBackward = softmax_cross_entropy::Backward,
    TopK = top_k::Forward,
    Sgd = sgd::Update,
}

/// Every kernel of the gpu executor. A test holds this list against the `shaders` folder.
pub fn catalogue() -> impl Iterator<Item = &'static Kernel> {
    let tiled = [
        &conv2d::FORWARD,
        &conv2d::BACKWARD_INPUT,
        &conv2d::BACKWARD_WEIGHT,
        &conv2d::BACKWARD_WEIGHT_UPDATE,
        &dense::FORWARD,
        &dense::BACKWARD_INPUT,
        &dense::BACKWARD_WEIGHT,
        &dense::BACKWARD_WEIGHT_UPDATE,
    ];
    tiled.into_iter().flatten().chain(SINGLE.iter().copied())
}

/// The kernels that there is one of, whatever the tile.
static SINGLE: &[&Kernel] = &[
    &add::FORWARD,
    &add::BACKWARD,
    &augment::FORWARD,
    &conv2d::SUM_SPLITS,
    &conv2d::SUM_SPLITS_UPDATE,
    &conv2d::FORWARD_LANES,
    &conv2d::BACKWARD_INPUT_LANES,
    &conv2d::BACKWARD_WEIGHT_LANES,
    &conv2d::BACKWARD_WEIGHT_UPDATE_LANES,
    &dense::SUM_FORWARD,
    &dense::SUM_BACKWARD_INPUT,
    &dense::FORWARD_LANES,
    &dense::BACKWARD_INPUT_LANES,
    &dense::BACKWARD_WEIGHT_LANES,
    &dense::BACKWARD_WEIGHT_UPDATE_LANES,
    &dropout::APPLY,
    &dropout::APPLY_GIVEN,
    &finite::FORWARD,
    &lrn::FORWARD,
    &lrn::BACKWARD,
    &max_pool::FORWARD,
    &max_pool::BACKWARD,
    &relu::FORWARD,
    &relu::BACKWARD,
    &sgd::UPDATE,
    &softmax_cross_entropy::FORWARD,
    &softmax_cross_entropy::BACKWARD,
    &top_k::FORWARD,
];
