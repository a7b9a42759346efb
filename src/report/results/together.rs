//! Several studies in one report: what only their comparison can say.

use serde::Serialize;

use super::super::{
    error::ReportError,
    format::{case, counted, difference, plain},
    run::{Arm, Kind},
    statistics::{Sample, Unit, aggregate, mean, single_case},
    study::Study,
};
use super::{
    Claim, Results, analyse,
    beside::{Beside, beside},
    claims::{ORDERING, against},
    contrast::{Contrast, single},
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

/// Claim 1: the base on all classes against the bases on halves. One network is compared with single networks: a
/// mean over the two halves of a split would hardly vary, because what makes one half hard makes the other easy.
fn against_all_classes(halves: &Study, studies: &[Study]) -> Result<Option<Claim>, ReportError> {
    let Some(whole) = comparable(halves, studies, &[Kind::AllClasses]).next() else { return Ok(None) };
    let bases = |sheet: &Sheet| -> Vec<f64> { sheet.of(Arm::Base).map(|one| one.value).collect() };
    let (controls, whole) = (Sheet::new(halves)?, Sheet::new(whole)?);
    let (of_halves, of_whole) = (bases(&controls), bases(&whole));
    let splits = aggregate(&controls.levels(Arm::Base, &(0..=0))).values.len();
    Ok(mean(&of_whole).zip(single_case(&of_whole, &of_halves, splits)).map(|(level, found)| {
        let at_chance = controls.of(Arm::Base).any(|one| one.at_chance);
        let judgement = match at_chance {
            true => Judgement::Withheld,
            false => judge_case(&found, halves.margin, Expects::Lower),
        };
        let against = format!(
            "Crawford and Howell's test of a single case: {} against {} of {}",
            counted(found.cases, "network"),
            if found.controls == 1 { "1 half".to_string() } else { format!("{} halves", found.controls) },
            counted(splits, "split")
        );
        Claim {
            judgement,
            verdict: judgement.with_margin(halves.margin),
            labels: vec!["one study against several splits".to_string()],
            units: splits,
            what: "Base on all classes minus bases on halves".to_string(),
            case: Some(found.clone()),
            ..Claim::untested(
                1,
                super::claims::FIRST,
                format!(
                    "The base on all classes reaches {} %; minus the bases on halves that is {}.",
                    plain(level),
                    case(&found, &against)
                ),
            )
        }
    }))
}

/// What frozen transfer networks of one study lose at n.
struct Lost {
    contrast: Contrast,
    /// One value per split, both directions averaged.
    values: Vec<f64>,
}

impl Lost {
    fn new(sheet: &Sheet, control: Option<Arm>, n: u32, margin: f64) -> Option<Self> {
        let sample = sheet.losses(Arm::Transfer, control, &(n..=n));
        // A fixed pair is one case, however many replicates it has.
        let by_split = Sample { unit: Unit::Split, seen: sample.seen.clone() };
        Some(Self { values: aggregate(&by_split).numbers(), contrast: single(sample, margin)? })
    }
}

/// Figure 3: what a frozen transfer network loses at the last n between dissimilar and between similar tasks. None
/// where there is no study of similar ones.
fn orderings(similar: &Study, studies: &[Study]) -> Result<Vec<Claim>, ReportError> {
    if similar.kind != Kind::Random {
        return Ok(Vec::new());
    }
    let (controls, margin) = (Sheet::new(similar)?, similar.margin);
    let mut claims = Vec::new();
    for study in comparable(similar, studies, &[Kind::ManMadeNatural, Kind::Listed, Kind::OtherData]) {
        let cases = Sheet::new(study)?;
        let ns = controls.ns();
        let Some(&n) = cases.ns().iter().filter(|n| ns.contains(n)).max() else { continue };
        let both = |control| Some((Lost::new(&cases, control, n, margin)?, Lost::new(&controls, control, n, margin)?));
        let matched = both(Some(Arm::Continue));
        let control = matched.as_ref().map(|_| Arm::Continue);
        let Some((dissimilar, alike)) = matched.or_else(|| both(None)) else { continue };
        let splits = alike.values.len();
        let Some(found) = single_case(&dissimilar.values, &alike.values, splits) else { continue };
        let test = format!(
            "Crawford and Howell's test of a single case: {} against {}",
            counted(found.cases, "split"),
            found.controls
        );
        let at_chance = dissimilar.contrast.estimate.at_chance + alike.contrast.estimate.at_chance;
        let judgement = if at_chance > 0 { Judgement::Withheld } else { judge_case(&found, margin, Expects::Lower) };
        let mut claim = Claim {
            judgement,
            verdict: judgement.with_margin(margin),
            labels: vec!["one study against several splits".to_string()],
            units: splits,
            what: format!(
                "AnB minus {} at n = {n}: {} less {}",
                against(control),
                study.kind.words(),
                similar.kind.words()
            ),
            case: Some(found.clone()),
            ..Claim::untested(
                6,
                ORDERING,
                format!(
                    "AnB minus {} at n = {n}: {} between {}, {} between {}. The difference is {}.",
                    against(control),
                    difference(&dissimilar.contrast.estimate),
                    study.kind.words(),
                    difference(&alike.contrast.estimate),
                    similar.kind.words(),
                    case(&found, &test)
                ),
            )
        };
        if at_chance > 0 {
            claim.found.push_str(&format!(" {} ended at chance, so it is not judged.", counted(at_chance, "run")));
        }
        let restarts = [&cases, &controls].map(|sheet| single(sheet.deltas(Arm::Restart, &(0..=0)), margin));
        claim.held_against(control, &restarts.each_ref().map(Option::as_ref), margin);
        claims.push(claim);
    }
    Ok(claims)
}

fn untested() -> Claim {
    let found = "It takes two studies on the same data: one of random halves, and one whose halves are dissimilar, \
                 such as man-made and natural.";
    Claim::untested(6, ORDERING, found.to_string())
}

impl Report {
    /// The report of the authors' published runs.
    ///
    /// # Errors
    /// As [`report`], and [`ReportError::PublishedRow`] if a table that is compiled in was damaged.
    pub fn published() -> Result<Self, ReportError> {
        Self::of_published(&super::super::published()?)
    }

    /// The same of the published studies as they were changed, such as by another margin.
    ///
    /// # Errors
    /// As [`Self::published`].
    pub fn of_published(studies: &[Study]) -> Result<Self, ReportError> {
        let mut all = report(studies)?;
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
