//! The document of all keys, `docs/experiment.md`, made of their list.

use super::key_list::{KEYS, Kind, Usual};

const BEFORE: &str = "# Experiment files

An experiment is one TOML file. `strata reproduce FILE` runs it, `strata plan FILE` lists its networks, and `strata experiment check FILE` says whether it is valid.
`strata experiment list` names the experiments that come with strata; `strata experiment show NAME > mine.toml` writes one to start from.
Any key can be set on the command line as well: `--set solver.max_iter=1000`.

This is a whole file; everything else has a default:

```toml
[data]
source = \"folder\"
path = \"photos\"            # relative to this file; ~ is your home directory
test_fraction = 0.2        # for a folder without a test part
unequal_halves = \"balanced\" # for classes with different numbers of images

[net]
name = \"alexnet32\"

[protocol]
splits = [0, 1, 2, 3, 4, 5]
arms = [\"BnB\", \"BnB+\", \"AnB\", \"AnB+\", \"continue\", \"restart\"]

[solver]
base_lr = 0.01
lr_policy = \"cosine\"
max_epochs = 20
```

Each half gets half of the classes, and every class needs at least two different images.
With the default arms and one split no claim is judged: a verdict takes three splits, and losses are measured against the controls `continue` and `restart`.

This page is generated from the list that files are checked with (`strata experiment keys` prints it).
A path in a file is relative to the file; with `--set` it is relative to the current folder.
The keys `net.description`, `net.pretrained_digest` and `report.quick` are written by strata into `experiment.toml`; do not set them.
";

/// The document.
pub fn markdown() -> String {
    let mut text = BEFORE.to_string();
    let mut in_table = false;
    for key in &KEYS {
        if let Kind::Table = key.kind {
            text.push_str(&format!("\n## [{}]\n\n{}.\n\n{HEAD}", key.name, capital(key.about)));
            in_table = true;
            continue;
        }
        if !in_table {
            text.push_str(&format!("\n## At the top\n\n{HEAD}"));
            in_table = true;
        }
        let usual = match key.usual {
            Usual::Needed => "must be given".to_string(),
            Usual::NeededUnless(other) => format!("must be given, or `{other}`"),
            Usual::Put(value) => format!("`{value}`"),
            Usual::Is(words) => words.to_string(),
        };
        let example = if key.example.is_empty() { String::new() } else { format!("`{}`", key.example) };
        let kind = key.kind.words().replace('|', "\\|");
        text.push_str(&format!("| `{}` | {} | {kind} | {usual} | {example} |\n", key.last(), key.about));
    }
    text
}

const HEAD: &str = "| key | meaning | type | default | example |\n|---|---|---|---|---|\n";

fn capital(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
