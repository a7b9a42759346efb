//! What several commands share: an experiment with its plan, data and run directory.

use super::{PrecisionArgs, StudyArgs};
use crate::{
    host::Precision,
    protocol::{Experiment, Node, Plan, ProtocolError, resolve},
    train::USUAL_LOSS_SCALE,
};

/// The experiment that the arguments name.
///
/// # Errors
/// An experiment that is not there or cannot be meant.
pub fn experiment(args: &StudyArgs) -> Result<Experiment, ProtocolError> {
    let experiment = resolve::experiment(&args.experiment, &overrides(&args.overrides, args.precision))?;
    Ok(if args.quick { experiment.quick() } else { experiment })
}

/// The overrides of a command's arguments, `--precision` among them.
pub fn overrides(given: &[String], args: PrecisionArgs) -> Vec<String> {
    let precision = args.precision.map(|precision| format!("solver.precision={:?}", precision.name()));
    // An experiment's own loss scale is for its own precision. It goes in front, so that one that was given is told.
    let scale = (args.precision == Some(Precision::F32)).then(|| format!("solver.loss_scale={USUAL_LOSS_SCALE}"));
    scale.into_iter().chain(given.iter().cloned()).chain(precision).collect()
}

/// A network and what it derives from, parents first.
pub fn with_parents<'a>(plan: &'a Plan, node: &'a Node) -> Vec<&'a Node> {
    let mut wanted: Vec<&Node> = plan.nodes.iter().filter(|other| node.parents.contains(&other.name)).collect();
    wanted.push(node);
    wanted
}

#[cfg(test)]
mod tests {
    use super::overrides;
    use crate::{cli::PrecisionArgs, host::Precision, protocol::Experiment};

    #[test]
    fn f32_sets_an_experiments_own_loss_scale_aside_but_none_that_is_given() {
        let text = include_str!("../../experiments/default.toml");
        let text = text.replacen("[solver]", "[solver]\nprecision = \"mixed\"\nloss_scale = 512", 1);
        let parsed = |given: &[&str], precision| {
            let given: Vec<String> = given.iter().map(|text| (*text).to_string()).collect();
            Experiment::parse("default", &text, &overrides(&given, PrecisionArgs { precision }))
        };
        let scale_of = |precision| parsed(&[], precision).unwrap().solver.loss_scale;
        assert_eq!([None, Some(Precision::F16x3), Some(Precision::F32)].map(scale_of), [512, 512, 1024]);
        let refused = parsed(&["solver.loss_scale=256"], Some(Precision::F32)).unwrap_err().to_string();
        assert!(refused.contains("loss_scale") && refused.contains("256"), "{refused}");
    }
}
