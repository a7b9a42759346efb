//! The command line, end to end.

pub mod arms;
pub mod bench;
pub mod controls;
pub mod early;
pub mod experiments;
pub mod images;
pub mod made;
pub mod meant;
pub mod nets;
pub mod paths;
pub mod plan;
pub mod refused;
pub mod remarks;
pub mod reports;
pub mod schedules;
pub mod stores;
pub mod study;
pub mod terminal;
pub mod together;
pub mod trained;
pub mod tune;
