//! The sections of all studies together: above them their comparison, below them the published numbers.

use super::super::{
    figure::{Figure, Place},
    format::{minus, signed},
    results::{Beside, Report},
};
use super::html::{Cell, figure, figures, fold, paragraph, section, table};

/// The n that the table of published numbers has at least; the small studies' networks have six layers or more.
const LAYERS: u32 = 7;

fn at(drawn: &[Figure], place: Place) -> String {
    figures(&drawn.iter().filter(|one| one.place == place).map(figure).collect::<Vec<_>>())
}

/// What compares studies, above them.
pub(super) fn distance(drawn: &[Figure]) -> String {
    section("figure-3", "Figure 3: similar and dissimilar tasks, random filters", &at(drawn, Place::Distance), 2)
}

/// The folds below the studies.
pub(super) fn closing(report: &Report, drawn: &[Figure]) -> String {
    let published = at(drawn, Place::Published);
    let folds = [
        fold("beside", "Beside published numbers", &beside(&report.beside), 2),
        fold("preserved-by-the-authors", "Preserved layers (unpublished runs of the authors)", &published, 2),
    ];
    folds.concat()
}

/// Differences to the base by n: these studies, the authors', small public ones.
fn beside(rows: &[Beside]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let own = rows.iter().filter(|row| row.own).flat_map(|row| row.points.iter().map(|p| p.0)).max().unwrap_or(0);
    let last = own.max(LAYERS);
    let mut head = vec![Cell::text("study").below("network"), Cell::text("data"), Cell::text("arm")];
    head.extend((1..=last).map(|n| Cell::number(format!("n = {n}"))));
    head.push(Cell::number("runs"));
    let row = |row: &Beside| {
        let source = if row.own { format!("{} (here)", row.source) } else { row.source.clone() };
        let study = Cell::text(source).below(&row.network);
        let mut cells = vec![study, Cell::text(&row.data), Cell::text(row.arm.name())];
        cells.extend((1..=last).map(|n| {
            let found = row.points.iter().find(|point| point.0 == n);
            Cell::number(found.map_or_else(|| "\u{2013}".to_string(), |point| minus(&signed(point.1))))
        }));
        let runs = || row.points.iter().map(|point| point.2);
        let (least, most) = (runs().min().unwrap_or(0), runs().max().unwrap_or(0));
        cells.push(Cell::number(if least == most { least.to_string() } else { format!("{least}\u{2013}{most}") }));
        cells
    };
    let intro = "Networks, data and schedules differ, and n counts the layers of each network: a study's shape can be \
                 compared with another's, its numbers hardly. Networks with more layers than columns continue in results.json.";
    let caption = "Difference to the base by number of copied blocks (points)";
    format!("{}{}", paragraph(intro), table(caption, &head, &rows.iter().map(row).collect::<Vec<_>>()))
}
