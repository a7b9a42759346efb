//! Networks of an advice side by side: those that have ended are read, the others trained, one on each core.

use super::{
    network::{Common, Task},
    outcome::{Directory, Outcome},
    parts::Parts,
};
use crate::{
    data::ImageSet,
    host::{Stop, atomic},
    protocol::ProtocolError,
};
use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

/// What a person is told while an advice is made.
pub trait Events: Sync {
    /// A new stage, in words.
    fn stage(&self, text: &str);
    /// Work that is expected from now on, in multiply-adds, what was announced before included.
    fn planned(&self, work: f64);
    /// A network has ended in this sitting, or was found.
    fn ended(&self, name: &str, work: f64, trained: bool);
    /// The flag that ends everything early.
    fn stop(&self) -> &Stop;
}

/// Nobody is told; the flag alone counts.
impl Events for Stop {
    fn stage(&self, _: &str) {}
    fn planned(&self, _: f64) {}
    fn ended(&self, _: &str, _: f64, _: bool) {}
    fn stop(&self) -> &Stop {
        self
    }
}

/// Where networks are trained and kept.
#[derive(Clone, Copy)]
pub struct Queue<'a> {
    /// What they have in common.
    pub common: &'a Common<'a>,
    /// Their images.
    pub parts: &'a Parts,
    /// Where they are kept.
    pub directory: &'a Directory,
    /// How many are trained at a time.
    pub jobs: usize,
    /// Who is told.
    pub events: &'a dyn Events,
}

/// A network that has ended, with the seconds that it took.
pub type Done = (Outcome, f64);

impl Queue<'_> {
    /// The images that a task trains on and is judged on.
    ///
    /// # Errors
    /// An index that is not there.
    pub fn images(&self, task: &Task) -> Result<(ImageSet, ImageSet), ProtocolError> {
        let data = &self.parts.data;
        let train = data.train.select(&task.train)?;
        let judged = match &task.judged {
            Some(indices) => data.train.select(indices)?,
            None => data.test.clone(),
        };
        Ok((train, judged))
    }

    /// Runs tasks, in their order where there are more than cores. What comes back is in the order of the tasks and does
    /// not depend on how many are trained at a time.
    ///
    /// # Errors
    /// The first error of any network; a stop.
    pub fn run(&self, tasks: &[Task]) -> Result<Vec<Done>, ProtocolError> {
        let next = AtomicUsize::new(0);
        let results: Vec<Mutex<Option<Done>>> = tasks.iter().map(|_| Mutex::new(None)).collect();
        let error = Mutex::new(None);
        let worker = || {
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                let failed = lock(&error).is_some();
                let Some(task) = tasks.get(at).filter(|_| !failed && !self.events.stop().asked()) else { return };
                match self.one(task) {
                    Ok(done) => *lock(&results[at]) = Some(done),
                    Err(first) => {
                        lock(&error).get_or_insert(first);
                    }
                }
            }
        };
        std::thread::scope(|scope| {
            let jobs = self.jobs.clamp(1, tasks.len().max(1));
            for _ in 0..jobs {
                // Small networks gain more from a core each than from several cores for one.
                let threads = if jobs > 1 { 1 } else { 0 };
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
                let worker = &worker;
                scope.spawn(move || match pool {
                    Ok(pool) => pool.install(worker),
                    Err(_) => worker(),
                });
            }
        });
        if let Some(error) = lock(&error).take() {
            return Err(error);
        }
        let stopped = || crate::train::TrainError::Stopped { step: 0 }.into();
        results.into_iter().map(|result| lock(&result).take().ok_or_else(stopped)).collect()
    }

    fn one(&self, task: &Task) -> Result<Done, ProtocolError> {
        let (train, judged) = self.images(task)?;
        let (name, settings) = (task.name(), self.common.settings(task, &train, &judged));
        let work = self.common.multiply_adds(task.kind, train.len())? as f64;
        if let Some(found) = self.directory.find(&name, &settings)
            && (!task.keep || self.directory.weights(&name).is_file() || found.0.right(&[]).is_none())
        {
            self.events.ended(&name, work, false);
            return Ok(found);
        }
        let start = Instant::now();
        let (outcome, tensors) = self.common.train(task, &train, &judged)?;
        if let Some(tensors) = tensors.filter(|_| task.keep) {
            let data = &self.parts.data;
            let bytes = self.common.weights_file(tensors, &data.class_names, &data.name).encode()?;
            let path = self.directory.weights(&name);
            atomic::write(&path, &bytes).map_err(|source| ProtocolError::Io { path, source })?;
        }
        let seconds = start.elapsed().as_secs_f64();
        self.directory.keep(&outcome, seconds)?;
        self.events.ended(&name, work, true);
        Ok((outcome, seconds))
    }
}

fn lock<T>(value: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    // Each value is set in one assignment, so that a thread that panicked has left none half-written.
    value.lock().unwrap_or_else(PoisonError::into_inner)
}
