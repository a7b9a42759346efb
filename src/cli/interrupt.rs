//! Ctrl-C, SIGTERM, and SIGHUP (the terminal was closed), which counts as SIGTERM. While nothing is at stake they stop
//! at once; while networks train, the first asks for a
//! checkpoint and a stop, the second stops at once.

use super::exit_code::{BUSY, INTERRUPTED, TERMINATED};
use crate::host::Stop;
use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM},
    flag,
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

/// Which stop was asked for.
#[derive(Clone, Debug, Default)]
pub struct Interrupt {
    interrupted: Arc<AtomicBool>,
    terminated: Arc<AtomicBool>,
    expired: Arc<AtomicBool>,
    at_once: Arc<AtomicBool>,
}

impl Interrupt {
    /// Listens from now on; a signal stops at once, with the exit code of a stop that was asked for.
    ///
    /// # Errors
    /// A system that refuses the handlers.
    pub fn listen() -> std::io::Result<Self> {
        let listener = Self::default();
        listener.at_once();
        let hang_up = listens_to_hang_up().then_some((SIGHUP, &listener.terminated, TERMINATED));
        let signals = [(SIGINT, &listener.interrupted, INTERRUPTED), (SIGTERM, &listener.terminated, TERMINATED)];
        for (signal, set, code) in signals.into_iter().chain(hang_up) {
            // In this order: the first signal while work goes on finds `at_once` unset and sets it for the second.
            flag::register_conditional_shutdown(signal, i32::from(code), Arc::clone(&listener.at_once))?;
            flag::register(signal, Arc::clone(set))?;
            flag::register(signal, Arc::clone(&listener.at_once))?;
        }
        Ok(listener)
    }

    /// From now on the first signal only sets [`Self::stop`].
    pub fn ask_first(&self) {
        self.at_once.store(false, Ordering::SeqCst);
    }

    /// From now on a signal stops at once: what is done is kept, and nothing else would be.
    pub fn at_once(&self) {
        self.at_once.store(true, Ordering::SeqCst);
    }

    /// The cancellation flag, for long loops.
    pub fn stop(&self) -> Stop {
        Stop::of([&self.interrupted, &self.terminated, &self.expired].map(Arc::clone))
    }

    /// The exit code of the stop that was asked for.
    pub fn asked(&self) -> Option<u8> {
        if self.terminated.load(Ordering::Relaxed) {
            Some(TERMINATED)
        } else if self.interrupted.load(Ordering::Relaxed) {
            Some(INTERRUPTED)
        } else {
            self.expired.load(Ordering::Relaxed).then_some(BUSY)
        }
    }

    /// Asks for a stop after a time, as a signal would.
    pub fn expire_after(&self, time: Duration) {
        let expired = Arc::clone(&self.expired);
        // It ends with the process.
        std::thread::spawn(move || {
            std::thread::sleep(time);
            expired.store(true, Ordering::Relaxed);
        });
    }
}

/// Whether SIGHUP is to stop this process: not where it was started to outlive its terminal, as by nohup, which leaves
/// the signal ignored. Linux tells; elsewhere the signal is left as it is.
fn listens_to_hang_up() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    ignored(&status).is_some_and(|signals| signals & (1 << (SIGHUP - 1)) == 0)
}

/// The ignored signals of a process by its status, a bit each.
fn ignored(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("SigIgn:"))?;
    u64::from_str_radix(line.trim(), 16).ok()
}

#[cfg(test)]
mod tests {
    use super::ignored;

    #[test]
    fn ignored_signals_are_read_from_the_status_of_a_process() {
        assert_eq!(ignored("Name:\tx\nSigBlk:\t00000000ffffffff\nSigIgn:\t0000000000001001\n"), Some(0x1001));
        assert_eq!(ignored("Name:\tx\n"), None);
    }
}
