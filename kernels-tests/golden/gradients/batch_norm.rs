//! Batch normalisation, in training and in evaluation.

use super::{judged, sides};
use crate::golden::{
    case::{Case, Stop},
    judge::{self, Got, Verdict},
    machine::Machine,
};
use strata::ops::{
    Device, TensorShape,
    batch_norm::{self, BatchNorm, Gradients, Statistics},
};

pub fn batch_norm(case: &Case, device: &Device) -> Result<Verdict, Stop> {
    case.attributes.must_be(
        "note",
        "running = (1 - momentum) running + momentum batch; the running variance takes the unbiased batch variance",
    )?;
    let number = |name: &str| -> Result<f64, Stop> {
        case.attributes.float(name)?.ok_or_else(|| Stop::Fail(format!("attribute {name} is missing")))
    };
    let training = match case.attributes.text("mode")?.as_deref() {
        Some("train" | "training") => true,
        Some("eval" | "evaluation") => false,
        other => return Err(format!("mode is {other:?}").into()),
    };
    let norm = BatchNorm { eps: number("eps")?, momentum: number("momentum")? };
    let (x, dy) = (case.given("x")?, case.given("dy")?);
    let image = sides(x)?;
    let dims = if training { norm.training_dims(image)? } else { norm.dims(image)? };
    let (shape, channels) = (TensorShape::Activation(image), TensorShape::Channels(image.c));
    let mut m = Machine::new();
    let (xi, dyi) = (m.real("x", shape, x.f32s()?), m.real("dy", shape, dy.f32s()?));
    let mut given = |name: &str| -> Result<_, Stop> { Ok(m.real(name, channels, case.given(name)?.f32s()?)) };
    let (weight, bias) = (given("gamma")?, given("beta")?);
    let running = Statistics { mean: given("running_mean")?, var: given("running_var")? };
    let (y, dx) = (m.result("y", shape), m.result("dx", shape));
    let (dweight, dbias) = (m.result("dgamma", channels), m.result("dbeta", channels));
    let params = Gradients { weight: dweight, bias: dbias, accumulate: false };
    let (dx_of, relu, rectified) = (Some(dx), false, false);
    if training {
        let batch = Statistics { mean: m.result("mean", channels), var: m.result("var", channels) };
        m.call(batch_norm::Forward { dims, x: xi, weight, bias, batch, running, plus: None, y, relu });
        m.call(batch_norm::Backward { dims, x: xi, weight, batch, dy: dyi, params, dx: dx_of, rectified });
    } else {
        let params = Some(params);
        m.call(batch_norm::ForwardEvaluation { dims, x: xi, weight, bias, running, plus: None, y, relu });
        m.call(batch_norm::BackwardEvaluation { dims, x: xi, weight, running, dy: dyi, params, dx: dx_of, rectified });
    }
    let mut e = m.run(device)?;
    let mut results = vec![("y", Got::new(&x.shape, e.read_f64(y)?)), ("dx", Got::new(&x.shape, e.read_f64(dx)?))];
    for (name, id) in
        [("dgamma", dweight), ("dbeta", dbias), ("running_mean", running.mean), ("running_var", running.var)]
    {
        results.push((name, Got::new(&[image.c], e.read_f64(id)?)));
    }
    judged(case, &results, |output| judge::rule_of(case, output))
}
