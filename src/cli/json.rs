//! Results for programs: every command's JSON is one object that names its schema.

use super::output::print_line;
use anyhow::Result;
use serde::Serialize;

/// The version of all schemas; `docs/json.md` says what it promises.
pub const VERSION: u32 = 1;

/// Results with the name of what they are, which is that of the file in `docs/schema`.
#[derive(Serialize)]
pub struct Document<'a, T> {
    schema: &'a str,
    schema_version: u32,
    #[serde(flatten)]
    body: T,
}

/// The document of a schema.
pub const fn document<T: Serialize>(schema: &str, body: T) -> Document<'_, T> {
    Document { schema, schema_version: VERSION, body }
}

/// Prints a document on one line.
///
/// # Errors
/// A stdout that cannot be written to.
pub fn print<T: Serialize>(schema: &str, body: T) -> Result<()> {
    print_line!("{}", serde_json::to_string(&document(schema, body))?)
}
