//! The page of an advice: the sentence, the figure, the table of candidates, and then everything else, folded.

use super::super::{
    advice::{self as words, NOTATION, about, cheap_score, more_images, sentence},
    figure::{Figure, Place, Table, svg::escape},
    format::{duration, short},
};
use super::{
    html::{Cell, document, figure, figures, fold, paragraph, section, table},
    minus_numbers,
};
use crate::protocol::advice::record::Advice;

/// The whole page as text. Every number on it is in `advice.json`, or follows from one there.
#[must_use]
pub fn of_advice(advice: &Advice, drawn: &[Figure]) -> String {
    let class = if advice.choice.cannot_tell { "answer warning" } else { "answer" };
    let mut body = format!(
        "<p class=\"{class}\">{}</p>\n<p class=\"line\">{}.</p>\n",
        escape(&minus_numbers(&sentence(advice))),
        escape(&about(advice))
    );
    let aside = |text: &str| format!("<p class=\"aside\">{}</p>\n", escape(text));
    body.push_str(&aside(&format!("{} {NOTATION}", advice.choice.reason)));
    body.push_str(&at(drawn, Place::Answer));
    body.extend(advice.remarks.iter().map(|remark| format!("<p class=\"line\">{}</p>\n", escape(remark))));
    if let Some(refit) = words::refit(advice) {
        let seeds = advice.refit.as_ref().map_or(0, |refit| refit.networks.first().map_or(0, |n| n.accuracy.len()));
        let intro = format!(
            "Trained again with {seeds} fresh seeds on all images that were not locked away, then the {} test images \
             were opened once. Intervals are of a bootstrap that draws images and seeds anew, crossed with each other.",
            advice.data.test_images
        );
        let content = format!("{}{}", aside(&intro), shown("On the test images", &refit));
        body.push_str(&section("test", "On test images that nothing was chosen by", &content, 2));
    }
    let all = shown("All candidates on the splits", &words::candidates(advice));
    body.push_str(&section("candidates", "Every candidate", &format!("{}{all}", aside(&rule(advice))), 2));
    body.push_str(&more(advice, drawn));
    body.push_str(&without_training(advice));
    body.push_str(&fold("run", "What was run", &what(advice), 2));
    let title = format!("Which blocks of {} to copy for {}", advice.source.net, advice.data.name);
    let measure = "Accuracies are top-1 in percent; differences are in percentage points.";
    document(&title, "", &body, &format!("strata {} on {}. {measure}", advice.version, advice.device))
}

/// The figures of a place.
fn at(drawn: &[Figure], place: Place) -> String {
    figures(&drawn.iter().filter(|one| one.place == place).map(figure).collect::<Vec<_>>())
}

/// A table with typographic minus signs. Its last column stands left where it holds words.
fn shown(title: &str, from: &Table) -> String {
    let last = from.head.len().saturating_sub(1);
    let words = from.rows.iter().any(|row| row.get(last).is_some_and(|cell| cell.contains(char::is_alphabetic)));
    let cell = |(at, text): (usize, &String)| match text.as_str() {
        "-" => Cell::number("\u{2013}"),
        text if at == last && words => Cell::text(text),
        text => Cell::number(minus_numbers(&work(text))),
    };
    let cells = |row: &Vec<String>| row.iter().enumerate().map(cell).collect::<Vec<Cell>>();
    table(title, &cells(&from.head), &from.rows.iter().map(cells).collect::<Vec<_>>())
}

/// The title of a column of work with a typographic exponent.
fn work(title: &str) -> String {
    let exponents =
        [("10^12", "10\u{b9}\u{b2}"), ("10^9", "10\u{2079}"), ("10^6", "10\u{2076}"), ("madds", "multiply-adds")];
    exponents.iter().fold(title.to_string(), |title, (plain, set)| title.replace(plain, set))
}

/// How the set of the best follows from the splits.
fn rule(advice: &Advice) -> String {
    format!(
        "All candidates saw the same {} splits with the same seeds. After the second split and each further one those were \
         dropped whose paired difference to the leader lay more than {} points below zero, the upper end of an interval \
         that is corrected for the number of candidates and looks. Not distinguishable are those not shown to be worse than \
         another one at {} % (comparisons with the best, Hsu 1984; the variance of overlapping splits, Nadeau and Bengio \
         2003; moderated over candidates, Smyth 2004). The intervals in the table are of one candidate at a time. k-NN is \
         of the same n without training.",
        advice.splits,
        short(advice.margin),
        short(100.0 * advice.level),
    )
}

fn more(advice: &Advice, drawn: &[Figure]) -> String {
    let Some(text) = more_images(advice) else { return String::new() };
    let table = words::curve(advice).map(|table| shown("Accuracy with fewer images", &table)).unwrap_or_default();
    let figure = at(drawn, Place::Sizes);
    let table = if figure.is_empty() { table } else { String::new() };
    section("more", "Would more images change it?", &format!("{}{figure}{table}", paragraph(&minus_numbers(&text))), 2)
}

fn without_training(advice: &Advice) -> String {
    let Some(table) = words::neighbours(advice) else { return String::new() };
    let text = cheap_score(advice).unwrap_or_default();
    let content = format!("{}{}", paragraph(&text), shown("Scores without training, means over splits", &table));
    section("cheap", "Would a score without training have done?", &content, 2)
}

/// What was run, in terms and values.
fn what(advice: &Advice) -> String {
    let (source, data) = (&advice.source, &advice.data);
    let [channels, height, width] = source.input;
    let classes: Vec<String> = data.classes.iter().map(|class| format!("{} ({})", class.name, class.images)).collect();
    let mut terms = vec![
        ("source", format!("{}, BLAKE3 {}", source.path, source.digest)),
        ("net", format!("{}, {channels} x {height} x {width}, {} blocks can be copied", source.net, source.most_n)),
        ("images", format!("{}, BLAKE3 {}", data.name, data.digest)),
        ("classes", classes.join(", ")),
        ("seed", advice.seed.to_string()),
        ("time", duration(advice.seconds)),
        ("strata", advice.version.clone()),
        ("device", advice.device.clone()),
    ];
    terms.extend(advice.budget_minutes.map(|minutes| ("budget", format!("{} minutes", short(minutes)))));
    terms.extend(advice.refit.as_ref().map(|refit| ("recommended weights", refit.weights.clone())));
    let term = |(term, value): &(&str, String)| format!("<dt>{term}</dt><dd>{}</dd>\n", escape(value));
    format!("<dl>\n{}</dl>\n", terms.iter().map(term).collect::<String>())
}
