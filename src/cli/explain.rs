//! `strata explain`: the terms of the glossary.

use super::output::print_line;
use anyhow::{Result, bail};
use clap::Args;

/// The glossary, which is also a document.
const GLOSSARY: &str = include_str!("../../docs/glossary.md");

#[derive(Args, Debug)]
pub struct Options {
    /// Explain this term, such as BnB, n or selffer (default: list all terms)
    term: Option<String>,
}

pub fn main(options: &Options) -> Result<()> {
    let Some(term) = &options.term else {
        let all: Vec<&str> = rows().map(|(terms, _)| terms).collect();
        return print_line!("{}", all.join("\n"));
    };
    let found: Vec<_> = rows().filter(|(terms, _)| names(terms).any(|name| same(&name, term))).collect();
    if found.is_empty() {
        let distance = |name: &String| strsim::damerau_levenshtein(&name.to_lowercase(), &term.to_lowercase());
        let nearest = rows().flat_map(|(terms, _)| names(terms)).min_by_key(distance).unwrap_or_default();
        bail!("no term {term:?}; did you mean {nearest:?}? `strata explain` lists all");
    }
    found.into_iter().try_for_each(|(terms, meaning)| print_line!("{}: {meaning}", terms.replace('`', "")))
}

/// The rows of the glossary's tables: terms, and what they mean.
fn rows() -> impl Iterator<Item = (&'static str, &'static str)> {
    let row = |line: &'static str| line.strip_prefix("| ")?.strip_suffix(" |")?.split_once(" | ");
    GLOSSARY.lines().filter_map(row).filter(|(terms, _)| *terms != "term")
}

/// The names of a row, which may have several.
fn names(terms: &str) -> impl Iterator<Item = String> {
    terms.split(", ").flat_map(|name| name.split(" and ")).map(|name| name.trim_matches('`').to_string())
}

fn same(name: &str, term: &str) -> bool {
    name.eq_ignore_ascii_case(term)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Arm;

    #[test]
    fn the_terms_of_the_study_are_found_by_each_of_their_names() {
        for term in ["base", "bnb", "AnB", "selffer", "n", "+", "fine-tuned", "A", "block", "continue", "verdict"] {
            assert!(rows().any(|(terms, _)| names(terms).any(|name| same(&name, term))), "{term}");
        }
        for arm in Arm::ALL.map(Arm::name) {
            assert!(rows().any(|(terms, _)| names(terms).any(|name| same(&name, arm))), "{arm}");
        }
    }
}
