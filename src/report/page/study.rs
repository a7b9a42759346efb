//! One study on the page: the answer with its figure, verdicts and legend, and then everything else, folded.

use super::super::{
    figure::{Figure, Place, svg::escape},
    results::{Claim, QUICK, Results},
    run::{Arm, Reported},
    table::{at_chance, plateau},
};
use super::{
    Section, costs,
    html::{figure, figures, fold, paragraph},
    legend, minus_numbers, numbers, runs, tasks, verdicts,
};

/// A study's figures at a place.
fn at(drawn: &[Figure], place: Place) -> String {
    figures(&drawn.iter().filter(|figure| figure.place == place).map(figure_of).collect::<Vec<_>>())
}

fn figure_of(one: &Figure) -> String {
    figure(one)
}

/// The answer in a sentence, and what it rests on.
pub(super) fn answer(results: &Results) -> String {
    let sentence = minus_numbers(&results.answer).replace("+-", "\u{b1}");
    let class = if results.quick { "answer warning" } else { "answer" };
    let line = if results.base.is_some() {
        format!("<p class=\"line\">{}</p>\n", escape(&tasks::line(results)))
    } else {
        String::new()
    };
    format!("<p class=\"{class}\">{}</p>\n{line}", escape(&sentence))
}

/// What every reader should see of a study: the legend, the figure that needs it, the verdicts.
pub(super) fn first(results: &Results, drawn: &[Figure], claims: &[Claim]) -> String {
    let mut out = if results.base.is_some() { legend::legend(results) } else { String::new() };
    out.push_str(&at(drawn, Place::Answer));
    out.push_str(&verdicts::table(claims, results));
    out
}

/// Everything else of a study, a fold a section; their identifiers begin with `prefix`.
pub(super) fn rest(results: &Results, drawn: &[Figure], prefix: &str, level: u8) -> String {
    sections(results, drawn, prefix).iter().map(|one| fold(&one.id, &one.title, &one.content, level)).collect()
}

fn sections(results: &Results, drawn: &[Figure], prefix: &str) -> Vec<Section> {
    let at = |place| at(drawn, place);
    let with = |intro: &str, body: String| if body.is_empty() { body } else { format!("{}{body}", paragraph(intro)) };
    let parts = with(
        "The loss of a frozen transfer network is the sum of two parts: what freezing costs even with its own features, \
         and what the other half's features cost on top.",
        at(Place::Parts),
    );
    let parts = if parts.is_empty() { parts } else { format!("{parts}{}", numbers::parts(results)) };
    let section = |id: &str, title: &str, content: String| Section::new(&format!("{prefix}{id}"), title, content);
    vec![
        section("run", "What was run", what(results)),
        section("figure-2", "Figure 2, the paper's way and paired", at(Place::FigureTwo)),
        section("numbers", "Gain and loss by number of copied blocks", numbers::headline(results)),
        section("ranges", "Fine-tuning over ranges of blocks (the paper's Table 1)", numbers::ranges(results)),
        section("parts", "Co-adaptation and specificity", parts),
        section("by-target", "Accuracy by target", format!("{}{}", at(Place::ByTarget), numbers::by_target(results))),
        section("random", "Random filters", at(Place::Random)),
        section("preserved-layers", "Preserved layers", at(Place::Preserved)),
        section("probe", "Linear probes", at(Place::Probes)),
        section("alike", "Similarity of activations", at(Place::Similarity)),
        section("size", "Size of the training set", at(Place::Sizes)),
        section("confusions", "Confusion between classes", at(Place::Confusions)),
        section("curves", "Training curves", at(Place::Curves)),
        section("filters", "First-layer filters", at(Place::Filters)),
        section("costs", "Work and time", costs::table(results)),
        section("runs", "All runs, and how to make each again", runs::all(results)),
        section("configuration", "Configuration that was trained", configuration(results)),
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
        ("Images and steps", tasks::training(results).unwrap_or_else(|| "\u{2013}".to_string())),
        ("Accuracy", format!("top-1 on {} images", tasks::images(results))),
        ("Chance", tasks::chance(results).unwrap_or_else(|| "not recorded".to_string())),
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
    let warning = if results.quick { paragraph(QUICK) } else { String::new() };
    let mut out = format!("{warning}<dl>\n{list}</dl>\n");
    out.push_str(&tasks::halves(results));
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
