//! Where tests kill a process within a write. Where strata is built with the feature `testing`, a process with
//! `STRATA_HOLD=NAME:N` in its environment stops for good at the N-th place that it comes to while it writes files
//! named NAME (`atomic.rs` has the places), and says so on stderr; with `STRATA_HOLD=NAME:N:pause` it stops as by
//! SIGSTOP, and goes on when it is sent SIGCONT.

use std::path::Path;

#[cfg(not(feature = "testing"))]
pub(super) const fn hold(_: &Path) {}

#[cfg(feature = "testing")]
pub(super) fn hold(path: &Path) {
    use std::{
        io::{self, Write},
        sync::{
            OnceLock,
            atomic::{AtomicU64, Ordering},
        },
    };
    static WANTED: OnceLock<Option<(String, u64, bool)>> = OnceLock::new();
    static COME_TO: AtomicU64 = AtomicU64::new(0);
    let wanted = WANTED.get_or_init(|| {
        let text = std::env::var("STRATA_HOLD").ok()?;
        let mut parts = text.split(':');
        Some((parts.next()?.to_string(), parts.next()?.parse().ok()?, parts.next() == Some("pause")))
    });
    let Some((name, number, pauses)) = wanted else { return };
    if path.file_name().is_some_and(|own| own == name.as_str())
        && COME_TO.fetch_add(1, Ordering::Relaxed) + 1 == *number
    {
        let _ = writeln!(io::stderr(), "held while writing {name}");
        #[cfg(unix)]
        if *pauses {
            let _ = signal_hook::low_level::raise(signal_hook::consts::SIGSTOP);
            return;
        }
        let _ = pauses;
        loop {
            std::thread::park();
        }
    }
}
