//! Documents agree with the lists in the code.

use std::{fs, path::Path};
use strata::{data::Source, protocol::built_in::BUILT_IN};

fn document(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

/// A table of two columns, of which the first is code.
fn table(heads: [&str; 2], rows: impl IntoIterator<Item = (&'static str, String)>) -> String {
    let rows = rows.into_iter().map(|(name, text)| format!("| `{name}` | {text} |\n"));
    format!("| {} | {} |\n|---|---|\n{}\n", heads[0], heads[1], rows.collect::<String>())
}

#[test]
fn the_page_about_data_lists_every_source_and_no_other() {
    let table = table(["source", "what is read"], Source::ALL.map(|source| (source.name(), source.reads().into())));
    assert!(document("docs/data.md").contains(&table), "docs/data.md should have this table:\n{table}");
}

#[test]
fn the_readme_lists_every_built_in_experiment_with_its_description() {
    let description = |text: &str| text.parse::<toml::Table>().unwrap()["description"].as_str().unwrap().to_string();
    let rows = BUILT_IN.map(|experiment| (experiment.name, description(experiment.text)));
    let table = table(["experiment", "what it is"], rows);
    assert!(document("README.md").contains(&table), "README.md should have this table:\n{table}");
}

/// The sentences of a page without its code, each with its number of words; cells of tables are sentences.
fn sentences(text: &str) -> Vec<(usize, String)> {
    let mut fenced = false;
    let prose = text.lines().filter(|line| {
        fenced ^= line.starts_with("```");
        !fenced && !line.starts_with("```")
    });
    let sentences = prose.flat_map(|line| line.split('|')).flat_map(|cell| cell.split_inclusive(". "));
    sentences.map(|sentence| (sentence.split_whitespace().count(), sentence.trim().to_string())).collect()
}

#[test]
fn no_sentence_of_the_map_is_longer_than_forty_words() {
    let counted = sentences("One two. Three\n```\na b c d e\n```\n| four five | six |");
    assert_eq!(counted.iter().map(|(words, _)| *words).filter(|words| *words > 0).collect::<Vec<_>>(), [2, 1, 2, 1]);
    // Lists of files are no sentences.
    let map = document("ARCHITECTURE.md");
    let (before, rest) = map.split_once("### Where to look").unwrap();
    let (_, after) = rest.split_once("### Names").unwrap();
    let long = [before, after].into_iter().flat_map(sentences).filter(|(words, _)| *words > 40);
    let long: Vec<String> = long.map(|(words, sentence)| format!("{words} words: {sentence}")).collect();
    assert!(long.is_empty(), "{}", long.join("\n"));
}
