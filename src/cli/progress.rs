//! Live progress: a bar with rate and remaining time on a terminal, a line for each network elsewhere.

use super::{output::note, terminal};
use crate::{
    host::Stop,
    protocol::{Node, State, job::Watcher, runner::Events},
};
use indicatif::ProgressBar;
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// The progress of a plan. Networks weigh by their multiply-adds.
pub struct Progress {
    stop: Stop,
    bar: Option<ProgressBar>,
    weights: HashMap<String, f64>,
    total: f64,
    start: Instant,
    board: Mutex<Board>,
}

#[derive(Default)]
struct Board {
    shares: HashMap<String, f64>,
    /// The share of each network that this sitting did not compute.
    skipped: f64,
    ended: usize,
}

/// The bar; what does not fit of the message is cut.
pub(super) const TEMPLATE: &str = "{spinner} {bar:16} {percent:>3}%  {elapsed} spent, {prefix} left  {wide_msg}";

/// Ticks of the whole bar; indicatif counts in whole numbers.
const TICKS: f64 = 1e6;

impl Progress {
    /// Progress over networks with their weights.
    pub fn new(weights: HashMap<String, f64>, stop: Stop) -> Self {
        let total = weights.values().sum::<f64>().max(1.0);
        let bar = terminal::bar(TEMPLATE, TICKS as u64);
        bar.iter().for_each(|bar| bar.enable_steady_tick(Duration::from_millis(200)));
        let board = Mutex::new(Board::default());
        Self { stop, bar, weights, total, start: Instant::now(), board }
    }

    fn update(&self, node: &Node, share: f64, ended: Option<(State, Option<&str>)>) {
        let mut board = self.board.lock().unwrap_or_else(PoisonError::into_inner);
        board.shares.insert(node.name.clone(), share);
        let weight = |(name, share): (&String, &f64)| self.weights.get(name).copied().unwrap_or(0.0) * share;
        let done = board.shares.iter().map(weight).sum::<f64>();
        let left = self.left(done, board.skipped);
        if let Some((state, message)) = ended {
            board.ended += 1;
            let count = format!("[{}/{}]", board.ended, self.weights.len());
            let word = match state {
                State::Done => "done",
                State::Running | State::Interrupted => "stopped with a checkpoint",
                State::Diverged => "diverged",
                State::Failed => "failed",
                State::Pending => "pending",
            };
            let mut line = format!("{count} {} {word}", node.name);
            if let Some(message) = message {
                line.push_str(&format!(": {message}"));
            }
            match &self.bar {
                // On a terminal the bar says enough of what goes well.
                Some(bar) if state != State::Done => bar.println(line),
                Some(_) => {}
                None => note!("{line} ({} spent, {left} left)", span(self.start.elapsed())),
            }
        }
        if let Some(bar) = &self.bar {
            bar.set_position((done / self.total * TICKS) as u64);
            bar.set_prefix(left);
            bar.set_message(format!("{}/{} networks, {}", board.ended, self.weights.len(), node.name));
        }
    }

    fn left(&self, done: f64, skipped: f64) -> String {
        let (computed, elapsed) = (done - skipped, self.start.elapsed());
        if computed <= 0.0 || elapsed.as_secs_f64() < 1.0 {
            return "?".into();
        }
        span(elapsed.mul_f64(((self.total - done) / computed).max(0.0)))
    }

    /// Ends the bar.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// A time in words.
pub fn span(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h{:02}m", seconds / 3600, seconds / 60 % 60),
    }
}

impl Watcher for Progress {
    fn progress(&self, node: &Node, done: u64, of: u64) {
        let share = done as f64 / of.max(1) as f64;
        let mut board = self.board.lock().unwrap_or_else(PoisonError::into_inner);
        if !board.shares.contains_key(&node.name) && done > 1 {
            // A resumed network: what was done before does not count for the rate.
            board.skipped += self.weights.get(&node.name).copied().unwrap_or(0.0) * share;
        }
        let known = board.shares.contains_key(&node.name);
        drop(board);
        if !known || done.is_multiple_of(10) {
            self.update(node, share, None);
        }
    }

    fn notice(&self, node: &Node, text: &str) {
        let line = format!("{}: {text}", node.name);
        match &self.bar {
            Some(bar) => bar.println(line),
            None => note!("{line}"),
        }
    }

    fn stop(&self) -> &Stop {
        &self.stop
    }
}

impl Events for Progress {
    fn begin(&self, _: &Node) {}

    fn end(&self, node: &Node, state: State, message: Option<&str>) {
        let mut board = self.board.lock().unwrap_or_else(PoisonError::into_inner);
        if state == State::Done && !board.shares.contains_key(&node.name) {
            board.skipped += self.weights.get(&node.name).copied().unwrap_or(0.0);
        }
        let share = if state == State::Running { board.shares.get(&node.name).copied().unwrap_or(0.0) } else { 1.0 };
        drop(board);
        self.update(node, share, Some((state, message)));
    }
}
