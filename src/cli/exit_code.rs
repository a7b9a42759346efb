//! What a process says by its exit code. `docs/exit-codes.md` is the same list for users.

use crate::{
    data::{DataError, store::StoreError},
    exchange::ExchangeError,
    gpu::GpuError,
    nn::NnError,
    ops::OpsError,
    protocol::ProtocolError,
    report::ReportError,
    train::TrainError,
    web::WebError,
};

/// Anything not named below.
pub const OTHER: u8 = 1;
/// Wrong arguments: clap's own code, and that of arguments which contradict a file.
pub const ARGUMENTS: u8 = 2;
/// An invalid experiment file or override.
pub const EXPERIMENT: u8 = 3;
/// Data that are missing, damaged or do not fit.
pub const DATA: u8 = 4;
/// No such device, or one that failed.
pub const DEVICE: u8 = 5;
/// A run directory of another configuration, or with damaged files; a weights file that cannot be used.
pub const RUN_DIRECTORY: u8 = 6;
/// A network failed or diverged, or a parent of it did.
pub const NETWORK: u8 = 7;
/// A check found an error beyond its bound.
pub const CHECK: u8 = 8;
/// Weights of another program that are damaged, refused or of another net.
pub const WEIGHTS: u8 = 9;
/// Another process is at work on the same network or the same packed store, or a worker's time is up: the same command
/// goes on later.
pub const BUSY: u8 = 75;
/// Stopped by Ctrl-C, with a checkpoint.
pub const INTERRUPTED: u8 = 130;
/// Whoever read stdout has closed it (`strata plan | head -1`): what a shell says of SIGPIPE.
pub const PIPE: u8 = 141;
/// Stopped by SIGTERM or SIGHUP, with a checkpoint.
pub const TERMINATED: u8 = 143;

/// A failed check, as an error.
#[derive(Debug, thiserror::Error)]
#[error("{failed} of {total} checks are beyond their bound")]
pub struct CheckFailed {
    /// Checks beyond their bound.
    pub failed: usize,
    /// All checks.
    pub total: usize,
}

/// Images that could not be read, as an error: the others have their predictions.
#[derive(Debug, thiserror::Error)]
#[error("{failed} of {total} images could not be read; the predictions of the others are printed")]
pub struct Unread {
    /// Images that could not be read.
    pub failed: usize,
    /// All images.
    pub total: usize,
}

/// An unknown or missing device.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct NoDevice(pub String);

/// A stop that was asked for.
#[derive(Debug, thiserror::Error)]
#[error("stopped; what is done is kept")]
pub struct Stopped(pub u8);

/// The exit code of an error, by the first cause that has one.
pub fn of(error: &anyhow::Error) -> u8 {
    if is_broken_pipe(error) {
        return PIPE;
    }
    error
        .chain()
        .find_map(|cause| {
            if let Some(e) = cause.downcast_ref::<ProtocolError>() {
                return Some(of_protocol(e));
            }
            if let Some(e) = cause.downcast_ref::<TrainError>() {
                return Some(of_train(e));
            }
            if let Some(Stopped(code)) = cause.downcast_ref::<Stopped>() {
                return Some(*code);
            }
            if cause.is::<Unread>() {
                return Some(DATA);
            }
            if cause.is::<CheckFailed>() {
                return Some(CHECK);
            }
            if cause.is::<NoDevice>() || cause.is::<OpsError>() || cause.is::<GpuError>() {
                return Some(DEVICE);
            }
            if let Some(e) = cause.downcast_ref::<DataError>() {
                return Some(if matches!(e, DataError::Store(StoreError::Busy { .. })) { BUSY } else { DATA });
            }
            if let Some(e) = cause.downcast_ref::<ExchangeError>() {
                return Some(of_exchange(e));
            }
            if cause.is::<NnError>() {
                return Some(EXPERIMENT);
            }
            if let Some(e) = cause.downcast_ref::<WebError>() {
                return Some(of_web(e));
            }
            cause.is::<ReportError>().then_some(OTHER)
        })
        .unwrap_or(OTHER)
}

fn of_protocol(error: &ProtocolError) -> u8 {
    match error {
        ProtocolError::Experiment { .. }
        | ProtocolError::UnknownKey { .. }
        | ProtocolError::MissingKeys { .. }
        | ProtocolError::Value { .. }
        | ProtocolError::Unfit { .. }
        | ProtocolError::UnknownExperiment { .. }
        | ProtocolError::UnknownNode { .. } => EXPERIMENT,
        ProtocolError::OtherConfiguration { .. }
        | ProtocolError::OtherAdvice { .. }
        | ProtocolError::Damaged { .. }
        | ProtocolError::Manifest { .. }
        | ProtocolError::Similarities { .. } => RUN_DIRECTORY,
        ProtocolError::Parent { .. } | ProtocolError::Diverged { .. } => NETWORK,
        ProtocolError::Locked { .. } | ProtocolError::Idle { .. } => BUSY,
        ProtocolError::Io { .. } => OTHER,
        ProtocolError::Data(_) => DATA,
        ProtocolError::Nn(error) => of_nn(error),
        ProtocolError::Train(error) => of_train(error),
        ProtocolError::Ops(_) | ProtocolError::Undivided { .. } => DEVICE,
    }
}

fn of_exchange(error: &ExchangeError) -> u8 {
    match error {
        ExchangeError::Io { .. } => OTHER,
        ExchangeError::Nn(error) => of_nn(error),
        ExchangeError::Channels { .. } | ExchangeError::ImageSide { .. } | ExchangeError::Factor { .. } => ARGUMENTS,
        ExchangeError::Names { .. } => EXPERIMENT,
        _ => WEIGHTS,
    }
}

fn of_train(error: &TrainError) -> u8 {
    match error {
        TrainError::Setting { .. } => EXPERIMENT,
        TrainError::Images { .. } | TrainError::Label { .. } | TrainError::Empty { .. } | TrainError::Data(_) => DATA,
        TrainError::Diverged { .. } => NETWORK,
        TrainError::Thawed { .. } => CHECK,
        TrainError::Checkpoint { .. }
        | TrainError::Records { .. }
        | TrainError::NotWeights { .. }
        | TrainError::NoNet { .. }
        | TrainError::WeightsFormat { .. }
        | TrainError::Description { .. }
        | TrainError::NonFiniteTensor { .. } => RUN_DIRECTORY,
        TrainError::Io { .. } => OTHER,
        TrainError::Stopped { .. } => INTERRUPTED,
        TrainError::Nn(error) => of_nn(error),
        TrainError::Ops(_) => DEVICE,
    }
}

fn of_web(error: &WebError) -> u8 {
    match error {
        WebError::Setting { .. } | WebError::Divided { .. } | WebError::TooLarge { .. } => EXPERIMENT,
        WebError::Classes { .. } | WebError::Data(_) => DATA,
        WebError::Io { .. } | WebError::NoPage => OTHER,
        WebError::Protocol(error) => of_protocol(error),
        WebError::Nn(error) => of_nn(error),
        WebError::Train(error) => of_train(error),
        WebError::Ops(_) => DEVICE,
    }
}

fn of_nn(error: &NnError) -> u8 {
    match error {
        NnError::Corrupt { .. }
        | NnError::TooLarge { .. }
        | NnError::MissingTensor { .. }
        | NnError::MissingStatistics { .. }
        | NnError::TensorShape { .. } => RUN_DIRECTORY,
        NnError::Io { .. } => OTHER,
        NnError::Ops(_) => DEVICE,
        _ => EXPERIMENT,
    }
}

/// Whether the reader of stdout has closed it, which is not worth a message (`strata plan | head`).
pub fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let broken = |e: &std::io::Error| e.kind() == std::io::ErrorKind::BrokenPipe;
    error.chain().any(|cause| cause.downcast_ref().is_some_and(broken))
}
