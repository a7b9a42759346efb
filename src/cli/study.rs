//! What several commands share: an experiment with its plan, data and run directory.

use super::{PrecisionArgs, StudyArgs, output::note};
use crate::{
    host::{Precision, atomic, shell},
    protocol::{
        Experiment, Node, Plan, ProtocolError, RunDir, built_in::BuiltIn, halves::Halves, resolve, work::Works,
    },
    train::USUAL_LOSS_SCALE,
};
use std::{
    collections::HashMap,
    io,
    path::{Path, PathBuf},
};

impl StudyArgs {
    /// The run directory that stands in place of an experiment's name or file.
    fn directory(&self) -> Option<&Path> {
        let path = Path::new(&self.experiment);
        let named = BuiltIn::find(&self.experiment).is_some();
        (!named && path.join("experiment.toml").is_file()).then_some(path)
    }

    /// Where the run directory of the experiment is, or will be.
    pub fn runs(&self) -> PathBuf {
        match (&self.runs, self.directory().and_then(Path::parent)) {
            (Some(runs), _) => runs.clone(),
            (None, Some(parent)) if parent.as_os_str().is_empty() => PathBuf::from("."),
            (None, Some(parent)) => parent.to_path_buf(),
            (None, None) => PathBuf::from("runs"),
        }
    }

    /// The arguments as they are typed, for commands that are printed.
    pub fn words(&self) -> String {
        shell::line(&self.arguments())
    }

    /// The arguments, the experiment first.
    pub fn arguments(&self) -> Vec<String> {
        let mut words = vec![self.experiment.clone()];
        words.extend(self.quick.then(|| "--quick".to_string()));
        for assignment in &self.overrides {
            words.extend(["--set".to_string(), assignment.clone()]);
        }
        if let Some(precision) = self.precision.precision {
            words.extend(["--precision".to_string(), precision.name().to_string()]);
        }
        if let Some(runs) = &self.runs {
            words.extend(["--runs".to_string(), runs.display().to_string()]);
        }
        words
    }
}

/// The experiment that the arguments name.
///
/// # Errors
/// An experiment that is missing or invalid.
pub fn experiment(args: &StudyArgs) -> Result<Experiment, ProtocolError> {
    let overrides = overrides(&args.overrides, args.precision);
    let experiment = match args.directory() {
        Some(directory) => {
            let mut experiment = resolve::of_run_directory(directory, &overrides)?;
            // The folder may have been renamed since.
            if let Some(name) = directory.canonicalize().ok().as_deref().and_then(Path::file_name) {
                experiment.name = name.to_string_lossy().into_owned();
            }
            experiment
        }
        None => resolve::experiment(&args.experiment, &overrides)?,
    };
    if args.quick { experiment.quick(&overrides) } else { Ok(experiment) }
}

/// The overrides of a command's arguments, `--precision` among them.
pub(super) fn overrides(given: &[String], args: PrecisionArgs) -> Vec<String> {
    let precision = args.precision.map(|precision| format!("solver.precision={:?}", precision.name()));
    // An experiment's own loss scale is for its own precision. It goes first, so that a given one is reported.
    let scale = (args.precision == Some(Precision::F32)).then(|| format!("solver.loss_scale={USUAL_LOSS_SCALE}"));
    scale.into_iter().chain(given.iter().cloned()).chain(precision).collect()
}

/// A study that can begin: its images are loaded and its directory is open.
pub struct Ready {
    pub halves: Halves,
    pub runs: RunDir,
    /// How much each network computes, by its name.
    pub works: HashMap<String, f64>,
}

/// Looks at everything that can be known before the first step, and makes the directory only when all is well: a
/// command that cannot begin leaves none.
///
/// # Errors
/// A directory with finished networks of other settings; images that are missing, damaged or ambiguous; nets that
/// cannot be built for them; a directory that cannot be written.
pub fn ready(args: &StudyArgs, experiment: &Experiment, wanted: &[&Node]) -> Result<Ready, ProtocolError> {
    let found = RunDir::look(&args.runs(), experiment)?;
    let halves = Halves::beside(experiment, wanted.iter().copied(), &found.earlier_splits(experiment))?;
    halves.look(experiment)?;
    halves.sizes.taken.iter().for_each(|line| note!("{line}"));
    let mut works = HashMap::new();
    let mut counted = Works::new(experiment, &halves.sizes);
    for node in wanted {
        works.insert(node.name.clone(), counted.of(node)?.computed as f64);
    }
    if let Some(aside) = found.make_room(experiment)? {
        note!(
            "{}: had no finished network and other settings; it is kept in {}",
            found.path.display(),
            aside.display()
        );
    }
    let runs = RunDir::open(&args.runs(), experiment)?;
    Ok(Ready { halves, runs, works })
}

/// Refuses a directory in which no report could be written in the end.
///
/// # Errors
/// A file where the folder of the report should be; a folder that cannot be written to.
pub fn writable_report(runs: &RunDir) -> Result<(), ProtocolError> {
    let failed = |path: PathBuf| move |source| ProtocolError::Io { path, source };
    let folder = runs.path.join("report");
    if folder.is_dir() {
        let page = folder.join("report.html");
        return atomic::probe(&page).map_err(failed(page));
    }
    match folder.exists() {
        true => Err(failed(folder)(io::Error::new(io::ErrorKind::NotADirectory, "is not a folder; remove it"))),
        false => Ok(()),
    }
}

/// A network and what it derives from, parents first.
pub fn with_parents<'a>(plan: &'a Plan, node: &'a Node) -> Vec<&'a Node> {
    let mut wanted: Vec<&Node> = plan.nodes.iter().filter(|other| node.parents.contains(&other.name)).collect();
    wanted.push(node);
    wanted
}

#[cfg(test)]
mod tests {
    use super::overrides;
    use crate::{cli::PrecisionArgs, host::Precision, protocol::Experiment};

    #[test]
    fn f32_sets_an_experiments_own_loss_scale_aside_but_none_that_is_given() {
        let text = include_str!("../../experiments/default.toml");
        let text = text.replacen("[solver]", "[solver]\nprecision = \"mixed\"\nloss_scale = 512", 1);
        let parsed = |given: &[&str], precision| {
            let given: Vec<String> = given.iter().map(|text| (*text).to_string()).collect();
            Experiment::parse("default", &text, &overrides(&given, PrecisionArgs { precision }))
        };
        let scale_of = |precision| parsed(&[], precision).unwrap().solver.loss_scale;
        assert_eq!([None, Some(Precision::F16x3), Some(Precision::F32)].map(scale_of), [512, 512, 1024]);
        let refused = parsed(&["solver.loss_scale=256"], Some(Precision::F32)).unwrap_err().to_string();
        assert!(refused.contains("loss_scale") && refused.contains("256"), "{refused}");
    }
}
