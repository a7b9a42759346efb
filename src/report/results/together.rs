//! Several studies in one report: what only their comparison can say.

use serde::Serialize;

use super::super::{
    error::ReportError,
    format::{case, difference, plain},
    run::{Arm, Kind, Study},
    statistics::{aggregate, single_case},
};
use super::{
    Claim, Results, analyse,
    beside::{Beside, beside},
    claims::ORDERING,
    judgement::{Expects, Judgement, judge_case},
    preserved::Preserved,
    sheet::Sheet,
};

/// Every number of a report: those of each study, and those of several studies compared.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The paper's five claims and the ordering of similar and dissimilar tasks, from all studies together.
    pub claims: Vec<Claim>,
    /// Differences to the base by n, beside those that others have published.
    pub beside: Vec<Beside>,
    /// The authors' unpublished runs with preserved layers; in the report of the published runs only.
    pub preserved: Vec<Preserved>,
    /// The studies.
    pub studies: Vec<Results>,
}

/// Computes every number of a report of one or several studies. The five claims are judged from the first study
/// of random halves, or from the first of all where there is none.
///
/// # Errors
/// As [`analyse`].
pub fn report(studies: &[Study]) -> Result<Report, ReportError> {
    let results: Vec<Results> = studies.iter().map(analyse).collect::<Result<_, _>>()?;
    let reference = studies.iter().position(|study| study.kind == Kind::Random).unwrap_or(0);
    let mut claims = results.get(reference).map_or_else(Vec::new, |results| results.claims.clone());
    if let Some(similar) = studies.get(reference) {
        if let (Some(first), Some(judged)) = (claims.first_mut(), against_all_classes(similar, studies)?) {
            *first = judged;
        }
        let orderings = orderings(similar, studies)?;
        claims.extend(if orderings.is_empty() { vec![untested()] } else { orderings });
    }
    Ok(Report { claims, beside: beside(&results)?, preserved: Vec::new(), studies: results })
}

/// Studies of one kind on the same data and net as another study; of two data sets one must be the same.
fn comparable<'a>(to: &'a Study, studies: &'a [Study], kinds: &'a [Kind]) -> impl Iterator<Item = &'a Study> {
    let shares = |s: &Study| s.dataset.split(" and ").any(|name| name == to.dataset);
    studies.iter().filter(move |s| kinds.contains(&s.kind) && s.net == to.net && shares(s))
}

fn values(sheet: &Sheet, arm: Arm, n: u32) -> Vec<f64> {
    let seen = if arm == Arm::Base { sheet.levels(arm, &(0..=0)) } else { sheet.deltas(arm, &(n..=n)) };
    aggregate(&seen).values.into_iter().map(|(_, value)| value).collect()
}

/// Claim 1: the base on all classes against the bases on halves.
fn against_all_classes(halves: &Study, studies: &[Study]) -> Result<Option<Claim>, ReportError> {
    let Some(whole) = comparable(halves, studies, &[Kind::AllClasses]).next() else { return Ok(None) };
    let (of_halves, of_whole) = (values(&Sheet::new(halves)?, Arm::Base, 0), values(&Sheet::new(whole)?, Arm::Base, 0));
    Ok(single_case(&of_whole, &of_halves).map(|found| Claim {
        number: 1,
        claim: super::claims::FIRST.to_string(),
        judgement: judge_case(&found, Expects::Lower),
        found: format!(
            "The base on all classes reaches {} %; minus the bases on halves that is {}.",
            plain(of_whole.iter().sum::<f64>() / of_whole.len() as f64),
            case(&found)
        ),
        units: found.cases + found.controls,
        contrast: None,
        case: Some(found),
    }))
}

/// Figure 3: what a frozen transfer network loses at the last n between dissimilar and between similar tasks. None
/// where there is no study of similar ones.
fn orderings(similar: &Study, studies: &[Study]) -> Result<Vec<Claim>, ReportError> {
    if similar.kind != Kind::Random {
        return Ok(Vec::new());
    }
    let controls = Sheet::new(similar)?;
    let mut claims = Vec::new();
    for study in comparable(similar, studies, &[Kind::ManMadeNatural, Kind::Listed, Kind::OtherData]) {
        let cases = Sheet::new(study)?;
        let ns = controls.ns();
        let Some(&n) = cases.ns().iter().filter(|n| ns.contains(n)).max() else { continue };
        let lost = |sheet: &Sheet| super::contrast::single(&sheet.deltas(Arm::Transfer, &(n..=n)));
        let pair = (lost(&cases), lost(&controls));
        let judged = single_case(&values(&cases, Arm::Transfer, n), &values(&controls, Arm::Transfer, n));
        let ((Some(dissimilar), Some(alike)), Some(found)) = (pair, judged) else { continue };
        claims.push(Claim {
            number: 6,
            claim: ORDERING.to_string(),
            judgement: judge_case(&found, Expects::Lower),
            found: format!(
                "AnB minus its own base at n = {n}: {} between {}, {} between {}. The difference is {}.",
                difference(&dissimilar.estimate),
                study.kind.words(),
                difference(&alike.estimate),
                similar.kind.words(),
                case(&found)
            ),
            units: found.cases + found.controls,
            contrast: None,
            case: Some(found),
        });
    }
    Ok(claims)
}

fn untested() -> Claim {
    Claim {
        number: 6,
        claim: ORDERING.to_string(),
        judgement: Judgement::NotTested,
        found:
            "It takes two studies on the same data: one of random halves, and one whose halves are dissimilar, such \
                as man-made and natural."
                .to_string(),
        units: 0,
        contrast: None,
        case: None,
    }
}

impl Report {
    /// The report of the authors' published runs.
    ///
    /// # Errors
    /// As [`report`], and [`ReportError::PublishedRow`] if a table that is compiled in was damaged.
    pub fn published() -> Result<Self, ReportError> {
        let mut all = report(&super::super::published()?)?;
        all.preserved = super::preserved::preserved()?;
        Ok(all)
    }

    /// The study that the claims are judged from.
    #[must_use]
    pub fn reference(&self) -> Option<&Results> {
        self.studies.iter().find(|study| study.kind == Kind::Random).or(self.studies.first())
    }

    /// Whether several studies stand in the report.
    #[must_use]
    pub fn several(&self) -> bool {
        self.studies.len() > 1
    }
}
