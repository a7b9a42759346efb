//! One panel of curves over n (or over layers): runs as small marks, means with 95 % intervals joined by lines.

mod draw;

use std::ops::RangeInclusive;

use super::super::{results::Results, statistics::Estimate};
use super::{
    axes::{Axes, ticks},
    look::Look,
};

/// Width of every figure, in units of the view box; small enough that text stays readable on a phone.
pub(super) const WIDTH: f64 = 480.0;
const PLOT: f64 = 300.0;
/// The y axis of accuracies.
pub(super) const ACCURACY: &str = "top-1 accuracy (%)";

/// One run's number.
#[derive(Clone, Debug)]
pub(super) struct Point {
    pub n: u32,
    pub value: f64,
    pub run: String,
    /// Whether the run ended at chance; it is drawn hollow.
    pub at_chance: bool,
}

/// One arm's points and means.
#[derive(Clone, Debug)]
pub(super) struct Series {
    pub label: String,
    pub look: Look,
    pub points: Vec<Point>,
    pub means: Vec<(u32, Estimate)>,
    /// The paper's number of the line and what it means, to stand in the legend.
    pub note: Option<(u32, &'static str)>,
}

/// A horizontal reference: a line with its interval as a band.
#[derive(Clone, Debug)]
pub(super) struct Reference {
    pub label: String,
    pub look: Look,
    pub estimate: Estimate,
}

/// What is drawn of each series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Marks {
    /// Every run, nothing else.
    Runs,
    /// Means with their intervals, joined.
    Means,
    /// Both, the runs paler.
    Both,
}

/// Everything a panel shows.
#[derive(Clone, Debug)]
pub(super) struct Panel {
    pub series: Vec<Series>,
    pub reference: Option<Reference>,
    pub x_label: String,
    pub y_label: String,
    /// Values that the y axis must include, such as 0.
    pub include: Vec<f64>,
    /// Values that the y axis must not leave, such as 0 and 100 for a percentage.
    pub bounds: Option<(f64, f64)>,
    /// Whether to draw a line at zero.
    pub zero: bool,
    pub marks: Marks,
    /// The level of chance in percent, where the values are accuracies: the least and the most of all tasks.
    pub chance: Option<[f64; 2]>,
    /// Names of the x ticks, the first for `n = 1`; numbers where there are none.
    pub names: Vec<String>,
    /// What stands below the tick of `n = 0`.
    pub at_zero: &'static str,
    /// Means that are drawn hollow, by the label of their series and their n.
    pub hollow: Vec<(String, u32)>,
    /// A mean with a ring around it.
    pub ringed: Option<(String, u32)>,
}

impl Panel {
    /// A panel of differences in points, which has a zero line.
    pub fn of_differences(series: Vec<Series>, x_label: &str, y_label: &str) -> Self {
        let (x_label, y_label) = (x_label.to_string(), y_label.to_string());
        let (include, marks) = (vec![0.0], Marks::Both);
        Self {
            series,
            reference: None,
            x_label,
            y_label,
            include,
            bounds: None,
            zero: true,
            marks,
            chance: None,
            names: Vec::new(),
            at_zero: "(base)",
            hollow: Vec::new(),
            ringed: None,
        }
    }

    /// A panel of percentages.
    pub fn of_percentages(series: Vec<Series>, x_label: &str, y_label: &str, marks: Marks) -> Self {
        let bounds = Some((0.0, 100.0));
        Self { include: Vec::new(), bounds, zero: false, marks, ..Self::of_differences(series, x_label, y_label) }
    }

    /// A panel of accuracies of a study, with the level of chance.
    pub fn of_accuracies(results: &Results, series: Vec<Series>, x_label: &str, marks: Marks) -> Self {
        Self { chance: results.chance, ..Self::of_percentages(series, x_label, ACCURACY, marks) }
    }

    /// Whether there is anything to draw.
    pub fn is_empty(&self) -> bool {
        self.series.iter().all(|s| s.points.is_empty() && s.means.is_empty())
    }

    fn is_numbered(&self) -> bool {
        self.series.iter().any(|s| s.note.is_some())
    }

    fn runs(&self) -> bool {
        self.marks != Marks::Means
    }

    fn estimates(&self) -> impl Iterator<Item = &Estimate> {
        let means = self.series.iter().flat_map(|s| s.means.iter().map(|(_, e)| e));
        means.filter(|_| self.marks != Marks::Runs).chain(self.reference.iter().map(|r| &r.estimate))
    }

    fn values(&self) -> Vec<f64> {
        let points = self.series.iter().flat_map(|s| s.points.iter().map(|p| p.value)).filter(|_| self.runs());
        let means = self.estimates().map(|e| e.mean);
        let mut values: Vec<f64> = points.chain(means).chain(self.include.iter().copied()).collect();
        let (low, high) = range(&values);
        // A t interval over two splits can be ten times as wide as the data; it is cut rather than let flatten them.
        let room = (high - low).max(0.5) * 0.2;
        values
            .extend(self.estimates().flat_map(|e| [e.low, e.high]).flatten().map(|v| v.clamp(low - room, high + room)));
        values
    }

    /// The ends of the y axis and its ticks.
    fn y_axis(&self) -> ((f64, f64), Vec<f64>) {
        let (low, high) = range(&self.values());
        let (least, most) = self.bounds.unwrap_or((f64::NEG_INFINITY, f64::INFINITY));
        let mut ticks = ticks(low.max(least), high.min(most), 6);
        ticks.retain(|tick| (least..=most).contains(tick));
        match ticks[..] {
            [first, .., last] => ((first, last), ticks),
            // Data that cling to a bound leave one tick; the bounds themselves are the axis then.
            _ => ((low.max(least), high.min(most).max(low.max(least) + 1.0)), ticks),
        }
    }

    /// Whether some interval goes beyond the frame.
    pub fn cuts(&self) -> bool {
        let ((bottom, top), _) = self.y_axis();
        self.estimates().any(|e| e.low.is_some_and(|low| low < bottom) || e.high.is_some_and(|high| high > top))
    }

    fn axes(&self) -> (Axes, Vec<f64>, RangeInclusive<u32>) {
        let ns = || self.series.iter().flat_map(|s| s.points.iter().map(|p| p.n).chain(s.means.iter().map(|m| m.0)));
        let (first, last) = (ns().min().unwrap_or(0), ns().max().unwrap_or(1));
        let (y, y_ticks) = self.y_axis();
        let numbered = self.is_numbered();
        let axes = Axes {
            edges: (62.0, 12.0, WIDTH - if numbered { 24.0 } else { 10.0 }, 12.0 + PLOT),
            x: (f64::from(first) - 0.5, f64::from(last) + 0.5),
            y,
        };
        (axes, y_ticks, first..=last)
    }

    /// Where chance lies, in words, where that is not drawn.
    pub fn chance_outside(&self) -> Option<String> {
        self.axes().0.chance_outside(self.chance?)
    }
}

impl Series {
    /// Whether it stands at n = 0 alone, as the base does.
    fn at_zero_only(&self) -> bool {
        self.points.iter().map(|p| p.n).chain(self.means.iter().map(|m| m.0)).all(|n| n == 0)
    }
}

fn range(values: &[f64]) -> (f64, f64) {
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if low.is_finite() && high.is_finite() { (low, high) } else { (0.0, 1.0) }
}
