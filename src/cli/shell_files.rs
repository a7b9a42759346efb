//! `strata completions` and `strata man`: what a shell and `man` know of the program.

use super::{Cli, output::print_line};
use anyhow::{Context, Result};
use clap::{Args, CommandFactory};
use clap_complete::Shell;
use std::{fs, io::Write, path::PathBuf};

#[derive(Args, Debug)]
pub struct Completions {
    /// Write for this shell
    #[arg(value_enum)]
    shell: Shell,
}

#[derive(Args, Debug)]
pub struct Man {
    /// Write the pages into this folder: strata.1 and one for each command
    dir: PathBuf,
}

/// Prints a script that completes commands, options and their values.
pub fn completions(options: &Completions) -> Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(options.shell, &mut Cli::command(), "strata", &mut script);
    std::io::stdout().lock().write_all(&script).context("standard output")
}

/// Writes the manual's pages.
pub fn man(options: &Man) -> Result<()> {
    fs::create_dir_all(&options.dir).with_context(|| format!("{} cannot be made", options.dir.display()))?;
    clap_mangen::generate_to(Cli::command(), &options.dir)
        .with_context(|| format!("writing pages to {}", options.dir.display()))?;
    print_line!("{}", options.dir.join("strata.1").display())
}
