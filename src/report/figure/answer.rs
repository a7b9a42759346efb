//! The figure beside the answer: paired differences with their intervals, and the two parts of the loss beside them.

use super::super::{format::signed, results::Results};
use super::{
    Drawing,
    panel::{Marks, Panel, WIDTH},
    svg::Svg,
    transfer::{differences, numbers, parts},
};

const TITLE: &str = "What copied blocks cost";
/// Between the panels.
const GAP: f64 = 20.0;

/// Both panels, of means alone: the marks of the runs are in the figures further down. `None` without frozen networks.
pub(super) fn figure(results: &Results) -> Option<Drawing> {
    let only_means = |panel: Panel| Panel { marks: Marks::Means, ..panel };
    let panels = [
        ("answer-differences", "Difference to the own base", only_means(differences(results))),
        ("answer-parts", "The two parts of the loss", only_means(parts(results))),
    ];
    let panels: Vec<_> = panels.into_iter().filter(|(_, _, panel)| !panel.is_empty()).collect();
    if panels.is_empty() {
        return None;
    }
    let restart = results.restart_gain().map_or(
        "",
        |_| " The dotted line with its band is a restarted base, which was trained as long without any transfer.",
    );
    let cut = match panels.iter().any(|(_, _, panel)| panel.cuts()) {
        true => " A bar without a cap continues beyond the frame; the table has its ends.",
        false => "",
    };
    let caption = format!(
        "First panel: networks minus the base of their own split and target. Second panel: what freezing one's own blocks costs \
         (co-adaptation), and what the blocks of other classes cost on top (specificity). Below zero something is lost: a \
         cost of 2 points is \u{2212}2 here. Means over {}s with 95 % t intervals.{restart}{cut}",
        results.unit.noun()
    );
    let table = numbers(&panels.iter().map(|(_, _, panel)| panel).collect::<Vec<_>>(), signed);
    let drawn: Vec<_> = panels.iter().map(|(name, title, panel)| (*name, *title, panel.draw())).collect();
    if drawn.len() == 1 {
        return Some(Drawing::new("answer", TITLE, caption, drawn.into_iter().next()?.2, table));
    }
    let (mut whole, mut left, mut height) = (Svg::default(), 0.0, 0.0_f64);
    let mut pictures = Vec::new();
    for (name, title, (svg, size)) in drawn {
        whole.inside(left, size, &svg);
        left += WIDTH + GAP;
        height = height.max(size.1);
        pictures.push((name.to_string(), svg.finish(name, title, &caption, size)));
    }
    let drawing = Drawing::new("answer", TITLE, caption, (whole, (left - GAP, height)), table);
    Some(Drawing { panels: pictures, ..drawing })
}
