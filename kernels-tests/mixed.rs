//! Mixed precision: where an adapter can, its products are held against f64; where it cannot, it must say so.
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
    ops::{Device, Executor, OpsError, Program, TILES, check, conv2d, dense, sgd::Convention},
};

/// The adapter under test, opened for mixed precision with guards around every tensor; none where it cannot, which it
/// must say in words.
fn opened(lower: impl FnOnce(&mut Limits)) -> Option<Device> {
    let choice = std::env::var("STRATA_TEST_ADAPTER").map_or(Choice::Software, Choice::Named);
    let lowered = |limits: &mut Limits| {
        limits.guarded = true;
        lower(limits);
    };
    match Gpu::open_for(&choice, Precision::Mixed, lowered) {
        Ok(gpu) => {
            assert_eq!(gpu.info().matrices, gpu.limits().matrices);
            Some(Device::Gpu(gpu))
        }
        Err(error @ GpuError::Precision { .. }) => {
            let f32 = Gpu::open(&choice).unwrap_or_else(|e| panic!("{e}"));
            assert_eq!(f32.info().matrices, None, "{error}");
            let message = error.to_string();
            for words in [f32.info().name.as_str(), "16x16 in subgroups of 32", "offers", "`--precision f32`"] {
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
    for tile in 0..TILES.len() {
        let Some(device) = opened(|limits| limits.tile = Some(tile)) else { return };
        for dims in awkward_convolutions() {
            of_f16(convolution(dims)).check_on(&format!("tile {tile}, {dims:?}"), &device);
        }
        for dims in awkward_dense_layers() {
            of_f16(dense_layer(dims)).check_on(&format!("tile {tile}, {dims:?}"), &device);
        }
    }
}

#[test]
fn every_operation_stays_within_the_bounds_of_single_precision_on_numbers_of_f16() {
    let Some(device) = opened(|_| {}) else { return };
    let mut complaints = Vec::new();
    let summary = check::gradcheck(&device, |line| complaints.extend(line.complaint.clone()));
    assert!(summary.unwrap().ok(), "{complaints:#?}");
}

/// |error| <= sum |a| |b| (2^-10 + 2^-22 + L 2^-23) + L 2^-22 for sums of L products: each operand is rounded to 11
/// digits, or below 2^-14 to a multiple of 2^-24 (the last term, for operands below 8), and the sum to 24 digits, or cut.
#[test]
fn products_lose_no_more_than_a_rounding_of_their_operands() {
    let Some(device) = opened(|_| {}) else { return };
    let mut worst = [0.0_f64; 2];
    let mut check = |what: String, case: Case, length: usize| {
        let mut magnitudes = case.clone();
        magnitudes.reals.iter_mut().flat_map(|(_, values)| values).for_each(|value| *value = value.abs());
        let (got, want) = (case.run(&device), case.run(&Device::Reference));
        let sums = magnitudes.run(&Device::Reference);
        for (i, tensor) in case.program.tensors.iter().enumerate() {
            // Updated weights and their history are no sums of products.
            if !["y", "dx", "dw", "db"].contains(&tensor.name.as_str()) {
                continue;
            }
            for ((got, want), sum) in got[i].iter().zip(&want[i]).zip(&sums[i]) {
                let length = length as f64;
                let part = 2.0_f64.powi(-10) + 2.0_f64.powi(-22) + length * 2.0_f64.powi(-23);
                let bound = sum * part + length * 2.0_f64.powi(-22);
                let error = (got - want).abs();
                worst = [worst[0].max(error / bound), worst[1].max(error / sum)];
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
    println!("at most {:.3} of the bound, {:.2e} of the magnitudes' sum", worst[0], worst[1]);
    assert!(worst[1] > 2.0_f64.powi(-16), "operands are not rounded: {:e}", worst[1]);
}

#[test]
fn the_bits_do_not_depend_on_the_tile_and_are_the_same_again() {
    let tiles: Vec<_> = (0..TILES.len()).filter_map(|tile| opened(|limits| limits.tile = Some(tile))).collect();
    let [first, others @ ..] = &tiles[..] else { return };
    assert_eq!(others.len(), 2);
    for case in products_around_tiles() {
        let wanted = bits(&case.run(first));
        assert!(wanted == bits(&case.run(first)), "again");
        others.iter().for_each(|tile| assert!(wanted == bits(&case.run(tile))));
    }
}

#[test]
fn the_bits_do_not_depend_on_how_tensors_and_grids_are_divided_or_on_checks() {
    let Some(whole) = opened(|_| {}) else { return };
    let one = |kernel, stride, pad| window(kernel, stride, pad, pad, 1);
    let cases = [
        (convolution(conv2d::dims(images(80, 3, 9, 8), 6, [one(3, 1, 1), one(3, 2, 1)], 1).unwrap()), 60_000),
        (dense_layer(dense::DenseDims { x: images(70, 31, 5, 4), k: 33 }), 128 * 1024),
        (dense_layer(dense::DenseDims { x: images(70, 40, 8, 4), k: 33 }), 164_000),
    ];
    for (case, bytes) in cases {
        let divided = opened(|limits| {
            limits.binding_bytes = bytes;
            limits.workgroups = 97;
        });
        let checked = opened(|limits| limits.trusted = false);
        for other in [divided, checked].into_iter().flatten() {
            assert!(bits(&case.run(&whole)) == bits(&case.run(&other)), "{bytes}");
        }
    }
}

#[test]
fn an_images_forward_bits_do_not_depend_on_its_batch() {
    let Some(device) = opened(|_| {}) else { return };
    let run = |n: usize| {
        let windows = [window(3, 1, 1, 1, 1); 2];
        let conv = convolution(conv2d::dims(images(n, 5, 7, 6), 9, windows, 1).unwrap());
        // Deep enough for a sum in parts.
        let dense = dense_layer(dense::DenseDims { x: images(n, 28, 7, 6), k: 9 });
        // Tensor 0 is x, tensor 3 is y; both streams of x begin with the same values.
        (conv.run(&device)[3][..9 * 42].to_vec(), dense.run(&device)[3][..9].to_vec())
    };
    let alone = run(1);
    [2, 65, 300].iter().for_each(|&n| assert_eq!(alone, run(n)));
}

#[test]
fn an_update_within_a_gradient_gives_the_bits_of_one_of_its_own() {
    let one = |kernel, stride, pad| window(kernel, stride, pad, pad, 1);
    let convolutions = [
        conv2d::dims(images(70, 6, 9, 7), 10, [one(3, 1, 1), one(3, 2, 1)], 2).unwrap(),
        conv2d::dims(images(1, 5, 9, 7), 11, [one(3, 1, 1), one(3, 1, 0)], 1).unwrap(),
    ];
    let layers = [(5, 90, 33), (70, 7, 130)].map(|(n, c, k)| dense::DenseDims { x: images(n, c, 3, 2), k });
    for bytes in [1 << 30, 70_000] {
        let Some(device) = opened(|limits| limits.binding_bytes = limits.binding_bytes.min(bytes)) else { return };
        let [(fused, written), (apart, _)] =
            [true, false].map(|fused| updated(&convolutions, &layers, Convention::Caffe, fused));
        let (fused, apart) = (bits(&fused.run(&device)), bits(&apart.run(&device)));
        written.iter().for_each(|id| assert_eq!(fused[id.0], apart[id.0], "tensor {}, {bytes} bytes", id.0));
    }
}

/// What exceeds the largest number of f16 must not go on as some other number.
#[test]
fn an_operand_that_f16_cannot_hold_makes_its_results_infinite() {
    let Some(device) = opened(|_| {}) else { return };
    let mut case = dense_layer(dense::DenseDims { x: images(3, 5, 1, 1), k: 2 });
    case.reals[0].1[5] = 70_000.0;
    let y = &case.run(&device)[3];
    let finite: Vec<bool> = y.iter().map(|value| value.is_finite()).collect();
    assert_eq!(finite, [true, true, false, false, true, true], "{y:?}");
}

#[test]
fn a_program_of_mixed_precision_is_refused_by_every_device_that_was_not_opened_for_it() {
    let software = Gpu::open(&Choice::Software).unwrap_or_else(|e| panic!("{e}"));
    let program = std::sync::Arc::new(Program { precision: Precision::Mixed, ..Program::default() });
    for device in [Device::Cpu, Device::Reference, Device::Gpu(software)] {
        let error = Executor::load(&device, program.clone()).unwrap_err();
        assert!(matches!(error, OpsError::Precision { .. }), "{error}");
        let message = error.to_string();
        assert!(message.contains(&device.describe()) && message.contains("`--precision f32`"), "{message}");
    }
}

/// A device for mixed precision computes programs in f32 to the bits of one that is not.
#[test]
fn programs_in_f32_keep_their_bits_on_a_device_for_mixed_precision() {
    let Some(device) = opened(|_| {}) else { return };
    let choice = std::env::var("STRATA_TEST_ADAPTER").map_or(Choice::Software, Choice::Named);
    let plain = Gpu::open_limited(&choice, |limits| limits.lanes = false).unwrap_or_else(|e| panic!("{e}"));
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
