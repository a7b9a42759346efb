//! Executes a plan: skips what is done, trains the rest, several networks side by side on the cpu. Several runners, in
//! as many processes, share a plan: a network belongs to the one that has its lock.

use super::{Node, ProtocolError, RunDir, State, job::Watcher, node, workshop::Workshop};
use crate::train::{Prefixes, TrainError};
use std::{
    collections::HashMap,
    sync::{Condvar, Mutex, PoisonError},
    time::{Duration, Instant},
};

/// What the runner reports.
pub trait Events: Watcher {
    /// A network begins.
    fn begin(&self, node: &Node);
    /// A network ended in this sitting, or was found ended.
    fn end(&self, node: &Node, state: State, message: Option<&str>);
}

/// What a runner does about a network that another process is training.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Busy<'a> {
    /// It trains others, and waits for that one when none is left: several runners share a plan.
    Wait {
        /// Where it has had nothing to train for this long it stops with [`ProtocolError::Idle`].
        at_most: Option<Duration>,
    },
    /// It does so for all but this one, for which it stops with [`ProtocolError::Locked`].
    StopAt(&'a str),
}

/// How long a network is left alone that another process was found to train: at first, and the longest.
const AGAIN: Duration = Duration::from_millis(250);
const LATER: Duration = Duration::from_secs(2);
/// How often a waiting thread checks whether to stop.
const LOOK: Duration = Duration::from_millis(50);

#[derive(Clone, Copy, PartialEq)]
enum Progress {
    Waiting,
    /// Another process had it, and it is looked at again at this time, or so much later.
    Elsewhere(Instant, Duration),
    Taken,
    Ended(State),
}

struct Board {
    progress: Vec<Progress>,
    error: Option<ProtocolError>,
    /// When a network ended here, or was found ended.
    worked: Instant,
}

/// Runs the networks at `wanted` (and nothing else); parents that are not wanted must be done.
/// `jobs` networks are trained at a time, each with one thread on the cpu: small networks gain more from that
/// than from threads of their own, and results do not depend on it.
///
/// A network that fails stops those that derive from it, not the others. The first error comes back at the end.
///
/// # Errors
/// The first error of any network.
pub fn run(
    workshop: Workshop<'_>,
    wanted: &[&Node],
    jobs: usize,
    busy: Busy<'_>,
    events: &dyn Events,
) -> Result<(), ProtocolError> {
    let runs = workshop.runs;
    let progress = vec![Progress::Waiting; wanted.len()];
    let board = Mutex::new(Board { progress, error: None, worked: Instant::now() });
    let idle = match busy {
        Busy::Wait { at_most } => at_most,
        Busy::StopAt(_) => None,
    };
    let changed = Condvar::new();
    let prefixes = Prefixes::default();
    let places: HashMap<&String, usize> = wanted.iter().enumerate().map(|(at, node)| (&node.name, at)).collect();
    let place = |name| places.get(name).copied().ok_or(name);
    let parents: Vec<Vec<Result<usize, &String>>> =
        wanted.iter().map(|node| node.parents.iter().map(place).collect()).collect();
    let worker = || {
        loop {
            let Some((index, again)) = next(&board, &changed, &parents, idle, events) else { return };
            let node = wanted[index];
            let result = blocked(node, &parents[index], &board, runs).and_then(|()| {
                events.begin(node);
                node::run(workshop, node, &prefixes, events)
            });
            if let Err(error @ ProtocolError::Locked { .. }) = &result
                && busy != Busy::StopAt(&node.name)
            {
                if again.is_none() {
                    events.notice(node, &format!("{error} (training other networks while waiting for this one)"));
                }
                let wait = again.map_or(AGAIN, |wait| LATER.min(2 * wait));
                lock(&board).progress[index] = Progress::Elsewhere(Instant::now() + wait, wait);
                continue;
            }
            let (state, message) = match &result {
                Ok(()) => (State::Done, None),
                Err(ProtocolError::Train(TrainError::Stopped { .. })) => (State::Running, None),
                Err(ProtocolError::Diverged { message, .. }) => (State::Diverged, Some(message.clone())),
                Err(error) => (State::Failed, Some(error.to_string())),
            };
            events.end(node, state, message.as_deref());
            let mut board = lock(&board);
            board.progress[index] = Progress::Ended(state);
            board.worked = Instant::now();
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
    board.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The next network whose wanted parents have ended, and how long it was left alone if another process had it; none
/// when all are taken or the run should stop. Those that another process had come last, and not before some time has
/// passed.
fn next(
    board: &Mutex<Board>,
    changed: &Condvar,
    parents: &[Vec<Result<usize, &String>>],
    idle: Option<Duration>,
    events: &dyn Events,
) -> Option<(usize, Option<Duration>)> {
    let mut board = lock(board);
    loop {
        if events.stop().asked() {
            return None;
        }
        let ended = |parent: &Result<usize, &String>| match parent {
            Ok(place) => matches!(board.progress[*place], Progress::Ended(_)),
            Err(_) => true,
        };
        let ready = |i: &usize| board.progress[*i] == Progress::Waiting && parents[*i].iter().all(ended);
        let now = Instant::now();
        let again = |i: usize| match board.progress[i] {
            Progress::Elsewhere(at, wait) if at <= now => Some((i, Some(wait))),
            _ => None,
        };
        let fresh = (0..parents.len()).find(ready).map(|i| (i, None));
        if let Some((index, wait)) = fresh.or_else(|| (0..parents.len()).find_map(again)) {
            board.progress[index] = Progress::Taken;
            return Some((index, wait));
        }
        let count = |is: fn(&Progress) -> bool| board.progress.iter().filter(|progress| is(progress)).count();
        let taken = count(|progress| *progress == Progress::Taken);
        let waiting = count(|progress| matches!(progress, Progress::Waiting | Progress::Elsewhere(..)));
        if waiting == 0 {
            return None;
        }
        if taken == 0
            && let Some(most) = idle.filter(|&most| board.worked.elapsed() >= most)
        {
            board.error.get_or_insert(ProtocolError::Idle { minutes: most.as_secs_f64() / 60.0, waiting });
            return None;
        }
        board = changed.wait_timeout(board, LOOK).unwrap_or_else(PoisonError::into_inner).0;
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
