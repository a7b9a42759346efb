//! `Dropout`, in both modes; a mask is given, never drawn.

use crate::golden::{
    case::{Case, Stop, skip},
    judge::{Got, Verdict, by_tolerance},
    machine::Machine,
};
use strata::{
    host::ImageDims,
    ops::{
        Device, TensorShape,
        dropout::{Apply, Mask},
    },
};

pub fn dropout(case: &Case, device: &Device) -> Result<Verdict, Stop> {
    let opset = case.opset.ok_or("the case has no opset")?;
    // The seed is NumPy's; a mask that was drawn from it is given as the second output.
    case.attributes.get("seed");
    let x = case.required(0)?;
    let (ratio, training) = if opset >= 12 {
        let ratio = case.slot(1).map_or(Ok(0.5), |ratio| ratio.scalar())?;
        (ratio, case.slot(2).map_or(Ok(0.0), |training| training.scalar())? != 0.0)
    } else {
        // Opsets 7 to 11 know inference alone; before, a flag said which.
        let ratio = case.attributes.float("ratio")?.unwrap_or(0.5);
        (ratio, opset < 7 && !case.attributes.flag("is_test")?.unwrap_or(false))
    };
    case.all_understood()?;
    let given = case.outputs.iter().find(|output| output.slot == 1);
    let drops = training && ratio > 0.0;
    let dims = ImageDims { n: 1, c: x.shape.iter().product(), h: 1, w: 1 };
    let shape = TensorShape::Activation(dims);
    let mut m = Machine::new();
    let y = m.real("y", shape, x.f32s()?);
    let ones = m.real("ones", shape, &vec![1.0; dims.c]);
    let mask = match (drops, given) {
        (true, None) => return Err(skip("Dropout: training without its mask")),
        (true, Some(mask)) => Mask::Given(m.word("mask", shape, &mask.array.words()?)),
        (false, _) => Mask::Drawn { layer: 0 },
    };
    let ratio = if drops { ratio } else { 0.0 };
    m.call(Apply { dims, ratio, mask, x: y });
    m.call(Apply { dims, ratio, mask, x: ones });
    let mut e = m.run(device)?;
    // What is left of ones is what the operation kept.
    let kept = e.read_f64(ones)?.into_iter().map(|v| f64::from(u8::from(v != 0.0))).collect();
    by_tolerance(case, &[Got::new(&x.shape, e.read_f64(y)?), Got::new(&x.shape, kept)])
}
