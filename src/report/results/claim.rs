//! One claim: the question that a contrast answers, the judgement, and what it is conditional on.

use serde::Serialize;

use super::super::{
    format::signed,
    run::Arm,
    statistics::{Sample, SingleCase, Unit},
};
use super::{
    contrast::Contrast,
    judgement::{Expects, Judgement, judge, sentence},
};

const UNMATCHED: &str = "no matched control";

/// A claim, what was found, and the numbers.
#[derive(Clone, Debug, Serialize)]
pub struct Claim {
    /// The paper's number; 6 for the ordering of similar and dissimilar tasks, which has none.
    pub number: u32,
    /// What the paper says.
    pub claim: String,
    /// What follows from this study.
    pub judgement: Judgement,
    /// The same in words.
    pub verdict: String,
    /// What the judgement is conditional on, such as `no matched control` or `conditional on this pair`.
    pub labels: Vec<String>,
    /// The contrast in words, such as `BnB minus continue-n, n = 3 to 6`; empty where nothing was tested.
    pub what: String,
    /// Sentences with the numbers.
    pub found: String,
    /// Independent units of the judgement; 0 where nothing was judged.
    pub units: usize,
    /// What the units are.
    pub unit: Unit,
    /// The contrast that was judged.
    pub contrast: Option<Contrast>,
    /// The comparison that was judged, where it is one of two studies.
    pub case: Option<SingleCase>,
}

impl Claim {
    /// A claim that nothing here bears on.
    pub(super) fn untested(number: u32, claim: &str, found: String) -> Self {
        let judgement = Judgement::NotTested;
        let (claim, verdict, labels) = (claim.to_string(), judgement.words().to_string(), Vec::new());
        let (units, unit, contrast, case) = (0, Unit::Split, None, None);
        let what = String::new();
        Self { number, claim, judgement, verdict, labels, what, found, units, unit, contrast, case }
    }

    /// Withholds the judgement of a claim about a loss, or labels it, where the loss has no matched control.
    pub(super) fn held_against(&mut self, control: Option<Arm>, restarts: &[Option<&Contrast>], margin: f64) {
        if control.is_some() || self.judgement == Judgement::NotTested {
            return;
        }
        self.labels.push(UNMATCHED.to_string());
        let gains = restarts.iter().flatten().map(|restart| restart.estimate.mean);
        let gain = gains.fold(f64::NEG_INFINITY, f64::max);
        if gain > margin {
            self.judgement = Judgement::Withheld;
            self.verdict = self.judgement.words().to_string();
            self.found.push_str(&format!(
                " Withheld: the bases are no matched control. A second training run alone gains {} points, more than \
                 {margin}, and no continue-n was trained to measure the loss against.",
                signed(gain)
            ));
        } else if gain.is_finite() {
            self.found.push_str(&format!(
                " There is no matched control (continue-n); a second training run alone gains {} points.",
                signed(gain)
            ));
        } else {
            self.found.push_str(
                " There is no matched control: neither continue-n nor a restarted base was trained, so what a second \
                 training run gains by itself is unknown.",
            );
        }
    }
}

/// One contrast of the family, before it is judged.
pub(super) struct Question {
    pub number: u32,
    pub claim: &'static str,
    pub what: String,
    pub sample: Sample,
    pub expects: Expects,
    pub more: String,
}

impl Question {
    /// Puts a claim together: not tested without a contrast, judged with one.
    pub fn answered(self, contrast: Option<Contrast>, margin: f64) -> Claim {
        let Self { number, claim, what, expects, more, .. } = self;
        let Some(contrast) = contrast else {
            let found = format!("The study holds no finished runs for it ({what}). {more}");
            return Claim::untested(number, claim, found.trim_end().to_string());
        };
        let judgement = judge(&contrast, margin, expects);
        let (units, unit) = (contrast.estimate.units, contrast.estimate.unit);
        let conditional = (unit == Unit::Replicate).then(|| "conditional on this pair".to_string());
        Claim {
            number,
            claim: claim.to_string(),
            judgement,
            verdict: judgement.with_margin(margin),
            labels: conditional.into_iter().collect(),
            found: format!("{what}: {} {more}", sentence(&contrast, margin)).trim_end().to_string(),
            what,
            units,
            unit,
            contrast: Some(contrast),
            case: None,
        }
    }
}
