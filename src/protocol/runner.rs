//! Executes a plan: skips what is done, trains the rest, several networks side by side on the cpu.

use super::{
    Experiment, Node, ProtocolError, State,
    node::{self, Watcher},
    run_dir::RunDir,
    source::Halves,
};
use crate::{
    ops::Device,
    train::{Prefixes, TrainError},
};
use std::sync::{Condvar, Mutex};

/// What the runner tells.
pub trait Events: Watcher {
    /// A network begins.
    fn begin(&self, node: &Node);
    /// A network ended in this sitting, or was found ended.
    fn end(&self, node: &Node, state: State, message: Option<&str>);
}

/// What networks are made of and where they go.
#[derive(Clone, Copy)]
pub struct Workshop<'a> {
    /// The experiment.
    pub experiment: &'a Experiment,
    /// Its images.
    pub halves: &'a Halves,
    /// Its directory.
    pub runs: &'a RunDir,
    /// Where it is computed.
    pub device: &'a Device,
}

#[derive(Clone, Copy, PartialEq)]
enum Progress {
    Waiting,
    Taken,
    Ended(State),
}

struct Board {
    progress: Vec<Progress>,
    error: Option<ProtocolError>,
}

/// Runs the networks at `wanted` (and nothing else); parents that are not wanted must be done.
/// `jobs` networks are trained at a time, each with one thread on the cpu: small networks gain more from that
/// than from threads of their own, and results do not depend on it.
///
/// A network that fails stops those that derive from it, not the others. The first error comes back at the end.
///
/// # Errors
/// The first error of any network.
pub fn run(workshop: Workshop<'_>, wanted: &[&Node], jobs: usize, events: &dyn Events) -> Result<(), ProtocolError> {
    let runs = workshop.runs;
    let board = Mutex::new(Board { progress: vec![Progress::Waiting; wanted.len()], error: None });
    let changed = Condvar::new();
    let prefixes = Prefixes::default();
    let parents: Vec<Vec<Result<usize, &String>>> = wanted
        .iter()
        .map(|node| {
            let place = |name| wanted.iter().position(|other| &other.name == name).ok_or(name);
            node.parents.iter().map(place).collect()
        })
        .collect();
    let worker = || {
        loop {
            let Some(index) = next(&board, &changed, &parents, events) else { return };
            let node = wanted[index];
            let result = blocked(node, &parents[index], &board, runs).and_then(|()| {
                events.begin(node);
                node::run(workshop, node, &prefixes, events)
            });
            let (state, message) = match &result {
                Ok(state) => (*state, None),
                Err(ProtocolError::Train(TrainError::Stopped { .. })) => (State::Running, None),
                Err(error) => (State::Failed, Some(error.to_string())),
            };
            events.end(node, state, message.as_deref());
            let mut board = lock(&board);
            board.progress[index] = Progress::Ended(state);
            if let Err(error) = result {
                board.error.get_or_insert(error);
            }
            changed.notify_all();
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..jobs.max(1) {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(if jobs > 1 { 1 } else { 0 }).build();
            let worker = &worker;
            scope.spawn(move || match pool {
                Ok(pool) => pool.install(worker),
                Err(_) => worker(),
            });
        }
    });
    lock(&board).error.take().map_or(Ok(()), Err)
}

fn lock(board: &Mutex<Board>) -> std::sync::MutexGuard<'_, Board> {
    // A worker that panicked has left no half-written state: each field is set in one assignment.
    board.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// The next network whose wanted parents have ended, or none when all are taken or the run should stop.
fn next(
    board: &Mutex<Board>,
    changed: &Condvar,
    parents: &[Vec<Result<usize, &String>>],
    events: &dyn Events,
) -> Option<usize> {
    let mut board = lock(board);
    loop {
        if events.stop() {
            return None;
        }
        let ended = |parent: &Result<usize, &String>| match parent {
            Ok(place) => matches!(board.progress[*place], Progress::Ended(_)),
            Err(_) => true,
        };
        let ready = |i: &usize| board.progress[*i] == Progress::Waiting && parents[*i].iter().all(ended);
        if let Some(index) = (0..parents.len()).find(ready) {
            board.progress[index] = Progress::Taken;
            return Some(index);
        }
        if !board.progress.contains(&Progress::Waiting) {
            return None;
        }
        board = changed.wait(board).unwrap_or_else(std::sync::PoisonError::into_inner);
    }
}

/// Fails where a parent is not done.
fn blocked(
    node: &Node,
    parents: &[Result<usize, &String>],
    board: &Mutex<Board>,
    runs: &RunDir,
) -> Result<(), ProtocolError> {
    for (parent, name) in parents.iter().zip(&node.parents) {
        let state = match parent {
            Ok(place) => match lock(board).progress[*place] {
                Progress::Ended(state) => state,
                _ => State::Pending,
            },
            Err(name) => runs.state(name)?,
        };
        if state != State::Done {
            let word = match state {
                State::Failed => "failed",
                State::Diverged => "diverged",
                _ => "is not trained yet",
            };
            let (node, parent) = (node.name.clone(), name.clone());
            return Err(ProtocolError::Parent { node, parent, state: word.into() });
        }
    }
    Ok(())
}
