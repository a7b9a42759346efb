//! Where tests make a device fail. Where strata is built with the feature `testing`, a process with
//! `STRATA_FAULT=KIND:N` in its environment meets a fault at the N-th place where one of that kind could happen, and
//! with `KIND:N..` at every such place from there on. Elsewhere no fault strikes.

/// The faults that can be asked for, with the places where they happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// `out-of-memory`: a buffer is refused, or a submission loses the device for want of memory, as wgpu has it.
    OutOfMemory,
    /// `lost`: the device is destroyed before a submission.
    Lost,
    /// `driver`: the driver loses the device while it is waited for, upon which wgpu panics.
    Driver,
    /// `pipeline`: a pipeline is asked for with an entry point that its shader does not have.
    Pipeline,
    /// `timeout`: a wait for the device has no end in its time.
    Timeout,
}

impl Fault {
    /// Whether the fault happens here. Each call is a place.
    #[cfg(feature = "testing")]
    pub fn strikes(self) -> bool {
        wanted::strikes(self)
    }

    /// Never.
    #[cfg(not(feature = "testing"))]
    pub const fn strikes(self) -> bool {
        false
    }
}

#[cfg(feature = "testing")]
mod wanted {
    use super::Fault;
    use std::sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering},
    };

    /// What the environment asks for.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    struct Wanted {
        fault: Fault,
        number: u64,
        on: bool,
    }

    fn parse(text: &str) -> Option<Wanted> {
        let (kind, number) = text.split_once(':')?;
        let fault = match kind {
            "out-of-memory" => Fault::OutOfMemory,
            "lost" => Fault::Lost,
            "driver" => Fault::Driver,
            "pipeline" => Fault::Pipeline,
            "timeout" => Fault::Timeout,
            _ => return None,
        };
        let on = number.ends_with("..");
        Some(Wanted { fault, number: number.trim_end_matches("..").parse().ok()?, on })
    }

    pub fn strikes(fault: Fault) -> bool {
        static WANTED: OnceLock<Option<Wanted>> = OnceLock::new();
        static COME_TO: AtomicU64 = AtomicU64::new(0);
        match WANTED.get_or_init(|| parse(&std::env::var("STRATA_FAULT").ok()?)) {
            Some(wanted) if wanted.fault == fault => {
                let here = COME_TO.fetch_add(1, Ordering::Relaxed) + 1;
                here == wanted.number || (wanted.on && here > wanted.number)
            }
            _ => false,
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn a_fault_is_a_kind_and_the_number_of_its_place() {
            assert_eq!(parse("lost:7"), Some(Wanted { fault: Fault::Lost, number: 7, on: false }));
            assert_eq!(parse("out-of-memory:1.."), Some(Wanted { fault: Fault::OutOfMemory, number: 1, on: true }));
            for wrong in ["", "lost", "lost:", "lost:x", "sunk:1"] {
                assert_eq!(parse(wrong), None, "{wrong}");
            }
        }
    }
}
