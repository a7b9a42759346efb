//! The sections of all studies together: above them the verdicts and the comparison of studies, below them the
//! published numbers.

use super::super::{
    figure::{Figure, svg::escape},
    format::{counted, minus, signed},
    results::{Beside, Claim, Judgement, Report},
    table::behind,
};
use super::{
    Section,
    html::{Cell, figure, figures, paragraph, table},
    minus_numbers,
};

/// The n that the table of published numbers has at least; the small studies' networks have six layers or more.
const LAYERS: u32 = 7;

fn named(drawn: &[Figure], name: &str) -> String {
    let wanted = drawn.iter().filter(|f| f.name == name);
    figures(&wanted.map(figure).collect::<Vec<_>>())
}

/// The sections above the studies.
pub(super) fn opening(report: &Report, drawn: &[Figure]) -> Vec<Section> {
    vec![
        Section::new("claims", "The paper's five claims, and the distance between tasks", claims(report)),
        Section::new("figure-3", "Figure 3: similar and dissimilar tasks, random filters", named(drawn, "figure3")),
    ]
}

/// The sections below the studies.
pub(super) fn closing(report: &Report, drawn: &[Figure]) -> Vec<Section> {
    vec![
        Section::new("beside", "Beside published numbers", beside(&report.beside)),
        Section::new(
            "preserved-by-the-authors",
            "Preserved layers (unpublished runs of the authors)",
            named(drawn, "preserved-published"),
        ),
    ]
}

fn claims(report: &Report) -> String {
    let Some(reference) = report.reference().filter(|results| results.base.is_some()) else { return String::new() };
    let units = reference.base.as_ref().map_or(0, |base| base.estimate.units);
    let from = if report.several() { format!(" of {}", reference.experiment) } else { String::new() };
    let margin = reference.margin;
    let how = format!(
        "Each claim rests on one contrast between runs on the same targets, judged by its 95 % t interval over the \
         {}{from}: it holds or fails where the interval lies on one side of zero and not inside the margin of {margin} \
         points, there is no difference of {margin} points or more where the interval lies inside the margin, and it is \
         undecided where the interval holds both zero and more than the margin. A sign-flip test of all these contrasts \
         together stands beside t as a check that assumes less. Two studies are compared by how much the random splits \
         differ among themselves.",
        counted(units, reference.unit.noun())
    );
    format!("{}{}", paragraph(&how), claim_list(&report.claims, false))
}

/// Claims with their verdicts; without those that could not be tested where `tested` is asked for.
pub(super) fn claim_list(claims: &[Claim], tested: bool) -> String {
    let item = |claim: &Claim| {
        let class = claim.judgement.words().replace(' ', "-");
        let number = if claim.number > 5 { "Figure 3".to_string() } else { claim.number.to_string() };
        format!(
            "<li class=\"{class}\"><strong>{number}.</strong> {} <span class=\"verdict\">{}</span>{}<br/>\n{}</li>\n",
            escape(&claim.claim),
            claim.verdict,
            escape(&behind(claim)),
            escape(&minus_numbers(&claim.found))
        )
    };
    let shown = claims.iter().filter(|claim| !tested || claim.judgement != Judgement::NotTested);
    let items: String = shown.map(item).collect();
    if items.is_empty() { items } else { format!("<ol class=\"claims\">\n{items}</ol>\n") }
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
