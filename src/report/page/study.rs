//! The sections of one study.

use super::super::{
    figure::{Figure, svg::escape},
    results::Results,
    run::{Arm, Reported},
    table::{at_chance, plateau},
};
use super::{
    Section, costs,
    html::{figure, figures, paragraph},
    minus_numbers, numbers, runs,
    together::claim_list,
};

/// The sections of a study; their identifiers begin with `prefix`. Its claims are among them where they are not those
/// at the top of the page.
pub(super) fn sections(results: &Results, drawn: &[Figure], prefix: &str, own_claims: bool) -> Vec<Section> {
    let named = |names: &[&str]| {
        let wanted = |f: &&Figure| names.iter().any(|name| f.name.strip_prefix(prefix) == Some(name));
        figures(&drawn.iter().filter(wanted).map(figure).collect::<Vec<_>>())
    };
    let begins = |start: &str| {
        let wanted = |f: &&Figure| f.name.strip_prefix(prefix).is_some_and(|name| name.starts_with(start));
        figures(&drawn.iter().filter(wanted).map(figure).collect::<Vec<_>>())
    };
    let with = |intro: &str, body: String| if body.is_empty() { body } else { format!("{}{body}", paragraph(intro)) };
    let own_claims = if own_claims { claim_list(&results.claims, true) } else { String::new() };
    let parts = with(
        "The loss of a frozen transfer network is the sum of two parts: what freezing costs even with its own features, \
         and what the other half's features cost on top.",
        named(&["decomposition"]),
    );
    let parts = if parts.is_empty() { parts } else { format!("{parts}{}", numbers::parts(results)) };
    let section = |id: &str, title: &str, content: String| Section::new(&format!("{prefix}{id}"), title, content);
    vec![
        section("run", "What was run", what(results)),
        section("claims-here", "The claims, judged from these runs alone", own_claims),
        section(
            "figure-2",
            "Figure 2, the paper's way and paired",
            named(&["figure2", "figure2-means", "figure2-paired"]),
        ),
        section("numbers", "Gain and loss by number of copied blocks", numbers::headline(results)),
        section("ranges", "Fine-tuning over ranges of blocks (the paper's Table 1)", numbers::ranges(results)),
        section("parts", "Co-adaptation and specificity", parts),
        section("by-target", "Accuracy by target", format!("{}{}", named(&["targets"]), numbers::by_target(results))),
        section("random", "Random filters", named(&["random-filters"])),
        section("preserved-layers", "Preserved layers", named(&["preserved"])),
        section("probe", "Linear probes", named(&["probes"])),
        section("alike", "Similarity of activations", named(&["similarity", "similarity-map"])),
        section("size", "Size of the training set", named(&["training-set-size"])),
        section("confusions", "Confusion between classes", begins("confusion-")),
        section("curves", "Training curves", named(&["training-curves", "training-loss"])),
        section("filters", "First-layer filters", begins("filters-")),
        section("costs", "Work and time", costs::table(results)),
        section("runs", "All runs, and how to make each again", runs::all(results)),
        section("configuration", "Configuration", configuration(results)),
    ]
    .into_iter()
    .filter(|section| !section.content.is_empty())
    .collect()
}

fn what(results: &Results) -> String {
    let s = &results.states;
    let reported = match results.reported {
        Reported::Last => "the last evaluation of each run",
        Reported::BestTen => "the mean of each run's ten highest evaluations, as in the paper (slightly optimistic)",
    };
    let total = results.runs.len();
    let entries = [
        ("Experiment", results.experiment.clone()),
        ("Tasks A and B", results.kind.words().to_string()),
        ("Data set", results.dataset.clone()),
        ("Network", format!("{} ({})", results.net, results.layers.join(", "))),
        ("Device", results.device.clone()),
        ("Version", results.version.clone()),
        ("Reported", reported.to_string()),
        (
            "Runs",
            format!(
                "{total} planned: {} done, {} running, {} interrupted, {} pending, {} failed, {} diverged",
                s.done, s.running, s.interrupted, s.pending, s.failed, s.diverged
            ),
        ),
        ("Plateau of the bases", minus_numbers(&plateau(&results.plateau))),
        ("Margin", format!("{} points", results.margin)),
    ];
    let list: String =
        entries.iter().map(|(term, text)| format!("<dt>{term}</dt><dd>{}</dd>\n", escape(text))).collect();
    let mut out = format!("<dl>\n{list}</dl>\n");
    if s.done == 0 {
        out.push_str(&paragraph("No run has finished yet, so there are no numbers to show."));
    }
    if !results.at_chance.is_empty() {
        let item =
            |(arm, runs): (Arm, String)| format!("<li><strong>{}</strong>, {}</li>\n", arm.name(), escape(&runs));
        let rows: String = at_chance(results).into_iter().map(item).collect();
        out.push_str(&format!(
            "<p class=\"lead\">At chance ({})</p>\n{}<details><summary>Which</summary><ul>\n{rows}</ul></details>\n",
            results.at_chance.len(),
            paragraph(
                "These networks ended no higher than an answer that never changes (within three standard errors): their \
                 training failed, which says nothing of features. They stay in the means that they belong to, each of \
                 which says so, and none of these means is judged."
            )
        ));
    }
    if !results.excluded.is_empty() {
        let rows: String = results
            .excluded
            .iter()
            .map(|one| format!("<li><code>{}</code>: {}</li>\n", escape(&one.run), escape(&one.reason)))
            .collect();
        out.push_str(&format!(
            "<p class=\"lead\">Left out ({})</p>\n{}<ul>\n{rows}</ul>\n",
            results.excluded.len(),
            paragraph("Every mean on this page is over the remaining runs.")
        ));
    }
    out
}

fn configuration(results: &Results) -> String {
    if results.config_toml.is_empty() {
        return String::new();
    }
    format!("<pre tabindex=\"0\"><code>{}</code></pre>\n", escape(&results.config_toml))
}
