//! Batches that threads gather before they are asked for.
//!
//! What a batch holds depends on its number alone, never on which thread filled it or when, so that training from
//! prefetched batches gives the same bits as gathering each one when it is due.

use super::ImageSet;
use std::{
    sync::mpsc::{Receiver, sync_channel},
    thread::JoinHandle,
};

/// Threads that gather. Each waits with one batch in its hands and one in its queue: eight batches in memory.
const THREADS: u64 = 4;

/// The bytes and labels of some images.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Batch {
    /// The images, by their index in the set.
    pub indices: Vec<usize>,
    /// Their bytes, one image after the other.
    pub pixels: Vec<u8>,
    /// Their labels.
    pub labels: Vec<u16>,
}

impl Batch {
    /// Copies the images at `indices`, all of which must be there.
    pub fn gather(set: &ImageSet, indices: Vec<usize>) -> Self {
        let mut pixels = Vec::with_capacity(indices.len() * set.image_len());
        indices.iter().for_each(|&index| pixels.extend_from_slice(set.image(index)));
        let labels = indices.iter().map(|&index| set.labels[index]).collect();
        Self { indices, pixels, labels }
    }
}

/// Batches with consecutive numbers, gathered by threads of their own.
#[derive(Debug)]
pub struct Prefetch {
    /// Thread k fills the batches whose number is k more than a multiple of the number of threads.
    lanes: Vec<Receiver<Batch>>,
    threads: Vec<JoinHandle<()>>,
    next: u64,
    first: u64,
    /// A batch that came and was not asked for.
    held: Option<Batch>,
}

impl Prefetch {
    /// Starts gathering the batches from number `first` on. `order` makes, for each thread, the function that gives
    /// the images of a batch by its number, until it gives none. The set is cloned: meant for stored images, where
    /// that copies labels and places only.
    pub fn start<F>(set: &ImageSet, first: u64, order: impl Fn() -> F) -> Self
    where
        F: FnMut(u64) -> Option<Vec<usize>> + Send + 'static,
    {
        let mut prefetch = Self { lanes: vec![], threads: vec![], next: first, first, held: None };
        for lane in 0..THREADS {
            let (sender, receiver) = sync_channel(1);
            let (set, mut indices) = (set.clone(), order());
            let work = move || {
                let mut number = first + lane;
                while let Some(indices) = indices(number) {
                    if sender.send(Batch::gather(&set, indices)).is_err() {
                        return;
                    }
                    number += THREADS;
                }
            };
            prefetch.threads.push(std::thread::spawn(work));
            prefetch.lanes.push(receiver);
        }
        prefetch
    }

    /// The number of the batch that comes next.
    pub fn next_number(&self) -> u64 {
        self.next
    }

    /// The next batch, if it is that of these images; waits for it where it is not there yet. One of other images
    /// stays.
    pub fn take(&mut self, indices: &[usize]) -> Option<Batch> {
        if self.held.is_none() {
            let lane = ((self.next - self.first) % THREADS) as usize;
            self.held = self.lanes[lane].recv().ok();
        }
        let batch = self.held.take_if(|batch| batch.indices == indices)?;
        self.next += 1;
        Some(batch)
    }
}

impl Drop for Prefetch {
    fn drop(&mut self) {
        // Without a receiver the next send fails, which ends each thread.
        self.lanes.clear();
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, atomic::AtomicUsize, atomic::Ordering};

    fn set() -> ImageSet {
        ImageSet::new(1, 2, 1, (0..100).collect(), (0..50).collect()).unwrap()
    }

    fn order(number: u64) -> Vec<usize> {
        (0..3).map(|place| (number as usize * 7 + place * 11) % 50).collect()
    }

    #[test]
    fn batches_come_in_order_from_any_first_one_and_equal_those_gathered_on_demand() {
        for first in [0, 1, 6] {
            let mut prefetch = Prefetch::start(&set(), first, || |number| Some(order(number)));
            for number in first..first + 23 {
                assert_eq!(prefetch.next_number(), number);
                let batch = prefetch.take(&order(number)).unwrap();
                assert_eq!(batch, Batch::gather(&set(), order(number)));
            }
        }
        let batch = Batch::gather(&set(), vec![49, 0]);
        assert_eq!((batch.pixels, batch.labels), (vec![98, 99, 0, 1], vec![49, 0]));
    }

    #[test]
    fn a_batch_of_other_images_stays_until_it_is_asked_for() {
        let mut prefetch = Prefetch::start(&set(), 0, || |number| Some(order(number)));
        assert_eq!(prefetch.take(&order(1)), None);
        assert!(prefetch.take(&order(0)).is_some() && prefetch.take(&order(1)).is_some());
    }

    #[test]
    fn an_order_that_ends_ends_the_batches() {
        let mut prefetch = Prefetch::start(&set(), 0, || |number| (number < 5).then(|| order(number)));
        assert!((0..5).all(|number| prefetch.take(&order(number)).is_some()));
        assert_eq!(prefetch.take(&order(5)), None);
    }

    #[test]
    fn dropping_ends_the_threads() {
        let running = Arc::new(AtomicUsize::new(0));
        struct Guard(Arc<AtomicUsize>);
        impl Drop for Guard {
            fn drop(&mut self) {
                self.0.fetch_sub(1, Ordering::SeqCst);
            }
        }
        let prefetch = Prefetch::start(&set(), 0, || {
            running.fetch_add(1, Ordering::SeqCst);
            let guard = Guard(Arc::clone(&running));
            move |number| {
                let _ = &guard;
                Some(order(number))
            }
        });
        drop(prefetch);
        assert_eq!(running.load(Ordering::SeqCst), 0);
    }
}
