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
