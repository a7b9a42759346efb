//! The figures, as SVG and PNG, each with its numbers as a table.

mod axes;
mod curves;
mod filters;
mod look;
mod panel;
mod png;
pub(super) mod svg;
mod transfer;

use super::{
    error::ReportError,
    results::Results,
    run::{Filters, Study},
};

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

/// Every figure that the results have data for.
///
/// # Errors
/// [`ReportError::FilterShape`] where filters contradict their shape, [`ReportError::Raster`] where a picture
/// cannot be drawn.
pub fn figures(study: &Study, results: &Results) -> Result<Vec<Figure>, ReportError> {
    let mut figures = Vec::new();
    for drawn in transfer::figures(results).into_iter().chain(curves::figure(results)) {
        let png = png::draw(&drawn.name, &svg::standalone(&drawn.svg))?;
        figures.push(Figure { png, ..drawn });
    }
    for (at, one) in study.filters.iter().enumerate() {
        figures.push(filters::figure(&format!("filters-{}", at + 1), one)?);
    }
    Ok(figures)
}

/// Checks filters against their shape.
fn check(filters: &Filters) -> Result<(), ReportError> {
    let Filters { title, count, channels, height, width, values } = filters;
    let expected = [*count, *channels, *height, *width].into_iter().try_fold(1usize, usize::checked_mul);
    if matches!(channels, 1 | 3) && expected == Some(values.len()) && !values.is_empty() {
        return Ok(());
    }
    Err(ReportError::FilterShape {
        title: title.clone(),
        found: values.len(),
        count: *count,
        channels: *channels,
        height: *height,
        width: *width,
    })
}
