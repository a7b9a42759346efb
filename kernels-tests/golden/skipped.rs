//! What the golden cases may ask for and strata does not offer. Nothing else may be skipped.

/// One thing that is not offered.
#[derive(Debug)]
pub struct Skip {
    /// The operation and attribute.
    pub name: &'static str,
    /// Why it is not offered.
    pub reason: &'static str,
}

/// The table.
pub const SKIPPED: &[Skip] = &[
    Skip { name: "Conv: three spatial dimensions", reason: "the networks are of images; windows are two-dimensional" },
    Skip {
        name: "MaxPool: three spatial dimensions",
        reason: "the networks are of images; windows are two-dimensional",
    },
    Skip { name: "MaxPool: uint8 elements", reason: "activations are real numbers" },
    Skip {
        name: "AveragePool: three spatial dimensions",
        reason: "the networks are of images; windows are two-dimensional",
    },
    Skip {
        name: "BatchNormalization: training",
        reason: "ONNX's running variance takes the biased variance of the batch, PyTorch's the unbiased one",
    },
    Skip { name: "Gemm: alpha", reason: "a fully connected layer does not scale its product" },
    Skip { name: "Gemm: beta", reason: "a fully connected layer does not scale its bias" },
    Skip { name: "Dropout: training without its mask", reason: "NumPy's generator drew the mask; strata draws others" },
    Skip { name: "SoftmaxCrossEntropyLoss: weights", reason: "every class counts the same" },
    Skip { name: "SoftmaxCrossEntropyLoss: ignore_index", reason: "every image has a label" },
    Skip { name: "LRN: even size", reason: "a window has its channel in the middle, as in Caffe" },
    Skip {
        name: "lrn: the output scale",
        reason: "the scale is computed again in the backward pass, and never stored",
    },
    Skip { name: "sgd: dampening", reason: "Caffe's solver has none, and PyTorch refuses it with Nesterov's momentum" },
];

/// The entry of a name.
pub fn entry(name: &str) -> Option<&'static Skip> {
    SKIPPED.iter().find(|skip| skip.name == name)
}
