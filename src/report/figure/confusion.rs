//! What a network took its test images for.

use super::super::{
    format::plain,
    results::{ClassRow, ConfusionRows, Results},
};
use super::{
    Drawing, Table,
    heat::{Heat, Scale},
};

/// The maps of all networks whose counts are there.
pub(super) fn figures(results: &Results) -> Vec<Drawing> {
    let numbered = results.confusions.iter().enumerate();
    numbered.filter_map(|(at, one)| figure(&format!("confusion-{}", at + 1), one)).collect()
}

/// The map of one network and the table of its classes; `None` without any image.
fn figure(name: &str, confusion: &ConfusionRows) -> Option<Drawing> {
    if confusion.classes.iter().all(|row| row.images == 0) {
        return None;
    }
    let of_class = |row: &ClassRow| row.percent.iter().map(|share| Some(*share)).collect();
    let heat = Heat {
        rows: confusion.classes.iter().map(|row| row.class.clone()).collect(),
        columns: confusion.outputs.clone(),
        cells: confusion.classes.iter().map(of_class).collect(),
        row_title: "true class",
        column_title: "taken for",
        scale: Scale { low: 0.0, high: 100.0, write: |v| format!("{v:.0}") },
    };
    let title = format!("{}, confusion", confusion.run);
    let caption = "Of the test images of a class, the percentage that the network took for each class.".to_string();
    Some(Drawing::new(name, &title, caption, heat.draw(), table(confusion)))
}

fn table(confusion: &ConfusionRows) -> Table {
    let head = ["class", "images", "right", "right (%)", "most often taken for"].map(String::from).to_vec();
    let row = |(at, row): (usize, &ClassRow)| {
        let taken = row.worst(at).map_or_else(String::new, |(to, count)| {
            format!("{} ({count})", confusion.outputs.get(to).map_or("", String::as_str))
        });
        let share = row.percent.get(at).map_or_else(|| "\u{2013}".to_string(), |share| plain(*share));
        let right = row.counts.get(at).copied().unwrap_or(0);
        vec![row.class.clone(), row.images.to_string(), right.to_string(), share, taken]
    };
    Table { head, rows: confusion.classes.iter().enumerate().map(row).collect() }
}
