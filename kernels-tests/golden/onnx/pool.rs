//! `MaxPool` and `AveragePool`, also over the whole image.

use super::window::{outer, windows};
use crate::golden::{
    case::{Case, Stop, skip},
    judge::{Got, Verdict, by_tolerance},
    machine::Machine,
    npy::Array,
};
use strata::{
    host::{AvgPoolDims, PoolDims, Window},
    ops::{Device, TensorShape, avg_pool, max_pool},
};

pub fn max_pool(case: &Case, device: &Device) -> Result<Verdict, Stop> {
    let x = case.required(0)?;
    if x.dtype() == "uint8" {
        return Err(skip("MaxPool: uint8 elements"));
    }
    let kernel = case.attributes.sizes("kernel_shape")?.ok_or("attribute kernel_shape is missing")?;
    let windows = windows(case, &x.shape, &kernel, "MaxPool: three spatial dimensions")?;
    let ceil = case.attributes.flag("ceil_mode")?.unwrap_or(false);
    let column_major = case.attributes.flag("storage_order")?.unwrap_or(false);
    let dims = max_pool::dims(windows.x, windows.windows, ceil)?;
    pooled(case, device, x, &dims, windows.flat, column_major)
}

pub fn global_max_pool(case: &Case, device: &Device) -> Result<Verdict, Stop> {
    let x = case.required(0)?;
    let kernel = x.shape.get(2..).ok_or("the input has no spatial axes")?.to_vec();
    let read = windows(case, &x.shape, &kernel, "MaxPool: three spatial dimensions")?;
    let whole = [Window::new(read.x.h, 1, 0), Window::new(read.x.w, 1, 0)];
    pooled(case, device, x, &max_pool::dims(read.x, whole, false)?, read.flat, false)
}

fn pooled(
    case: &Case,
    device: &Device,
    x: &Array,
    dims: &PoolDims,
    flat: bool,
    column_major: bool,
) -> Result<Verdict, Stop> {
    let output = TensorShape::Activation(dims.y());
    let mut m = Machine::new();
    let xi = m.real("x", TensorShape::Activation(dims.x), x.f32s()?);
    let (y, argmax) = (m.result("y", output), m.result_words("argmax", output));
    m.call(max_pool::Forward { dims: *dims, x: xi, y, argmax });
    case.all_understood()?;
    let mut e = m.run(device)?;
    let shape = outer(flat, [dims.x.n, dims.x.c, dims.p, dims.q]);
    // ONNX counts places through the whole tensor, and within an image in the order that is asked for.
    let (pixels, outputs) = (dims.x.h * dims.x.w, dims.p * dims.q);
    let place = |(at, place): (usize, u32)| {
        let (h, w) = (place as usize / dims.x.w, place as usize % dims.x.w);
        let within = if column_major { w * dims.x.h + h } else { place as usize };
        (at / outputs * pixels + within) as f64
    };
    let places = e.read_words(argmax)?.into_iter().enumerate().map(place).collect();
    by_tolerance(case, &[Got::new(&shape, e.read_f64(y)?), Got::new(&shape, places)])
}

pub fn average_pool(case: &Case, device: &Device) -> Result<Verdict, Stop> {
    let x = case.required(0)?;
    let kernel = case.attributes.sizes("kernel_shape")?.ok_or("attribute kernel_shape is missing")?;
    let windows = windows(case, &x.shape, &kernel, "AveragePool: three spatial dimensions")?;
    let ceil = case.attributes.flag("ceil_mode")?.unwrap_or(false);
    let include_pad = case.attributes.flag("count_include_pad")?.unwrap_or(false);
    averaged(case, device, x, &avg_pool::dims(windows.x, windows.windows, ceil, include_pad)?, windows.flat)
}

pub fn global_average_pool(case: &Case, device: &Device) -> Result<Verdict, Stop> {
    let x = case.required(0)?;
    let kernel = x.shape.get(2..).ok_or("the input has no spatial axes")?.to_vec();
    let read = windows(case, &x.shape, &kernel, "AveragePool: three spatial dimensions")?;
    averaged(case, device, x, &avg_pool::AvgPool::global(read.x).dims(read.x)?, read.flat)
}

fn averaged(case: &Case, device: &Device, x: &Array, dims: &AvgPoolDims, flat: bool) -> Result<Verdict, Stop> {
    let mut m = Machine::new();
    let xi = m.real("x", TensorShape::Activation(dims.pool.x), x.f32s()?);
    let y = m.result("y", TensorShape::Activation(dims.pool.y()));
    m.call(avg_pool::Forward { dims: *dims, x: xi, y });
    case.all_understood()?;
    let mut e = m.run(device)?;
    let shape = outer(flat, [dims.pool.x.n, dims.pool.x.c, dims.pool.p, dims.pool.q]);
    by_tolerance(case, &[Got::new(&shape, e.read_f64(y)?)])
}
