//! Scores from image bytes, beside PyTorch's.

use super::made::{assert_close, by_channel, expected, file, imported, scores, small};
use strata::exchange::{Flatten, Turns};

#[test]
fn every_container_gives_the_scores_that_pytorch_gives() {
    let told = Turns { out_last: true, flatten: Flatten::Hwc, bgr: false };
    let bgr = Turns { bgr: true, ..Turns::default() };
    for (name, turns) in [
        ("zip.pth", Turns::default()),
        ("stream.pth", Turns::default()),
        ("checkpoint.pth", Turns::default()),
        ("numbered.pth", Turns::default()),
        ("own.safetensors", Turns::default()),
        ("tensorflow.safetensors", told),
        ("new.caffemodel", bgr),
        ("old.caffemodel", bgr),
        ("raw.onnx", Turns::default()),
        ("gemm.onnx", Turns::default()),
        ("matmul.onnx", Turns::default()),
    ] {
        let scores = scores(&small(), &imported(name, turns), &by_channel());
        assert_close(name, &scores, &expected().by_channel, 1e-5);
    }
}

#[test]
fn half_precision_is_read_as_what_it_is() {
    let scores = scores(&small(), &imported("half.safetensors", Turns::default()), &by_channel());
    assert_close("half.safetensors", &scores, &expected().by_channel, 0.02);
}

#[test]
fn what_is_not_told_gives_other_scores() {
    // Otherwise a turn that does nothing would pass.
    let right = expected().by_channel;
    let differs = |name: &str, turns: Turns| {
        let scores = scores(&small(), &imported(name, turns), &by_channel());
        scores
            .iter()
            .flatten()
            .zip(right.iter().flatten())
            .any(|(score, right)| (f64::from(*score) - right).abs() > 1e-2)
    };
    assert!(differs("new.caffemodel", Turns::default()));
    assert!(differs("zip.pth", Turns { bgr: true, ..Turns::default() }));
    assert!(differs("zip.pth", Turns { flatten: Flatten::Hwc, ..Turns::default() }));
    assert!(differs("tensorflow.safetensors", Turns { out_last: true, ..Turns::default() }));
}

#[test]
fn a_mean_image_of_caffe_is_read_blue_first() {
    let mean = strata::exchange::mean(&file("mean.binaryproto")).unwrap();
    assert_eq!(mean.shape, [3, 15, 15]);
}
