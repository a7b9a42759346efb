//! The paper's five interpretations of its Figure 2, judged from this study's paired data.
//!
//! Each claim rests on one contrast that is fixed here, before any data are seen: layers 1 and 2 are low,
//! layers from 3 up to the last but one are middle, layers from 4 up are high.

use std::ops::RangeInclusive;

use serde::Serialize;

use super::super::{
    format::{difference, plain, signed, spread},
    run::Arm,
    statistics::{SingleCase, mean},
};
use super::{
    contrast::{Contrast, single},
    judgement::{Expects, Judgement, judge, sentence},
    paper::Level,
    sheet::Sheet,
};

pub(super) const FIRST: &str = "A base on half the classes makes fewer errors than a network on all of them.";
pub(super) const ORDERING: &str =
    "Frozen features lose more between dissimilar tasks than between similar ones (the paper's Figure 3).";

/// A claim, what was found, and the numbers.
#[derive(Clone, Debug, Serialize)]
pub struct Claim {
    /// The paper's number; 6 for the ordering of similar and dissimilar tasks, which has none.
    pub number: u32,
    /// What the paper says.
    pub claim: String,
    /// What follows from this study.
    pub judgement: Judgement,
    /// Sentences with the numbers.
    pub found: String,
    /// Independent units behind the judgement: splits; 0 where nothing was judged.
    pub units: usize,
    /// The contrast behind the judgement.
    pub contrast: Option<Contrast>,
    /// The comparison behind the judgement, where it is one of two studies.
    pub case: Option<SingleCase>,
}

fn range(ns: &RangeInclusive<u32>) -> String {
    if ns.is_empty() {
        "no n of this study".to_string()
    } else if ns.start() == ns.end() {
        format!("n = {}", ns.start())
    } else {
        format!("n = {} to {}", ns.start(), ns.end())
    }
}

/// Puts a claim together: not tested without a contrast, judged with one.
fn claim(number: u32, text: &str, what: &str, contrast: Option<Contrast>, expects: Expects, more: &str) -> Claim {
    let (judgement, found) = match &contrast {
        None => (Judgement::NotTested, format!("The study holds no finished runs for it ({what}). {more}")),
        Some(contrast) => (judge(contrast, expects), format!("{what}: {} {more}", sentence(contrast))),
    };
    let units = contrast.as_ref().map_or(0, |contrast| contrast.estimate.clusters);
    let (claim, found) = (text.to_string(), found.trim_end().to_string());
    Claim { number, claim, judgement, found, units, contrast, case: None }
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
            &parts(sheet, &low, &high),
        ),
        claim(
            5,
            "Transferred and fine-tuned features generalise better than features trained on the target alone (AnB+ beats BnB+).",
            &format!("AnB+ minus BnB+ on the same targets, {}", range(&all)),
            boost,
            Expects::Higher,
            format!("{} {restarted}", against_bases(sheet, base, &all)).trim_start(),
        ),
    ]
}

fn first(base: Option<&Level>) -> Claim {
    let found = base.map_or_else(
        || "No base has finished.".to_string(),
        |base| {
            format!(
                "The bases reach {} % {}. It takes a study on all classes to judge the claim.",
                plain(base.estimate.mean),
                spread(&base.estimate, plain)
            )
        },
    );
    Claim {
        number: 1,
        claim: FIRST.to_string(),
        judgement: Judgement::NotTested,
        found,
        units: 0,
        contrast: None,
        case: None,
    }
}

/// What the low layers lose, and which part of the drop over the high layers is co-adaptation and which specificity.
fn parts(sheet: &Sheet, low: &RangeInclusive<u32>, high: &RangeInclusive<u32>) -> String {
    let co = single(&sheet.deltas(Arm::Selffer, high));
    let specific = single(&sheet.matched(Arm::Transfer, Arm::Selffer, high));
    let lost = single(&sheet.deltas(Arm::Transfer, low));
    let lost =
        lost.map_or_else(String::new, |c| format!("At {}, AnB minus base is {}.", range(low), difference(&c.estimate)));
    match (co, specific) {
        (Some(co), Some(specific)) => format!(
            "{lost} Over {}, co-adaptation (BnB minus base) accounts for {} points and specificity (AnB minus BnB) for {}.",
            range(high),
            signed(co.estimate.mean),
            signed(specific.estimate.mean)
        ),
        _ => lost,
    }
}

/// Both fine-tuned arms against their own bases, and the paper's way of computing the same.
fn against_bases(sheet: &Sheet, base: Option<&Level>, all: &RangeInclusive<u32>) -> String {
    let pooled = |arm, paired: bool| {
        let seen = if paired { sheet.deltas(arm, all) } else { sheet.levels(arm, all) };
        let pooled = mean(&seen.iter().map(|o| o.value).collect::<Vec<_>>())?;
        Some(if paired { pooled } else { pooled - base?.mean })
    };
    let both = |paired| Some((pooled(Arm::TransferPlus, paired)?, pooled(Arm::SelfferPlus, paired)?));
    let beyond = single(&sheet.matched(Arm::TransferPlus, Arm::Restart, all));
    let beyond =
        beyond.map_or_else(String::new, |c| format!("AnB+ minus the restarted base is {}. ", difference(&c.estimate)));
    match (both(true), both(false)) {
        (Some((t, s)), Some((paper_t, paper_s))) => format!(
            "{beyond}Each run against its own base, AnB+ gains {} points and BnB+ {}; against the mean of all bases, the paper's way, {} and {}.",
            signed(t),
            signed(s),
            signed(paper_t),
            signed(paper_s)
        ),
        _ => beyond,
    }
}
