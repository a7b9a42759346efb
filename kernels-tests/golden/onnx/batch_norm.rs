//! `BatchNormalization`, in evaluation.

use crate::golden::{
    case::{Case, Stop, skip},
    judge::{Got, Verdict, by_tolerance},
    machine::Machine,
};
use strata::{
    host::ImageDims,
    ops::{
        Device, TensorShape,
        batch_norm::{BatchNorm, ForwardEvaluation, Statistics},
    },
};

pub fn batch_normalization(case: &Case, device: &Device) -> Result<Verdict, Stop> {
    if case.attributes.flag("training_mode")?.unwrap_or(false) {
        return Err(skip("BatchNormalization: training"));
    }
    case.attributes.float("momentum")?;
    let eps = case.attributes.float("epsilon")?.unwrap_or(1e-5);
    let x = case.required(0)?;
    let dims = match x.shape[..] {
        [n, c, ref sides @ ..] => ImageDims { n, c, h: 1, w: sides.iter().product() },
        _ => return Err(format!("shape {:?} has no channels", x.shape).into()),
    };
    let (shape, channels) = (TensorShape::Activation(dims), TensorShape::Channels(dims.c));
    let mut m = Machine::new();
    let xi = m.real("x", shape, x.f32s()?);
    let mut given =
        |name: &str, slot: usize| -> Result<_, Stop> { Ok(m.real(name, channels, case.required(slot)?.f32s()?)) };
    let (weight, bias) = (given("scale", 1)?, given("B", 2)?);
    let running = Statistics { mean: given("input_mean", 3)?, var: given("input_var", 4)? };
    let y = m.result("y", shape);
    let dims = BatchNorm { eps, momentum: 0.1 }.dims(dims)?;
    m.call(ForwardEvaluation { dims, x: xi, weight, bias, running, plus: None, y, relu: false });
    case.all_understood()?;
    let mut e = m.run(device)?;
    by_tolerance(case, &[Got::new(&x.shape, e.read_f64(y)?)])
}
