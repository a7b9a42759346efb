// Max pooling. Ties go to the first maximum in row-major order, padding never wins, a NaN is above any number.
// One invocation computes four channels of a pixel. Values are moved as bits, so that they arrive exactly.

struct MaxPoolParameters {
    // Vectors written in all; vectors of one pixel.
    vectors: u32, across: u32,
    h: u32, w: u32, p: u32, q: u32, r: u32, s: u32,
    stride_h: u32, stride_w: u32, pad_h: u32, pad_w: u32, dilation_h: u32, dilation_w: u32,
    // Real channels; 1 where x is the output of a rectifier, whose gradient dx is then.
    channels: u32,
    rectified: u32,
}
@group(0) @binding(0) var<uniform> pool: MaxPoolParameters;
@group(0) @binding(1) var<storage, read> x: array<vec4<u32>>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4<u32>>;
@group(0) @binding(3) var<storage, read_write> argmax: array<vec4<u32>>;
@group(0) @binding(1) var<storage, read> places: array<vec4<u32>>;
@group(0) @binding(2) var<storage, read> dy: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> dx: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read> rectifier: array<vec4<f32>>;

fn orders(v: vec4<u32>) -> vec4<u32> {
    return vec4<u32>(order(v.x), order(v.y), order(v.z), order(v.w));
}

@compute @workgroup_size(64)
fn forward(
    @builtin(local_invocation_index) invocation: u32,
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
) {
    let i = linear(workgroup, workgroups) * 64u + invocation;
    if i >= pool.vectors {
        return;
    }
    let pixel = i / pool.across;
    let image = pixel / (pool.p * pool.q);
    let top = ((pixel / pool.q) % pool.p) * pool.stride_h - pool.pad_h;
    let left = (pixel % pool.q) * pool.stride_w - pool.pad_w;
    var best = vec4<u32>();
    var best_order = vec4<u32>();
    var best_place = vec4<u32>();
    for (var r = 0u; r < pool.r; r++) {
        // In the padding above, the sum has wrapped around to a number past the last row.
        let h = top + r * pool.dilation_h;
        if h >= pool.h { continue; }
        for (var s = 0u; s < pool.s; s++) {
            let w = left + s * pool.dilation_w;
            if w >= pool.w { continue; }
            let v = x[((image * pool.h + h) * pool.w + w) * pool.across + i % pool.across];
            let v_order = orders(v);
            // No order is 0, so that the first tap always wins over the initial one.
            let greater = v_order > best_order;
            best = select(best, v, greater);
            best_order = select(best_order, v_order, greater);
            best_place = select(best_place, vec4<u32>(h * pool.w + w), greater);
        }
    }
    let c = (i % pool.across) * 4u + vec4<u32>(0u, 1u, 2u, 3u);
    let real = c < vec4<u32>(pool.channels);
    y[i] = select(vec4<u32>(), best, real);
    argmax[i] = select(vec4<u32>(), best_place, real);
}

// In gather form: an input pixel looks at the windows that hold it, first window first.
@compute @workgroup_size(64)
fn backward(
    @builtin(local_invocation_index) invocation: u32,
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
) {
    let i = linear(workgroup, workgroups) * 64u + invocation;
    if i >= pool.vectors {
        return;
    }
    let pixel = i / pool.across;
    let image = pixel / (pool.h * pool.w);
    let h = (pixel / pool.w) % pool.h;
    let w = pixel % pool.w;
    let place = vec4<u32>(h * pool.w + w);
    var sum = vec4<f32>();
    // The windows that hold the pixel follow one another, one stride apart.
    let down = h + pool.pad_h;
    let right = w + pool.pad_w;
    let reach_h = (pool.r - 1u) * pool.dilation_h;
    let reach_w = (pool.s - 1u) * pool.dilation_w;
    let first_p = (max(down, reach_h) - reach_h + pool.stride_h - 1u) / pool.stride_h;
    let first_q = (max(right, reach_w) - reach_w + pool.stride_w - 1u) / pool.stride_w;
    let end_p = min(down / pool.stride_h + 1u, pool.p);
    let end_q = min(right / pool.stride_w + 1u, pool.q);
    for (var p = first_p; p < end_p; p++) {
        for (var q = first_q; q < end_q; q++) {
            // A dilated window that does not look at the pixel has its maximum elsewhere.
            let at = ((image * pool.p + p) * pool.q + q) * pool.across + i % pool.across;
            sum += select(vec4<f32>(), dy[at], places[at] == place);
        }
    }
    if pool.rectified != 0u { sum = where_positive_if(1u, rectifier[i], sum); }
    dx[i] = sum;
}
