//! Softmax and cross-entropy.

use super::judged;
use crate::golden::{
    case::{Case, Stop, skip},
    judge::{self, Got, Verdict},
    machine::{Machine, column, map},
    onnx::softmax::{Rows, mean_of, weighted},
};
use strata::ops::{Device, softmax_cross_entropy};

pub fn softmax_ce(case: &Case, device: &Device) -> Result<Verdict, Stop> {
    let mean = match case.attributes.text("reduction")?.as_deref() {
        Some("mean") => true,
        Some("sum") => false,
        other => return Err(format!("reduction is {other:?}").into()),
    };
    case.attributes.text("formula")?;
    if case.attributes.int("ignore_index")?.is_some() {
        return Err(skip("SoftmaxCrossEntropyLoss: ignore_index"));
    }
    if case.attributes.int("axis")?.is_some_and(|axis| axis != 1) {
        return Err("the classes are on another axis than 1".into());
    }
    let (x, labels, dy) = (case.given("x")?, case.given("labels")?, case.given("dy")?.scalar()?);
    // The upstream gradient stands twice: as it was chosen, and rounded as an input.
    let upstream = case.attributes.float("upstream")?.unwrap_or(dy);
    if f64::from(upstream as f32) != dy {
        return Err(format!("upstream is {upstream}, dy {dy}").into());
    }
    if x.shape.len() < 2 {
        return Err("the logits have no classes".into());
    }
    let rows = Rows::along(&x.shape, 1);
    let (n, classes) = (rows.count(), rows.classes);
    let weight = if mean { upstream / n as f64 } else { upstream };
    let shape = map(n, classes, 1, 1);
    let mut m = Machine::new();
    let logits = m.real("x", shape, &rows.gather(x.f32s()?));
    let labels = m.word("labels", column(n), &labels.words()?);
    let (loss, prob, dx) = (m.result("loss", column(n)), m.result("prob", shape), m.result("dx", shape));
    m.call(softmax_cross_entropy::Forward { n, classes, logits, labels, loss, prob });
    m.call(softmax_cross_entropy::Backward { n, classes, weight, prob, labels, dx });
    let mut e = m.run(device)?;
    let losses = e.read_f64(loss)?;
    let total = if mean { mean_of(device, &losses)? } else { weighted(device, &losses, 1.0)? };
    let results = [
        ("loss", Got::new(&[1], total)),
        ("prob", Got::new(&x.shape, rows.scatter(&e.read_f64(prob)?))),
        ("dx", Got::new(&x.shape, rows.scatter(&e.read_f64(dx)?))),
    ];
    judged(case, &results, |output| judge::rule_of(case, output))
}
