//! Batch normalisation.

use crate::{devices::devices, laws};
use std::sync::Arc;
use strata::{
    gpu::{Choice, Gpu},
    host::{ImageDims, Stream},
    ops::{
        Device, Element, Op, Program, TensorId, TensorShape,
        batch_norm::{Backward, BackwardEvaluation, BatchNorm, Forward, ForwardEvaluation, Gradients, Statistics},
        check::batch_norm as cases,
    },
};

const PYTORCH: BatchNorm = BatchNorm { eps: 1e-5, momentum: 0.1 };

/// The tensors of a program, in their order: x, dy, weight, bias, running mean and variance are given.
const X: TensorId = TensorId(0);
const DY: TensorId = TensorId(1);
const WEIGHT: TensorId = TensorId(2);
const BIAS: TensorId = TensorId(3);
const RUNNING: Statistics = Statistics { mean: TensorId(4), var: TensorId(5) };
const Y: TensorId = TensorId(6);
const DX: TensorId = TensorId(7);
const BATCH: Statistics = Statistics { mean: TensorId(8), var: TensorId(9) };
const PARAMS: Gradients = Gradients { weight: TensorId(10), bias: TensorId(11), accumulate: false };
const ALL: [TensorId; 8] = [Y, DX, RUNNING.mean, RUNNING.var, BATCH.mean, BATCH.var, PARAMS.weight, PARAMS.bias];

fn program(x: ImageDims, calls: Vec<Op>) -> Arc<Program> {
    let (image, channels) = (TensorShape::Activation(x), TensorShape::Channels(x.c));
    let tensor = |name, shape| (name, Element::Real, shape);
    let shapes = [image, image, channels, channels, channels, channels, image, image];
    let names = ["x", "dy", "weight", "bias", "running_mean", "running_var", "y", "dx"];
    let mut tensors: Vec<_> = names.into_iter().zip(shapes).map(|(name, shape)| tensor(name, shape)).collect();
    tensors.extend(["mean", "var", "dweight", "dbias"].map(|name| tensor(name, channels)));
    laws::program(&tensors, |_| calls)
}

fn training(x: ImageDims) -> [Op; 2] {
    let dims = PYTORCH.training_dims(x).expect("two values per channel");
    [
        Forward {
            dims,
            x: X,
            weight: WEIGHT,
            bias: BIAS,
            batch: BATCH,
            running: RUNNING,
            plus: None,
            y: Y,
            relu: false,
        }
        .into(),
        Backward { dims, x: X, weight: WEIGHT, batch: BATCH, dy: DY, params: PARAMS, dx: Some(DX), rectified: false }
            .into(),
    ]
}

fn evaluation(x: ImageDims, params: Option<Gradients>) -> [Op; 2] {
    let dims = PYTORCH.dims(x).expect("good parameters");
    [
        ForwardEvaluation { dims, x: X, weight: WEIGHT, bias: BIAS, running: RUNNING, plus: None, y: Y, relu: false }
            .into(),
        BackwardEvaluation {
            dims,
            x: X,
            weight: WEIGHT,
            running: RUNNING,
            dy: DY,
            params,
            dx: Some(DX),
            rectified: false,
        }
        .into(),
    ]
}

/// Runs calls on drawn values, or on `x`, and gives what `of` names.
fn results(device: &Device, dims: ImageDims, calls: Vec<Op>, x: Option<&[f32]>, of: &[TensorId]) -> Vec<Vec<f32>> {
    let drawn = |name: &str, count| Stream::named(&format!("batch_norm/{name}")).normal(count, 1.0);
    let len = dims.n * dims.features();
    let program = program(dims, calls);
    let x = x.map_or_else(|| drawn("x", len), <[f32]>::to_vec);
    let (dy, weight, bias) = (drawn("dy", len), drawn("weight", dims.c), drawn("bias", dims.c));
    let (mean, var) = (drawn("mean", dims.c), vec![2.0; dims.c]);
    let given: [(TensorId, &[f32]); 6] =
        [(X, &x), (DY, &dy), (WEIGHT, &weight), (BIAS, &bias), (RUNNING.mean, &mean), (RUNNING.var, &var)];
    let mut executor = laws::loaded(device, &program, &given);
    executor.run(0, &laws::step()).expect("the tape runs");
    of.iter().map(|id| executor.read(*id).expect("real numbers")).collect()
}

fn bits(results: &[Vec<f32>]) -> Vec<Vec<u32>> {
    results.iter().map(|values| values.iter().map(|v| v.to_bits()).collect()).collect()
}

#[test]
fn training_and_evaluation_stay_within_their_bounds_in_both_directions() {
    crate::check(cases::cases);
}

#[test]
fn the_bits_are_the_same_again_and_with_any_number_of_threads() {
    laws::cases_give_the_same_bits_again_and_with_any_threads(cases::cases);
}

#[test]
fn in_evaluation_an_image_does_not_depend_on_its_batch() {
    let forward = |device: &_, n: usize, images: &[f32]| {
        let x = ImageDims { n, c: 11, h: 3, w: 2 };
        results(device, x, evaluation(x, None).to_vec(), Some(images), &[Y]).remove(0)
    };
    laws::an_image_does_not_depend_on_its_batch(66, &forward);
}

#[test]
fn in_evaluation_the_running_statistics_keep_their_bits() {
    for device in devices() {
        let x = ImageDims { n: 3, c: 5, h: 4, w: 2 };
        let before = results(&device, x, Vec::new(), None, &[RUNNING.mean, RUNNING.var]);
        let after = results(&device, x, evaluation(x, Some(PARAMS)).to_vec(), None, &[RUNNING.mean, RUNNING.var]);
        assert_eq!(bits(&before), bits(&after), "{}", device.describe());
    }
}

#[test]
fn a_channel_of_one_value_gives_exactly_its_bias_and_a_variance_of_zero() {
    for device in devices() {
        // More pixels than a chunk holds on either executor, and values whose sums are rounded.
        let x = ImageDims { n: 40, c: 18, h: 9, w: 7 };
        let value = |i: usize| [0.1_f32, 100.3, -12_345.678, 3e7][i / 63 % 18 % 4];
        let values: Vec<f32> = (0..x.n * x.features()).map(value).collect();
        let [y, mean, var, bias] = <[Vec<f32>; 4]>::try_from(results(
            &device,
            x,
            training(x).to_vec(),
            Some(&values),
            &[Y, BATCH.mean, BATCH.var, BIAS],
        ))
        .expect("four tensors");
        assert_eq!(var, [0.0; 18], "{}", device.describe());
        for (channel, &mean) in mean.iter().enumerate() {
            assert_eq!(mean, value(channel * 63), "{}: channel {channel}", device.describe());
        }
        for (at, y) in y.iter().enumerate() {
            assert_eq!(*y, bias[at / 63 % 18], "{}: element {at}", device.describe());
        }
    }
}

#[test]
fn the_running_variance_follows_the_unbiased_one() {
    for device in devices() {
        let x = ImageDims { n: 2, c: 1, h: 1, w: 1 };
        // The values 1 and 3 have the mean 2, the variance 1 about it, and the unbiased variance 2.
        let calls = training(x).to_vec();
        let got = results(&device, x, calls, Some(&[1.0, 3.0]), &[BATCH.mean, BATCH.var, RUNNING.var]);
        assert_eq!((got[0][0], got[1][0]), (2.0, 1.0), "{}", device.describe());
        // The running variance began at 2.
        assert!((got[2][0] - (0.9 * 2.0 + 0.1 * 2.0)).abs() < 1e-6, "{}: {}", device.describe(), got[2][0]);
    }
}

#[test]
fn gradients_that_go_on_from_others_are_their_sum() {
    for device in devices() {
        let x = ImageDims { n: 3, c: 6, h: 3, w: 3 };
        let [forward, backward] = training(x);
        let dims = PYTORCH.training_dims(x).expect("two values per channel");
        let params = Gradients { accumulate: true, ..PARAMS };
        let again: Op =
            Backward { dims, x: X, weight: WEIGHT, batch: BATCH, dy: DY, params, dx: Some(DX), rectified: false }
                .into();
        let of = [PARAMS.weight, PARAMS.bias, DX];
        let once = results(&device, x, vec![forward.clone(), backward.clone()], None, &of);
        let twice = results(&device, x, vec![forward, backward, again], None, &of);
        for (once, twice) in once[..2].iter().zip(&twice) {
            let doubled: Vec<f32> = once.iter().map(|v| 2.0 * v).collect();
            assert_eq!(&doubled, twice, "{}", device.describe());
        }
        // The gradient of the input is that of this part alone.
        assert_eq!(bits(&once[2..]), bits(&twice[2..]), "{}", device.describe());
    }
}

#[test]
fn a_sum_and_a_rectifier_within_give_the_bits_of_those_apart() {
    use strata::ops::add;
    use strata::ops::relu;
    // The gradient that comes has the shape of x, and serves as what is added; 64 channels fill registers, and 2,304
    // pixels more than a task.
    let shapes = [ImageDims { n: 3, c: 6, h: 3, w: 5 }, ImageDims { n: 9, c: 64, h: 16, w: 16 }];
    for (device, x) in devices().into_iter().flat_map(|device| shapes.map(|x| (device.clone(), x))) {
        let plus = Some(DY);
        let sum: Op = add::Forward { dims: x, a: DX, b: Some(DY), y: Y, relu: true }.into();
        for [forward, _] in [training(x), evaluation(x, None)] {
            let (fused, apart): (Op, Op) = match forward {
                Op::BatchNormForward(call) => {
                    (Forward { plus, relu: true, ..call.clone() }.into(), Forward { y: DX, ..call }.into())
                }
                Op::BatchNormForwardEvaluation(call) => (
                    ForwardEvaluation { plus, relu: true, ..call.clone() }.into(),
                    ForwardEvaluation { y: DX, ..call }.into(),
                ),
                other => panic!("{other:?} is no normalisation"),
            };
            let [fused, apart] = [vec![fused], vec![apart, sum.clone()]]
                .map(|calls| bits(&results(&device, x, calls, None, &[Y, RUNNING.mean, RUNNING.var])));
            assert_eq!(fused, apart, "{}, {x}", device.describe());
        }
        let fused: Vec<Op> = training(x)
            .into_iter()
            .map(|op| match op {
                Op::BatchNormForward(call) => Forward { relu: true, ..call }.into(),
                Op::BatchNormBackward(call) => Backward { rectified: true, ..call }.into(),
                other => other,
            })
            .collect();
        let [forward, backward] = training(x);
        let apart = vec![
            forward,
            relu::Forward { dims: x, y: Y }.into(),
            backward,
            relu::Backward { dims: x, y: X, dy: DX }.into(),
        ];
        let [fused, apart] = [fused, apart].map(|calls| bits(&results(&device, x, calls, None, &ALL)));
        assert_eq!(fused, apart, "{}", device.describe());
    }
}

#[test]
fn dividing_a_tensor_by_images_does_not_change_the_bits() {
    let x = ImageDims { n: 96, c: 9, h: 5, w: 8 };
    let run = |most: u64| {
        let choice = std::env::var("STRATA_TEST_ADAPTER").map_or(Choice::Software, Choice::Named);
        let gpu = Gpu::open_limited(&choice, |limits| limits.binding_bytes = limits.binding_bytes.min(most));
        let device = Device::Gpu(gpu.unwrap_or_else(|error| panic!("{error}")));
        let evaluated = results(&device, x, evaluation(x, Some(PARAMS)).to_vec(), None, &ALL);
        [bits(&results(&device, x, training(x).to_vec(), None, &ALL)), bits(&evaluated)]
    };
    // 32 images of 5 x 8 pixels and 12 channels have 61,440 bytes.
    assert_eq!(run(u64::MAX), run(62_000));
}

#[test]
fn one_value_a_channel_has_no_variance_and_bad_parameters_are_refused_by_name() {
    let one = ImageDims { n: 1, c: 4, h: 1, w: 1 };
    let message = PYTORCH.training_dims(one).expect_err("one value").to_string();
    assert!(message.contains("one value") && message.contains("larger batch"), "{message}");
    PYTORCH.dims(one).expect("in evaluation one value is enough");
    for (norm, named) in [
        (BatchNorm { eps: -1e-5, ..PYTORCH }, "eps is -0.00001"),
        (BatchNorm { eps: f64::NAN, ..PYTORCH }, "eps is NaN"),
        (BatchNorm { momentum: 1.5, ..PYTORCH }, "momentum is 1.5"),
    ] {
        let message = norm.dims(one).expect_err("out of range").to_string();
        assert!(message.contains(named), "{message}");
    }
}
