//! The advice as text for a terminal.

use super::{
    super::figure::Table,
    further::{cheap_score, more_images},
    tables,
    words::{NOTATION, about, level},
};
use crate::protocol::advice::record::Advice;
use unicode_width::UnicodeWidthStr;

/// The tables of an advice with what follows from them, for a terminal. The sentence is not among it.
#[must_use]
pub fn table(advice: &Advice) -> String {
    let mut text = format!("{}\n\n{}", about(advice), columns(&tables::candidates(advice)));
    text.push_str(&format!(
        "{NOTATION}\nIntervals are {} over {} splits and contain how much these differ; differences to the leader are paired.\n",
        level(advice),
        advice.splits
    ));
    if let Some(refit) = tables::refit(advice) {
        text.push_str(&format!("\non the test images, with fresh seeds:\n{}", columns(&refit)));
    }
    if let Some(curve) = tables::curve(advice) {
        text.push_str(&format!("\nwith fewer images:\n{}", columns(&curve)));
    }
    let sentences = more_images(advice).into_iter().chain(cheap_score(advice)).chain(advice.remarks.iter().cloned());
    sentences.for_each(|sentence| text.push_str(&format!("\n{sentence}\n")));
    text
}

/// A table in columns, the first one to the left and the others to the right, but for the last one where it holds words.
fn columns(table: &Table) -> String {
    let all = || std::iter::once(&table.head).chain(&table.rows);
    let wide = |column: usize| all().map(|row| row.get(column).map_or(0, |cell| cell.width())).max().unwrap_or(0);
    let widths: Vec<usize> = (0..table.head.len()).map(wide).collect();
    let last = table.head.len().saturating_sub(1);
    let words = table.rows.iter().any(|row| row.get(last).is_some_and(|cell| cell.contains(char::is_alphabetic)));
    let line = |row: &Vec<String>| {
        let cell = |(at, cell): (usize, &String)| {
            let space = " ".repeat(widths[at].saturating_sub(cell.width()));
            if at == 0 || (at == last && words) { format!("{cell}{space}") } else { format!("{space}{cell}") }
        };
        let cells: Vec<String> = row.iter().enumerate().map(cell).collect();
        format!("  {}\n", cells.join("  ").trim_end())
    };
    all().map(line).collect()
}
