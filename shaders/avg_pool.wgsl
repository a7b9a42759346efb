// Average pooling: the sum of a window's pixels over its divisor. Padding adds nothing to the sum, and counts in the
// divisor where `include_pad` is 1; taps past the padding never do.

@group(0) @binding(1) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> result: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> rectifier: array<vec4<f32>>;

// Taps `dilation` apart, from `start` on, that lie below `end`.
fn below(start: u32, end: u32, dilation: u32, taps: u32) -> u32 {
    return min(taps, (max(end, start) - start + dilation - 1u) / dilation);
}

// The taps of an axis that count, of a window that starts `start` positions after the first padded one.
fn counted(start: u32, pad: u32, size: u32, padded: u32, dilation: u32, taps: u32) -> u32 {
    if pool.include_pad != 0u { return below(start, padded, dilation, taps); }
    return below(start, pad + size, dilation, taps) - below(start, pad, dilation, taps);
}

fn divisor(p: u32, q: u32) -> f32 {
    let down = counted(p * pool.stride_h, pool.pad_h, pool.h, pool.padded_h, pool.dilation_h, pool.r);
    let right = counted(q * pool.stride_w, pool.pad_w, pool.w, pool.padded_w, pool.dilation_w, pool.s);
    return f32(max(down * right, 1u));
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
    var sum = vec4<f32>();
    for (var r = 0u; r < pool.r; r++) {
        let h = row_of(p, r);
        if h >= pool.h { continue; }
        for (var s = 0u; s < pool.s; s++) {
            let w = column_of(q, s);
            if w >= pool.w { continue; }
            sum += x[input_at(image, h, w, i % pool.across)];
        }
    }
    result[i] = sum / divisor(p, q);
}

// In gather form: an input pixel looks at the windows that may hold it, first window first; x is dy here.
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
    let down = (pixel / pool.w) % pool.h + pool.pad_h;
    let right = pixel % pool.w + pool.pad_w;
    let over = windows_over(down, right);
    var sum = vec4<f32>();
    for (var p = over.first_p; p < over.end_p; p++) {
        if (down - p * pool.stride_h) % pool.dilation_h != 0u { continue; }
        for (var q = over.first_q; q < over.end_q; q++) {
            if (right - q * pool.stride_w) % pool.dilation_w != 0u { continue; }
            sum += x[output_at(image, p, q, i % pool.across)] / divisor(p, q);
        }
    }
    if pool.rectified != 0u { sum = where_positive_if(1u, rectifier[i], sum); }
    result[i] = sum;
}
