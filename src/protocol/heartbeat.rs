//! The heartbeats of a claim: a thread writes to the claim's file every few seconds, so that the file's time shows that
//! the owner is at work, and its text how far training has come.

use super::claim_file::{Claimant, Pulse, highest, most_age, overwrite, text};
use std::{
    fs::File,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc::{self, RecvTimeoutError},
    },
    thread::{self, JoinHandle},
    time::Instant,
};

/// Heartbeats within [`MOST_AGE`](super::claim_file::MOST_AGE).
const BEATS: u32 = 60;

/// Losses that a claim keeps.
const LOSSES: usize = 60;

/// The heartbeats of a claim, until they are stopped.
#[derive(Debug)]
pub(super) struct Heartbeats {
    superseded: Arc<AtomicBool>,
    place: Arc<Place>,
    thread: Option<(mpsc::Sender<()>, JoinHandle<()>)>,
}

/// Where training stands: written at every step, read at every heartbeat.
#[derive(Debug, Default)]
struct Place {
    step: AtomicU64,
    /// Images in this sitting.
    images: AtomicU64,
    /// The bits of the last loss that is known.
    loss: AtomicU64,
}

impl Heartbeats {
    /// Begins to write heartbeats to a claim's file.
    pub fn begin(folder: &Path, number: u64, claimant: &Claimant, file: &Arc<Mutex<File>>) -> Self {
        let (superseded, place) = (Arc::<AtomicBool>::default(), Arc::<Place>::default());
        let (stop, stopped) = mpsc::channel::<()>();
        let (folder, claimant, file) = (folder.to_path_buf(), claimant.clone(), Arc::clone(file));
        let (found, reached) = (Arc::clone(&superseded), Arc::clone(&place));
        let beating = thread::Builder::new().name("heartbeat".into()).spawn(move || {
            let (mut pulse, mut images, mut before) = (Pulse::default(), 0, Instant::now());
            loop {
                // A heartbeat that cannot be written is missed: others see its age, and the owner its successor.
                let _ = overwrite(&file, &text(&claimant, &pulse, false));
                if stopped.recv_timeout(most_age() / BEATS) != Err(RecvTimeoutError::Timeout) {
                    return;
                }
                if highest(&folder).is_ok_and(|newest| newest > Some(number)) {
                    found.store(true, Ordering::Relaxed);
                    return;
                }
                let trained = reached.images.load(Ordering::Relaxed);
                if trained > images {
                    pulse.step = reached.step.load(Ordering::Relaxed);
                    pulse.images_per_second = (trained - images) as f64 / before.elapsed().as_secs_f64();
                    pulse.losses.push(f64::from_bits(reached.loss.load(Ordering::Relaxed)));
                    let extra = pulse.losses.len().saturating_sub(LOSSES);
                    pulse.losses.drain(..extra);
                    (images, before) = (trained, Instant::now());
                }
            }
        });
        // Without the thread the claim grows old, and may be taken over, as that of a paused process.
        Self { superseded, place, thread: beating.ok().map(|thread| (stop, thread)) }
    }

    /// Set once the claim was found to be superseded.
    pub const fn superseded(&self) -> &Arc<AtomicBool> {
        &self.superseded
    }

    /// Tells where training stands after a step on so many images, and the last loss that is known.
    pub fn progress(&self, step: u64, images: u64, loss: f64) {
        self.place.step.store(step, Ordering::Relaxed);
        self.place.images.fetch_add(images, Ordering::Relaxed);
        self.place.loss.store(loss.to_bits(), Ordering::Relaxed);
    }

    /// Ends them, and returns the last step that is known.
    pub fn stop(&mut self) -> u64 {
        if let Some((stop, thread)) = self.thread.take() {
            drop(stop);
            let _ = thread.join();
        }
        self.place.step.load(Ordering::Relaxed)
    }
}
