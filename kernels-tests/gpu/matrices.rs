//! Products of matrices of `f16`, in mixed precision and of pairs: where an adapter can, compared with f64; where
//! it cannot, it must say so.
//!
//! The adapter is the software one, or that of `STRATA_TEST_ADAPTER=NAME`, such as a real GPU.

use super::{
    Case, bits,
    fused::updated,
    layers::{convolution, dense_layer},
    shapes::{awkward_convolutions, awkward_dense_layers, images, products_around_tiles, window},
};
use strata::{
    gpu::{Choice, Gpu, GpuError, Limits},
    host::{Precision, precision::rounded_to_f16},
    ops::{Device, Executor, OpsError, Program, check, conv2d, dense, sgd::Convention, tiles},
};

fn choice() -> Choice {
    std::env::var("STRATA_TEST_ADAPTER").map_or(Choice::Software, Choice::Named)
}

const BOTH: [Precision; 2] = [Precision::Mixed, Precision::F16x3];

/// The adapter under test, opened for a precision with guards around every tensor; none where it cannot, which it must
/// say in words.
fn opened(precision: Precision, lower: impl FnOnce(&mut Limits)) -> Option<Device> {
    let choice = choice();
    let lowered = |limits: &mut Limits| {
        limits.guarded = true;
        lower(limits);
    };
    match Gpu::open_for(&choice, precision, lowered) {
        Ok(gpu) => {
            assert_eq!(gpu.info().matrices, gpu.limits().matrices);
            Some(Device::Gpu(gpu))
        }
        Err(error @ GpuError::Precision { .. }) => {
            let f32 = Gpu::open(&choice).unwrap_or_else(|e| panic!("{e}"));
            assert_eq!(f32.info().matrices, None, "{error}");
            let message = error.to_string();
            let [asked, name] = [precision.name(), f32.info().name.as_str()];
            for words in [asked, name, "16x16 in subgroups of 32", "offers", "`--precision f32`"] {
                assert!(message.contains(words), "{words:?} is missing in {message}");
            }
            None
        }
        Err(error) => panic!("{error}"),
    }
}

/// A case whose values are numbers of f16.
fn of_f16(mut case: Case) -> Case {
    case.reals.iter_mut().flat_map(|(_, values)| values).for_each(|value| *value = rounded_to_f16(*value));
    case
}

/// So that all that a product loses is what its operands lose.
#[test]
fn products_of_numbers_of_f16_are_those_of_f32() {
    awkward_products(Precision::Mixed, of_f16);
}

/// Whatever their operands are.
#[test]
fn products_of_pairs_are_those_of_f32() {
    awkward_products(Precision::F16x3, |case| case);
}

fn awkward_products(precision: Precision, of: fn(Case) -> Case) {
    for tile in 0..tiles(precision) {
        let Some(device) = opened(precision, |limits| limits.tile = Some(tile)) else { return };
        for dims in awkward_convolutions() {
            of(convolution(dims)).check_on(&format!("tile {tile}, {dims:?}"), &device);
        }
        for dims in awkward_dense_layers() {
            of(dense_layer(dims)).check_on(&format!("tile {tile}, {dims:?}"), &device);
        }
    }
}

/// In mixed precision on numbers of f16, and of pairs on any.
#[test]
fn every_operation_stays_within_the_bounds_of_single_precision() {
    for precision in BOTH {
        let Some(device) = opened(precision, |_| {}) else { return };
        let mut complaints = Vec::new();
        let summary = check::gradcheck(&device, |line| complaints.extend(line.complaint.clone()));
        assert!(summary.unwrap().ok(), "{}: {complaints:#?}", precision.name());
    }
}

/// |error| <= sum |a| |b| (OPERANDS + L 2^-23) + L SMALL for sums of L products, whose L roundings may each cut. In mixed
/// precision each operand is rounded to 11 digits, so that OPERANDS is 2^-10 + 2^-22, or below 2^-14 to a multiple of
/// 2^-24, so that SMALL is 2^-22 where the other is below 8. Pairs leave 2^-22 of an operand, and so does the product
/// that is left out: 3 2^-22 and a little; or below 2^-14 a multiple of 2^-35: 2^-33.
#[test]
fn products_lose_no_more_than_a_rounding_of_their_operands() {
    let mixed = errors(Precision::Mixed, [2.0_f64.powi(-10) + 2.0_f64.powi(-22), 2.0_f64.powi(-22)]);
    let pairs = errors(Precision::F16x3, [3.01 * 2.0_f64.powi(-22), 2.0_f64.powi(-33)]);
    let (Some(mixed), Some(pairs)) = (mixed, pairs) else { return };
    assert!(mixed > 2.0_f64.powi(-16), "operands are not rounded: {mixed:e}");
    assert!(pairs < 2.0_f64.powi(-20), "operands are no pairs: {pairs:e}");
}

/// The largest error of any product, as a part of the sum of its terms' magnitudes.
fn errors(precision: Precision, [operands, small]: [f64; 2]) -> Option<f64> {
    let device = opened(precision, |_| {})?;
    let f32 = Device::Gpu(Gpu::open_limited(&choice(), |limits| limits.lanes = false).unwrap());
    // The largest part of the bound, and the largest errors as parts of the magnitudes, here and in f32.
    let mut worst = [0.0_f64; 3];
    let mut check = |what: String, case: Case, length: usize| {
        let mut magnitudes = case.clone();
        magnitudes.reals.iter_mut().flat_map(|(_, values)| values).for_each(|value| *value = value.abs());
        let (got, want) = (case.run(&device), case.run(&Device::Reference));
        let (sums, single) = (magnitudes.run(&Device::Reference), case.run(&f32));
        for (i, tensor) in case.program.tensors.iter().enumerate() {
            // Updated weights and their history are no sums of products.
            if !["y", "dx", "dw", "db"].contains(&tensor.name.as_str()) {
                continue;
            }
            for (at, (got, want)) in got[i].iter().zip(&want[i]).enumerate() {
                let (sum, length) = (sums[i][at], length as f64);
                let bound = sum * (operands + length * 2.0_f64.powi(-23)) + length * small;
                let error = (got - want).abs();
                let of_f32 = (single[i][at] - want).abs();
                worst = [worst[0].max(error / bound), worst[1].max(error / sum), worst[2].max(of_f32 / sum)];
                assert!(error <= bound, "{what}: {} is {got}, not {want}, beyond {bound}", tensor.name);
            }
        }
    };
    for dims in awkward_convolutions() {
        let taps = dims.r() * dims.s();
        let length = (taps * dims.cg().max(dims.kg())).max(dims.x.n * dims.p * dims.q);
        check(format!("{dims:?}"), convolution(dims), length);
    }
    for dims in awkward_dense_layers() {
        check(format!("{dims:?}"), dense_layer(dims), dims.x.n.max(dims.x.features()).max(dims.k));
    }
    let [part, error, of_f32] = worst;
    let name = precision.name();
    println!("{name}: at most {part:.3} of the bound, {error:.2e} of the magnitudes' sum, where f32 has {of_f32:.2e}");
    Some(error)
}

#[test]
fn the_bits_do_not_depend_on_the_tile_and_are_the_same_again() {
    for precision in BOTH {
        let tile = |tile| opened(precision, |limits| limits.tile = Some(tile));
        let tiles: Vec<_> = (0..tiles(precision)).filter_map(tile).collect();
        let [first, others @ ..] = &tiles[..] else { return };
        assert_eq!(others.len() + 1, strata::ops::tiles(precision));
        for case in products_around_tiles() {
            let wanted = bits(&case.run(first));
            assert!(wanted == bits(&case.run(first)), "again");
            others.iter().for_each(|tile| assert!(wanted == bits(&case.run(tile))));
        }
    }
}

#[test]
fn the_bits_do_not_depend_on_how_tensors_and_grids_are_divided_or_on_checks() {
    let one = |kernel, stride, pad| window(kernel, stride, pad, pad, 1);
    let cases = [
        (convolution(conv2d::dims(images(80, 3, 9, 8), 6, [one(3, 1, 1), one(3, 2, 1)], 1).unwrap()), 60_000),
        (dense_layer(dense::DenseDims { x: images(70, 31, 5, 4), k: 33 }), 128 * 1024),
        (dense_layer(dense::DenseDims { x: images(70, 40, 8, 4), k: 33 }), 164_000),
    ];
    for (precision, (case, bytes)) in BOTH.into_iter().flat_map(|precision| cases.iter().map(move |c| (precision, c))) {
        let Some(whole) = opened(precision, |_| {}) else { return };
        let divided = opened(precision, |limits| {
            limits.binding_bytes = *bytes;
            limits.workgroups = 97;
        });
        let checked = opened(precision, |limits| limits.trusted = false);
        for other in [divided, checked].into_iter().flatten() {
            assert!(bits(&case.run(&whole)) == bits(&case.run(&other)), "{bytes}");
        }
    }
}

#[test]
fn an_images_forward_bits_do_not_depend_on_its_batch() {
    let run = |device: &Device, n: usize| {
        let windows = [window(3, 1, 1, 1, 1); 2];
        let conv = convolution(conv2d::dims(images(n, 5, 7, 6), 9, windows, 1).unwrap());
        // Deep enough for a sum in parts.
        let dense = dense_layer(dense::DenseDims { x: images(n, 28, 7, 6), k: 9 });
        // Tensor 0 is x, tensor 3 is y; both streams of x begin with the same values.
        (conv.run(device)[3][..9 * 42].to_vec(), dense.run(device)[3][..9].to_vec())
    };
    for precision in BOTH {
        let Some(device) = opened(precision, |_| {}) else { return };
        let alone = run(&device, 1);
        [2, 65, 300].iter().for_each(|&n| assert_eq!(alone, run(&device, n)));
    }
}

#[test]
fn an_update_within_a_gradient_gives_the_bits_of_one_of_its_own() {
    let one = |kernel, stride, pad| window(kernel, stride, pad, pad, 1);
    let convolutions = [
        conv2d::dims(images(70, 6, 9, 7), 10, [one(3, 1, 1), one(3, 2, 1)], 2).unwrap(),
        conv2d::dims(images(1, 5, 9, 7), 11, [one(3, 1, 1), one(3, 1, 0)], 1).unwrap(),
    ];
    let layers = [(5, 90, 33), (70, 7, 130)].map(|(n, c, k)| dense::DenseDims { x: images(n, c, 3, 2), k });
    for (precision, bytes) in BOTH.into_iter().flat_map(|precision| [1 << 30, 70_000].map(|bytes| (precision, bytes))) {
        let lower = |limits: &mut Limits| limits.binding_bytes = limits.binding_bytes.min(bytes);
        let Some(device) = opened(precision, lower) else { return };
        let [(fused, written), (apart, _)] =
            [true, false].map(|fused| updated(&convolutions, &layers, (Convention::Caffe, true), fused));
        let (fused, apart) = (bits(&fused.run(&device)), bits(&apart.run(&device)));
        written.iter().for_each(|id| assert_eq!(fused[id.0], apart[id.0], "tensor {}, {bytes} bytes", id.0));
    }
}

/// What exceeds the largest number of f16 must not go on as some other number.
#[test]
fn an_operand_that_f16_cannot_hold_makes_its_results_no_numbers() {
    let mut case = dense_layer(dense::DenseDims { x: images(3, 5, 1, 1), k: 2 });
    case.reals[0].1[5] = 70_000.0;
    for precision in BOTH {
        let Some(device) = opened(precision, |_| {}) else { return };
        let y = &case.run(&device)[3];
        let finite: Vec<bool> = y.iter().map(|value| value.is_finite()).collect();
        assert_eq!(finite, [true, true, false, false, true, true], "{y:?}");
    }
}

#[test]
fn a_program_of_another_precision_is_refused_by_every_device_that_was_not_opened_for_it() {
    let software = Gpu::open(&Choice::Software).unwrap_or_else(|e| panic!("{e}"));
    let others = [Device::Cpu, Device::Reference, Device::Gpu(software)];
    for precision in BOTH {
        let program = std::sync::Arc::new(Program { precision, ..Program::default() });
        let opened = BOTH.into_iter().filter(|&other| other != precision).filter_map(|other| opened(other, |_| {}));
        for device in others.iter().cloned().chain(opened) {
            let error = Executor::load(&device, program.clone()).unwrap_err();
            assert!(matches!(error, OpsError::Precision { .. }), "{error}");
            let message = error.to_string();
            assert!(message.contains(&device.describe()) && message.contains("`--precision f32`"), "{message}");
        }
    }
}

/// A device for another precision computes programs in f32 to the bits of one that is not.
#[test]
fn programs_in_f32_keep_their_bits_on_a_device_for_another_precision() {
    let Some(device) = opened(Precision::Mixed, |_| {}) else { return };
    let plain = Gpu::open_limited(&choice(), |limits| limits.lanes = false).unwrap_or_else(|e| panic!("{e}"));
    let case = convolution(conv2d::dims(images(4, 6, 9, 9), 12, [window(3, 1, 1, 1, 1); 2], 2).unwrap());
    let mut executors = [device, Device::Gpu(plain)].map(|device| {
        let mut executor = Executor::load(&device, std::sync::Arc::new(case.program.clone())).unwrap();
        case.reals.iter().for_each(|(id, values)| executor.write(*id, values).unwrap());
        executor
    });
    let step = super::Step { iteration: 0, rate: 0.1, dropout: super::Stream::named("d"), first_image: 0 };
    executors.iter_mut().for_each(|executor| executor.run(0, &step).unwrap());
    for (id, _) in &case.reals {
        let [one, other] = &mut executors;
        assert_eq!(one.read(*id).unwrap(), other.read(*id).unwrap());
    }
}
