//! What a device reports outside of any call's result, and to whom.
//!
//! Sessions of several threads share a device. wgpu reports within the call that went wrong, on its thread, and a
//! session looks at the reports of its own thread after each call. So none sees another's error, and none goes
//! on without what it has lost because another has taken the report. A lost device is lost for all; that it was for
//! a lack of memory is reported to the thread whose call found none; the others learn that they need not take less.

use super::{GpuError, lock::lock};
use std::{
    collections::HashMap,
    sync::Mutex,
    thread::{self, ThreadId},
};

/// The errors of one thread's calls.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Errors {
    pub out_of_memory: bool,
    /// What else was refused, and why.
    pub refused: Vec<String>,
}

/// What a device has reported.
#[derive(Default)]
pub(super) struct Reports {
    /// Why the device is lost, and whose call lost it.
    lost: Mutex<Option<(String, ThreadId)>>,
    errors: Mutex<HashMap<ThreadId, Errors>>,
}

impl Reports {
    /// Keeps an error of this thread's call.
    pub fn keep(&self, error: &wgpu::Error) {
        let mut errors = lock(&self.errors);
        let own = errors.entry(thread::current().id()).or_default();
        match error {
            wgpu::Error::OutOfMemory { .. } => own.out_of_memory = true,
            error => own.refused.push(error.to_string()),
        }
    }

    /// The errors of this thread's calls since it last asked.
    pub fn take(&self) -> Errors {
        lock(&self.errors).remove(&thread::current().id()).unwrap_or_default()
    }

    /// Counts the device as lost by this thread, if it is not lost already: the first reason is the true one.
    pub fn lose(&self, reason: String) {
        lock(&self.lost).get_or_insert_with(|| (reason, thread::current().id()));
    }

    /// Why the device is lost, if it is.
    pub fn reason(&self) -> Option<String> {
        lock(&self.lost).as_ref().map(|(reason, _)| reason.clone())
    }

    /// The error of this thread where the device is lost. A submission that finds no memory loses it.
    pub fn loss(&self) -> Option<GpuError> {
        let (reason, thread) = lock(&self.lost).clone()?;
        Some(match reason.to_lowercase().contains("out of memory") {
            true if thread == thread::current().id() => GpuError::OutOfMemory { what: "a step".into() },
            true => GpuError::LostBeside,
            false => GpuError::Lost(reason),
        })
    }
}
