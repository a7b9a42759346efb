//! What can go wrong while a page is made.

use crate::{data::DataError, nn::NnError, ops::OpsError, protocol::ProtocolError, train::TrainError};
use std::{io, path::PathBuf};
use thiserror::Error;

/// Errors of the export, each with its remedy.
#[derive(Debug, Error)]
pub enum WebError {
    /// A setting that a page cannot follow.
    #[error("experiment {experiment}: {key} is {got}, but a page needs {expected}; give --set {key}=...")]
    Setting {
        /// The experiment.
        experiment: String,
        /// The key.
        key: &'static str,
        /// What a page can follow.
        expected: &'static str,
        /// What it is.
        got: String,
    },
    /// A program that was compiled before its page was built.
    #[error("this program was built without its page; run scripts/web and build it again, or give --tape-only")]
    NoPage,
    /// Classes that cannot be halved.
    #[error("{name} has {got} classes, but a page lets people halve an even number of 2 to 256; take other data")]
    Classes {
        /// The data set.
        name: String,
        /// Its classes.
        got: usize,
    },
    /// A tensor that WebGPU's default limits divide.
    #[error("tensor {tensor} is larger than a browser's buffers may be; set a smaller solver.batch_size")]
    Divided {
        /// The tensor.
        tensor: String,
    },
    /// More bytes than a page may hold.
    #[error("the images and tapes have {got} bytes, and a page may hold {limit}; set a smaller data.train_per_class")]
    TooLarge {
        /// Bytes.
        got: u64,
        /// Bytes at most.
        limit: u64,
    },
    /// A file that could not be written.
    #[error("{path}: {source}; give --out a folder that can be written to")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// An error of the experiment or its images.
    #[error(transparent)]
    Protocol(#[from] ProtocolError),
    /// An error of the images.
    #[error(transparent)]
    Data(#[from] DataError),
    /// An error of the net.
    #[error(transparent)]
    Nn(#[from] NnError),
    /// An error of the recorded run.
    #[error(transparent)]
    Train(#[from] TrainError),
    /// An error of its plan.
    #[error(transparent)]
    Ops(#[from] OpsError),
}
