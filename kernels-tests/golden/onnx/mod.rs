//! `test_*` and `torch_*`: forward passes of single ONNX nodes.

mod batch_norm;
mod conv;
mod dropout;
mod elementwise;
mod pool;
mod product;
pub mod softmax;
mod window;

pub use batch_norm::batch_normalization;
pub use conv::conv;
pub use dropout::dropout;
pub use elementwise::{lrn, relu};
pub use pool::{average_pool, global_average_pool, global_max_pool, max_pool};
pub use product::{gemm, matmul};
pub use softmax::{log_softmax, loss, softmax};
