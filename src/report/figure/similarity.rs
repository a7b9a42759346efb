//! Similarity of activations: by layer as lines, and every layer against every other as a map.

use super::super::results::{Results, SimilarityRow};
use super::{
    Drawing, Table,
    heat::{Heat, Scale},
    look::{Look, Shape},
    panel::{Marks, Panel, Series},
    transfer::finish,
};

const LOOKS: [Look; 4] = [
    Look { colour: "#000000", shape: Shape::Circle, dash: "" },
    Look { colour: "#0072B2", shape: Shape::Square, dash: "6 3" },
    Look { colour: "#D55E00", shape: Shape::Up, dash: "" },
    Look { colour: "#009E73", shape: Shape::Diamond, dash: "2 3" },
];
const BASES: &str = "bases of A and B";

fn number(value: f64) -> String {
    format!("{value:.3}")
}

/// The figures that there are measurements for.
pub(super) fn figures(results: &Results) -> Vec<Drawing> {
    [lines(results), map(results)].into_iter().flatten().collect()
}

/// The same layer in both networks. Of the pairs before and after fine-tuning, those of the highest n are drawn.
fn lines(results: &Results) -> Option<Drawing> {
    let mut pairs: Vec<&str> = results.similarity.iter().map(|row| row.pair.as_str()).collect();
    pairs.dedup();
    // Pairs come in order, so that the last of an arm has its highest n.
    let arm = |pair: &str| pair.split(" before").next().map(String::from);
    let last = |pair: &&str| pairs.iter().rfind(|other| arm(other) == arm(pair)) == Some(pair);
    let series = pairs.iter().filter(|pair| last(pair)).enumerate().map(|(at, pair)| Series {
        label: (*pair).to_string(),
        look: LOOKS[at % LOOKS.len()],
        points: Vec::new(),
        means: (results.similarity.iter().filter(|row| row.pair == **pair && row.layer == row.other_layer))
            .filter_map(|row| Some((place(results, &row.layer)?, row.estimate.clone())))
            .collect(),
        note: None,
    });
    let series = series.filter(|s| !s.means.is_empty()).collect();
    let panel = Panel {
        bounds: Some((0.0, 1.0)),
        include: vec![0.0, 1.0],
        names: results.layers.clone(),
        ..Panel::of_percentages(series, "block", "linear CKA", Marks::Means)
    };
    let caption = "Linear centred kernel alignment of the activations of one block in two networks on the same \
                   images: 1 where they are equal up to rotation and scale, 0 where they have nothing in common (Song \
                   et al.'s debiased estimate, but for series marked biased). Bars are 95 % intervals between splits.";
    finish("similarity", "Similarity of activations by block", caption, &panel, number)
}

fn place(results: &Results, layer: &str) -> Option<u32> {
    u32::try_from(results.layers.iter().position(|name| name == layer)? + 1).ok()
}

/// Every layer of one base against every layer of the other.
fn map(results: &Results) -> Option<Drawing> {
    let rows: Vec<&SimilarityRow> = results.similarity.iter().filter(|row| row.pair.starts_with(BASES)).collect();
    let value = |one: &String, other: &String| {
        let row = rows.iter().find(|row| row.layer == *one && row.other_layer == *other)?;
        Some(row.estimate.mean)
    };
    let of_layer = |one: &String| results.layers.iter().map(|other| value(one, other)).collect::<Vec<_>>();
    let cells: Vec<Vec<Option<f64>>> = results.layers.iter().map(of_layer).collect();
    // Without values off the diagonal the lines say all there is.
    let off = |(i, row): (usize, &Vec<Option<f64>>)| row.iter().enumerate().any(|(j, cell)| i != j && cell.is_some());
    if !cells.iter().enumerate().any(off) {
        return None;
    }
    let heat = Heat {
        rows: results.layers.clone(),
        columns: results.layers.clone(),
        cells,
        row_title: "block of one base",
        column_title: "block of the other",
        scale: Scale { low: 0.0, high: 1.0, write: |v| format!("{v:.2}") },
    };
    let (name, title) = ("similarity-map", "Similarity of every two blocks of the bases of A and B");
    let caption = "Linear centred kernel alignment, averaged over splits; dark is alike.".to_string();
    let head = ["block", "other block", "linear CKA"].map(String::from).to_vec();
    let row = |row: &&SimilarityRow| vec![row.layer.clone(), row.other_layer.clone(), number(row.estimate.mean)];
    let table = Table { head, rows: rows.iter().map(row).collect() };
    Some(Drawing::new(name, title, caption, heat.draw(), table))
}
