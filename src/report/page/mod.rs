//! One self-contained page: no script, no font, nothing loaded from anywhere.

mod costs;
mod html;
mod numbers;
mod runs;
mod study;
mod together;

use super::{
    figure::{Figure, svg::escape},
    format::minus,
    results::Report,
};
use html::section;

const STYLE: &str = include_str!("style.css");

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
    let mut sections = together::opening(report, &figures.together);
    let empty = Vec::new();
    for (at, results) in report.studies.iter().enumerate() {
        let drawn = figures.studies.get(at).unwrap_or(&empty);
        if !report.several() {
            sections.extend(study::sections(results, drawn, "", false));
            continue;
        }
        let prefix = format!("{}-", results.experiment);
        let judged_above = report.reference().is_some_and(|reference| std::ptr::eq(reference, results));
        let parts = study::sections(results, drawn, &prefix, !judged_above);
        let content = parts.iter().map(|part| section(&part.id, &part.title, &part.content, 3)).collect();
        let title = format!("{}: {}", results.experiment, results.kind.words());
        sections.push(Section { id: results.experiment.clone(), title, content });
    }
    sections.extend(together::closing(report, &figures.together));
    sections.retain(|section| !section.content.is_empty());
    let links: String = sections
        .iter()
        .map(|section| format!("<li><a href=\"#{}\">{}</a></li>\n", section.id, escape(&section.title)))
        .collect();
    let body: String = sections.iter().map(|s| section(&s.id, &s.title, &s.content, 2)).collect();
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\"/>\n\
         <link rel=\"icon\" href=\"data:,\"/>\n<title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
         <header><h1>{title}</h1>\n<p>After Yosinski, Clune, Bengio and Lipson (2014), \u{201c}How transferable are features in deep \
         neural networks?\u{201d}. Accuracies are top-1 on test images, in percent; differences are in percentage points.</p></header>\n\
         <nav aria-label=\"Sections\"><ul>\n{links}</ul></nav>\n<main>\n{body}</main>\n</body>\n</html>\n",
        title = escape(&title(report)),
    )
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
