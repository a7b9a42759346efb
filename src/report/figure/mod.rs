//! The figures, as SVG and PNG, each with its numbers as a table.

mod axes;
mod confusion;
mod controls;
mod curves;
mod distance;
mod filters;
mod heat;
mod look;
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
    run::Study,
};
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
    /// Stem of its files, such as `figure2`.
    pub name: String,
    /// What it shows, in a few words.
    pub title: String,
    /// How to read it.
    pub caption: String,
    /// The picture, to stand inside a page.
    pub svg: String,
    /// The picture in pixels.
    pub png: Vec<u8>,
    /// The numbers that it shows.
    pub table: Table,
}

impl Figure {
    /// A figure without its pixels, which are drawn when its full name is known. Its picture tells a screen reader
    /// what title and caption say.
    fn new(name: &str, title: &str, caption: String, (svg, size): (Svg, (f64, f64)), table: Table) -> Self {
        let svg = svg.finish(name, title, &caption, size);
        Self { name: name.to_string(), title: title.to_string(), caption, svg, png: Vec::new(), table }
    }
}

/// The figures of one study that its results have data for. Their names begin with `prefix`.
///
/// # Errors
/// [`ReportError::FilterShape`] where filters contradict their shape, [`ReportError::Raster`] where a picture
/// cannot be drawn.
pub fn figures(study: &Study, results: &Results, prefix: &str) -> Result<Vec<Figure>, ReportError> {
    let mut drawn = transfer::figures(results);
    drawn.extend(controls::figures(results));
    drawn.extend(distance::targets(results));
    drawn.extend(sizes::figure(results));
    drawn.extend(similarity::figures(results));
    drawn.extend(curves::figures(results));
    for (at, one) in results.confusions.iter().enumerate() {
        drawn.extend(confusion::figure(&format!("confusion-{}", at + 1), one));
    }
    let mut figures = finished(drawn, prefix)?;
    for (at, one) in study.filters.iter().enumerate() {
        figures.push(filters::figure(&format!("{prefix}filters-{}", at + 1), one)?);
    }
    Ok(figures)
}

/// The figures that compare studies, and those of the published runs alone.
///
/// # Errors
/// [`ReportError::Raster`] where a picture cannot be drawn.
pub fn figures_together(report: &Report) -> Result<Vec<Figure>, ReportError> {
    finished(distance::figure(report).into_iter().chain(controls::published(report)).collect(), "")
}

/// Gives figures their full names, and draws their pixels.
fn finished(drawn: Vec<Figure>, prefix: &str) -> Result<Vec<Figure>, ReportError> {
    let finish = |figure: Figure| {
        let name = format!("{prefix}{}", figure.name);
        // The picture's identifiers are made of its name; on a page with several studies each needs its own.
        let ids = |svg: String, end: &str| svg.replace(&format!("{}-{end}", figure.name), &format!("{name}-{end}"));
        let svg = if prefix.is_empty() { figure.svg.clone() } else { ids(ids(figure.svg.clone(), "t"), "d") };
        let png = png::draw(&name, &svg::standalone(&svg))?;
        Ok(Figure { name, svg, png, ..figure })
    };
    drawn.into_iter().map(finish).collect()
}
