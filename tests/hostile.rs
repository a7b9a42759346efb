//! Files that come from anywhere: each parser's limits, and every input that fuzzing has found or was begun with.

mod limits;
mod mutated;
mod regressions;
mod targets;
