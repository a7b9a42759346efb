//! The paper's five interpretations of its Figure 2, judged from this study's paired data.
//!
//! Each claim rests on one contrast that is fixed here, before any data are seen: layers 1 and 2 are low,
//! layers from 3 up to the last but one are middle, layers from 4 up are high.
//!
//! A second training run gains by itself. So losses are measured against [`Arm::Continue`] where there is one, which
//! was trained as long, and fine-tuned arms against the restarted base. Where a base is all there is, a claim about a
//! loss says that it has no matched control, and is withheld where a restart is known to gain more than the margin.

use std::ops::RangeInclusive;

use super::super::{
    format::{difference, plain, signed, spread},
    run::Arm,
    statistics::Sample,
};
use super::{
    claim::{Claim, Question},
    contrast::{Contrast, family, single},
    judgement::Expects,
    paper::Level,
    sheet::{Sheet, change},
};

pub(super) const FIRST: &str = "A base on half the classes makes fewer errors than a network on all of them.";
pub(super) const ORDERING: &str =
    "Frozen features lose more between dissimilar tasks than between similar ones (the paper's Figure 3).";

fn range(ns: &RangeInclusive<u32>) -> String {
    if ns.is_empty() {
        "no n of this study".to_string()
    } else if ns.start() == ns.end() {
        format!("n = {}", ns.start())
    } else {
        format!("n = {} to {}", ns.start(), ns.end())
    }
}

/// The n that a sample covers, of those that were asked for.
fn covered(sample: &Sample, asked: &RangeInclusive<u32>) -> String {
    let ns = || sample.seen.iter().map(|o| o.n);
    match (ns().min(), ns().max()) {
        (Some(least), Some(most)) => range(&(least..=most)),
        _ => range(asked),
    }
}

/// The control of an arm's losses: [`Arm::Continue`] where the sample that is made with it holds anything.
pub(super) fn control(made: impl Fn(Option<Arm>) -> Sample) -> (Option<Arm>, Sample) {
    let matched = made(Some(Arm::Continue));
    if matched.seen.is_empty() { (None, made(None)) } else { (Some(Arm::Continue), matched) }
}

/// What losses are measured against, in words.
pub(super) const fn against(control: Option<Arm>) -> &'static str {
    if control.is_some() { "continue-n" } else { "its own base" }
}

pub(super) fn claims(sheet: &Sheet, base: Option<&Level>, margin: f64) -> Vec<Claim> {
    let last = sheet.ns().last().copied().unwrap_or(0);
    let (low, middle, high, all) = (1..=2, 3..=last.saturating_sub(1), 4..=last, 1..=last);
    let restart = single(sheet.deltas(Arm::Restart, &(0..=0)), margin);
    let (of_dip, dip) = control(|control| sheet.losses(Arm::Selffer, control, &middle));
    let (of_drop, drop) = control(|control| change(&sheet.losses(Arm::Transfer, control, &all), &low, &high));
    let (yardstick, recovery) = second_run(sheet, Arm::SelfferPlus, &middle);
    let boost = sheet.matched(Arm::TransferPlus, Arm::SelfferPlus, &all);
    let questions = [
        Question {
            number: 2,
            claim: "Freezing the middle layers of a network's own features and training the rest anew loses accuracy \
                    (fragile co-adaptation).",
            what: format!("BnB minus {}, {}", against(of_dip), covered(&dip, &middle)),
            sample: dip,
            expects: Expects::Lower,
            more: String::new(),
        },
        Question {
            number: 3,
            claim: "Fine-tuning recovers that loss: BnB+ is as good as its base.",
            what: format!("BnB+ minus {yardstick}, {}", covered(&recovery, &middle)),
            sample: recovery,
            expects: Expects::NotLower,
            more: second_runs(sheet, margin, restart.as_ref()),
        },
        Question {
            number: 4,
            claim: "Frozen features of the other half transfer well from low layers and worse the higher the layer.",
            what: format!("Change of AnB minus {} from {} to {}", against(of_drop), range(&low), range(&high)),
            sample: drop,
            expects: Expects::Lower,
            more: parts(sheet, &low, &high, margin),
        },
        Question {
            number: 5,
            claim: "Transferred and fine-tuned features generalise better than features trained on the target alone \
                    (AnB+ beats BnB+).",
            what: format!("AnB+ minus BnB+ on the same targets, {}", covered(&boost, &all)),
            sample: boost,
            expects: Expects::Higher,
            more: format!("{}{}", against_bases(sheet, base, &all), beyond(sheet, &all, margin)),
        },
    ];
    let samples: Vec<Sample> = questions.iter().map(|question| question.sample.clone()).collect();
    let judged = family(&samples, margin);
    let mut claims = vec![first(base)];
    for (question, contrast) in questions.into_iter().zip(judged) {
        let mut claim = question.answered(contrast, margin);
        match claim.number {
            2 => claim.held_against(of_dip, &[restart.as_ref()], margin),
            4 => claim.held_against(of_drop, &[restart.as_ref()], margin),
            _ => {}
        }
        claims.push(claim);
    }
    claims
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
    Claim::untested(1, FIRST, found)
}

/// A fine-tuned arm minus what was trained as long: the restarted base, else the base of double length, else, with no
/// such control, its own base.
fn second_run(sheet: &Sheet, arm: Arm, ns: &RangeInclusive<u32>) -> (&'static str, Sample) {
    for (control, words) in [(Arm::Restart, "the restarted base"), (Arm::Base2x, "the base of double length")] {
        let sample = sheet.matched(arm, control, ns);
        if !sample.seen.is_empty() {
            return (words, sample);
        }
    }
    ("its own base", sheet.deltas(arm, ns))
}

/// What a second training run gains without any transfer.
fn second_runs(sheet: &Sheet, margin: f64, restart: Option<&Contrast>) -> String {
    let double = single(sheet.deltas(Arm::Base2x, &(0..=0)), margin);
    let gain = |contrast: &Contrast| difference(&contrast.estimate);
    let restart = restart.map_or_else(
        || "No restarted base was trained, so the effect of a second training run alone is unknown.".to_string(),
        |restart| format!("The restarted base, trained as long without any transfer, gains {}.", gain(restart)),
    );
    let double = double.map(|double| format!(" The base of double length gains {}.", gain(&double)));
    format!("{restart}{}", double.unwrap_or_default())
}

/// What the low layers lose, and which part of the drop over the high layers is co-adaptation and which specificity.
fn parts(sheet: &Sheet, low: &RangeInclusive<u32>, high: &RangeInclusive<u32>, margin: f64) -> String {
    let (of_co, co) = control(|control| sheet.losses(Arm::Selffer, control, high));
    let (of_low, lost) = control(|control| sheet.losses(Arm::Transfer, control, low));
    let co = single(co, margin);
    let specific = single(sheet.matched(Arm::Transfer, Arm::Selffer, high), margin);
    let lost = single(lost, margin).map_or_else(String::new, |c| {
        format!("At {}, AnB minus {} is {}.", range(low), against(of_low), difference(&c.estimate))
    });
    match (co, specific) {
        (Some(co), Some(specific)) => format!(
            "{lost} Over {}, co-adaptation (BnB minus {}) accounts for {} points and specificity (AnB minus BnB) for \
             {}.",
            range(high),
            against(of_co),
            signed(co.estimate.mean),
            signed(specific.estimate.mean)
        ),
        _ => lost,
    }
}

/// Both fine-tuned arms against their own bases, and the paper's way of computing the same.
fn against_bases(sheet: &Sheet, base: Option<&Level>, all: &RangeInclusive<u32>) -> String {
    let pooled = |arm, paired: bool| {
        let sample = if paired { sheet.deltas(arm, all) } else { sheet.levels(arm, all) };
        if paired { sample.pooled() } else { Some(sample.pooled()? - base?.mean) }
    };
    let both = |paired| Some((pooled(Arm::TransferPlus, paired)?, pooled(Arm::SelfferPlus, paired)?));
    match (both(true), both(false)) {
        (Some((t, s)), Some((paper_t, paper_s))) => format!(
            "Each run against its own base, AnB+ gains {} points and BnB+ {}; against the mean of all bases, the \
             paper's way, {} and {}.",
            signed(t),
            signed(s),
            signed(paper_t),
            signed(paper_s)
        ),
        _ => String::new(),
    }
}

/// What transfer gains beyond a second training run.
fn beyond(sheet: &Sheet, all: &RangeInclusive<u32>, margin: f64) -> String {
    let over = |(control, words): (Arm, &str)| {
        let found = single(sheet.matched(Arm::TransferPlus, control, all), margin)?;
        Some(format!(" AnB+ minus {words} is {}.", difference(&found.estimate)))
    };
    let controls = [(Arm::Restart, "the restarted base"), (Arm::Base2x, "the base of double length")];
    let found: String = controls.into_iter().filter_map(over).collect();
    match found.is_empty() {
        true => " No restarted base was trained, so the effect of a second training run alone is unknown.".to_string(),
        false => found,
    }
}
