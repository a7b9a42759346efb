//! `strata export`: a page that trains an experiment's networks in a browser.

use super::output::print_line;
use crate::{protocol::resolve, web};
use anyhow::Result;
use clap::{Args, Subcommand};
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub enum Options {
    /// Write a folder whose page trains an experiment's networks in a browser, by WebGPU; any static server serves it
    Web(Web),
}

#[derive(Args, Debug)]
pub struct Web {
    /// Export this built-in experiment or TOML file
    #[arg(default_value = "web")]
    experiment: String,
    /// Write the page and its tape into this folder
    #[arg(long, value_name = "DIR", allow_hyphen_values = true)]
    out: PathBuf,
    /// Override a key of the experiment, such as solver.max_iter=1000 (may be repeated)
    #[arg(long = "set", value_name = "KEY=VALUE")]
    overrides: Vec<String>,
    /// Leave out the recorded run, which is trained on the cpu and shown by browsers without WebGPU
    #[arg(long)]
    without_recording: bool,
    /// Write only tape.json and tape.bin, for a page of your own (web/README.md describes the player)
    #[arg(long)]
    tape_only: bool,
}

pub fn main(options: &Options) -> Result<()> {
    let Options::Web(options) = options;
    let experiment = resolve::experiment(&options.experiment, &options.overrides)?;
    let (page, recorded) = (!options.tape_only, !options.tape_only && !options.without_recording);
    let asked = web::Options { command: command(options), page, recorded };
    let files = web::export(&experiment, &asked, &options.out)?;
    for file in &files {
        print_line!("{:>9} bytes  {}", file.bytes, options.out.join(file.name).display())?;
    }
    let all: usize = files.iter().map(|file| file.bytes).sum();
    let folder = quoted(&options.out.display().to_string());
    print_line!("{all:>9} bytes in all; serve them with: python3 -m http.server --directory {folder}")
}

/// The command that trains the same networks natively.
fn command(options: &Web) -> String {
    let sets = options.overrides.iter().map(|set| format!(" --set {}", quoted(set)));
    format!("strata reproduce {}{}", quoted(&options.experiment), sets.collect::<String>())
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=,:+".contains(c);
    if !word.is_empty() && word.chars().all(plain) { word.into() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn words_that_a_shell_would_split_or_expand_are_quoted() {
        assert_eq!(quoted("solver.max_iter=10"), "solver.max_iter=10");
        assert_eq!(quoted("protocol.splits=[0]"), "'protocol.splits=[0]'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted(""), "''");
    }
}
