//! Results for programs: every JSON of strata is one object that names its schema.

use serde::Serialize;

/// The version of all schemas; `docs/json.md` says what it promises.
pub const VERSION: u32 = 1;

/// Results with the name of what they are, which is that of a file in `docs/schema`.
#[derive(Debug, Serialize)]
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
