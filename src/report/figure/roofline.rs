//! Operations under the roofline of their device: what they reach against what memory and arithmetic allow.

use super::{
    axes::{Axes, TEXT},
    look::{Look, Shape},
    svg::{Anchor, Svg, at, escape, standalone},
};

/// What one operation reached.
#[derive(Clone, Debug)]
pub struct Achieved {
    /// Its layer.
    pub layer: String,
    /// Its pass, such as `forward`.
    pub pass: &'static str,
    /// Multiplications and additions, 10^9 per second.
    pub gflops: f64,
    /// What it must read and write at least, 10^9 bytes per second.
    pub gigabytes_per_second: f64,
}

/// The two limits of a device.
#[derive(Clone, Copy, Debug)]
pub struct Roof {
    /// Multiplications and additions, 10^9 per second.
    pub gflops: f64,
    /// Bytes to and from memory, 10^9 per second.
    pub gigabytes_per_second: f64,
}

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 470.0;
const EDGES: (f64, f64, f64, f64) = (74.0, 44.0, WIDTH - 24.0, 372.0);

/// How passes that begin so look, and what they are called.
const PASSES: [(&str, &str, Look); 3] = [
    ("forward", "forward", Look { colour: "#0072B2", shape: Shape::Circle, dash: "" }),
    ("backward_input", "input gradient", Look { colour: "#D55E00", shape: Shape::Up, dash: "" }),
    ("backward_weight", "weight gradient", Look { colour: "#009E73", shape: Shape::Square, dash: "" }),
];

/// Draws the operations that multiply, on logarithmic axes, as a file of its own: floating-point operations a byte
/// to the right, GFLOP/s upward, and the roof `min(peak, intensity * bandwidth)` above them (Williams, Waterman and
/// Patterson, 2009). An operation whose operands stay in a cache may lie above the sloping part.
pub fn roofline(title: &str, achieved: &[Achieved], roof: Roof) -> String {
    let points: Vec<(f64, &Achieved)> = achieved
        .iter()
        .filter(|a| a.gflops > 0.0 && a.gigabytes_per_second > 0.0)
        .map(|a| (a.gflops / a.gigabytes_per_second, a))
        .collect();
    let ridge = roof.gflops / roof.gigabytes_per_second;
    let decades = |values: &mut dyn Iterator<Item = f64>| {
        let (low, high) = values.fold((f64::INFINITY, 0.0f64), |(low, high), v| (low.min(v), high.max(v)));
        (low.log10().floor(), high.log10().ceil())
    };
    let x = decades(&mut points.iter().map(|(intensity, _)| *intensity).chain([ridge]));
    let y = decades(&mut points.iter().map(|(_, a)| a.gflops).chain([roof.gflops]));
    let (x, y) = ((x.0, x.1.max(x.0 + 1.0)), (y.0, y.1.max(y.0 + 1.0)));
    let axes = Axes { edges: EDGES, x, y };
    let mut svg = Svg::default();
    svg.text((WIDTH / 2.0, 24.0), Anchor::Middle, TEXT + 1.0, title);
    frame(&mut svg, &axes);
    draw_roof(&mut svg, &axes, roof);
    for &(intensity, point) in &points {
        let Some((_, name, look)) = PASSES.iter().find(|(pass, ..)| point.pass.starts_with(pass)) else { continue };
        let place = (axes.at_x(intensity.log10()), axes.at_y(point.gflops.log10()));
        let layer = escape(&point.layer);
        let attributes = format!(
            r#" data-layer="{layer}" data-pass="{}" data-intensity="{intensity}" data-gflops="{}""#,
            point.pass, point.gflops
        );
        let tip = format!("<title>{layer}, {name}: {:.1} GFLOP/s, {intensity:.1} FLOP a byte</title>", point.gflops);
        look.mark(&mut svg, place, 5.0, &attributes, &tip);
    }
    name_layers(&mut svg, &axes, &points);
    for (place, (_, name, look)) in PASSES.iter().enumerate() {
        let x = EDGES.0 + 10.0 + 190.0 * place as f64;
        look.mark(&mut svg, (x, HEIGHT - 14.0), 5.0, "", "");
        svg.text((x + 12.0, HEIGHT - 9.0), Anchor::Start, TEXT, name);
    }
    let description = "Each mark is an operation of a training step; the line is what the device can do at most.";
    standalone(&svg.finish("roofline", title, description, (WIDTH, HEIGHT)))
}

/// Names each layer above the highest of its marks, or higher where another name is in the way.
fn name_layers(svg: &mut Svg, axes: &Axes, points: &[(f64, &Achieved)]) {
    let size = TEXT - 2.0;
    let mut names: Vec<(&str, f64, f64)> = Vec::new();
    for (intensity, point) in points {
        let (x, y) = (axes.at_x(intensity.log10()), axes.at_y(point.gflops.log10()) - 9.0);
        match names.iter_mut().find(|(layer, ..)| *layer == point.layer) {
            Some(name) if name.2 <= y => {}
            Some(name) => (name.1, name.2) = (x, y),
            None => names.push((&point.layer, x, y)),
        }
    }
    let mut placed: Vec<(f64, f64)> = Vec::new();
    for (layer, x, mut y) in names {
        while placed.iter().any(|(px, py)| (px - x).abs() < 3.4 * size && (py - y).abs() < size) {
            y -= size;
        }
        placed.push((x, y));
        svg.text((x, y), Anchor::Middle, size, layer);
    }
}

/// Grid lines and labels at the powers of ten.
fn frame(svg: &mut Svg, axes: &Axes) {
    let (left, top, right, bottom) = axes.edges;
    let power = |exponent: i32| {
        if exponent < 0 {
            format!("{:.*}", -exponent as usize, 10f64.powi(exponent))
        } else {
            format!("{}", 10f64.powi(exponent))
        }
    };
    for exponent in axes.x.0 as i32..=axes.x.1 as i32 {
        let x = axes.at_x(f64::from(exponent));
        svg.line((x, top), (x, bottom), r##"stroke="#ddd""##);
        axes.tick_x(svg, f64::from(exponent), &power(exponent), TEXT);
    }
    for exponent in axes.y.0 as i32..=axes.y.1 as i32 {
        let y = axes.at_y(f64::from(exponent));
        svg.line((left, y), (right, y), r##"stroke="#ddd""##);
        svg.text((left - 6.0, y + TEXT * 0.36), Anchor::End, TEXT, &power(exponent));
    }
    svg.line((left, top), (left, bottom), r##"stroke="#111""##);
    svg.line((left, bottom), (right, bottom), r##"stroke="#111""##);
    svg.text(((left + right) / 2.0, bottom + 46.0), Anchor::Middle, TEXT, "floating-point operations a byte");
    svg.text_upward((18.0, (top + bottom) / 2.0), TEXT, "GFLOP/s");
}

/// The roof, with its two limits in words.
fn draw_roof(svg: &mut Svg, axes: &Axes, roof: Roof) {
    let ridge = (roof.gflops / roof.gigabytes_per_second).log10();
    let peak = roof.gflops.log10();
    // The slope leaves the frame at the left edge or at the bottom, whichever comes first.
    let start = axes.x.0.max(axes.y.0 - roof.gigabytes_per_second.log10());
    let height = |intensity: f64| peak.min(intensity + roof.gigabytes_per_second.log10());
    let corners: Vec<(f64, f64)> = [start, ridge, axes.x.1].map(|x| (axes.at_x(x), axes.at_y(height(x)))).to_vec();
    svg.polyline(&corners, r##"stroke="#111" stroke-width="1.8""##);
    let words = format!("{} GFLOP/s, {} GB/s", at(roof.gflops.round()), at(roof.gigabytes_per_second.round()));
    svg.text((axes.edges.2 - 4.0, axes.at_y(peak) - 8.0), Anchor::End, TEXT - 1.0, &words);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn achieved(layer: &str, pass: &'static str, gflops: f64, gigabytes_per_second: f64) -> Achieved {
        Achieved { layer: layer.into(), pass, gflops, gigabytes_per_second }
    }

    #[test]
    fn every_operation_that_multiplies_is_a_mark_with_its_numbers() {
        let all = [
            achieved("conv1", "forward", 100.0, 2.0),
            achieved("conv1", "backward_weight", 50.0, 1.0),
            achieved("norm1", "forward", 0.0, 8.0),
        ];
        let svg = roofline("a net", &all, Roof { gflops: 200.0, gigabytes_per_second: 20.0 });
        assert_eq!(svg.matches("data-layer=").count(), 2);
        assert!(
            svg.contains(r#"data-layer="conv1" data-pass="forward" data-intensity="50" data-gflops="100""#),
            "{svg}"
        );
        assert!(svg.contains("200 GFLOP/s, 20 GB/s"));
    }

    #[test]
    fn nothing_to_draw_is_an_empty_roof() {
        let svg = roofline("none", &[], Roof { gflops: 200.0, gigabytes_per_second: 20.0 });
        assert!(svg.contains("polyline") && !svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    }
}
