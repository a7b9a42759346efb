//! The command line: arguments, printing, exit codes. Results go to stdout, progress and messages to stderr.

mod advise;
mod bench;
mod compile;
mod data;
mod device;
mod devices;
mod doctor;
mod engines;
mod eval;
pub mod exit_code;
mod experiment;
mod explain;
mod export;
mod features;
mod files;
mod gradcheck;
mod interrupt;
mod json;
mod net;
mod network;
mod output;
mod plan;
mod predict;
mod progress;
mod report;
mod reproduce;
mod run;
mod shell_files;
mod similarity;
mod status;
mod study;
mod terminal;
mod train;
mod tune;
mod weights;

use crate::{data::Source, host::Precision, protocol::built_in::BuiltIn};
use clap::{
    Args, Parser, Subcommand, ValueEnum,
    builder::{PossibleValue, PossibleValuesParser, RangedU64ValueParser, TypedValueParser},
};
use std::{path::PathBuf, process::ExitCode};

/// What the names of networks mean, below the help.
const WORDS: &str = "\
Words of the study:
  A, B   the two halves of the classes: two tasks
  base   a network trained on its half from random weights
  n      how many blocks, counted from the input, are copied
  AnB    transfer: the first n blocks of A's base, frozen; the rest is trained on B
  BnB    its control (selffer): the same from B's own base
  +      the copied blocks are trained, too (fine-tuned), as in AnB+
`strata explain TERM` explains these and others.";

/// Measure how transferable each layer of a convolutional network is.
#[derive(Debug, Parser)]
#[command(name = "strata", version, max_term_width = 100, after_help = WORDS)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a whole study and report it: every arm, every n, both directions
    Reproduce(reproduce::Options),
    /// List the networks of an experiment and their states
    Plan(plan::Options),
    /// Show what the networks of a run directory are doing, and who trains them where
    Status(status::Options),
    /// Train one network of an experiment and, before it, any parents that are missing
    Run(run::Options),
    /// List, show and check the files of experiments
    #[command(subcommand)]
    Experiment(experiment::Options),
    /// Train one network on one data set
    Train(train::Options),
    /// Advise which blocks of a trained network to copy for own images, frozen or fine-tuned, and how sure that is
    Advise(advise::Options),
    /// Evaluate a trained network on a data set: accuracy, loss and confusions
    Eval(eval::Options),
    /// Print the classes of image files by a trained network
    Predict(predict::Options),
    /// Write what a layer of a trained network gives for every image of a data set, as a NumPy file
    Features(features::Options),
    /// List the built-in nets, or describe one net
    #[command(subcommand)]
    Net(net::Options),
    /// Pack, verify, fetch, inspect and time data sets
    Data(data::Options),
    /// Write the table, figures and page of a run directory
    Report(report::Options),
    /// Write a web page that trains an experiment's networks in a browser
    #[command(subcommand)]
    Export(export::Options),
    /// Compare the blocks of trained networks with each other (linear CKA)
    Similarity(similarity::Options),
    /// Read weights of other programs, write them for others, and look at what is in a file
    #[command(subcommand)]
    Weights(weights::Options),
    /// Check every operation of a device against f64
    Gradcheck(gradcheck::Options),
    /// Measure how fast this machine trains
    #[command(subcommand)]
    Bench(bench::Options),
    /// Time the variants (tiles) of matrix products on a GPU and keep the fastest for later runs, in your cache folder
    /// or in the folder that STRATA_CACHE names; optional, and without effect on results
    Tune(tune::Options),
    /// Explain a term of the study, such as BnB or n
    Explain(explain::Options),
    /// Print a script that completes commands in bash, zsh, fish, elvish or powershell
    Completions(shell_files::Completions),
    /// Write the manual's pages
    Man(shell_files::Man),
    /// Check what this machine has for training, and whether several machines can train in one directory
    Doctor(doctor::Options),
    /// List the adapters of this machine and the one that `auto` selects
    Devices(devices::Options),
    /// Have a driver compile every pipeline, for the scripts that look at what it makes of them
    #[command(hide = true)]
    Compile(compile::Options),
}

/// How results are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    #[default]
    Text,
    /// For programs.
    Json,
}

/// The device of a command.
#[derive(Args, Clone, Debug)]
struct DeviceArgs {
    /// Compute on this device: auto (a hardware GPU if there is one, else cpu), cpu, gpu, gpu:INDEX or
    /// gpu:NAME (`strata devices` lists both), software
    #[arg(long, value_name = "DEVICE", default_value = "auto")]
    device: String,
}

/// The precision of a command.
#[derive(Args, Clone, Copy, Debug)]
struct PrecisionArgs {
    /// Compute matrix products in f32; in mixed, with f16 operands and f32 sums; or in f16x3, with pairs of f16 as
    /// operands. The last two need a GPU with matrix units (default: that of the experiment if there is one, else f32)
    #[arg(long, value_name = "PRECISION", value_parser = device::precision)]
    precision: Option<Precision>,
}

/// One of a list of values by its name; help lists the names with a description each.
fn one_of<T: Copy + Send + Sync + 'static, const N: usize>(
    all: [T; N],
    name: fn(T) -> &'static str,
    description: fn(T) -> &'static str,
) -> impl TypedValueParser<Value = T> {
    let names = all.map(|value| PossibleValue::new(name(value)).help(description(value)));
    let find = move |given: String| all.into_iter().find(|&value| name(value) == given).ok_or("not on the list");
    PossibleValuesParser::new(names).try_map(find)
}

/// A data source, by its name.
fn source() -> impl TypedValueParser<Value = Source> {
    one_of(Source::ALL, Source::name, Source::reads)
}

/// The sources that need a path, as values of an argument.
fn sources_with_paths(argument: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    let with_paths = Source::ALL.into_iter().filter(|source| source.needs_path());
    with_paths.map(move |source| (argument, source.name()))
}

/// The experiment of a command.
#[derive(Args, Clone, Debug)]
struct StudyArgs {
    #[arg(default_value = "default", help = format!(
        "Use this built-in experiment ({}), TOML file, or run directory (RUNS/EXPERIMENT) as it was run",
        BuiltIn::names()
    ))]
    experiment: String,
    /// Keep run directories in this folder (default: runs; where EXPERIMENT is a run directory, its parent folder)
    #[arg(long, value_name = "DIR", allow_hyphen_values = true)]
    runs: Option<PathBuf>,
    /// Override a key of the experiment, such as solver.max_iter=1000 (may be repeated)
    #[arg(long = "set", value_name = "KEY=VALUE")]
    overrides: Vec<String>,
    /// Train a much smaller plan in seconds, to test the installation; its results mean nothing and go to
    /// EXPERIMENT-quick
    #[arg(long)]
    quick: bool,
    #[command(flatten)]
    precision: PrecisionArgs,
}

/// Parses a whole number of at least one.
fn at_least_one<T: TryFrom<u64> + Clone + Send + Sync + 'static>() -> RangedU64ValueParser<T> {
    RangedU64ValueParser::new().range(1..)
}

/// Parses the arguments, runs the command, and turns its outcome into an exit code.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let result = match cli.command {
        Command::Reproduce(options) => reproduce::main(&options),
        Command::Plan(options) => plan::main(&options),
        Command::Status(options) => status::main(&options),
        Command::Run(options) => run::main(&options),
        Command::Experiment(options) => experiment::main(&options),
        Command::Train(options) => train::main(&options),
        Command::Advise(options) => advise::main(&options),
        Command::Eval(options) => eval::main(&options),
        Command::Predict(options) => predict::main(&options),
        Command::Features(options) => features::main(&options),
        Command::Net(options) => net::main(&options),
        Command::Data(options) => data::main(&options),
        Command::Report(options) => report::main(&options),
        Command::Export(options) => export::main(&options),
        Command::Similarity(options) => similarity::main(&options),
        Command::Weights(options) => weights::main(&options),
        Command::Gradcheck(options) => gradcheck::main(&options),
        Command::Bench(options) => bench::main(&options),
        Command::Tune(options) => tune::main(&options),
        Command::Explain(options) => explain::main(&options),
        Command::Completions(options) => shell_files::completions(&options),
        Command::Man(options) => shell_files::man(&options),
        Command::Doctor(options) => doctor::main(&options),
        Command::Devices(options) => devices::main(&options),
        Command::Compile(options) => compile::main(&options),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let code = exit_code::of(&error);
            if !exit_code::is_broken_pipe(&error) {
                output::note!("strata: {}", with_causes(&error));
            }
            ExitCode::from(code)
        }
    }
}

/// An error with its causes, each of them once: many of our messages contain their cause.
fn with_causes(error: &anyhow::Error) -> String {
    error.chain().fold(String::new(), |text, cause| match cause.to_string() {
        words if text.is_empty() => words,
        words if text.contains(&words) => text,
        words => format!("{text}: {words}"),
    })
}
