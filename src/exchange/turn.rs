//! Turns a file's tensor into a net's parameter: outputs first, channels in the order red, green, blue, features
//! flattened as c h w.

use super::{FileTensor, Order};

/// In which order a file's first dense layer reads the features of a convolution.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Flatten {
    /// Channel by channel, `c H W + h W + w`: Caffe, PyTorch and ONNX.
    #[default]
    Chw,
    /// Pixel by pixel, `h W C + w C + c`: TensorFlow and Keras.
    Hwc,
}

/// What a file's tensors are to be taken for. Where the shapes alone decide nothing, this is given and not guessed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Turns {
    /// Whether its weights have their outputs last (HWIO, `[in, out]`) where its format does not say.
    pub out_last: bool,
    /// How its dense layers flatten.
    pub flatten: Flatten,
    /// Whether its first convolution reads blue, green, red.
    pub bgr: bool,
}

/// A parameter to fill.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Its outer shape.
    pub shape: Vec<usize>,
    /// Channels, height and width that a dense layer's weights read.
    pub features: Option<[usize; 3]>,
    /// Whether it is the weight of the convolution that reads the image.
    pub reads_image: bool,
    /// Groups of the convolution.
    pub groups: usize,
}

/// The values of a parameter, and what was turned, in words.
#[derive(Clone, Debug, PartialEq)]
pub struct Turned {
    /// The values.
    pub values: Vec<f32>,
    /// What was done to them.
    pub turned: Vec<&'static str>,
}

/// The shape that a tensor has with its outputs first.
pub fn shape(tensor: &FileTensor, turns: Turns) -> Vec<usize> {
    let last = tensor.order == Order::OutLast || turns.out_last;
    match tensor.shape[..] {
        [h, w, i, o] if last => vec![o, i, h, w],
        [i, o] if last => vec![o, i],
        _ => tensor.shape.clone(),
    }
}

/// Whether a tensor can become a parameter, by its shape.
pub fn fits(tensor: &FileTensor, wanted: &Wanted, turns: Turns) -> bool {
    let shape = shape(tensor, turns);
    shape == wanted.shape || as_dense(&shape, wanted) || as_grouped(&shape, wanted).is_some()
}

/// Whether a convolution over all of its input stands for a dense layer: `[out, c, h, w]`.
fn as_dense(shape: &[usize], wanted: &Wanted) -> bool {
    matches!((shape, wanted.features), (&[o, c, h, w], Some(features)) if features == [c, h, w] && wanted.shape[0] == o)
}

/// The groups of a file's convolution whose weights become those of one without groups, zero between groups.
fn as_grouped(shape: &[usize], wanted: &Wanted) -> Option<usize> {
    let (&[o, i, h, w], &[out, inputs, height, width]) = (shape, &wanted.shape[..]) else { return None };
    let same = wanted.groups == 1 && [o, h, w] == [out, height, width] && i > 0;
    let groups = inputs.checked_div(i)?;
    (same && groups > 1 && groups * i == inputs && o.is_multiple_of(groups)).then_some(groups)
}

/// Turns a tensor that [`fits`]. The groups of its convolution are those that its shape says.
pub fn turn(tensor: &FileTensor, wanted: &Wanted, turns: Turns) -> Turned {
    let mut turned = Vec::new();
    let mut values = tensor.values.clone();
    let shape = shape(tensor, turns);
    if tensor.shape != shape || (tensor.shape.len() == 2 && (tensor.order == Order::OutLast || turns.out_last)) {
        let (outputs, inputs) = (shape[0], values.len() / shape[0].max(1));
        // With outputs last every other dimension is [h][w][i], whose i must come first.
        let from = |o: usize, rest: usize| match shape[..] {
            [_, i, h, w] => {
                let (channel, pixel) = (rest / (h * w), rest % (h * w));
                (pixel * i + channel) * outputs + o
            }
            _ => rest * outputs + o,
        };
        let source = &tensor.values;
        values = (0..outputs).flat_map(|o| (0..inputs).map(move |rest| source[from(o, rest)])).collect();
        turned.push(if shape.len() == 4 { "HWIO to OIHW" } else { "transposed" });
    }
    if let Some([c, h, w]) = wanted.features {
        if as_dense(&shape, wanted) && shape.len() == 4 {
            turned.push("convolution to dense");
        } else if turns.flatten == Flatten::Hwc && h * w > 1 {
            let inputs = c * h * w;
            let source = values;
            let from = |at: usize| {
                let (o, feature) = (at / inputs, at % inputs);
                let (channel, pixel) = (feature / (h * w), feature % (h * w));
                o * inputs + pixel * c + channel
            };
            values = (0..source.len()).map(|at| source[from(at)]).collect();
            turned.push("features HWC to CHW");
        }
    }
    if let Some(groups) = as_grouped(&shape, wanted) {
        let (per_group, inputs, taps) = (shape[0] / groups, wanted.shape[1], shape[2] * shape[3]);
        let width = shape[1] * taps;
        let mut whole = vec![0.0; shape[0] * inputs * taps];
        for (o, filter) in values.chunks_exact(width).enumerate() {
            let at = o * inputs * taps + (o / per_group) * width;
            whole[at..at + width].copy_from_slice(filter);
        }
        values = whole;
        turned.push("groups to zeros between them");
    }
    if turns.bgr && wanted.reads_image && wanted.shape[1] == 3 && wanted.groups == 1 {
        let taps: usize = wanted.shape[2..].iter().product();
        for filter in values.chunks_exact_mut(3 * taps) {
            let (blue, rest) = filter.split_at_mut(taps);
            blue.swap_with_slice(&mut rest[taps..]);
        }
        turned.push("BGR to RGB");
    }
    Turned { values, turned }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tensor(shape: &[usize], order: Order) -> FileTensor {
        let values = (0..shape.iter().product::<usize>()).map(|v| v as f32).collect();
        FileTensor { name: "w".into(), shape: shape.into(), values, order }
    }

    fn wanted(shape: &[usize]) -> Wanted {
        Wanted { shape: shape.into(), features: None, reads_image: false, groups: 1 }
    }

    #[test]
    fn outputs_last_become_outputs_first() {
        let wanted_conv = wanted(&[2, 3, 1, 2]);
        let hwio = tensor(&[1, 2, 3, 2], Order::OutLast);
        assert!(fits(&hwio, &wanted_conv, Turns::default()));
        // HWIO [h][w][i][o]: output 0, channel 1 at w = 0 and 1 are values 2 and 8.
        let turned = turn(&hwio, &wanted_conv, Turns::default());
        assert_eq!(turned.values, [0., 6., 2., 8., 4., 10., 1., 7., 3., 9., 5., 11.]);
        let square = tensor(&[2, 2], Order::OutLast);
        assert_eq!(turn(&square, &wanted(&[2, 2]), Turns::default()).values, [0., 2., 1., 3.]);
        let given = Turns { out_last: true, ..Turns::default() };
        assert_eq!(turn(&tensor(&[2, 2], Order::OutFirst), &wanted(&[2, 2]), given).turned, ["transposed"]);
    }

    #[test]
    fn features_of_pixels_become_features_of_channels() {
        let dense = Wanted { features: Some([2, 1, 3]), ..wanted(&[1, 6]) };
        let given = Turns { flatten: Flatten::Hwc, ..Turns::default() };
        assert_eq!(turn(&tensor(&[1, 6], Order::OutFirst), &dense, given).values, [0., 2., 4., 1., 3., 5.]);
        assert_eq!(turn(&tensor(&[1, 2, 1, 3], Order::OutFirst), &dense, given).turned, ["convolution to dense"]);
        // As many features in another shape are others.
        assert!(!fits(&tensor(&[1, 1, 2, 3], Order::OutFirst), &dense, Turns::default()));
    }

    #[test]
    fn groups_become_zeros_and_blue_becomes_red() {
        let grouped = tensor(&[2, 1, 1, 1], Order::OutFirst);
        assert_eq!(turn(&grouped, &wanted(&[2, 2, 1, 1]), Turns::default()).values, [0., 0., 0., 1.]);
        assert!(!fits(&grouped, &Wanted { groups: 2, ..wanted(&[2, 2, 1, 1]) }, Turns::default()));
        let first = Wanted { reads_image: true, ..wanted(&[1, 3, 1, 2]) };
        let given = Turns { bgr: true, ..Turns::default() };
        assert_eq!(turn(&tensor(&[1, 3, 1, 2], Order::OutFirst), &first, given).values, [4., 5., 2., 3., 0., 1.]);
        // Only the layer that reads the image has colours, and only three channels are some.
        let second = wanted(&[1, 3, 1, 2]);
        assert_eq!(turn(&tensor(&[1, 3, 1, 2], Order::OutFirst), &second, given).turned, Vec::<&str>::new());
        let four = Wanted { reads_image: true, ..wanted(&[1, 4, 1, 1]) };
        assert_eq!(turn(&tensor(&[1, 4, 1, 1], Order::OutFirst), &four, given).turned, Vec::<&str>::new());
        // Three outputs are not two groups of outputs.
        assert!(!fits(&tensor(&[3, 1, 1, 1], Order::OutFirst), &wanted(&[3, 2, 1, 1]), Turns::default()));
    }
}
