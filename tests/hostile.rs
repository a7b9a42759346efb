//! Files that come from anywhere: each parser's limits, and every input that fuzzing has found or was begun with.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "hostile/limits.rs"]
mod limits;
#[path = "hostile/mutated.rs"]
mod mutated;
#[path = "hostile/regressions.rs"]
mod regressions;
#[path = "hostile/targets.rs"]
mod targets;
