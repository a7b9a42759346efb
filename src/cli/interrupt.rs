//! Ctrl-C and SIGTERM. While nothing is at stake they stop at once; while networks train, the first asks for a
//! checkpoint and a stop, the second stops at once.

use super::exit_code::{INTERRUPTED, TERMINATED};
use crate::host::Stop;
use signal_hook::{
    consts::{SIGINT, SIGTERM},
    flag,
};
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

/// Which stop was asked for.
#[derive(Clone, Debug, Default)]
pub struct Interrupt {
    interrupted: Arc<AtomicBool>,
    terminated: Arc<AtomicBool>,
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
        for (signal, set, code) in
            [(SIGINT, &listener.interrupted, INTERRUPTED), (SIGTERM, &listener.terminated, TERMINATED)]
        {
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
        Stop::of([Arc::clone(&self.interrupted), Arc::clone(&self.terminated)])
    }

    /// The exit code of the stop that was asked for.
    pub fn asked(&self) -> Option<u8> {
        if self.terminated.load(Ordering::Relaxed) {
            Some(TERMINATED)
        } else {
            self.interrupted.load(Ordering::Relaxed).then_some(INTERRUPTED)
        }
    }
}
