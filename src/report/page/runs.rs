//! The table of all runs.

use super::super::{
    format::{duration, minus, plain, signed},
    results::{Results, RunRow},
};
use super::html::{Cell, table};

/// Every run of the plan with its numbers and its command.
pub(super) fn all(results: &Results) -> String {
    if results.runs.is_empty() {
        return String::new();
    }
    let head = [
        Cell::text("run"),
        Cell::text("arm"),
        Cell::number("n"),
        Cell::text("split"),
        Cell::number("replicate"),
        Cell::number("size").below("images of a class"),
        Cell::text("source"),
        Cell::text("target"),
        Cell::text("state"),
        Cell::number("top-1 (%)"),
        Cell::number("own base (%)"),
        Cell::number("\u{2212} own base"),
        Cell::number("\u{2212} all bases"),
        Cell::number("steps"),
        Cell::number("time"),
        Cell::number("work").below("10\u{b9}\u{b2} multiply-adds"),
        Cell::text("command"),
    ];
    let rows: Vec<Vec<Cell>> = results.runs.iter().map(row).collect();
    let table = table("All runs; differences in points", &head, &rows);
    format!("<div class=\"wide\">{table}</div>\n")
}

fn row(r: &RunRow) -> Vec<Cell> {
    let number = |value: Option<f64>, write: fn(f64) -> String| {
        Cell::number(value.map_or_else(|| "\u{2013}".to_string(), |v| minus(&write(v))))
    };
    let state = Cell::text(format!("{:?}", r.state).to_lowercase());
    vec![
        Cell::text(r.run.as_str()),
        Cell::text(r.arm.name()),
        Cell::number(r.n.map_or(String::new(), |n| n.to_string())),
        Cell::text(r.split.as_str()),
        Cell::number(r.replicate.to_string()),
        Cell::number(r.train_size.map_or_else(|| "all".to_string(), |size| size.to_string())),
        Cell::text(r.source.as_deref().unwrap_or("\u{2013}")),
        Cell::text(r.target.as_str()),
        r.message.iter().fold(state, |cell, message| cell.below(message.as_str())),
        if r.at_chance { number(r.top1, plain).below("at chance") } else { number(r.top1, plain) },
        number(r.base, plain),
        number(r.delta, signed),
        number(r.delta_paper, signed),
        Cell::number(r.steps.map_or(String::new(), |s| s.to_string())),
        Cell::number(duration(r.seconds)),
        number(r.tera_macs, plain),
        Cell::text(r.command.as_str()),
    ]
}
