//! Ctrl-C and SIGTERM: the first asks for a checkpoint and a stop, the second stops at once.

use super::exit_code::{INTERRUPTED, TERMINATED};
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
}

impl Interrupt {
    /// Listens from now on.
    ///
    /// # Errors
    /// A system that refuses the handlers.
    pub fn listen() -> std::io::Result<Self> {
        let listener = Self::default();
        for (signal, set, code) in
            [(SIGINT, &listener.interrupted, INTERRUPTED), (SIGTERM, &listener.terminated, TERMINATED)]
        {
            // In this order: a signal that finds the flag set ends the process, the first one sets it.
            flag::register_conditional_shutdown(signal, i32::from(code), Arc::clone(set))?;
            flag::register(signal, Arc::clone(set))?;
        }
        Ok(listener)
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
