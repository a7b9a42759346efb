//! Controls beside the paper's arms: layers preserved above the cut, and linear probes.

use super::super::{
    format::{plain, signed},
    results::{Preserved, Report, Results},
    run::Arm,
    statistics::{Observation, Sample, Unit, estimate},
};
use super::{
    Drawing,
    look::{self, Look},
    panel::{ACCURACY, Marks, Panel, Reference, Series},
    transfer::{COPIED, READING, deltas, finish, point},
};

const PRESERVED: &str = "Layers preserved above the cut";
/// Dashes by the number of preserved layers.
const DASHES: [&str; 3] = ["", "6 3", "2 3"];
/// The frozen arm, and its arms with 1 and 2 more layers copied that learn on.
const FAMILIES: [[Arm; 3]; 2] = [
    [Arm::Selffer, Arm::SelfferPreserve1, Arm::SelfferPreserve2],
    [Arm::Transfer, Arm::TransferPreserve1, Arm::TransferPreserve2],
];
const PROBES: [Arm; 2] = [Arm::SelfferProbe, Arm::TransferProbe];

fn dashed(arm: Arm, at: usize) -> Look {
    Look { dash: DASHES[at % DASHES.len()], ..look::of(arm) }
}

/// Preserved layers above the cut.
pub(super) fn preserved(results: &Results) -> Option<Drawing> {
    let trained = |arm: &Arm| results.paired.iter().any(|row| row.arm == *arm);
    let family = |arms: &[Arm; 3]| {
        // A frozen arm alone is in the other figures already.
        let any = arms[1..].iter().any(trained);
        let shown = arms.iter().enumerate().filter(|(_, arm)| any && trained(arm));
        shown.map(|(at, arm)| deltas(results, *arm, arm.name(), dashed(*arm, at))).collect::<Vec<_>>()
    };
    let series: Vec<Series> = FAMILIES.iter().flat_map(family).collect();
    let panel = Panel::of_differences(series, COPIED, "difference to own base (points)");
    let caption = format!(
        "The n lowest layers are frozen; 1 or 2 layers above them are copied, too, and learn on; the rest starts anew. \
         If the loss came from layers that had co-adapted with the ones just above, preserving these would undo it. {READING}"
    );
    finish("preserved", PRESERVED, &caption, &panel, signed)
}

/// The accuracy of a linear classifier on the frozen features of n layers.
pub(super) fn probes(results: &Results) -> Option<Drawing> {
    let series = |arm: Arm| {
        let runs = results.runs.iter().filter(|r| r.arm == arm);
        Series {
            label: arm.name().to_string(),
            look: look::of(arm),
            points: runs.filter_map(|r| Some(point(r, r.n?, r.top1?))).collect(),
            means: (results.paper.iter().filter(|r| r.arm == arm)).map(|r| (r.n, r.level.clone())).collect(),
            note: None,
        }
    };
    let series: Vec<Series> = PROBES.into_iter().map(series).filter(|s| !s.points.is_empty()).collect();
    let reference = results.base.as_ref().map(|base| Reference {
        label: "base".to_string(),
        look: look::of(Arm::Base),
        estimate: base.estimate.clone(),
    });
    let names = results.layers.clone();
    let panel = Panel {
        reference: reference.filter(|_| series.iter().any(|s| !s.means.is_empty())),
        names,
        ..Panel::of_accuracies(results, series, "block that the probe reads", Marks::Both)
    };
    let caption = format!(
        "One linear layer trained on the frozen output of a block of the target's own base (BnB-probe) or the other \
         half's (AnB-probe): what the features still tell, however hard the layers above are to train. {READING}"
    );
    finish("probes", "Linear probes", &caption, &panel, plain)
}

/// The authors' networks with preserved layers.
pub(super) fn published(report: &Report) -> Option<Drawing> {
    let line = |arm: Arm, preserved: u32| {
        let of_line = |row: &&Preserved| row.arm == arm && row.preserved == preserved;
        let mean = |row: &Preserved| {
            let (split, target, run) = ("0".to_string(), "one".to_string(), String::new());
            let value = row.top1;
            let seen = Observation { split, replicate: 0, target, n: row.n, run, value, at_chance: false };
            Some((row.n, estimate(&Sample { unit: Unit::Split, seen: vec![seen] })?))
        };
        let label =
            if preserved == 0 { arm.name().to_string() } else { format!("{}, {preserved} preserved", arm.name()) };
        let means = report.preserved.iter().filter(of_line).filter_map(mean).collect();
        Series { label, look: dashed(arm, preserved as usize), points: Vec::new(), means, note: None }
    };
    let lines = [Arm::Selffer, Arm::Transfer].into_iter().flat_map(|arm| [0, 1, 2].map(|k| line(arm, k)));
    let series: Vec<Series> = lines.filter(|s| !s.means.is_empty()).collect();
    let panel = Panel::of_percentages(series, COPIED, ACCURACY, Marks::Means);
    let caption = "The n lowest layers are frozen; 1 or 2 layers above them are copied, too, and learn on. One split, \
                   one network a mark; the authors marked these runs as unpublished.";
    finish("preserved-published", PRESERVED, caption, &panel, plain)
}
