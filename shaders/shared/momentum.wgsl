// The update of four weights w and of their history h from their gradient g. Where a product meets a sum, it is a fused
// multiply-add by name, so that no compiler chooses: the bits are the same in every kernel.

struct Updated { w: vec4<f32>, h: vec4<f32> }

// The bits of a formula's number, which `Rule::formula` in src/ops/sgd.rs makes.
const PYTORCH: u32 = 1u;
const NESTEROV: u32 = 2u;

fn updated_weights(
    formula: u32, g: vec4<f32>, w: vec4<f32>, h: vec4<f32>, momentum: f32, decay: f32, rate: f32,
) -> Updated {
    let gradient = fma(vec4<f32>(decay), w, g);
    if (formula & PYTORCH) != 0u {
        // h = momentum h + g + decay w; w -= rate h, with Nesterov w -= rate (momentum h + g + decay w)
        let history = fma(vec4<f32>(momentum), h, gradient);
        var direction = history;
        if (formula & NESTEROV) != 0u {
            direction = fma(vec4<f32>(momentum), history, gradient);
        }
        return Updated(fma(vec4<f32>(-rate), direction, w), history);
    }
    // h = momentum h + rate (g + decay w); w -= h, with Nesterov w -= momentum h + rate (g + decay w)
    let along = rate * gradient;
    let history = fma(vec4<f32>(momentum), h, along);
    var taken = history;
    if (formula & NESTEROV) != 0u {
        taken = fma(vec4<f32>(momentum), history, along);
    }
    return Updated(w - taken, history);
}
