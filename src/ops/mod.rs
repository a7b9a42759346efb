//! The operations: one file each, with its parameters, shapes, cost and its way to each executor.
//!
//! An operation is one stem in every place: `src/ops/lrn.rs`, `src/cpu/lrn.rs`, `shaders/lrn.wgsl`,
//! `src/ops/check/lrn.rs`, `kernels-tests/lrn.rs`, and an entry in the registry below, from which calls, catalogue and
//! list of checks are made. CONTRIBUTING.md says how to add one.

/// The registry: every operation's stem, with its calls and the types that hold them. Each of its parts is made of it
/// by a macro, so that what is missing somewhere does not compile.
macro_rules! registry {
    ($made_of_it:ident) => {
        $made_of_it! {
            conv2d: Conv2dForward = Forward, Conv2dBackwardInput = BackwardInput, Conv2dBackwardWeight = BackwardWeight;
            dense: DenseForward = Forward, DenseBackwardInput = BackwardInput, DenseBackwardWeight = BackwardWeight;
            add: AddForward = Forward, AddBackward = Backward;
            relu: ReluForward = Forward, ReluBackward = Backward;
            lrn: LrnForward = Forward, LrnBackward = Backward;
            max_pool: MaxPoolForward = Forward, MaxPoolBackward = Backward;
            avg_pool: AvgPoolForward = Forward, AvgPoolBackward = Backward;
            batch_norm: BatchNormForward = Forward, BatchNormForwardEvaluation = ForwardEvaluation,
                BatchNormBackward = Backward, BatchNormBackwardEvaluation = BackwardEvaluation;
            dropout: Dropout = Apply;
            finite: Finite = Forward;
            softmax_cross_entropy: SoftmaxCrossEntropyForward = Forward, SoftmaxCrossEntropyBackward = Backward;
            top_k: TopK = Forward;
            sgd: Sgd = Update;
            augment: Augment = Forward;
        }
    };
}

/// A file of the `shaders` folder.
macro_rules! module {
    ($name:expr) => {
        $crate::gpu::Module {
            name: $name,
            text: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/shaders/", $name, ".wgsl")),
            names: std::borrow::Cow::Borrowed(&[]),
        }
    };
}

/// The shader of an operation: modules of `shaders/shared`, and then its own file.
macro_rules! shader {
    ($stem:literal, [$($module:literal),*]) => {
        $crate::gpu::Shader {
            name: std::borrow::Cow::Borrowed($stem),
            stem: $stem,
            modules: std::borrow::Cow::Borrowed(&[$(module!(concat!("shared/", $module)),)* module!($stem)]),
            sizes: std::borrow::Cow::Borrowed(&[]),
        }
    };
}

/// All kernels of an operation's shader: their names and entry points with their bindings, and the parameter struct.
macro_rules! kernels {
    ($shader:ident, $parameters:ident: $($name:ident = $entry:literal [$($binding:literal $access:ident),*]),* $(,)?) => {
        $(static $name: $crate::gpu::Kernel = $crate::gpu::Kernel {
            shader: &$shader,
            entry: $entry,
            bindings: std::borrow::Cow::Borrowed(
                &[(0, $crate::gpu::Access::Uniform), $(($binding, $crate::gpu::Access::$access)),*],
            ),
            parameters: <$parameters as $crate::gpu::Parameters>::TABLE,
        };)*

        /// Every kernel.
        pub(super) fn kernels() -> impl Iterator<Item = &'static $crate::gpu::Kernel> {
            [$(&$name),*].into_iter()
        }
    };
}

pub mod add;
pub mod augment;
pub mod avg_pool;
pub mod batch_norm;
pub mod check;
pub mod conv2d;
pub mod dense;
mod device;
pub mod dropout;
mod epilogue;
mod error;
mod executor;
pub mod finite;
mod interleaved;
pub mod lrn;
pub mod max_pool;
mod peak;
pub mod pipelines;
mod placement;
mod planned;
mod pooling;
mod product;
pub mod program;
pub mod relu;
pub mod sgd;
pub mod softmax_cross_entropy;
pub mod storage;
mod timing;
pub mod top_k;
mod tuning;

pub use device::Device;
pub use epilogue::{Absorbed, Epilogue};
pub use error::OpsError;
pub use executor::Executor;
pub use peak::Peak;
pub use planned::Planned;
pub use product::{TILES, Tile, tiles};
pub use program::{Element, Program, Role, TensorId, TensorShape};
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
    /// What it does to the result of another operation, where that may be able to do it on the way to memory: the ways
    /// to see it, of which one is enough.
    fn as_epilogues(&self) -> Vec<Epilogue> {
        Vec::new()
    }
    /// Takes on what an operation after it does to its result, where it can.
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

/// One call of any operation, and every kernel.
macro_rules! operations {
    ($($stem:ident: $($variant:ident = $call:ident),*;)*) => {
        /// One call of an operation, on numbered tensors.
        #[derive(Clone, Debug)]
        #[expect(missing_docs, reason = "each variant is documented where its type is")]
        pub enum Op { $($($variant($stem::$call)),*),* }

        impl Op {
            /// The operation's stem, such as `conv2d`.
            pub fn stem(&self) -> &'static str {
                match self { $($(Op::$variant(_) => <$stem::$call as Operation>::STEM),*),* }
            }
            /// The pass, such as `backward_weight`.
            pub fn pass(&self) -> &'static str {
                match self { $($(Op::$variant(call) => call.pass()),*),* }
            }
            /// The work of one call.
            pub fn cost(&self) -> Cost {
                match self { $($(Op::$variant(call) => call.cost()),*),* }
            }
            /// Its pass and shape in words where it is a product in tiles: what decides which of them is the fastest.
            pub fn product(&self) -> Option<String> {
                match self { $($(Op::$variant(call) => call.product()),*),* }
            }
            /// The tensors that it reads, those that it changes in place among them.
            pub fn reads(&self) -> Vec<TensorId> {
                match self { $($(Op::$variant(call) => call.reads()),*),* }
            }
            /// The tensors that it overwrites or changes in place.
            pub fn writes(&self) -> Vec<TensorId> {
                match self { $($(Op::$variant(call) => call.writes()),*),* }
            }
            /// What it does to the result of another operation, where that may be able to do it on the way to memory.
            pub fn as_epilogues(&self) -> Vec<Epilogue> {
                match self { $($(Op::$variant(call) => call.as_epilogues()),*),* }
            }
            /// Takes on what an operation after it does to its result, where it can.
            pub fn absorb(&mut self, epilogue: Epilogue) -> Absorbed {
                match self { $($(Op::$variant(call) => call.absorb(epilogue)),*),* }
            }
            /// Makes it add to the gradients of parameters that it would overwrite; false where it cannot.
            pub fn accumulate(&mut self) -> bool {
                match self { $($(Op::$variant(call) => call.accumulate()),*),* }
            }
            /// Runs on the native executor.
            pub fn run<T: Real>(&self, memory: &mut cpu::Memory<T>, step: &Step) {
                match self { $($(Op::$variant(call) => call.run(memory, step)),*),* }
            }
            /// Records its dispatches for the gpu executor.
            pub fn record(&self, recorder: &mut Recorder<'_>) -> Result<(), GpuError> {
                match self { $($(Op::$variant(call) => call.record(recorder)),*),* }
            }
        }
        $($(impl From<$stem::$call> for Op {
            fn from(call: $stem::$call) -> Self { Op::$variant(call) }
        })*)*

        /// Every kernel of the gpu executor. A test holds this list against the `shaders` folder.
        pub fn catalogue() -> impl Iterator<Item = &'static Kernel> {
            std::iter::empty()$(.chain($stem::kernels()))*
        }
    };
}

registry!(operations);
