//! The authors' published runs as studies, so that the paper's own numbers pass through the same code as ours.

use std::{
    collections::HashMap,
    io::{BufRead, BufReader},
};

use flate2::bufread::GzDecoder;

use super::{
    error::ReportError,
    run::{Arm, Evaluation, Kind, Reported, Run, State, USUAL_MARGIN},
    study::Study,
};

/// Who each run is; `data/paper/README.md` says where this comes from.
const RUNS: &str = include_str!("../../data/paper/published_runs.csv");
/// What each run's validation accuracies were.
const CURVES: &[u8] = include_bytes!("../../data/paper/validation_curves.csv.gz");
/// Iterations between two validation passes of every run.
const EVERY: u64 = 1000;

/// The experiments of the paper, by the splits that belong to each.
const EXPERIMENTS: [(&str, Kind, &[&str]); 4] = [
    ("published-random-halves", Kind::Random, &["0", "1", "2", "3"]),
    ("published-man-made-natural", Kind::ManMadeNatural, &["natman"]),
    ("published-all-classes", Kind::AllClasses, &["whole"]),
    ("published-reduced-data", Kind::Reduced, &["reduced"]),
];

/// The published runs of Yosinski et al. (2014) as four studies: random halves (Figure 2), the man-made/natural
/// split, all classes with and without random filters (both Figure 3), and training sets of reduced size.
///
/// A run's number is the mean of the ten highest of its validation accuracies, as in the paper; it is computed
/// here from the whole curve.
///
/// # Errors
/// [`ReportError::PublishedRow`] if a table that is compiled in was damaged.
pub fn published() -> Result<Vec<Study>, ReportError> {
    let mut curves = curves()?;
    let mut runs = Vec::new();
    for (at, line) in RUNS.lines().enumerate().skip(1) {
        runs.push(run(line, &mut curves).ok_or_else(|| damaged("published_runs.csv", at, line))?);
    }
    let study = |(experiment, kind, splits): (&str, Kind, &[&str])| Study {
        experiment: experiment.to_string(),
        kind,
        dataset: "ILSVRC2012".to_string(),
        net: "CaffeNet".to_string(),
        layers: ["conv1", "conv2", "conv3", "conv4", "conv5", "fc6", "fc7", "fc8"].map(String::from).to_vec(),
        device: "the authors' machines (NVIDIA K20)".to_string(),
        version: "Caffe, 2014".to_string(),
        config_toml: "# Published training logs of Yosinski et al. (2014), repository yosinski/convnet_transfer,\n\
                      # commit 9838c27. A run's number is the mean of its 10 highest validation accuracies.\n"
            .to_string(),
        reported: Reported::BestTen,
        margin: USUAL_MARGIN,
        quick: false,
        on_held_out: false,
        batch_size: None,
        halves: Vec::new(),
        runs: runs.iter().filter(|run| splits.contains(&run.split.as_str())).cloned().collect(),
        train_per_class: Some(1300),
        filters: Vec::new(),
        confusions: Vec::new(),
        similarities: Vec::new(),
    };
    Ok(EXPERIMENTS.into_iter().map(study).collect())
}

fn damaged(file: &'static str, at: usize, line: &str) -> ReportError {
    ReportError::PublishedRow { file, line: at + 1, text: line.chars().take(80).collect() }
}

/// Every run's curve, by name.
fn curves() -> Result<HashMap<String, Vec<Evaluation>>, ReportError> {
    let mut curves = HashMap::new();
    for (at, line) in BufReader::new(GzDecoder::new(CURVES)).lines().enumerate() {
        let line = line.unwrap_or_default();
        if at > 0 {
            let (name, points) = curve(&line).ok_or_else(|| damaged("validation_curves.csv.gz", at, &line))?;
            curves.insert(name, points);
        }
    }
    Ok(curves)
}

/// Reads `run,first_iteration,last_iteration,accuracies`; an accuracy that is missing in the logs reads `-`.
fn curve(line: &str) -> Option<(String, Vec<Evaluation>)> {
    let fields: Vec<&str> = line.split(',').collect();
    let [name, first, last, accuracies] = fields[..] else { return None };
    let (first, last): (u64, u64) = (first.parse().ok()?, last.parse().ok()?);
    let mut points = Vec::new();
    let mut step = first;
    for text in accuracies.split(' ') {
        if text != "-" {
            points.push(evaluation(step, text.parse().ok().filter(|share| (0.0..=1.0).contains(share))?));
        }
        step += EVERY;
    }
    (step == last + EVERY).then(|| (name.to_string(), points))
}

fn evaluation(step: u64, top1: f64) -> Evaluation {
    let (epoch, train_loss, loss, top5) = (f64::NAN, f64::NAN, f64::NAN, f64::NAN);
    Evaluation { step, epoch, train_loss, loss, top1, top5, images: 50_000, seconds: 0.0 }
}

/// A number that may be missing: `Some(None)` for an empty field, `None` for one that is not a number.
fn number<T: std::str::FromStr>(text: &str) -> Option<Option<T>> {
    if text.is_empty() { Some(None) } else { text.parse().ok().map(Some) }
}

/// Classes of a target, all with 50 validation images each.
const fn classes(split: &str, target: &str) -> u32 {
    match (split.as_bytes(), target.as_bytes()) {
        (b"natman", b"A") => 551,
        (b"natman", _) => 449,
        (b"whole" | b"reduced", _) => 1000,
        _ => 500,
    }
}

/// Reads `run,split,source,target,arm,n,train_size` and takes the run's curve.
fn run(line: &str, curves: &mut HashMap<String, Vec<Evaluation>>) -> Option<Run> {
    let fields: Vec<&str> = line.split(',').collect();
    let [name, split, source, target, arm, n, train_size] = fields[..] else { return None };
    Some(Run {
        name: name.to_string(),
        split: split.to_string(),
        arm: Arm::named(arm)?,
        n: number(n)?,
        train_size: number(train_size)?,
        source_task: None,
        draw: 0,
        held_out: Vec::new(),
        source: (!source.is_empty()).then(|| source.to_string()),
        target: target.to_string(),
        state: State::Done,
        curve: curves.remove(name)?,
        replicate: 0,
        message: None,
        seconds: 0.0,
        work: None,
        chance: Some(1.0 / f64::from(classes(split, target))),
        command: format!("see results/{name} of yosinski/convnet_transfer"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_published_runs_fall_into_the_four_experiments() {
        let studies = published().unwrap();
        let counts: Vec<usize> = studies.iter().map(|study| study.runs.len()).collect();
        assert_eq!(counts, [112, 16, 8, 12]);
        let evaluations: usize = studies.iter().flat_map(|s| s.runs.iter().map(|run| run.curve.len())).sum();
        assert_eq!(evaluations, 133 * 450 + 12 * 200 + 437 + 90 + 80);
    }

    #[test]
    fn a_damaged_row_is_refused() {
        let known = || HashMap::from([("half0A".to_string(), Vec::new())]);
        assert!(run("half0A,0,,A,base,,", &mut known()).is_some());
        assert!(run("half0A,0,,A,base,", &mut known()).is_none(), "a field is missing");
        assert!(run("half0A,0,,A,best,,", &mut known()).is_none(), "no such arm");
        assert!(run("half9A,0,,A,base,,", &mut known()).is_none(), "no such curve");
        assert!(curve("half0A,1000,3000,0.1 - 0.3").is_some_and(|(_, points)| points[1].step == 3000));
        assert!(curve("half0A,1000,4000,0.1 - 0.3").is_none(), "too short");
        assert!(curve("half0A,1000,2000,0.1 1.3").is_none(), "no share");
    }
}
