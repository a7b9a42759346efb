//! Images side by side: what is computed over packs is what is computed image by image, mostly to the last bit.

use strata::{
    cpu::{
        self, Scratch,
        interleaved::{
            Aligned, IMAGES,
            conv2d::{Correlation, Then},
            conv2d_weight::WeightGradient,
            dense::Dense,
            dropout, lrn,
            max_pool::{Mask, MaxPool},
            rows,
        },
    },
    host::{ConvDims, ImageDims, LrnDims, PoolDims, Stream, Window},
};

/// So many elements an image of sixteen images: image by image, and as packs.
fn images(name: &str, features: usize) -> (Vec<f32>, Aligned<f32>) {
    let values = Stream::named(name).normal(IMAGES * features, 1.0);
    let mut packs = Aligned::zeros(features);
    rows::to_packs(&values, packs.packs_mut());
    (values, packs)
}

fn in_rows(packs: &Aligned<f32>) -> Vec<f32> {
    let mut rows = vec![0.0; IMAGES * packs.packs().len()];
    rows::to_rows(packs.packs(), &mut rows);
    rows
}

/// Values that may differ in the sign of zero, and in nothing else.
fn assert_same(what: &str, got: &[f32], want: &[f32]) {
    assert_eq!(got.len(), want.len());
    for (i, (got, want)) in got.iter().zip(want).enumerate() {
        assert!(got == want, "{what}, element {i}: {got} instead of {want}");
    }
}

/// Within the rounding of a sum of some terms of magnitudes around 1.
fn assert_near(what: &str, got: &[f32], want: &[f64], terms: usize) {
    assert_eq!(got.len(), want.len());
    let bound = 4e-7 * terms as f64 + 1e-6;
    for (i, (&got, want)) in got.iter().zip(want).enumerate() {
        assert!((f64::from(got) - want).abs() <= bound, "{what}, element {i}: {got} instead of {want}");
    }
}

fn wide(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&v| f64::from(v)).collect()
}

/// Convolutions with channels, groups, strides, dilations and padding of every kind that a tile has a case for.
fn convolutions() -> Vec<ConvDims> {
    let mut all = Vec::new();
    for (c, k, groups) in [(1, 16, 1), (3, 5, 1), (8, 16, 2), (4, 12, 2), (7, 11, 1), (30, 18, 3), (24, 24, 1)] {
        for (kernel, stride, dilation, padding, [h, w]) in [
            (5, 1, 1, 2, [9, 8]),
            (3, 2, 1, 1, [7, 10]),
            (3, 1, 2, 2, [8, 7]),
            (2, 3, 2, 1, [9, 11]),
            (1, 1, 1, 0, [3, 2]),
        ] {
            let window = Window { dilation, ..Window::new(kernel, stride, padding) };
            let (Some(p), Some(q)) = (window.outputs(h, false), window.outputs(w, false)) else { continue };
            let x = ImageDims { n: IMAGES, c, h, w };
            all.push(ConvDims { x, k, p, q, vertical: window, horizontal: window, groups });
        }
    }
    all
}

#[test]
fn a_convolution_over_packs_has_the_bits_of_the_direct_sum_and_its_gradients_are_those_of_f64() {
    for dims in convolutions() {
        let (x, x_packs) = images("x", dims.x.features());
        let (dy, dy_packs) = images("dy", dims.y().features());
        let w = Stream::named("w").normal(dims.r() * dims.s() * dims.cg() * dims.k, 0.5);
        let b = Stream::named("b").normal(dims.k, 1.0);
        for divided in [false, true] {
            let mut y = Aligned::zeros(dims.y().features());
            let then = Then::AddBias(Some(&b), true);
            Correlation::forward(&dims).run(x_packs.packs(), &w, then, y.packs_mut(), divided);
            let mut want = vec![0.0; dy.len()];
            cpu::conv2d::forward(&dims, &x, &w, (Some(&b), &|_, _| ()), &mut want, &Scratch::default());
            cpu::relu::forward(&mut want);
            assert_same(&format!("{dims}"), &in_rows(&y), &want);

            let mut dx = Aligned::zeros(dims.x.features());
            let then = Then::Mask(x_packs.packs());
            Correlation::backward(&dims).run(dy_packs.packs(), &w, then, dx.packs_mut(), divided);
            let mut want = vec![0.0; x.len()];
            cpu::conv2d::backward_input(&dims, &wide(&w), &wide(&dy), &|_, _| (), &mut want, &Scratch::default());
            cpu::relu::backward(&wide(&x), &mut want);
            let terms = dims.r() * dims.s() * dims.kg();
            assert_near(&format!("input gradient of {dims}"), &in_rows(&dx), &want, terms);
        }
        let gradient = WeightGradient::new(&dims);
        let (mut part, mut room) = (vec![f32::NAN; gradient.kept_len()], Aligned::zeros(gradient.room()));
        room.packs_mut().fill([f32::NAN; IMAGES]);
        gradient.run(x_packs.packs(), dy_packs.packs(), &mut part, room.packs_mut());
        let (mut dw, mut db) = (vec![0.0; w.len()], vec![0.0; dims.k]);
        cpu::conv2d::backward_weight(&dims, &wide(&x), &wide(&dy), &mut dw, &Scratch::default());
        cpu::conv2d::backward_bias(&dims, &wide(&dy), &mut db, &Scratch::default());
        let terms = IMAGES * dims.p * dims.q;
        assert_near(&format!("weight gradient of {dims}"), &part[..w.len()], &dw, terms);
        assert_near(&format!("bias gradient of {dims}"), &part[w.len()..], &db, terms);
    }
}

#[test]
fn a_dense_layer_over_packs_and_its_gradients_are_those_of_f64() {
    for size @ [inputs, outputs] in [[1, 1], [37, 10], [64, 128], [130, 33]] {
        let (x, x_packs) = images("x", inputs);
        let (dy, dy_packs) = images("dy", outputs);
        let (w, b) = (Stream::named("w").normal(inputs * outputs, 0.5), Stream::named("b").normal(outputs, 1.0));
        let dense = Dense::new(size);
        let (mut y, mut dx) = (Aligned::zeros(outputs), Aligned::zeros(inputs));
        dense.forward().run(x_packs.packs(), &w, Then::AddBias(Some(&b), false), y.packs_mut(), false);
        dense.backward().run(dy_packs.packs(), &w, Then::Write, dx.packs_mut(), false);
        let (mut kept, mut dw, mut db) = (vec![f32::NAN; dense.kept_len()], vec![0.0; w.len()], vec![0.0; outputs]);
        dense.keep(dy_packs.packs(), &mut kept);
        // The same block twice: gradients are twice those of one.
        let blocks = [(x_packs.packs(), &kept[..]); 2];
        dense.backward_weight(&blocks, &mut dw);
        dense.backward_bias([&kept[..]; 2].into_iter(), &mut db);
        let scratch = Scratch::<f64>::default();
        let (mut wy, mut wdx) = (vec![0.0; dy.len()], vec![0.0; x.len()]);
        cpu::dense::forward(size, &wide(&x), &wide(&w), Some(&wide(&b)), &mut wy, &scratch);
        cpu::dense::backward_input(size, &wide(&w), &wide(&dy), &mut wdx, &scratch);
        let (mut wdw, mut wdb) = (vec![0.0; w.len()], vec![0.0; outputs]);
        cpu::dense::backward_weight(size, &wide(&x), &wide(&dy), &mut wdw);
        cpu::dense::backward_bias(&wide(&dy), &mut wdb, &Scratch::default());
        wdw.iter_mut().chain(&mut wdb).for_each(|v| *v *= 2.0);
        for (what, got, want, terms) in [
            ("y", in_rows(&y), wy, inputs),
            ("dx", in_rows(&dx), wdx, outputs),
            ("dw", dw, wdw, 2 * IMAGES),
            ("db", db, wdb, 2 * IMAGES),
        ] {
            assert_near(&format!("{what} of {size:?}"), &got, &want, terms);
        }
    }
}

#[test]
fn pooling_over_packs_has_the_bits_of_pooling_image_by_image() {
    for (kernel, stride, padding, ceil, c, [h, w]) in [
        (3, 2, 0, true, 5, [8, 7]),
        (2, 2, 0, false, 3, [6, 6]),
        (3, 1, 1, false, 2, [4, 5]),
        (2, 3, 0, false, 4, [8, 9]),
    ] {
        let window = Window::new(kernel, stride, padding);
        let (p, q) = (window.outputs(h, ceil).unwrap(), window.outputs(w, ceil).unwrap());
        let dims = PoolDims { x: ImageDims { n: IMAGES, c, h, w }, p, q, vertical: window, horizontal: window };
        let (mut x, mut x_packs) = images("x", dims.x.features());
        // What a rectifier leaves: many equal maxima of zero.
        cpu::relu::forward(&mut x);
        rows::to_packs(&x, x_packs.packs_mut());
        let (dy, dy_packs) = images("dy", dims.y().features());
        let (mut want, mut places) = (vec![0.0; dy.len()], vec![0; dy.len()]);
        cpu::max_pool::forward(&dims, &x, &mut want, &mut places);
        let pool = MaxPool::new(&dims);
        let (mut y, mut argmax) = (Aligned::zeros(dims.y().features()), Aligned::<u32>::zeros(dims.y().features()));
        pool.forward(x_packs.packs(), y.packs_mut(), argmax.packs_mut());
        let mut got = vec![0; dy.len()];
        rows::to_rows(argmax.packs(), &mut got);
        assert_same("maxima", &in_rows(&y), &want);
        assert_eq!(got, places);

        let (mut dx, mut room) = (Aligned::zeros(dims.x.features()), Aligned::zeros(pool.room()));
        let mut want = vec![0.0; x.len()];
        cpu::max_pool::backward(&dims, &places, &dy, &mut want);
        pool.backward(argmax.packs(), dy_packs.packs(), Mask::None, dx.packs_mut(), room.packs_mut());
        assert_same("gradients", &in_rows(&dx), &want);
        cpu::relu::backward(&x, &mut want);
        for mask in [Mask::Inputs(x_packs.packs()), Mask::Maxima(y.packs())] {
            pool.backward(argmax.packs(), dy_packs.packs(), mask, dx.packs_mut(), room.packs_mut());
            assert_same("masked gradients", &in_rows(&dx), &want);
        }
    }
}

#[test]
fn normalisation_over_packs_has_the_bits_of_normalisation_image_by_image() {
    for (size, beta, c) in [(1, 0.75, 3), (3, 0.75, 7), (5, 0.75, 16), (5, 0.5, 4), (7, 0.75, 2)] {
        let dims = LrnDims { x: ImageDims { n: IMAGES, c, h: 3, w: 5 }, size, alpha: 0.3, beta, k: 1.5 };
        let (x, x_packs) = images("x", dims.x.features());
        let (dy, dy_packs) = images("dy", dims.x.features());
        let mut room = Aligned::zeros(lrn::room(&dims));
        room.packs_mut().fill([f32::NAN; IMAGES]);
        let (mut y, mut want) = (Aligned::zeros(dims.x.features()), vec![0.0; x.len()]);
        lrn::forward(&dims, x_packs.packs(), y.packs_mut(), room.packs_mut());
        cpu::lrn::forward(&dims, &x, &mut want, &Scratch::default());
        assert_same("y", &in_rows(&y), &want);
        cpu::lrn::backward(&dims, &x, &dy, &mut want, &Scratch::default());
        lrn::backward(&dims, x_packs.packs(), dy_packs.packs(), y.packs_mut(), false, room.packs_mut());
        assert_same("dx", &in_rows(&y), &want);
        cpu::relu::backward(&x, &mut want);
        lrn::backward(&dims, x_packs.packs(), dy_packs.packs(), y.packs_mut(), true, room.packs_mut());
        assert_same("masked dx", &in_rows(&y), &want);
    }
}

#[test]
fn dropout_over_packs_draws_the_masks_of_the_whole_batch() {
    for (features, first) in [(8, 0), (8, 24), (5, 0), (6, 7)] {
        let draw = cpu::dropout::Draw { stream: Stream::named("mask"), layer: 2, step: 5, first };
        let batch = Stream::named("x").normal(3 * IMAGES * features, 1.0);
        let mut want = batch.clone();
        cpu::dropout::apply(&draw, 0.4, &mut want);
        for image in [0, IMAGES, 2 * IMAGES] {
            let of = image * features..(image + IMAGES) * features;
            let mut packs = Aligned::zeros(features);
            rows::to_packs(&batch[of.clone()], packs.packs_mut());
            dropout::apply(&draw, 0.4, image, packs.packs_mut());
            assert_same("values", &in_rows(&packs), &want[of]);
        }
    }
}
