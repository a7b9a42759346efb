//! Printing results for programs.

use super::output::print_line;
use crate::host::document::document;
use anyhow::Result;
use serde::Serialize;

/// Prints results as the document of a schema.
///
/// # Errors
/// A stdout that cannot be written to.
pub fn print<T: Serialize>(schema: &str, body: T) -> Result<()> {
    print_line!("{}", serde_json::to_string_pretty(&document(schema, body))?)
}
