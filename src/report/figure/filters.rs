//! First-layer filters as a grid of small pictures, each scaled to its own smallest and largest weight.

use crate::host::png;

use super::super::{
    error::ReportError,
    format::{minus, plain},
    measured::Filters,
};
use super::{Drawing, Table, png::base64, svg::Svg, svg::at};

/// Width that a grid is magnified to, in pixels.
const PIXELS: usize = 960;
const GAP: usize = 1;

/// The grid of some filters as a PNG file.
///
/// # Errors
/// Values that contradict their shape.
pub fn filters_png(filters: &Filters) -> Result<Vec<u8>, ReportError> {
    filters.check()?;
    drawn(&filters.title, &grid(filters))
}

fn drawn(name: &str, grid: &Grid) -> Result<Vec<u8>, ReportError> {
    png::encode(grid.width, grid.height, 3, &grid.pixels)
        .map_err(|e| ReportError::Raster { figure: name.to_string(), reason: e.to_string() })
}

/// The grids of all networks whose filters are there.
pub(super) fn figures(all: &[Filters]) -> Result<Vec<Drawing>, ReportError> {
    all.iter().enumerate().map(|(at, one)| figure(&format!("filters-{}", at + 1), one)).collect()
}

/// The grid of one network's filters.
fn figure(name: &str, filters: &Filters) -> Result<Drawing, ReportError> {
    filters.check()?;
    let grid = grid(filters);
    let (width, height) = (f64::from(grid.width), f64::from(grid.height));
    let png = drawn(name, &grid)?;

    let shown = super::panel::WIDTH;
    let size = (shown, shown * height / width);
    let mut svg = Svg::default();
    svg.raw(&format!(
        r#"<image width="{}" height="{}" style="image-rendering:pixelated" href="data:image/png;base64,{}"/>"#,
        at(size.0),
        at(size.1),
        base64(&png)
    ));
    let caption = format!(
        "{} filters of {} x {} weights, in {}; each is scaled from its smallest weight (dark) to its largest (bright).",
        filters.count,
        filters.height,
        filters.width,
        if filters.channels == 3 { "red, green and blue" } else { "gray" }
    );
    Ok(Drawing { png: Some(png), ..Drawing::new(name, &filters.title, caption, (svg, size), table(filters)) })
}

/// Weights of one filter and their range, NaN left out.
fn filter(filters: &Filters, at: usize) -> (&[f32], f32, f32) {
    let size = filters.values.len() / filters.count;
    let values = &filters.values[at * size..(at + 1) * size];
    let finite = || values.iter().copied().filter(|v| v.is_finite());
    (values, finite().fold(f32::INFINITY, f32::min), finite().fold(f32::NEG_INFINITY, f32::max))
}

/// A picture of H x W x 3 bytes.
struct Grid {
    width: u32,
    height: u32,
    pixels: Vec<u8>,
}

fn grid(filters: &Filters) -> Grid {
    let Filters { count, channels, height, width, .. } = *filters;
    let columns = count.min(((count as f64 * 1.5).sqrt().ceil() as usize).max(1));
    let rows = count.div_ceil(columns);
    let zoom = (PIXELS / (columns * (width + GAP) + GAP)).max(1);
    let side = |cells: usize, size: usize| ((cells * (size + GAP) + GAP) * zoom) as u32;
    let (full_width, full_height) = (side(columns, width), side(rows, height));
    let mut pixels = vec![255; full_width as usize * full_height as usize * 3];
    for at in 0..count {
        let (values, low, high) = filter(filters, at);
        // A filter without contrast is drawn in middle gray.
        let shade =
            |v: f32| if v.is_finite() && high > low { ((v - low) / (high - low) * 255.0).round() as u8 } else { 128 };
        let (left, top) = ((at % columns) * (width + GAP) + GAP, (at / columns) * (height + GAP) + GAP);
        for y in 0..height * zoom {
            for x in 0..width * zoom {
                let value = |channel: usize| values[(channel % channels * height + y / zoom) * width + x / zoom];
                let at = ((top * zoom + y) * full_width as usize + left * zoom + x) * 3;
                pixels[at..at + 3].copy_from_slice(&[shade(value(0)), shade(value(1)), shade(value(2))]);
            }
        }
    }
    Grid { width: full_width, height: full_height, pixels }
}

fn table(filters: &Filters) -> Table {
    let row = |at: usize| {
        let (_, low, high) = filter(filters, at);
        vec![
            (at + 1).to_string(),
            minus(&format!("{low:.4}")),
            minus(&format!("{high:.4}")),
            plain(f64::from(high - low)),
        ]
    };
    let head = ["filter", "smallest weight", "largest weight", "range"].map(String::from).to_vec();
    Table { head, rows: (0..filters.count).map(row).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filters(channels: usize, values: Vec<f32>) -> Filters {
        Filters { title: "conv1".into(), count: 2, channels, height: 1, width: 2, values }
    }

    fn at(grid: &Grid, x: u32, y: u32) -> &[u8] {
        &grid.pixels[((y * grid.width + x) * 3) as usize..][..3]
    }

    #[test]
    fn each_filter_spans_black_to_white_on_its_own() {
        let grid = grid(&filters(1, vec![-1.0, 1.0, 5.0, 5.5]));
        let zoom = grid.height / 3;
        let pixel = |x: u32| at(&grid, x * zoom, zoom)[0];
        assert_eq!([pixel(1), pixel(2), pixel(4), pixel(5)], [0, 255, 0, 255]);
    }

    #[test]
    fn channels_become_red_green_and_blue() {
        let grid = grid(&filters(3, vec![1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]));
        let zoom = grid.height / 3;
        assert_eq!(at(&grid, zoom, zoom), [255, 0, 0]);
        assert_eq!(at(&grid, 2 * zoom, zoom), [0, 0, 255]);
        assert_eq!(at(&grid, 4 * zoom, zoom), [128; 3], "a filter without contrast is gray");
    }

    #[test]
    fn a_wrong_number_of_weights_is_refused_with_the_shape() {
        let error = figure("filters-1", &filters(3, vec![0.0; 5])).unwrap_err().to_string();
        assert!(error.contains("5 values where 2 x 3 x 1 x 2 were expected"), "{error}");
    }
}
