//! The parsers under fuzzing are those that the suite feeds the kept inputs.

#[path = "../../hostile/targets.rs"]
pub mod targets;
