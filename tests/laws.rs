//! Laws of whole networks: what must hold to the last bit, whatever the numbers are.

// The examples, which are programs of their own: they run as tests.
#[path = "../examples/gradient_check.rs"]
mod gradient_check;
#[path = "../examples/train_a_net.rs"]
mod train_a_net;

#[test]
fn the_example_that_trains_a_net_runs() {
    train_a_net::main().unwrap();
}

#[test]
fn the_example_that_checks_gradients_runs() {
    gradient_check::main().unwrap();
}

pub mod batches;
pub mod frozen;
pub mod graph;
pub mod learning;
pub mod made;
pub mod memory;
pub mod normalised;
pub mod padding;
pub mod precision;
pub mod prefix;
pub mod resized;
pub mod rule;
pub mod same_bits;
pub mod schedules;
