//! The checks of the operations: a list of cases an operation, each run on a device and on the reference.
//!
//! A case is a small program with inputs. It runs on the device under test and, from exactly the same
//! `f32` inputs, on the reference executor in `f64`. The error of an element is counted in units of its
//! bound, `|got - reference| / (2^-24 * bound)`, where the bound is the sum of the absolute values of the
//! terms that the element adds up: correct single precision stays at a few units whatever the values,
//! half precision or one wrong index give hundreds. What is only moved (a maximum, a rectified value)
//! must be exact. The reference in turn is checked against central differences of itself.
//!
//! The same lists serve `strata gradcheck` and the tests in `kernels-tests`.

pub mod add;
pub mod augment;
pub mod avg_pool;
pub mod batch_norm;
mod builder;
mod case;
pub mod conv2d;
pub mod dense;
mod difference;
pub mod dropout;
pub mod finite;
mod judge;
mod line;
pub mod lrn;
pub mod max_pool;
pub mod pooling;
pub mod relu;
mod rule;
pub mod sgd;
pub mod softmax_cross_entropy;
pub mod top_k;

pub use builder::Builder;
pub use case::{Answer, Case, Given, Gradient, Loss, Outcome, Values};
pub use difference::CENTRAL_LIMIT;
pub use line::{Line, Summary};
pub use rule::{LIMIT, LRN_LIMIT, ROUNDING, Rule};

use super::{Device, OpsError};
use crate::host::{Precision, Window};

/// The cases of one operation.
pub type Cases = fn() -> Result<Vec<Case>, OpsError>;

macro_rules! checked {
    ($($stem:ident: $($variant:ident = $call:ident),*;)*) => {
        /// Every operation's stem with its cases.
        pub const OPERATIONS: &[(&str, Cases)] = &[$((stringify!($stem), $stem::cases)),*];
    };
}
registry!(checked);

/// Runs every case of every operation on a device, and reports a line for each as it ends. On a device for mixed
/// precision the inputs of matrix products are numbers of `f16`, and the bounds are the same.
///
/// An error is one of the device or of a case's shapes; a result out of its bounds is no error,
/// but a line that is not `ok`, counted in the summary.
pub fn gradcheck(device: &Device, mut report: impl FnMut(&Line)) -> Result<Summary, OpsError> {
    let mut summary = Summary::default();
    for (_, cases) in OPERATIONS {
        for case in cases()? {
            let case = if device.precision() == Precision::Mixed { case.of_f16() } else { case };
            let line = case.check(device)?;
            report(&line);
            summary.count(&line);
        }
    }
    Ok(summary)
}

/// The windows down and across of a case that names padding above, left, below and right.
fn windows(kernel: [usize; 2], stride: [usize; 2], dilation: [usize; 2], pads: [usize; 4]) -> [Window; 2] {
    [0, 1].map(|axis| Window {
        kernel: kernel[axis],
        stride: stride[axis],
        dilation: dilation[axis],
        pad_begin: pads[axis],
        pad_end: pads[axis + 2],
    })
}
