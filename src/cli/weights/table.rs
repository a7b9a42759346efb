//! The table of an import.

use crate::{
    cli::output::print_line,
    exchange::{By, ForeignFile, Matching, Row},
};
use anyhow::Result;

/// A shape as people write it: 64x3x11x11.
pub fn shape(sides: &[usize]) -> String {
    match sides {
        [] => "scalar".into(),
        sides => sides.iter().map(ToString::to_string).collect::<Vec<_>>().join("x"),
    }
}

/// What became of a parameter, in a few words.
fn outcome(row: &Row) -> String {
    match (row.matched, &row.tensor) {
        (true, _) if row.turned.is_empty() => "matched".into(),
        (true, _) => format!("matched, {}", row.turned.join(", ")),
        (false, Some(_)) => "NOT MATCHED: another shape".into(),
        (false, None) => "NOT MATCHED: no such tensor".into(),
    }
}

/// Prints every parameter of the net with the file's tensor, then what is left over, and what is different.
///
/// # Errors
/// A stdout that cannot be written to.
pub fn print(file: &ForeignFile, matching: &Matching) -> Result<()> {
    let rows: Vec<[String; 5]> = matching
        .rows
        .iter()
        .map(|row| {
            let (tensor, sides) = row
                .tensor
                .as_ref()
                .map_or(("-".to_string(), "-".to_string()), |(name, sides)| (name.clone(), shape(sides)));
            [row.parameter.clone(), shape(&row.shape), tensor, sides, outcome(row)]
        })
        .collect();
    let heads = ["parameter", "shape", "tensor of the file", "shape", "result"].map(String::from);
    let wide = |column: usize| rows.iter().chain([&heads]).map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths = [0, 1, 2, 3].map(wide);
    for row in [&heads].into_iter().chain(&rows) {
        let cells: Vec<String> = row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        print_line!("{}  {}", cells.join("  "), row[4])?;
    }
    for (name, sides) in &matching.unused {
        print_line!("no place in the net: {name} {}", shape(sides))?;
    }
    for ignored in &file.ignored {
        print_line!("not read: {ignored}")?;
    }
    let by = match matching.by {
        By::Name => "by the names of layers",
        By::Order => "by order and shape: check that the layers are the same",
    };
    let matched = matching.rows.iter().filter(|row| row.matched).count();
    print_line!("{matched} of {} parameters matched, {by} ({} file)", matching.rows.len(), file.format)?;
    for note in &matching.notes {
        print_line!("different: {note}; the net's geometry is used with the file's weights")?;
    }
    Ok(())
}
