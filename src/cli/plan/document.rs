//! The plan as it is written for programs.

use crate::protocol::{Arm, State, work::Work};
use serde::Serialize;
use std::path::PathBuf;

/// All networks.
#[derive(Serialize)]
pub(super) struct Networks<'a> {
    pub directory: String,
    pub seconds_left: Option<f64>,
    pub networks: Vec<Row<'a>>,
}

/// One network.
#[derive(Serialize)]
pub(super) struct Row<'a> {
    /// Its place in the plan, from 0; parents come before their children.
    pub id: usize,
    pub name: &'a str,
    pub arm: Arm,
    pub n: Option<usize>,
    pub block: Option<&'a String>,
    pub parents: &'a [String],
    pub state: State,
    /// The words of the command that trains it once its parents are done.
    pub command: Vec<String>,
    /// The files that are there when it is done, the last one written last.
    pub outputs: [PathBuf; 2],
    pub multiply_adds: Option<MultiplyAdds>,
}

/// What it computes.
#[derive(Serialize)]
pub(super) struct MultiplyAdds {
    all_layers_learning: u64,
    with_frozen_layers: u64,
    computed: u64,
}

impl MultiplyAdds {
    pub const fn of(work: &Work) -> Self {
        Self { all_layers_learning: work.whole, with_frozen_layers: work.pruned, computed: work.computed }
    }
}
