// Max pooling. Ties go to the first maximum in row-major order, padding never wins, a NaN is above any number.
// Values are moved as bits, so that they arrive exactly.

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
    let p = (pixel / pool.q) % pool.p;
    let q = pixel % pool.q;
    var best = vec4<u32>();
    var best_order = vec4<u32>();
    var best_place = vec4<u32>();
    for (var r = 0u; r < pool.r; r++) {
        let h = row_of(p, r);
        if h >= pool.h { continue; }
        for (var s = 0u; s < pool.s; s++) {
            let w = column_of(q, s);
            if w >= pool.w { continue; }
            let v = x[input_at(image, h, w, i % pool.across)];
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
    let over = windows_over(h + pool.pad_h, w + pool.pad_w);
    for (var p = over.first_p; p < over.end_p; p++) {
        for (var q = over.first_q; q < over.end_q; q++) {
            // A dilated window that does not look at the pixel has its maximum elsewhere.
            let at = output_at(image, p, q, i % pool.across);
            sum += select(vec4<f32>(), dy[at], places[at] == place);
        }
    }
    if pool.rectified != 0u { sum = where_positive_if(1u, rectifier[i], sum); }
    dx[i] = sum;
}
