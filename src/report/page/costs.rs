//! The table of work and time.

use super::super::{
    format::{duration, plain},
    results::{CostRow, Results},
};
use super::html::{self, Cell};

/// Work and time by arm and n.
pub(super) fn table(results: &Results) -> String {
    if results.costs.is_empty() {
        return String::new();
    }
    let head = [
        Cell::text("arm"),
        Cell::number("n"),
        Cell::number("networks"),
        Cell::number("work").below("10\u{b9}\u{b2} multiply-adds per network"),
        Cell::number("time").below("per network"),
        Cell::number("speed").below("10\u{2079} multiply-adds per second"),
        Cell::number("time").below("of all"),
    ];
    let number = |value: Option<f64>| Cell::number(value.map_or_else(|| "\u{2013}".to_string(), plain));
    let row = |row: &CostRow| {
        vec![
            Cell::text(row.arm.name()),
            Cell::number(row.n.map_or(String::new(), |n| n.to_string())),
            Cell::number(row.runs.to_string()),
            number(row.tera_macs),
            Cell::number(duration(row.seconds)),
            number(row.giga_macs_a_second),
            Cell::number(duration(row.total_seconds)),
        ]
    };
    let rows: Vec<Vec<Cell>> = results.costs.iter().map(row).collect();
    let caption = "Work of training and evaluation and wall-clock time of finished networks; networks that ran side by side shared the machine, and a frozen prefix that is computed once counts once";
    html::table(caption, &head, &rows)
}
