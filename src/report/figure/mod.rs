//! The figures, as SVG and PNG, each with its numbers as a table. The registry here names all of them once, with the
//! place on the page where each stands.

mod advice;
mod answer;
mod axes;
mod confusion;
mod controls;
mod curves;
mod distance;
mod filters;
mod heat;
mod look;
mod names;
mod outline;
mod panel;
mod png;
pub mod roofline;
mod similarity;
mod sizes;
pub(super) mod svg;
mod transfer;

use super::{
    error::ReportError,
    results::{Report, Results},
    study::Study,
};
use crate::protocol::advice::record::Advice;
pub use filters::filters_png;
use svg::Svg;

/// A table of plain text cells.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// The column titles.
    pub head: Vec<String>,
    /// The rows, each as long as the head.
    pub rows: Vec<Vec<String>>,
}

/// One figure in all its forms.
#[derive(Clone, Debug)]
pub struct Figure {
    /// Where it stands on the page.
    pub place: Place,
    /// Stem of its files, such as `figure2`.
    pub name: String,
    /// What it shows, in a few words.
    pub title: String,
    /// How to read it.
    pub caption: String,
    /// The picture, as a file has it.
    pub svg: String,
    /// Its panels, where it has several: a page puts them beside each other only where there is room.
    pub panels: Vec<String>,
    /// The picture in pixels.
    pub png: Vec<u8>,
    /// The numbers that it shows.
    pub table: Table,
}

impl Figure {
    /// The pictures that stand on a page.
    #[must_use]
    pub fn pictures(&self) -> &[String] {
        if self.panels.is_empty() { std::slice::from_ref(&self.svg) } else { &self.panels }
    }
}

/// A figure before it has its place, its full name and its pixels.
#[derive(Debug)]
struct Drawing {
    name: String,
    title: String,
    caption: String,
    svg: String,
    /// The names and pictures of its panels, where it has several.
    panels: Vec<(String, String)>,
    /// Its pixels, where they are not those of the picture.
    png: Option<Vec<u8>>,
    table: Table,
}

impl Drawing {
    /// A figure of one panel. Its picture tells a screen reader what title and caption say.
    fn new(name: &str, title: &str, caption: String, (svg, size): (Svg, (f64, f64)), table: Table) -> Self {
        let svg = svg.finish(name, title, &caption, size);
        Self { name: name.to_string(), title: title.to_string(), caption, svg, panels: Vec::new(), png: None, table }
    }
}

/// Where a figure stands on the page: every place is a section of it, so that a figure that is drawn is also shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Beside the answer, at the top.
    Answer,
    /// Figure 2.
    FigureTwo,
    /// Co-adaptation and specificity.
    Parts,
    /// Accuracy by target.
    ByTarget,
    /// Random filters.
    Random,
    /// Preserved layers.
    Preserved,
    /// Linear probes.
    Probes,
    /// Similarity of activations.
    Similarity,
    /// Size of the training set.
    Sizes,
    /// Confusion between classes.
    Confusions,
    /// Training curves.
    Curves,
    /// First-layer filters.
    Filters,
    /// Figure 3, of several studies.
    Distance,
    /// The authors' preserved layers.
    Published,
}

type OfStudy = fn(&Study, &Results) -> Result<Vec<Drawing>, ReportError>;

/// Every figure of a study: where it stands, and what draws it if its results have data for it.
const OF_A_STUDY: [(Place, OfStudy); 12] = [
    (Place::Answer, |_, results| Ok(answer::figure(results).into_iter().collect())),
    (Place::FigureTwo, |_, results| Ok(transfer::figure2(results))),
    (Place::Parts, |_, results| Ok(transfer::decomposition(results).into_iter().collect())),
    (Place::ByTarget, |_, results| Ok(distance::targets(results).into_iter().collect())),
    (Place::Random, |_, results| Ok(transfer::random_filters(results).into_iter().collect())),
    (Place::Preserved, |_, results| Ok(controls::preserved(results).into_iter().collect())),
    (Place::Probes, |_, results| Ok(controls::probes(results).into_iter().collect())),
    (Place::Similarity, |_, results| Ok(similarity::figures(results))),
    (Place::Sizes, |_, results| Ok(sizes::figure(results).into_iter().collect())),
    (Place::Confusions, |_, results| Ok(confusion::figures(results))),
    (Place::Curves, |_, results| Ok(curves::figures(results))),
    (Place::Filters, |study, _| filters::figures(&study.filters)),
];

type OfReport = fn(&Report) -> Option<Drawing>;

/// Every figure that compares studies, and those of the published runs alone.
const OF_A_REPORT: [(Place, OfReport); 2] =
    [(Place::Distance, distance::figure), (Place::Published, controls::published)];

/// The figures of one study that its results have data for. Their names begin with `prefix`.
///
/// # Errors
/// [`ReportError::FilterShape`] where filters contradict their shape, [`ReportError::Raster`] where a picture
/// cannot be drawn.
pub fn figures(study: &Study, results: &Results, prefix: &str) -> Result<Vec<Figure>, ReportError> {
    let mut figures = Vec::new();
    for (place, draw) in OF_A_STUDY {
        for drawing in draw(study, results)? {
            figures.push(finished(drawing, place, prefix)?);
        }
    }
    Ok(figures)
}

/// The figures that compare studies, and those of the published runs alone.
///
/// # Errors
/// [`ReportError::Raster`] where a picture cannot be drawn.
pub fn figures_together(report: &Report) -> Result<Vec<Figure>, ReportError> {
    let drawn = OF_A_REPORT.into_iter().filter_map(|(place, draw)| Some((place, draw(report)?)));
    drawn.map(|(place, drawing)| finished(drawing, place, "")).collect()
}

type OfAdvice = fn(&Advice) -> Option<Drawing>;

/// Every figure of an advice.
const OF_AN_ADVICE: [(Place, OfAdvice); 2] = [(Place::Answer, advice::figure), (Place::Sizes, advice::curve)];

/// The figures of an advice that its record has data for.
///
/// # Errors
/// [`ReportError::Raster`] where a picture cannot be drawn.
pub fn of_advice(advice: &Advice) -> Result<Vec<Figure>, ReportError> {
    let drawn = OF_AN_ADVICE.into_iter().filter_map(|(place, draw)| Some((place, draw(advice)?)));
    drawn.map(|(place, drawing)| finished(drawing, place, "")).collect()
}

/// Gives a figure its place, its full name and its pixels.
fn finished(drawing: Drawing, place: Place, prefix: &str) -> Result<Figure, ReportError> {
    let name = format!("{prefix}{}", drawing.name);
    // A picture's identifiers are made of its name; on a page with several studies each needs its own.
    let named = |svg: &str, own: &str| match prefix.is_empty() {
        true => svg.to_string(),
        false => ["t", "d"]
            .iter()
            .fold(svg.to_string(), |svg, end| svg.replace(&format!("{own}-{end}"), &format!("{prefix}{own}-{end}"))),
    };
    let svg = named(&drawing.svg, &drawing.name);
    let png = match drawing.png {
        Some(png) => png,
        None => png::draw(&name, &svg::standalone(&svg))?,
    };
    let panels = drawing.panels.iter().map(|(own, svg)| named(svg, own)).collect();
    Ok(Figure { place, name, title: drawing.title, caption: drawing.caption, svg, panels, png, table: drawing.table })
}
