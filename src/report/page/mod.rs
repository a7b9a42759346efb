//! One self-contained page: no script, no font, nothing loaded from anywhere.

mod html;
mod numbers;
mod runs;

use super::{
    figure::{Figure, svg::escape},
    format::{counted, minus},
    results::Results,
    run::Reported,
};
use html::{figure, paragraph, section};

const STYLE: &str = include_str!("style.css");

/// The whole page as text. Every number on it is in `results.json`, too.
#[must_use]
pub fn page(results: &Results, figures: &[Figure]) -> String {
    let drawn = |names: &[&str], beside: &str| {
        let named = figures.iter().filter(|f| names.contains(&f.name.as_str()));
        let mut some: Vec<String> = named.map(figure).collect();
        if !beside.is_empty() {
            some.push(format!("<div>{beside}</div>\n"));
        }
        if some.is_empty() { String::new() } else { format!("<div class=\"figures\">\n{}</div>\n", some.concat()) }
    };
    let filters: Vec<String> = figures.iter().filter(|f| f.name.starts_with("filters-")).map(figure).collect();
    let filters = if filters.is_empty() {
        String::new()
    } else {
        format!("<div class=\"figures\">\n{}</div>\n", filters.concat())
    };
    let with = |intro: &str, body: String| if body.is_empty() { body } else { format!("{}{body}", paragraph(intro)) };
    let sections = [
        ("run", "What was run", what(results)),
        ("claims", "The paper's five claims, judged from these runs", claims(results)),
        ("numbers", "Gain and loss by number of copied layers", numbers::headline(results)),
        ("figure-2", "Figure 2, the paper's way and paired", drawn(&["figure2", "figure2-paired"], "")),
        ("ranges", "Fine-tuning over ranges of layers (the paper's Table 1)", numbers::ranges(results)),
        (
            "parts",
            "Co-adaptation and specificity",
            with(
                "The loss of a frozen transfer network is the sum of two parts: what freezing costs even with its own \
                 features, and what the other half's features cost on top.",
                drawn(&["decomposition"], &numbers::parts(results)),
            ),
        ),
        ("random", "Random filters", drawn(&["random-filters"], "")),
        ("curves", "Training curves", drawn(&["training-curves"], "")),
        ("filters", "First-layer filters", filters),
        ("runs", "All runs, and how to make each again", runs::all(results)),
        ("configuration", "Configuration", configuration(results)),
    ];
    let links: String = sections
        .iter()
        .filter(|(_, _, content)| !content.is_empty())
        .map(|(id, title, _)| format!("<li><a href=\"#{id}\">{}</a></li>\n", escape(title)))
        .collect();
    let body: String = sections.iter().map(|(id, title, content)| section(id, title, content)).collect();
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\"/>\n\
         <link rel=\"icon\" href=\"data:,\"/>\n<title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
         <header><h1>{title}</h1>\n<p>After Yosinski, Clune, Bengio and Lipson (2014), \u{201c}How transferable are features in deep \
         neural networks?\u{201d}. Accuracies are top-1 on test images, in percent; differences are in percentage points.</p></header>\n\
         <nav aria-label=\"Sections\"><ul>\n{links}</ul></nav>\n<main>\n{body}</main>\n</body>\n</html>\n",
        title = escape(&format!("Transferability of {} on {}: {}", results.net, results.dataset, results.experiment)),
    )
}

fn what(results: &Results) -> String {
    let s = &results.states;
    let reported = match results.reported {
        Reported::Last => "the last evaluation of each run",
        Reported::Published => "the number published for each run (see the configuration)",
        Reported::BestTen => "the mean of each run's ten highest evaluations, as in the paper (slightly optimistic)",
    };
    let total = results.runs.len();
    let entries = [
        ("Experiment", results.experiment.clone()),
        ("Data set", results.dataset.clone()),
        ("Network", format!("{} ({})", results.net, results.layers.join(", "))),
        ("Device", results.device.clone()),
        ("Version", results.version.clone()),
        ("Reported", reported.to_string()),
        (
            "Runs",
            format!(
                "{total} planned: {} done, {} running, {} pending, {} failed, {} diverged",
                s.done, s.running, s.pending, s.failed, s.diverged
            ),
        ),
    ];
    let list: String =
        entries.iter().map(|(term, text)| format!("<dt>{term}</dt><dd>{}</dd>\n", escape(text))).collect();
    let mut out = format!("<dl>\n{list}</dl>\n");
    if s.done == 0 {
        out.push_str(&paragraph("No run has finished yet, so there are no numbers to show."));
    }
    if !results.excluded.is_empty() {
        let rows: String = results
            .excluded
            .iter()
            .map(|one| format!("<li><code>{}</code>: {}</li>\n", escape(&one.run), escape(&one.reason)))
            .collect();
        out.push_str(&format!(
            "<h3>Left out ({})</h3>\n{}<ul>\n{rows}</ul>\n",
            results.excluded.len(),
            paragraph("Every mean on this page is over the remaining runs.")
        ));
    }
    out
}

fn claims(results: &Results) -> String {
    if results.base.is_none() {
        return String::new();
    }
    let item = |claim: &super::results::Claim| {
        let class = claim.judgement.words().replace(' ', "-");
        format!(
            "<li class=\"{class}\"><strong>{}.</strong> {} <span class=\"verdict\">{}</span><br/>\n{}</li>\n",
            claim.number,
            escape(&claim.claim),
            claim.judgement.words(),
            escape(&minus_numbers(&claim.found))
        )
    };
    let clusters = results.base.as_ref().map_or(0, |base| base.estimate.clusters);
    let how = format!(
        "Each claim rests on one contrast between runs on the same targets, tested by flipping the signs of the {} \
         at a level of 0.05, two-sided; differences below 0.5 points count as none.",
        counted(clusters, "split")
    );
    format!("{}<ol class=\"claims\">\n{}</ol>\n", paragraph(&how), results.claims.iter().map(item).collect::<String>())
}

/// Puts a typographic minus before digits only, so that words keep their hyphens.
fn minus_numbers(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(ch) = chars.next() {
        let digit = chars.peek().is_some_and(char::is_ascii_digit);
        if ch == '-' && digit { out.push_str(&minus("-")) } else { out.push(ch) }
    }
    out
}

fn configuration(results: &Results) -> String {
    if results.config_toml.is_empty() {
        return String::new();
    }
    format!("<pre tabindex=\"0\"><code>{}</code></pre>\n", escape(&results.config_toml))
}
