//! `strata advise`, end to end.

pub mod command;
#[cfg(unix)]
pub mod laws;
pub mod made;
pub mod refused;
