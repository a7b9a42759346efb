//! One self-contained page: no script, no font, nothing loaded from anywhere. It begins with the answer; what is not
//! needed to judge it is folded.

mod advice;
mod costs;
mod html;
mod legend;
mod numbers;
mod runs;
mod study;
mod tasks;
mod together;
mod verdicts;

use super::{
    figure::{Figure, svg::escape},
    format::minus,
    results::{Report, Results},
};
pub(super) use advice::of_advice;
use html::{document, section};

/// The figures of a report.
#[derive(Clone, Debug, Default)]
pub struct Drawn {
    /// Those that compare studies.
    pub together: Vec<Figure>,
    /// Those of each study.
    pub studies: Vec<Vec<Figure>>,
}

/// One heading's worth of page.
struct Section {
    id: String,
    title: String,
    content: String,
}

impl Section {
    fn new(id: &str, title: &str, content: String) -> Self {
        Self { id: id.to_string(), title: title.to_string(), content }
    }
}

/// The whole page as text. Every number on it is in `results.json`, too.
#[must_use]
pub fn page(report: &Report, figures: &Drawn) -> String {
    let empty = Vec::new();
    let mut body = String::new();
    let studies = || {
        report.studies.iter().enumerate().map(|(at, results)| (at, results, figures.studies.get(at).unwrap_or(&empty)))
    };
    if report.several() {
        let line = |(at, results): (usize, &Results)| {
            let heading = escape(&heading(results));
            format!(
                "<h3><a href=\"#{}\">{}</a></h3>\n{}",
                prefix(at, results).trim_end_matches('-'),
                heading,
                study::answer(results)
            )
        };
        body.push_str(&report.studies.iter().enumerate().map(line).collect::<String>());
        body.push_str(&together::distance(&figures.together));
    }
    for (at, results, drawn) in studies() {
        // What only a comparison can tell is judged with the claims of the study that others are compared with.
        let reference = report.reference().is_some_and(|reference| std::ptr::eq(reference, results));
        let claims = if reference { &report.claims } else { &results.claims };
        let first = study::first(results, drawn, claims);
        if report.several() {
            let prefix = prefix(at, results);
            let content = format!("{first}{}", study::rest(results, drawn, &prefix, 3));
            body.push_str(&section(prefix.trim_end_matches('-'), &heading(results), &content, 2));
        } else {
            body.push_str(&format!("{}{first}{}", study::answer(results), study::rest(results, drawn, "", 2)));
        }
    }
    body.push_str(&together::closing(report, &figures.together));
    let quick = report.studies.iter().any(|results| results.quick);
    let images = if report.studies.iter().all(|results| results.on_held_out) { "held-out" } else { "test" };
    let footer = format!(
        "After Yosinski, Clune, Bengio and Lipson (2014), \u{201c}How transferable are features in deep neural \
         networks?\u{201d}. Accuracies are top-1 on {images} images, in percent; differences are in percentage points."
    );
    document(&title(report), if quick { " class=\"quick\"" } else { "" }, &body, &footer)
}

/// What the names of a study's figures and sections begin with, where there are several studies: its place makes it
/// unlike any other and unlike every name without a prefix, whatever the experiments are called.
pub(super) fn prefix(at: usize, results: &Results) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let name: String = results.experiment.chars().filter(|c| plain(*c)).collect();
    format!("{}-{name}-", at + 1)
}

fn heading(results: &Results) -> String {
    format!("{}: {}", results.experiment, results.kind.words())
}

fn title(report: &Report) -> String {
    let Some(first) = report.reference() else { return "Transferability".to_string() };
    let about = format!("Transferability of {} on {}", first.net, first.dataset);
    if report.several() {
        format!("{about}: {} studies", report.studies.len())
    } else {
        format!("{about}: {}", first.experiment)
    }
}

/// Puts a typographic minus before digits only, so that words keep their hyphens.
fn minus_numbers(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut before = ' ';
    let mut chars = text.chars().peekable();
    while let Some(ch) = chars.next() {
        let number = chars.peek().is_some_and(char::is_ascii_digit) && !before.is_ascii_alphanumeric();
        if ch == '-' && number {
            out.push_str(&minus("-"))
        } else {
            out.push(ch)
        }
        before = ch;
    }
    out
}
