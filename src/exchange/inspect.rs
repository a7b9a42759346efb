//! Statistics of a file's weights beside those of freshly initialised ones: whether anything was learned.

use super::{FileTensor, ForeignFile, Order, Part};

/// What the values of a tensor look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// As a random generator leaves them, independent of each other and of one distribution.
    Untrained,
    /// As learning leaves them.
    Trained,
    /// One value everywhere.
    Constant,
    /// Too few to tell, or no weight.
    Unknown,
}

impl Verdict {
    /// The verdict in a word.
    pub const fn word(self) -> &'static str {
        match self {
            Verdict::Untrained => "looks untrained",
            Verdict::Trained => "trained",
            Verdict::Constant => "constant",
            Verdict::Unknown => "",
        }
    }
}

/// The statistics of one tensor.
#[derive(Clone, Debug, PartialEq)]
pub struct Inspection {
    /// The tensor's name.
    pub name: String,
    /// Its shape.
    pub shape: Vec<usize>,
    /// The smallest and the largest value.
    pub range: [f32; 2],
    /// The mean.
    pub mean: f64,
    /// The (population) standard deviation.
    pub std: f64,
    /// That of He's filler for the shape, `sqrt(2 / inputs of one output)`; none but of weights.
    pub fresh_std: Option<f64>,
    /// How many times as much the outputs' mean squares vary as those of independent values of the same distribution
    /// would: near 1 in fresh weights, whatever their filler. None but of weights.
    pub spread: Option<f64>,
    /// Values that are NaN or infinite.
    pub non_finite: usize,
    /// What they look like.
    pub verdict: Verdict,
}

/// The fewest outputs, and inputs of one, from which a verdict is taken.
const LEAST: [usize; 2] = [8, 9];

/// The statistics of each tensor of a file, in its order.
pub fn inspect(file: &ForeignFile) -> Vec<Inspection> {
    let weights: Vec<usize> = file.groups.iter().filter_map(|group| group.part(Part::Weight)).collect();
    file.tensors.iter().enumerate().map(|(at, tensor)| of(tensor, weights.contains(&at))).collect()
}

/// Whether all weights of a file that can be judged look untrained, and there are some.
pub fn is_untrained(inspections: &[Inspection]) -> bool {
    let judged = || inspections.iter().filter(|i| matches!(i.verdict, Verdict::Untrained | Verdict::Trained));
    judged().next().is_some() && judged().all(|inspection| inspection.verdict == Verdict::Untrained)
}

fn of(tensor: &FileTensor, is_weight: bool) -> Inspection {
    let values = &tensor.values;
    let count = values.len() as f64;
    let non_finite = values.iter().filter(|value| !value.is_finite()).count();
    let range = values.iter().fold([f32::INFINITY, f32::NEG_INFINITY], |[low, high], &v| [low.min(v), high.max(v)]);
    let moment = |of: &dyn Fn(f64) -> f64| values.iter().map(|&value| of(f64::from(value))).sum::<f64>() / count;
    let mean = moment(&|v| v);
    let variance = moment(&|v| (v - mean).powi(2));
    let mut inspection = Inspection {
        name: tensor.name.clone(),
        shape: tensor.shape.clone(),
        range,
        mean,
        std: variance.sqrt(),
        fresh_std: None,
        spread: None,
        non_finite,
        verdict: Verdict::Unknown,
    };
    if values.is_empty() || non_finite > 0 {
        return inspection;
    }
    if range[0] == range[1] && values.len() > 1 {
        inspection.verdict = Verdict::Constant;
        return inspection;
    }
    if !is_weight || tensor.shape.len() < 2 {
        return inspection;
    }
    let outputs = match tensor.order {
        Order::OutFirst => tensor.shape[0],
        Order::OutLast => tensor.shape[tensor.shape.len() - 1],
    };
    let inputs = values.len() / outputs.max(1);
    inspection.fresh_std = Some((2.0 / inputs as f64).sqrt());
    if outputs < LEAST[0] || inputs < LEAST[1] {
        return inspection;
    }
    let fourth = moment(&|v| (v - mean).powi(4));
    // Of independent values, the mean square of `per` of them varies by (fourth - variance^2) / per.
    let expected = |per: usize| (fourth - variance * variance) / per as f64;
    let spread = |rows: usize, per: usize, value: &dyn Fn(usize, usize) -> f32| {
        let squares = (0..rows)
            .map(|row| (0..per).map(|at| (f64::from(value(row, at)) - mean).powi(2)).sum::<f64>() / per as f64);
        let squares: Vec<f64> = squares.collect();
        let middle = squares.iter().sum::<f64>() / rows as f64;
        let between = squares.iter().map(|square| (square - middle).powi(2)).sum::<f64>() / (rows - 1) as f64;
        between / expected(per)
    };
    let first = tensor.order == Order::OutFirst;
    let by_output = |o: usize, i: usize| if first { values[o * inputs + i] } else { values[i * outputs + o] };
    let of_outputs = spread(outputs, inputs, &by_output);
    let of_inputs = spread(inputs, outputs, &|i, o| by_output(o, i));
    // The ratio of n rows varies by sqrt(2 / (n - 1)), and more where squares have long tails: five of these, and a
    // tenth for a filler that is not exactly of one distribution.
    let usual = |rows: usize| 1.1 + 5.0 * (2.0 / (rows - 1) as f64).sqrt();
    let kurtosis = fourth / (variance * variance);
    // Uniform values have 1.8, normal ones 3, truncated normal ones lie between.
    // That of n normal values varies by sqrt(24 / n).
    let of_a_filler = (1.6..3.2 + 5.0 * (24.0 / count).sqrt()).contains(&kurtosis);
    let independent = of_outputs < usual(outputs) && of_inputs < usual(inputs);
    inspection.spread = Some(of_outputs.max(of_inputs));
    inspection.verdict = if of_a_filler && independent { Verdict::Untrained } else { Verdict::Trained };
    inspection
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::Stream;

    fn tensor(shape: &[usize], values: Vec<f32>) -> FileTensor {
        FileTensor { name: "w".into(), shape: shape.into(), values, order: Order::OutFirst }
    }

    #[test]
    fn fresh_weights_of_every_filler_look_untrained_and_uneven_ones_do_not() {
        for seed in 0..20 {
            let normal = Stream::named(&format!("seed {seed}")).normal(64 * 75, 0.02);
            let fresh = of(&tensor(&[64, 3, 5, 5], normal.clone()), true);
            assert_eq!(fresh.verdict, Verdict::Untrained, "{seed}: {fresh:?}");
            let uniform: Vec<f32> = normal.iter().map(|v| (v * 12_345.0).rem_euclid(1.0) - 0.5).collect();
            assert_eq!(of(&tensor(&[64, 75], uniform), true).verdict, Verdict::Untrained, "{seed}");
            let uneven = normal.iter().enumerate().map(|(at, v)| v * if at / 75 % 2 == 0 { 1.0 } else { 1.5 });
            assert_eq!(of(&tensor(&[64, 75], uneven.collect()), true).verdict, Verdict::Trained, "{seed}");
        }
        assert_eq!(of(&tensor(&[64, 75], vec![0.1; 64 * 75]), true).verdict, Verdict::Constant);
        assert_eq!(of(&tensor(&[2, 2], vec![0.1, 0.2, 0.3, 0.4]), true).verdict, Verdict::Unknown);
    }
}
