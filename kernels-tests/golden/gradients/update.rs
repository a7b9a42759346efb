//! Stochastic gradient descent over several steps.

use super::judged;
use crate::golden::{
    case::{Case, Stop, skip},
    judge::{Got, Verdict},
    machine::{Machine, step},
};
use strata::ops::{
    Device, TensorShape,
    check::Rule,
    sgd::{self, Convention},
};

pub fn sgd(case: &Case, device: &Device) -> Result<Verdict, Stop> {
    let a = &case.attributes;
    for name in ["formula", "lr", "gamma", "stepsize"] {
        // The rates of the steps are listed; these say where they come from.
        a.get(name);
    }
    let convention = match a.text("convention")?.as_deref() {
        Some("caffe") => Convention::Caffe,
        Some("torch" | "pytorch") => Convention::Pytorch,
        other => return Err(format!("convention is {other:?}").into()),
    };
    let nesterov = a.flag("nesterov")?.unwrap_or(false);
    if a.float("dampening")?.unwrap_or(0.0) != 0.0 {
        return Err(skip("sgd: dampening"));
    }
    let number = |name: &str, default: f64| a.float(name).map(|v| v.unwrap_or(default));
    let (momentum, lr_mult) = (number("momentum", 0.0)?, number("lr_mult", 1.0)?);
    let decay = number("weight_decay", 0.0)? * number("decay_mult", 1.0)?;
    let rates = a.floats("lrs")?.ok_or("attribute lrs is missing")?;
    let (weights, gradients) = (case.given("w")?, case.given("g")?);
    let len = weights.f32s()?.len();
    if gradients.shape.first() != Some(&rates.len()) || gradients.f32s()?.len() != len * rates.len() {
        return Err(format!("{} rates, gradients of shape {:?}", rates.len(), gradients.shape).into());
    }
    let shape = TensorShape::Channels(len);
    let mut m = Machine::new();
    let (w, h) = (m.real("w", shape, weights.f32s()?), m.real("h", shape, &vec![0.0; len]));
    for (at, g) in gradients.f32s()?.chunks_exact(len).enumerate() {
        if at > 0 {
            m.next_tape();
        }
        let g = m.real("g", shape, g);
        m.call(sgd::Update { len, rule: sgd::Rule { convention, momentum, nesterov, decay, lr_mult }, g, w, h });
    }
    let mut e = m.load(device)?;
    let mut after = Vec::new();
    for (tape, &rate) in rates.iter().enumerate() {
        e.run(tape, &step(rate))?;
        after.extend(e.read_f64(w)?);
    }
    let results = [
        ("w_after_each_step", Got::new(&gradients.shape, after)),
        ("velocity", Got::new(&weights.shape, e.read_f64(h)?)),
    ];
    judged(case, &results, |_| Rule::Update)
}
