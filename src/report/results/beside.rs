//! The differences of these studies beside those that others have published.

use std::sync::OnceLock;

use serde::Serialize;

use super::super::{error::ReportError, published::published, run::Arm};
use super::{Results, analyse};

/// Small public studies; `data/paper/README.md` says where they come from.
const SMALL: &str = include_str!("../../../data/paper/small_scale.csv");
const AUTHORS: &str = "Yosinski et al. (2014)";
const ARMS: [Arm; 4] = [Arm::Selffer, Arm::SelfferPlus, Arm::Transfer, Arm::TransferPlus];

/// One arm of one study: its difference to the base at every n.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Beside {
    /// Experiment, paper or repository.
    pub source: String,
    /// The network.
    pub network: String,
    /// The data and how they were divided.
    pub data: String,
    /// The arm.
    pub arm: Arm,
    /// Whether the study is one of this report.
    pub own: bool,
    /// n, the difference to the base in points, and its runs.
    pub points: Vec<(u32, f64, usize)>,
}

/// These studies' paired differences, then the authors', then the small studies'.
pub(super) fn beside(studies: &[Results]) -> Result<Vec<Beside>, ReportError> {
    // Numbers that mean nothing stand beside none that do.
    if studies.iter().any(|results| results.quick) {
        return Ok(Vec::new());
    }
    let mut rows: Vec<Beside> = studies.iter().flat_map(|results| of(results, true)).collect();
    if rows.is_empty() {
        return Ok(rows);
    }
    // A report of the authors' runs holds them already.
    if !studies.iter().any(|results| results.experiment.starts_with("published-")) {
        rows.extend(authors()?.iter().cloned());
    }
    for (at, line) in SMALL.lines().enumerate().skip(1) {
        let damaged = || ReportError::PublishedRow { file: "small_scale.csv", line: at + 1, text: line.to_string() };
        push(&mut rows, line).ok_or_else(damaged)?;
    }
    Ok(rows)
}

fn of(results: &Results, own: bool) -> Vec<Beside> {
    let row = |arm: Arm| Beside {
        source: if own { results.experiment.clone() } else { AUTHORS.to_string() },
        network: results.net.clone(),
        data: format!("{}, {}", results.dataset, results.kind.words()),
        arm,
        own,
        points: (results.paired.iter().filter(|row| row.arm == arm))
            .map(|row| (row.n, row.estimate.mean, row.estimate.runs))
            .collect(),
    };
    ARMS.into_iter().map(row).filter(|row| !row.points.is_empty()).collect()
}

/// The authors' paired differences, computed once a process: they do not depend on the report.
fn authors() -> Result<&'static [Beside], ReportError> {
    static AUTHORS: OnceLock<Vec<Beside>> = OnceLock::new();
    if let Some(rows) = AUTHORS.get() {
        return Ok(rows);
    }
    let mut rows = Vec::new();
    for study in published()?.iter().filter(|study| study.runs.iter().any(|run| run.arm == Arm::Transfer)) {
        rows.extend(of(&analyse(study)?, false));
    }
    Ok(AUTHORS.get_or_init(|| rows))
}

/// Adds `source,network,data,arm,n,delta_points,runs` to its row, or begins one.
fn push(rows: &mut Vec<Beside>, line: &str) -> Option<()> {
    let fields: Vec<&str> = line.split(',').collect();
    let [source, network, data, arm, n, delta, runs] = fields[..] else { return None };
    let arm = Arm::named(arm)?;
    let point = (n.parse().ok()?, delta.parse().ok()?, runs.parse().ok()?);
    let same = |row: &&mut Beside| !row.own && row.source == source && row.data == data && row.arm == arm;
    match rows.iter_mut().find(same) {
        Some(row) => row.points.push(point),
        None => {
            let (source, network, data) = (source.to_string(), network.to_string(), data.to_string());
            rows.push(Beside { source, network, data, arm, own: false, points: vec![point] });
        }
    }
    Some(())
}
