//! Which of the nets that come with strata a file's weights are most like, by their shapes.

use crate::nn::{BuildOptions, Net, zoo};
use std::collections::HashMap;

/// The shipped net that has most shapes in common with those of a file, with their number and that of its parameters;
/// none where no net has half of them.
pub fn net(shapes: Vec<Vec<usize>>) -> Option<(&'static str, usize, usize)> {
    let count = |shapes: Vec<Vec<usize>>| {
        let mut counts: HashMap<Vec<usize>, usize> = HashMap::new();
        shapes.into_iter().for_each(|shape| *counts.entry(shape).or_default() += 1);
        counts
    };
    let tensors = shapes.len();
    let there = count(shapes);
    let nets = zoo::names().filter_map(|name| {
        let mut def = zoo::named(name).ok()?;
        def.layers.iter_mut().for_each(|layer| layer.trainable = false);
        let net = Net::build(&def, BuildOptions::of(1)).ok()?;
        let of = net.params.len();
        let wanted = count(net.params.into_iter().map(|param| param.shape).collect());
        let both = wanted.iter().map(|(shape, &count)| count.min(there.get(shape).copied().unwrap_or(0))).sum();
        Some((name, both, of))
    });
    // The first of equals: nets of one shape, such as caffenet and alexnet, differ in what has no weights.
    let share = |&(_, both, of): &(&str, usize, usize)| both as f64 / of.max(1) as f64;
    let best = nets.reduce(|best, next| if share(&next) > share(&best) { next } else { best });
    best.filter(|&(_, both, of)| 2 * both >= of && 2 * both >= tensors)
}
