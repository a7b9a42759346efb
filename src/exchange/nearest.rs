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

#[cfg(test)]
mod tests {
    use super::*;

    /// The shapes of a net's parameters.
    fn shapes(name: &str) -> Vec<Vec<usize>> {
        let net = Net::build(&zoo::named(name).unwrap(), BuildOptions::of(1)).unwrap();
        net.params.into_iter().map(|param| param.shape).collect()
    }

    #[test]
    fn a_net_is_near_where_half_of_it_and_half_of_the_file_have_the_same_shapes() {
        let own = shapes("lenet5");
        assert_eq!(net(own.clone()), Some(("lenet5", 10, 10)));
        assert_eq!(net(own[..5].to_vec()), Some(("lenet5", 5, 10)));
        // Less than half of the net; less than half of the file.
        assert_eq!(net(own[..4].to_vec()), None);
        let with_others = |others: usize| own.iter().cloned().chain((0..others).map(|i| vec![1001, i + 1])).collect();
        assert_eq!(net(with_others(10)), Some(("lenet5", 10, 10)));
        assert_eq!(net(with_others(11)), None);
    }
}
