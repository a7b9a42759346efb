//! What the networks are called: a drawing and a line for each.

use std::fmt::Write;

use super::super::{figure::svg::escape, results::Results};

/// Blocks of a drawing at most, and those of them that are copied.
const BLOCKS: usize = 8;
const COPIED: usize = 3;
/// Width of a block, and its distance to the next.
const BLOCK: usize = 18;
const APART: usize = 22;

/// One kind of network.
struct Kind {
    name: &'static str,
    /// Where the copied blocks come from, as the class of their colour; none where nothing is copied.
    copied: Option<&'static str>,
    frozen: bool,
    line: &'static str,
}

const KINDS: [Kind; 4] = [
    Kind {
        name: "base",
        copied: None,
        frozen: false,
        line: "trained on its half of the classes from random weights: what all others are compared with",
    },
    Kind {
        name: "BnB",
        copied: Some("own"),
        frozen: true,
        line: "the first n blocks copied from the base of the same classes and frozen, the rest trained anew: what it costs to \
               freeze (co-adaptation)",
    },
    Kind {
        name: "AnB",
        copied: Some("other"),
        frozen: true,
        line: "the first n blocks copied from the base of the other classes and frozen, the rest trained anew: what other \
               features cost on top (specificity)",
    },
    Kind {
        name: "+ (BnB+, AnB+)",
        copied: Some("other"),
        frozen: false,
        line: "the copied blocks learn on together with the rest",
    },
];

/// The legend of a study's networks.
pub(super) fn legend(results: &Results) -> String {
    let blocks = results.layers.len().clamp(COPIED + 1, BLOCKS);
    let items: String = KINDS.iter().map(|kind| item(kind, blocks)).collect();
    format!(
        "<p class=\"aside\">The networks of this study; n is the number of blocks, counted from the input, that are copied.</p>\n\
         <ul class=\"legend\" aria-label=\"The networks\">\n{items}</ul>\n\
         <p class=\"aside\">Blue: from the same classes. Orange: from other classes. White: from random weights. Full: frozen. \
         Pale or white: learns. Drawn with n = {COPIED}. Continue-n freezes the first n blocks of a base, keeps the rest and \
         trains on as long as BnB; restart trains the whole base on as long. They are the controls.</p>\n"
    )
}

fn item(kind: &Kind, blocks: usize) -> String {
    let mut drawn = String::new();
    for block in 0..blocks {
        let class = match kind.copied.filter(|_| block < COPIED) {
            Some(from) if kind.frozen => from.to_string(),
            Some(from) => format!("{from} pale"),
            None => "new".to_string(),
        };
        // Writing to a String cannot fail.
        let _ = write!(
            drawn,
            "<rect class=\"{class}\" x=\"{}\" y=\"1\" width=\"{BLOCK}\" height=\"30\"/>",
            1 + block * APART
        );
    }
    let width = 2 + (blocks - 1) * APART + BLOCK;
    format!(
        "<li><svg viewBox=\"0 0 {width} 32\" width=\"{width}\" height=\"32\" aria-hidden=\"true\">{drawn}</svg>\
         <span><strong>{}</strong>: {}</span></li>\n",
        escape(kind.name),
        escape(kind.line)
    )
}
