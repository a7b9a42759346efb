//! What must not change a single bit: another run, the checks of shaders, the tile, the division of tensors and
//! grids, and the rest of a batch.

use super::{
    Case, bits,
    layers::{convolution, dense_layer, head, pooling},
    limited,
    shapes::{images, products_around_tiles},
    software,
};
use strata::{
    gpu::Registers,
    host::Window,
    ops::{Device, TILES, conv2d, dense, dropout},
};

#[test]
fn two_runs_give_the_same_bits() {
    let gpu = Device::Gpu(software());
    let case = convolution(conv2d::dims(images(4, 6, 9, 9), 12, [Window::new(3, 1, 1); 2], 2).unwrap());
    assert_eq!(bits(&case.run(&gpu)), bits(&case.run(&gpu)));
}

#[test]
fn the_bits_are_the_same_with_the_checks_of_untrusted_shaders() {
    for lanes in [true, false] {
        let [trusted, checked] = [true, false].map(|trusted| {
            limited(|limits| {
                limits.trusted = trusted;
                limits.lanes = lanes;
            })
        });
        for case in [
            convolution(conv2d::dims(images(3, 6, 9, 8), 20, [Window::new(5, 1, 2), Window::new(3, 2, 1)], 2).unwrap()),
            convolution(
                conv2d::dims(images(2, 16, 7, 9), 65, [Window::new(3, 1, 1), Window::new(3, 1, 1)], 1).unwrap(),
            ),
            dense_layer(dense::DenseDims { x: images(33, 7, 3, 3), k: 67 }),
            pooling(images(3, 5, 8, 7), [Window::new(3, 2, 0), Window::new(3, 2, 0)], true),
            head(5, 63),
        ] {
            assert_eq!(bits(&case.run(&trusted)), bits(&case.run(&checked)));
        }
    }
}

#[test]
fn the_bits_do_not_depend_on_the_tile() {
    let tiles: Vec<Device> = (0..TILES.len())
        .map(|tile| {
            limited(|limits| {
                limits.lanes = false;
                limits.tile = Some(tile);
            })
        })
        .collect();
    for case in products_around_tiles() {
        let first = bits(&case.run(&tiles[0]));
        for (tile, size) in tiles.iter().zip(TILES).skip(1) {
            assert_eq!(first, bits(&case.run(tile)), "{size}");
        }
    }
}

/// Where registers are few, tiles are slim, and where they are fewest, loops stay loops.
#[test]
fn the_bits_do_not_depend_on_the_registers_of_the_adapter() {
    let of = |registers| {
        limited(|limits| {
            limits.lanes = false;
            limits.registers = registers;
        })
    };
    let all = Registers::ALL.map(of);
    for case in products_around_tiles() {
        let [any, others @ ..] = all.each_ref().map(|gpu| bits(&case.run(gpu)));
        assert!(others.iter().all(|other| *other == any));
    }
}

/// A batch of 80 in segments of 32, weights in segments of 256 rows, grids folded at 3 workgroups.
#[test]
fn the_bits_do_not_depend_on_how_tensors_and_grids_are_divided() {
    let whole = Device::Gpu(software());
    let cases = [
        (
            convolution(conv2d::dims(images(80, 3, 9, 8), 6, [Window::new(3, 1, 1), Window::new(3, 2, 1)], 1).unwrap()),
            60_000,
        ),
        (dense_layer(dense::DenseDims { x: images(80, 31, 5, 4), k: 10 }), 100 * 1024),
        (dense_layer(dense::DenseDims { x: images(70, 31, 5, 4), k: 33 }), 128 * 1024),
        // Sums in two parts, of which a piece of the weights ends within the second.
        (dense_layer(dense::DenseDims { x: images(70, 40, 8, 4), k: 33 }), 164_000),
        (pooling(images(80, 5, 9, 9), [Window::new(3, 2, 0), Window::new(3, 2, 0)], true), 100_000),
        (head(70, 33), 5_000),
    ];
    for ((case, bytes), lanes) in cases.into_iter().flat_map(|case| [(case.clone(), true), (case, false)]) {
        let whole = limited(|limits| limits.lanes = lanes);
        let divided = limited(|limits| {
            limits.binding_bytes = bytes;
            limits.workgroups = 97;
            limits.lanes = lanes;
        });
        let executor = case.load(&divided);
        assert!(!format!("{executor:?}").is_empty());
        assert_eq!(bits(&case.run(&whole)), bits(&case.run(&divided)));
    }
    let dims = images(80, 7, 3, 3);
    let mut case = Case::default();
    let x = case.act("x", dims);
    case.op(dropout::Apply { dims, ratio: 0.3, mask: dropout::Mask::Drawn { layer: 3 }, x });
    assert_eq!(bits(&case.run(&whole)), bits(&case.run(&limited(|limits| limits.binding_bytes = 10_000))));
}

#[test]
fn an_images_forward_bits_do_not_depend_on_its_batch() {
    for gpu in [Device::Gpu(software()), limited(|limits| limits.lanes = false)] {
        let run = |n: usize| {
            let conv = convolution(
                conv2d::dims(images(n, 5, 7, 6), 9, [Window::new(3, 1, 1), Window::new(3, 1, 1)], 1).unwrap(),
            );
            // Deep enough for a sum in parts on a GPU.
            let dense = dense_layer(dense::DenseDims { x: images(n, 28, 7, 6), k: 9 });
            // Tensor 0 is x, tensor 3 is y; both streams of x begin with the same values.
            (conv.run(&gpu)[3][..9 * 42].to_vec(), dense.run(&gpu)[3][..9].to_vec())
        };
        let alone = run(1);
        for n in [2, 65, 300] {
            assert_eq!(alone, run(n));
        }
    }
}
