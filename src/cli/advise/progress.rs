//! Progress of an advice, and the time that is left.

use crate::{
    cli::{
        output::note,
        progress::{TEMPLATE, span},
        terminal,
    },
    host::Stop,
    protocol::advice::queue::Events,
};
use indicatif::ProgressBar;
use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Ticks of the whole bar.
const TICKS: f64 = 1e6;

/// A bar on a terminal, lines elsewhere.
pub struct Progress {
    stop: Stop,
    bar: Option<ProgressBar>,
    start: Instant,
    board: Mutex<Board>,
}

#[derive(Default)]
struct Board {
    planned: f64,
    done: f64,
    /// What this sitting did not compute.
    found: f64,
    ended: usize,
}

impl Progress {
    /// Progress of one sitting.
    pub fn new(stop: Stop) -> Self {
        let bar = terminal::bar(TEMPLATE, TICKS as u64);
        bar.iter().for_each(|bar| bar.enable_steady_tick(Duration::from_millis(200)));
        Self { stop, bar, start: Instant::now(), board: Mutex::default() }
    }

    fn board(&self) -> std::sync::MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the bar.
    pub fn finish(&self) {
        self.bar.iter().for_each(ProgressBar::finish_and_clear);
    }
}

impl Events for Progress {
    fn stage(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.println(text),
            None => note!("{text}"),
        }
    }

    fn planned(&self, work: f64) {
        self.board().planned = work;
    }

    fn ended(&self, name: &str, work: f64, trained: bool) {
        let mut board = self.board();
        board.done += work;
        board.found += if trained { 0.0 } else { work };
        board.ended += 1;
        let (computed, elapsed) = (board.done - board.found, self.start.elapsed());
        // Candidates that are dropped make it shorter: at most this long.
        let left = match computed > 0.0 && elapsed.as_secs_f64() >= 1.0 {
            true => span(elapsed.mul_f64(((board.planned - board.done) / computed).max(0.0))),
            false => "?".into(),
        };
        match &self.bar {
            Some(bar) => {
                bar.set_position((board.done / board.planned.max(1.0) * TICKS).min(TICKS) as u64);
                bar.set_prefix(format!("at most {left}"));
                bar.set_message(format!("{} networks, {name}", board.ended));
            }
            None if trained => {
                note!("[{}] {name} ({} spent, at most {left} left)", board.ended, span(elapsed));
            }
            None => {}
        }
    }

    fn stop(&self) -> &Stop {
        &self.stop
    }
}
