//! Lines for people and for programs. Neither a full disk that stdout goes to nor a closed terminal makes them panic.

use anyhow::{Context, Result};
use std::{
    fmt,
    io::{self, Write},
};

/// Prints a line of results to stdout.
///
/// # Errors
/// A stdout that cannot be written to.
pub fn write_line(text: fmt::Arguments<'_>) -> Result<()> {
    writeln!(io::stdout().lock(), "{text}").context("standard output")
}

/// Prints a message to stderr. Where that fails there is no better place left for it.
pub fn write_note(text: fmt::Arguments<'_>) {
    // In one piece, so that the lines of several processes do not mix.
    let _ = io::stderr().lock().write_all(format!("{text}\n").as_bytes());
}

/// `print_line!(...)?` prints results as `println!` would.
macro_rules! print_line {
    ($($text:tt)*) => { $crate::cli::output::write_line(format_args!($($text)*)) };
}

/// `note!(...)` prints messages as `eprintln!` would.
macro_rules! note {
    ($($text:tt)*) => { $crate::cli::output::write_note(format_args!($($text)*)) };
}

pub(super) use {note, print_line};
