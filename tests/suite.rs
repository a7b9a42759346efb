//! Every test but those of the kernels, in one binary, because each binary links all of strata: a file per theme, with
//! its parts in a folder of the same name.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test ends where it fails")]

mod advise;
mod cli;
mod clusters;
mod compilers;
mod data;
mod documents;
mod exchange;
mod fetch;
mod folder;
mod hostile;
mod laws;
mod layering;
mod reliability;
mod report;
mod shaders;
mod store;
mod supply_chain;
mod web;
mod zoo;
