//! What a net needs in memory, known before it runs.

use super::Net;
use crate::{
    host::Layout,
    ops::{Role, program::Tensor, storage},
};
use std::fmt::Write;

const ROLES: [(Role, &str); 6] = [
    (Role::Input, "inputs"),
    (Role::Activation, "activations"),
    (Role::Parameter, "parameters"),
    (Role::ActivationGradient, "activation gradients"),
    (Role::ParameterGradient, "parameter gradients"),
    (Role::History, "history"),
];

/// The memory plan in words: bytes by purpose, their sum, and the largest tensors.
pub fn describe(net: &Net, layout: Layout) -> String {
    let tensors = &net.program.tensors;
    let mut text = format!("memory of {} at batch {} (flat from the first step on)\n", net.def.name, net.batch);
    for (role, name) in ROLES {
        let bytes = storage::bytes(&net.program, layout, |tensor| tensor.role == role);
        let _ = writeln!(text, "  {name:<22}{:>10.2} MiB", mebibytes(bytes));
    }
    let _ =
        writeln!(text, "  {:<22}{:>10.2} MiB", "together", mebibytes(storage::bytes(&net.program, layout, |_| true)));
    let mut largest: Vec<&Tensor> = tensors.iter().collect();
    largest.sort_by_key(|t| std::cmp::Reverse(t.bytes(layout, 4)));
    for tensor in largest.iter().take(3) {
        let _ = writeln!(text, "  largest: {:<13}{:>10.2} MiB", tensor.name, mebibytes(tensor.bytes(layout, 4)));
    }
    for line in &net.removed {
        let _ = writeln!(text, "  frozen: removed {line}");
    }
    text
}

fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}
