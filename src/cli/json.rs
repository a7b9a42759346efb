//! Printing results for programs.

use super::output::print_line;
use crate::host::document::document;
use anyhow::Result;
use serde::Serialize;
use std::io::Write;

/// Prints results as the document of a schema.
///
/// # Errors
/// A stdout that cannot be written to.
pub fn print<T: Serialize>(schema: &str, body: T) -> Result<()> {
    print_line!("{}", serde_json::to_string_pretty(&document(schema, body))?)
}

/// The same to an output that is held already.
///
/// # Errors
/// An output that cannot be written to.
pub fn write<T: Serialize>(out: &mut impl Write, schema: &str, body: T) -> Result<()> {
    Ok(writeln!(out, "{}", serde_json::to_string_pretty(&document(schema, body))?)?)
}
