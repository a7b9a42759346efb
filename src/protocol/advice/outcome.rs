//! What became of one network of an advice: one file each, written when it has ended.

use super::record::Measure;
use crate::{
    host::{atomic, bounded},
    protocol::ProtocolError,
};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

/// One network that has ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// Its name.
    pub name: String,
    /// The digest of everything that it depends on.
    pub settings: String,
    /// How it ended.
    #[serde(flatten)]
    pub ended: Ended,
}

/// How a network ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Ended {
    /// It was judged.
    Judged {
        /// The class that it takes each image for, in the order of the images.
        predictions: Vec<u16>,
    },
    /// Its values were not finite any more.
    Diverged {
        /// Where and when.
        message: String,
    },
}

impl Outcome {
    /// Whether each image was right; none of a network that has diverged.
    pub fn right(&self, labels: &[u16]) -> Option<Vec<bool>> {
        match &self.ended {
            Ended::Judged { predictions } => {
                Some(predictions.iter().zip(labels).map(|(got, label)| got == label).collect())
            }
            Ended::Diverged { .. } => None,
        }
    }

    /// The score in percent; none of a network that has diverged.
    pub fn score(&self, labels: &[u16], measure: Measure) -> Option<f64> {
        self.right(labels).map(|right| 100.0 * score(&right, labels, measure))
    }
}

/// The share of images that are right, or its mean over the classes that have images.
pub fn score(right: &[bool], labels: &[u16], measure: Measure) -> f64 {
    let share = |right: u64, of: u64| right as f64 / of.max(1) as f64;
    match measure {
        Measure::Accuracy => share(right.iter().filter(|right| **right).count() as u64, right.len() as u64),
        Measure::BalancedAccuracy => {
            let mut of_class: BTreeMap<u16, (u64, u64)> = BTreeMap::new();
            for (right, label) in right.iter().zip(labels) {
                let counts = of_class.entry(*label).or_default();
                *counts = (counts.0 + u64::from(*right), counts.1 + 1);
            }
            let sum: f64 = of_class.values().map(|&(right, of)| share(right, of)).sum();
            sum / of_class.len().max(1) as f64
        }
    }
}

/// The directory of an advice.
#[derive(Clone, Debug)]
pub struct Directory {
    /// Where it is.
    pub path: PathBuf,
}

impl Directory {
    /// Opens a directory for an advice with these settings, and makes it where it is not there.
    ///
    /// # Errors
    /// A directory of another advice; one that cannot be read or written.
    pub fn open(path: &Path, settings: &str, title: &str) -> Result<Self, ProtocolError> {
        let directory = Self { path: path.into() };
        let file = path.join("settings.toml");
        match fs::read_to_string(&file) {
            Ok(there) if there == settings => {}
            Ok(there) => {
                let line = |text: &str, at: usize| text.lines().nth(at).unwrap_or("(nothing)").to_string();
                let lines = there.lines().count().max(settings.lines().count());
                let at = (0..lines).find(|&at| line(&there, at) != line(settings, at)).unwrap_or(0);
                let difference = format!("there: {}; now: {}", line(&there, at), line(settings, at));
                return Err(ProtocolError::OtherAdvice { path: path.into(), title: title.into(), difference });
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                fs::create_dir_all(path.join("networks"))
                    .map_err(|source| ProtocolError::Io { path: path.into(), source })?;
                directory.write(&file, settings.as_bytes())?;
            }
            Err(source) => return Err(ProtocolError::Io { path: file, source }),
        }
        Ok(directory)
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> Result<(), ProtocolError> {
        atomic::write(path, bytes).map_err(|source| ProtocolError::Io { path: path.into(), source })
    }

    /// The file of a network.
    pub fn network(&self, name: &str) -> PathBuf {
        self.path.join("networks").join(format!("{name}.json"))
    }

    fn seconds_file(&self, name: &str) -> PathBuf {
        self.path.join("networks").join(format!("{name}.seconds"))
    }

    /// The weights of a network that are kept.
    pub fn weights(&self, name: &str) -> PathBuf {
        self.path.join("networks").join(format!("{name}.safetensors"))
    }

    /// The outcome of a network that has ended with these settings, and the seconds that it took; none where it has not.
    pub fn find(&self, name: &str, settings: &str) -> Option<(Outcome, f64)> {
        let text = bounded::read_text(&self.network(name), bounded::TEXT).ok()?;
        let outcome: Outcome = serde_json::from_str(&text).ok()?;
        if outcome.settings != settings || outcome.name != name {
            return None;
        }
        let seconds = fs::read_to_string(self.seconds_file(name)).ok().and_then(|text| text.trim().parse().ok());
        Some((outcome, seconds.unwrap_or(0.0)))
    }

    /// Keeps the outcome of a network. Its time has a file of its own, because it is another one every time; it is
    /// written first, so that a network that has ended has one.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn keep(&self, outcome: &Outcome, seconds: f64) -> Result<(), ProtocolError> {
        self.write(&self.seconds_file(&outcome.name), format!("{seconds:.3}\n").as_bytes())?;
        // Names and numbers always serialise.
        let text = serde_json::to_string(outcome).unwrap_or_default();
        self.write(&self.network(&outcome.name), text.as_bytes())
    }

    /// Seconds of training all networks that are kept here, each on its own.
    pub fn seconds(&self) -> f64 {
        let entries = fs::read_dir(self.path.join("networks")).into_iter().flatten().flatten();
        let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
        // In one order, so that the sum is one number.
        paths.sort();
        let of = |path: &PathBuf| {
            path.extension()
                .filter(|suffix| *suffix == "seconds")
                .and_then(|_| fs::read_to_string(path).ok()?.trim().parse::<f64>().ok())
        };
        paths.iter().filter_map(of).sum()
    }

    /// Replaces a file of the directory.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn put(&self, name: &str, bytes: &[u8]) -> Result<(), ProtocolError> {
        self.write(&self.path.join(name), bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn balanced_accuracy_counts_classes_and_accuracy_images() {
        let (right, labels) = ([true, true, true, false], [0, 0, 0, 1]);
        assert_eq!(score(&right, &labels, Measure::Accuracy), 0.75);
        assert_eq!(score(&right, &labels, Measure::BalancedAccuracy), 0.5);
        assert_eq!(score(&[], &[], Measure::BalancedAccuracy), 0.0);
    }

    #[test]
    fn a_network_is_found_by_its_name_and_settings_and_a_damaged_file_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let directory = Directory::open(folder.path(), "a = 1\n", "x").unwrap();
        let outcome =
            Outcome { name: "n".into(), settings: "s".into(), ended: Ended::Judged { predictions: vec![1, 0] } };
        directory.keep(&outcome, 1.5).unwrap();
        assert_eq!(directory.find("n", "s"), Some((outcome.clone(), 1.5)));
        assert_eq!(directory.find("n", "other"), None);
        let diverged = Outcome { ended: Ended::Diverged { message: "m".into() }, ..outcome };
        directory.keep(&diverged, 2.0).unwrap();
        assert_eq!(directory.find("n", "s").map(|(found, _)| found), Some(diverged));
        fs::write(directory.network("n"), "{\"name\"").unwrap();
        assert_eq!(directory.find("n", "s"), None);
    }

    #[test]
    fn a_directory_of_another_advice_is_refused_with_the_first_difference() {
        let folder = tempfile::tempdir().unwrap();
        Directory::open(folder.path(), "a = 1\nb = 2\n", "x").unwrap();
        assert!(Directory::open(folder.path(), "a = 1\nb = 2\n", "x").is_ok());
        let error = Directory::open(folder.path(), "a = 1\nb = 3\n", "x").unwrap_err().to_string();
        assert!(error.contains("there: b = 2; now: b = 3"), "{error}");
    }
}
