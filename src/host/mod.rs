//! Shapes, layouts, counter-based random numbers, digests and files: what every other room builds on.

pub mod atomic;
pub mod bounded;
pub mod digest;
pub mod dims;
pub mod document;
mod hold;
pub mod lanes;
pub mod layout;
pub mod machine;
pub mod npy;
pub mod philox;
pub mod png;
pub mod precision;
pub mod real;
pub mod shell;
pub mod stop;
pub mod stream;
pub mod window;

pub use dims::{AvgPoolDims, BatchNormDims, ConvDims, ImageDims, LrnDims, PoolDims};
pub use lanes::Lanes;
pub use layout::Layout;
pub use precision::Precision;
pub use real::Real;
pub use stop::Stop;
pub use stream::Stream;
pub use window::Window;
