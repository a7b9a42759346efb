// The update of four weights w and of their history h from their gradient g. Where a product meets a sum, it is a fused
// multiply-add by name, so that no compiler chooses: the bits are the same in every kernel.

struct Updated { w: vec4<f32>, h: vec4<f32> }

// h = momentum h + rate (g + decay w); w -= h
fn caffe_update(g: vec4<f32>, w: vec4<f32>, h: vec4<f32>, momentum: f32, decay: f32, rate: f32) -> Updated {
    let history = fma(vec4<f32>(momentum), h, rate * fma(vec4<f32>(decay), w, g));
    return Updated(w - history, history);
}

// h = momentum h + g + decay w; w -= rate h
fn pytorch_update(g: vec4<f32>, w: vec4<f32>, h: vec4<f32>, momentum: f32, decay: f32, rate: f32) -> Updated {
    let history = fma(vec4<f32>(momentum), h, fma(vec4<f32>(decay), w, g));
    return Updated(fma(vec4<f32>(-rate), history, w), history);
}
