//! Laws of whole networks: what must hold to the last bit, whatever the numbers are.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod laws {
    pub mod batches;
    pub mod frozen;
    pub mod learning;
    pub mod made;
    pub mod memory;
    pub mod precision;
    pub mod prefix;
    pub mod rule;
    pub mod same_bits;
}
