//! `grad_<op>_<k>`: forward and backward passes of one operation.

mod batch_norm;
mod elementwise;
mod product;
mod softmax;
mod update;
mod window;

pub use batch_norm::batch_norm;
pub use elementwise::{dropout, lrn, relu};
pub use product::dense;
pub use softmax::softmax_ce;
pub use update::sgd;
pub use window::{avg_pool, conv2d, max_pool};

use super::{
    case::{Case, Named, Stop, skip},
    judge::{self, Got, Verdict},
    npy::Array,
};
use strata::{host::ImageDims, ops::check::Rule};

/// Four sides of an activation; a matrix is one pixel an image.
fn sides(array: &Array) -> Result<ImageDims, Stop> {
    match array.shape[..] {
        [n, c, h, w] => Ok(ImageDims { n, c, h, w }),
        [n, c] => Ok(ImageDims { n, c, h: 1, w: 1 }),
        _ => Err(format!("shape {:?}, expected two or four sides", array.shape).into()),
    }
}

/// Judges every output of a case by its name; `scale` of a normalisation is skipped.
fn judged(case: &Case, results: &[(&str, Got)], rule: impl Fn(&Named) -> Rule) -> Result<Verdict, Stop> {
    case.all_understood()?;
    let mut verdict = Verdict::default();
    for output in &case.outputs {
        if case.op == "lrn" && output.name == "scale" {
            if !matches!(skip("lrn: the output scale"), Stop::Skip(_)) {
                return Err("the output scale is not in the table".into());
            }
            verdict.skipped_outputs += 1;
            continue;
        }
        let result = results.iter().find(|(name, _)| *name == output.name);
        let (name, got) = result.ok_or_else(|| Stop::Fail(format!("output {} is not understood", output.name)))?;
        verdict.worst = verdict.worst.max(judge::by_rule(name, got, &output.array, &rule(output))?);
        judge::exact_zeros(case, output, got)?;
    }
    if case.outputs.len() == verdict.skipped_outputs {
        return Err("the case has no outputs".into());
    }
    Ok(verdict)
}
