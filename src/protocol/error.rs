//! What can be wrong with an experiment, its plan or its files.

use super::built_in::{BUILT_IN, BuiltIn};
use crate::{data::DataError, gpu::GpuError, nn::NnError, ops::OpsError, train::TrainError};
use std::path::PathBuf;
use thiserror::Error;

/// An error of the protocol.
#[derive(Debug, Error)]
pub enum ProtocolError {
    /// An experiment file that is no TOML or has a value of the wrong kind.
    #[error("{origin}: {reason}")]
    Experiment {
        /// The file, or what stands for it.
        origin: String,
        /// What is wrong, with its place.
        reason: String,
    },
    /// A key that no experiment has.
    #[error("{origin}: unknown key {key:?}; the nearest valid key is {nearest:?}")]
    UnknownKey {
        /// The file, or `--set`.
        origin: String,
        /// The key.
        key: String,
        /// The nearest valid key.
        nearest: String,
    },
    /// Keys that an experiment must have and a file does not.
    #[error("{origin}: these keys are missing, here with an example each (docs/experiment.md has all):\n  {keys}")]
    MissingKeys {
        /// The file.
        origin: String,
        /// A line for each.
        keys: String,
    },
    /// A value that an experiment cannot have.
    #[error("experiment {experiment}: {key} is {got}, expected {expected}")]
    Value {
        /// The experiment.
        experiment: String,
        /// The key.
        key: &'static str,
        /// What would be right.
        expected: String,
        /// What came.
        got: String,
    },
    /// Images that have not the shape that a net takes.
    #[error(
        "the images of {images} are {got:?} (H, W, C), {net} takes {expected:?}, and data.fit (--fit) is {fit:?}: \
         {remedy}"
    )]
    Unfit {
        /// The data set.
        images: String,
        /// The shape of its images: H, W, C.
        got: [usize; 3],
        /// The net.
        net: String,
        /// The shape that it takes.
        expected: [usize; 3],
        /// How images are fitted to it.
        fit: &'static str,
        /// What to do.
        remedy: String,
    },
    /// An experiment that is neither built in nor a file.
    #[error(
        "no experiment {name:?}: there is no such file; the nearest built-in one is {nearest:?}, and there are {known}"
    )]
    UnknownExperiment {
        /// What was asked for.
        name: String,
        /// The nearest built-in name.
        nearest: &'static str,
        /// The built-in names.
        known: String,
    },
    /// A network that is not in the plan.
    #[error(
        "the plan of {experiment} has no network {node:?}; did you mean {nearest:?}? `strata plan {arguments}` lists \
         them"
    )]
    UnknownNode {
        /// The experiment.
        experiment: String,
        /// How `strata plan` is asked for it.
        arguments: String,
        /// What was asked for.
        node: String,
        /// The nearest name.
        nearest: String,
    },
    /// A run directory, or a network in it, that was made with other settings.
    #[error(
        "{path} belongs to another configuration of {experiment} ({difference}); use another --runs directory or \
         delete it"
    )]
    OtherConfiguration {
        /// The directory.
        path: PathBuf,
        /// The experiment.
        experiment: String,
        /// The first line that differs.
        difference: String,
    },
    /// The directory of an advice that was made with other settings.
    #[error("{path} belongs to another advice than {title} ({difference}); give another --out directory or delete it")]
    OtherAdvice {
        /// The directory.
        path: PathBuf,
        /// What is asked for.
        title: String,
        /// The first line that differs.
        difference: String,
    },
    /// A network whose parent is not there.
    #[error("network {node} needs {parent}, which {state}; solve that first")]
    Parent {
        /// The network.
        node: String,
        /// Its parent.
        parent: String,
        /// What became of it.
        state: String,
    },
    /// A network that another process is training.
    #[error("{path} is in use by process {owner}; wait for it, or stop it")]
    Locked {
        /// The network's directory.
        path: PathBuf,
        /// The other process and its host.
        owner: String,
    },
    /// Nothing to train for a while, because other processes have what is left, or what that needs.
    #[error(
        "nothing to train for {minutes} minutes: {waiting} networks are in other processes' hands or wait for those"
    )]
    Idle {
        /// The minutes.
        minutes: f64,
        /// Networks of the plan that have not ended.
        waiting: usize,
    },
    /// A network with non-finite values.
    #[error("network {node} has diverged: {message}")]
    Diverged {
        /// The network.
        node: String,
        /// Where and when.
        message: String,
    },
    /// A finished network whose files are not what was written.
    #[error(
        "{path}: the finished weights do not have the digest in their manifest; delete the folder to train it again"
    )]
    Damaged {
        /// The file.
        path: PathBuf,
    },
    /// A file that cannot be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// A manifest that cannot be read.
    #[error("{path}: {reason}; delete the network's folder to train it again")]
    Manifest {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A file of similarities that cannot be read.
    #[error("{path}: {reason}; delete it to compute it again")]
    Similarities {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A batch that the device has no memory for, and that cannot be halved without changing what is computed.
    #[error(
        "{node}: {source}; a batch of {batch_size} is not halved, because layer {layer} would take its statistics of \
         half of it: set solver.batch_parts = {parts}, which records that, or solver.batch_size"
    )]
    Undivided {
        /// The network.
        node: String,
        /// The first layer that takes statistics of the batch.
        layer: String,
        /// Images of a batch.
        batch_size: usize,
        /// Parts that would halve it.
        parts: usize,
        /// What the device says.
        source: Box<ProtocolError>,
    },
    /// An error of the data.
    #[error(transparent)]
    Data(#[from] DataError),
    /// An error of a net.
    #[error(transparent)]
    Nn(#[from] NnError),
    /// An error of training.
    #[error(transparent)]
    Train(#[from] TrainError),
    /// An error of the device.
    #[error(transparent)]
    Ops(#[from] OpsError),
}

impl ProtocolError {
    /// The error of a name that no experiment has.
    pub fn unknown_experiment(name: &str) -> Self {
        let distance = |known: &&str| strsim::damerau_levenshtein(known, name);
        let nearest = BUILT_IN.map(|built_in| built_in.name).into_iter().min_by_key(distance).unwrap_or("");
        Self::UnknownExperiment { name: name.into(), nearest, known: BuiltIn::names() }
    }

    /// Whether the error lies in the machine and not in what was asked for: a full disk, a lost device, another
    /// process, a stop. It says nothing about the network, which resumes when the same command is run again.
    pub fn is_of_the_machine(&self) -> bool {
        match self {
            Self::Io { .. } | Self::Locked { .. } | Self::Idle { .. } | Self::Undivided { .. } => true,
            Self::Train(TrainError::Io { .. } | TrainError::Stopped { .. }) => true,
            Self::Nn(NnError::Io { .. }) | Self::Train(TrainError::Nn(NnError::Io { .. })) => true,
            _ => self.of_device().is_some(),
        }
    }

    /// Whether the device had no memory left.
    pub fn is_out_of_memory(&self) -> bool {
        matches!(self.of_device(), Some(GpuError::OutOfMemory { .. }))
    }

    /// Whether the device was lost because another network, side by side with this one, found no memory.
    pub fn is_lost_beside(&self) -> bool {
        matches!(self.of_device(), Some(GpuError::LostBeside))
    }

    fn of_device(&self) -> Option<&GpuError> {
        match self {
            Self::Ops(OpsError::Gpu(error))
            | Self::Nn(NnError::Ops(OpsError::Gpu(error)))
            | Self::Train(TrainError::Ops(OpsError::Gpu(error)) | TrainError::Nn(NnError::Ops(OpsError::Gpu(error)))) => {
                Some(error)
            }
            _ => None,
        }
    }
}
