//! `strata experiment`: the files of experiments.

use super::{PrecisionArgs, output::note, output::print_line, study};
use crate::protocol::{
    Experiment, Plan, ProtocolError,
    built_in::{BUILT_IN, BuiltIn},
    key_document, resolve,
};
use anyhow::Result;
use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub enum Options {
    /// List the experiments that come with strata
    List,
    /// Print the file of an experiment that comes with strata, as a start for an own one
    Show {
        /// Print this experiment (`strata experiment list`)
        name: String,
    },
    /// Check a file, and say what it would train
    Check {
        /// Check this file, or this experiment that comes with strata
        file: String,
        /// Override a key of the experiment, such as solver.max_iter=1000 (may be repeated)
        #[arg(long = "set", value_name = "KEY=VALUE")]
        overrides: Vec<String>,
    },
    /// Print every key with its meaning, type, default and an example (docs/experiment.md)
    Keys,
}

pub fn main(options: &Options) -> Result<()> {
    match options {
        Options::List => BUILT_IN.iter().try_for_each(|built_in| {
            let experiment = Experiment::parse(built_in.name, built_in.text, &[])?;
            print_line!("{:<18} {}", built_in.name, experiment.description)
        }),
        Options::Show { name } => match BuiltIn::find(name) {
            Some(built_in) => print_line!("{}", built_in.text.trim_end()),
            // The same message as wherever an experiment is named.
            None => Err(ProtocolError::unknown_experiment(name).into()),
        },
        Options::Check { file, overrides } => {
            let experiment =
                resolve::experiment(file, &study::overrides(overrides, PrecisionArgs { precision: None }))?;
            let plan = Plan::of(&experiment);
            let steps = experiment.solver.schedule.max_iter;
            print_line!(
                "{file}: valid; {} networks of {steps} steps each on {}",
                plan.nodes.len(),
                experiment.net.name
            )?;
            note!("the images are looked at by `strata plan`, and by `strata reproduce` before its first step");
            Ok(())
        }
        Options::Keys => print_line!("{}", key_document::markdown().trim_end()),
    }
}
