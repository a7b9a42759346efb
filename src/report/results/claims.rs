//! The paper's five interpretations of its Figure 2, judged from this study's paired data.
//!
//! Each claim rests on one contrast that is fixed here, before any data are seen: layers 1 and 2 are low,
//! layers from 3 up to the last but one are middle, layers from 4 up are high.

use std::ops::RangeInclusive;

use serde::Serialize;

use super::super::{
    format::{counted, difference, interval, p_value, plain, signed, units},
    run::Arm,
    statistics::{LEVEL, Verdict},
};
use super::{
    contrast::{Contrast, single},
    paper::Level,
    sheet::Sheet,
};

/// Differences smaller than this many points are taken for none; the noise of training a network again in the
/// published runs is about 0.3.
const MARGIN: f64 = 0.5;

/// What the data say about a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Judgement {
    /// The contrast is significant in the claimed direction.
    Holds,
    /// The contrast is significant in the other direction, or too small to matter.
    DoesNotHold,
    /// The data allow no decision.
    Undecided,
    /// The study holds no runs that bear on it.
    NotTested,
}

impl Judgement {
    /// The judgement in words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::DoesNotHold => "does not hold",
            Self::Undecided => "undecided",
            Self::NotTested => "not tested here",
        }
    }
}

/// A claim, what was found, and the numbers.
#[derive(Clone, Debug, Serialize)]
pub struct Claim {
    /// The paper's number.
    pub number: u32,
    /// What the paper says.
    pub claim: String,
    /// What follows from this study.
    pub judgement: Judgement,
    /// Sentences with the numbers.
    pub found: String,
    /// The contrast behind the judgement.
    pub contrast: Option<Contrast>,
}

/// Which outcome supports a claim.
#[derive(Clone, Copy)]
enum Expects {
    /// A difference below zero.
    Lower,
    /// A difference above zero.
    Higher,
    /// No difference below the margin.
    NotLower,
}

fn judge(contrast: &Contrast, expects: Expects) -> Judgement {
    let (low, high) = (contrast.estimate.low, contrast.estimate.high);
    let above = low.is_some_and(|low| low > -MARGIN);
    let below = high.is_some_and(|high| high < MARGIN);
    match (contrast.test.verdict, expects) {
        (Verdict::Undecided, _) => Judgement::Undecided,
        (Verdict::Lower, Expects::Lower) | (Verdict::Higher, Expects::Higher) => Judgement::Holds,
        (Verdict::Higher, Expects::Lower) | (Verdict::Lower, Expects::Higher) => Judgement::DoesNotHold,
        (Verdict::Open, Expects::Lower) if above => Judgement::DoesNotHold,
        (Verdict::Open, Expects::Higher) if below => Judgement::DoesNotHold,
        (_, Expects::NotLower) if above => Judgement::Holds,
        (Verdict::Lower, Expects::NotLower) => Judgement::DoesNotHold,
        _ => Judgement::Undecided,
    }
}

/// The contrast in words, with the reason where nothing could be decided.
fn sentence(contrast: &Contrast) -> String {
    let (e, test) = (&contrast.estimate, &contrast.test);
    let reason = match test.verdict {
        Verdict::Undecided => format!(
            "; with {} a sign-flip test cannot go below p = {}, so {LEVEL} is out of reach",
            counted(e.clusters, "split"),
            p_value(test.smallest)
        ),
        _ => format!("; sign-flip p = {}", p_value(test.p)),
    };
    format!("{}{reason}.", difference(e))
}

fn range(ns: &RangeInclusive<u32>) -> String {
    if ns.start() == ns.end() { format!("n = {}", ns.start()) } else { format!("n = {} to {}", ns.start(), ns.end()) }
}

/// Puts a claim together: not tested without a contrast, judged with one.
fn claim(number: u32, text: &str, what: &str, contrast: Option<Contrast>, expects: Expects, more: &str) -> Claim {
    let (judgement, found) = match &contrast {
        None => {
            (Judgement::NotTested, format!("No finished runs allow it: {what} needs runs that are missing. {more}"))
        }
        Some(contrast) => (judge(contrast, expects), format!("{what}: {} {more}", sentence(contrast))),
    };
    Claim { number, claim: text.to_string(), judgement, found: found.trim_end().to_string(), contrast }
}

pub(super) fn claims(sheet: &Sheet, base: Option<&Level>) -> Vec<Claim> {
    let last = sheet.ns().last().copied().unwrap_or(0);
    let (low, middle, high, all) = (1..=2, 3..=last.saturating_sub(1), 4..=last, 1..=last);
    let restart = single(&sheet.deltas(Arm::Restart, &(0..=0)));
    let restarted = restart.as_ref().map_or_else(
        || "No restarted base was trained, so the effect of the longer training alone is unknown.".to_string(),
        |r| format!("The restarted base, trained as long without any transfer, gains {}.", difference(&r.estimate)),
    );
    let dip = single(&sheet.deltas(Arm::Selffer, &middle));
    let recovery = single(&sheet.deltas(Arm::SelfferPlus, &middle));
    let drop = single(&sheet.change(Arm::Transfer, &low, &high));
    let boost = single(&sheet.matched(Arm::TransferPlus, Arm::SelfferPlus, &all));
    vec![
        first(base),
        claim(
            2,
            "Freezing the middle layers of a network's own features and training the rest anew loses accuracy (fragile co-adaptation).",
            &format!("BnB minus its own base, {}", range(&middle)),
            dip,
            Expects::Lower,
            "",
        ),
        claim(
            3,
            "Fine-tuning recovers that loss: BnB+ is as good as its base.",
            &format!("BnB+ minus its own base, {}", range(&middle)),
            recovery,
            Expects::NotLower,
            &restarted,
        ),
        claim(
            4,
            "Frozen features of the other half transfer well from low layers and worse the higher the layer.",
            &format!("Change of AnB minus its own base from {} to {}", range(&low), range(&high)),
            drop,
            Expects::Lower,
            &parts(sheet, &high),
        ),
        claim(
            5,
            "Transferred and fine-tuned features generalise better than features trained on the target alone (AnB+ beats BnB+).",
            &format!("AnB+ minus BnB+ on the same targets, {}", range(&all)),
            boost,
            Expects::Higher,
            &format!("{} {restarted}", against_bases(sheet, base, &all)).trim_start(),
        ),
    ]
}

fn first(base: Option<&Level>) -> Claim {
    let found = base.map_or_else(
        || "No base has finished.".to_string(),
        |base| {
            format!(
                "The bases reach {} % {} ({}). A network trained on all classes is not part of the study, so there is nothing to compare this with.",
                plain(base.estimate.mean),
                interval(&base.estimate, plain),
                units(&base.estimate)
            )
        },
    );
    Claim {
        number: 1,
        claim: "A base on half the classes makes fewer errors than a network on all of them.".to_string(),
        judgement: Judgement::NotTested,
        found,
        contrast: None,
    }
}

/// Which part of the drop is co-adaptation and which is specificity, over the high layers.
fn parts(sheet: &Sheet, high: &RangeInclusive<u32>) -> String {
    let co = single(&sheet.deltas(Arm::Selffer, high));
    let specific = single(&sheet.matched(Arm::Transfer, Arm::Selffer, high));
    match (co, specific) {
        (Some(co), Some(specific)) => format!(
            "Over {}, co-adaptation (BnB minus base) accounts for {} points and specificity (AnB minus BnB) for {}.",
            range(high),
            signed(co.estimate.mean),
            signed(specific.estimate.mean)
        ),
        _ => String::new(),
    }
}

/// Both fine-tuned arms against their own bases, and the paper's way of computing the same.
fn against_bases(sheet: &Sheet, base: Option<&Level>, all: &RangeInclusive<u32>) -> String {
    let pooled = |arm, paired: bool| {
        let seen = if paired { sheet.deltas(arm, all) } else { sheet.levels(arm, all) };
        let mean = super::super::statistics::mean(&seen.iter().map(|o| o.value).collect::<Vec<_>>())?;
        Some(if paired { mean } else { mean - base?.mean })
    };
    let both = |paired| Some((pooled(Arm::TransferPlus, paired)?, pooled(Arm::SelfferPlus, paired)?));
    match (both(true), both(false)) {
        (Some((t, s)), Some((paper_t, paper_s))) => format!(
            "Each run against its own base, AnB+ gains {} points and BnB+ {}; against the mean of all bases, the paper's way, {} and {}.",
            signed(t),
            signed(s),
            signed(paper_t),
            signed(paper_s)
        ),
        _ => String::new(),
    }
}
