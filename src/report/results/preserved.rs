//! The authors' unpublished runs in which layers above the frozen ones were copied, too, and learnt on.

use serde::Serialize;

use super::super::{error::ReportError, run::Arm};

/// One number per network; `data/paper/README.md` says where it comes from.
const ROWS: &str = include_str!("../../../data/paper/preserved_layers.csv");

/// The accuracy of one network with preserved layers.
#[derive(Clone, Debug, Serialize)]
pub struct Preserved {
    /// The arm.
    pub arm: Arm,
    /// Copied layers that are frozen.
    pub n: u32,
    /// Layers above these that were copied and learnt on.
    pub preserved: u32,
    /// Top-1 accuracy in percent.
    pub top1: f64,
}

pub(super) fn preserved() -> Result<Vec<Preserved>, ReportError> {
    let row = |(at, line): (usize, &str)| {
        let text = || line.to_string();
        parse(line).ok_or_else(|| ReportError::PublishedRow {
            file: "preserved_layers.csv",
            line: at + 1,
            text: text(),
        })
    };
    ROWS.lines().enumerate().skip(1).map(row).collect()
}

fn parse(line: &str) -> Option<Preserved> {
    let fields: Vec<&str> = line.split(',').collect();
    let [arm, n, preserved, top1] = fields[..] else { return None };
    let top1 = top1.parse::<f64>().ok()? * 100.0;
    Some(Preserved { arm: Arm::named(arm)?, n: n.parse().ok()?, preserved: preserved.parse().ok()?, top1 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_read_and_a_damaged_one_refused() {
        assert_eq!(preserved().unwrap().len(), 40);
        assert!(parse("BnB,1,0").is_none() && parse("BnB,1,0,x").is_none());
    }
}
