//! The authors' published runs as studies, so that the paper's own numbers pass through the same code as ours.

use super::{
    error::ReportError,
    run::{Arm, Evaluation, Reported, Run, State, Study},
};

/// One row per run; `data/paper/README.md` tells where it comes from.
const RUNS: &str = include_str!("../../data/paper/published_runs.csv");

/// The experiments of the paper, by the splits that belong to each.
const EXPERIMENTS: [(&str, &[&str]); 3] = [
    ("published-random-halves", &["0", "1", "2", "3"]),
    ("published-man-made-natural", &["natman"]),
    ("published-random-filters", &["whole"]),
];

/// The published runs of Yosinski et al. (2014) as three studies: random halves (Figure 2), the man-made/natural
/// split, and random filters on all classes (both Figure 3).
///
/// Each run's curve has one evaluation, whose accuracy is the authors' reported number: the mean of the ten
/// highest of 450.
///
/// # Errors
/// [`ReportError::PublishedRow`] if the table that is compiled in was damaged.
pub fn published() -> Result<Vec<Study>, ReportError> {
    let mut rows = Vec::new();
    for (at, line) in RUNS.lines().enumerate().skip(1) {
        let row = parse(line).ok_or_else(|| ReportError::PublishedRow { line: at + 1, text: line.to_string() })?;
        rows.push(row);
    }
    let study = |(experiment, splits): (&str, &[&str])| Study {
        experiment: experiment.to_string(),
        dataset: "ILSVRC2012".to_string(),
        net: "CaffeNet".to_string(),
        layers: ["conv1", "conv2", "conv3", "conv4", "conv5", "fc6", "fc7", "fc8"].map(String::from).to_vec(),
        device: "the authors' machines (NVIDIA K20)".to_string(),
        version: "Caffe, 2014".to_string(),
        config_toml: "# Published training logs of Yosinski et al. (2014), repository yosinski/convnet_transfer,\n\
                      # commit 9838c27. A run's number is the mean of its 10 highest validation accuracies of 450.\n"
            .to_string(),
        reported: Reported::Published,
        runs: rows.iter().filter(|run| splits.contains(&run.split.as_str())).cloned().collect(),
        filters: Vec::new(),
    };
    Ok(EXPERIMENTS.into_iter().map(study).collect())
}

fn parse(line: &str) -> Option<Run> {
    let fields: Vec<&str> = line.split(',').collect();
    let [name, split, source, target, arm, n, value] = fields[..] else { return None };
    let reported = Evaluation {
        step: 450_000,
        epoch: f64::NAN,
        train_loss: f64::NAN,
        loss: f64::NAN,
        top1: value.parse().ok()?,
        top5: f64::NAN,
        images: 50_000,
        seconds: 0.0,
    };
    Some(Run {
        name: name.to_string(),
        split: split.to_string(),
        replicate: 0,
        arm: Arm::named(arm)?,
        n: if n.is_empty() { None } else { Some(n.parse().ok()?) },
        source: (!source.is_empty()).then(|| source.to_string()),
        target: target.to_string(),
        state: State::Done,
        curve: vec![reported],
        message: None,
        seconds: 0.0,
        command: format!("see results/{name} of yosinski/convnet_transfer"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_published_runs_fall_into_the_three_experiments() {
        let studies = published().unwrap();
        let counts: Vec<usize> = studies.iter().map(|study| study.runs.len()).collect();
        assert_eq!(counts, [112, 16, 8]);
    }

    #[test]
    fn a_row_with_a_missing_field_is_refused() {
        assert!(parse("half0A,0,,A,base,").is_none());
        assert!(parse("half0A,0,,A,best,,0.6").is_none());
    }
}
