// The convolution's second family of kernels, for adapters that run on a processor: there workgroup memory and
// barriers are slow. A workgroup of 8 computes 8 (or 16) rows x 32 columns, an invocation four columns of all rows:
// the rows' operands are the same for all, and nothing is shared. It stands in front of shaders/conv2d.wgsl, which
// declares the bindings, and is only for channels that can be loaded four at a time.

const LANE_ROWS: u32 = 8u;
const WEIGHT_LANE_ROWS: u32 = 16u;
const LANE_COLUMNS: u32 = 32u;

fn lanes_of(workgroup: u32, rows: u32) -> Tile {
    let within = workgroup % conv.tiles;
    return Tile(workgroup / conv.tiles, (within / conv.across) * rows, (within % conv.across) * LANE_COLUMNS);
}

// Adds the products of four depths: a is along the depth, w along the columns.
fn multiply(a: vec4<f32>, w0: vec4<f32>, w1: vec4<f32>, w2: vec4<f32>, w3: vec4<f32>, sum: vec4<f32>) -> vec4<f32> {
    return fma(vec4<f32>(a.w), w3, fma(vec4<f32>(a.z), w2, fma(vec4<f32>(a.y), w1, fma(vec4<f32>(a.x), w0, sum))));
}
fn x_lane(at: u32, c: u32) -> vec4<f32> {
    // No branch: within one, a processor's driver would load for every invocation on its own.
    let inside = at != NOWHERE;
    return select(vec4<f32>(), x[select(0u, at + c, inside) / 4u], inside);
}
fn dy_lane(row: u32, k: u32) -> vec4<f32> {
    let inside = row != NOWHERE;
    return select(vec4<f32>(), dy[select(0u, row * conv.kp + k, inside) / 4u], inside);
}

// y: rows are output pixels, columns output channels.
@compute @workgroup_size(8)
fn forward_lanes(
    @builtin(local_invocation_index) i: u32,
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
) {
    let tile = lanes_of(linear(workgroup, workgroups), LANE_ROWS);
    let g = min(tile.group, conv.groups - 1u);
    let column = tile.column + i * 4u;
    // Invocations behind the last column repeat it, and store nothing.
    let first = g * conv.kg + min(column, conv.kr - 4u);
    let c0 = corner_of(tile.row + 0u);
    let c1 = corner_of(tile.row + 1u);
    let c2 = corner_of(tile.row + 2u);
    let c3 = corner_of(tile.row + 3u);
    let c4 = corner_of(tile.row + 4u);
    let c5 = corner_of(tile.row + 5u);
    let c6 = corner_of(tile.row + 6u);
    let c7 = corner_of(tile.row + 7u);
    for (var r = 0u; r < conv.r; r++) {
        for (var s = 0u; s < conv.s; s++) {
            let number = r * conv.s + s;
            let tap = Tap(r * conv.dilation_h, s * conv.dilation_w, 0u, number);
            let x0 = x_place(c0, tap, g);
            let x1 = x_place(c1, tap, g);
            let x2 = x_place(c2, tap, g);
            let x3 = x_place(c3, tap, g);
            let x4 = x_place(c4, tap, g);
            let x5 = x_place(c5, tap, g);
            let x6 = x_place(c6, tap, g);
            let x7 = x_place(c7, tap, g);
            for (var c = 0u; c < conv.stored; c += 4u) {
                let depth = number * conv.stored + c;
                let at = (depth * conv.kp + first) / 4u;
                let across = conv.kp / 4u;
                let w0 = w[at];
                let w1 = w[at + across];
                let w2 = w[at + 2u * across];
                let w3 = w[at + 3u * across];
                l0 = multiply(x_lane(x0, c), w0, w1, w2, w3, l0);
                r0 = multiply(x_lane(x1, c), w0, w1, w2, w3, r0);
                l1 = multiply(x_lane(x2, c), w0, w1, w2, w3, l1);
                r1 = multiply(x_lane(x3, c), w0, w1, w2, w3, r1);
                l2 = multiply(x_lane(x4, c), w0, w1, w2, w3, l2);
                r2 = multiply(x_lane(x5, c), w0, w1, w2, w3, r2);
                l3 = multiply(x_lane(x6, c), w0, w1, w2, w3, l3);
                r3 = multiply(x_lane(x7, c), w0, w1, w2, w3, r3);
            }
        }
        // A run is a row of taps. Not behind a condition: a processor would take both ways of it every time.
        close_run();
    }
    for (var v = 0u; v < LANE_ROWS; v++) {
        if tile.group < conv.groups && tile.row + v < conv.rows {
            var bias = vec4<f32>();
            if conv.biased != 0u { bias = vec4<f32>(b[first], b[first + 1u], b[first + 2u], b[first + 3u]); }
            store((tile.row + v) * conv.kp + g * conv.kg + column, column, total_vector(v) + bias);
        }
    }
}

// dx: rows are input pixels, columns input channels.
@compute @workgroup_size(8)
fn backward_input_lanes(
    @builtin(local_invocation_index) i: u32,
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
) {
    let tile = lanes_of(linear(workgroup, workgroups), LANE_ROWS);
    let g = min(tile.group, conv.groups - 1u);
    let column = tile.column + i * 4u;
    let last = conv.stored - 1u;
    let s0 = spot_of(tile.row + 0u);
    let s1 = spot_of(tile.row + 1u);
    let s2 = spot_of(tile.row + 2u);
    let s3 = spot_of(tile.row + 3u);
    let s4 = spot_of(tile.row + 4u);
    let s5 = spot_of(tile.row + 5u);
    let s6 = spot_of(tile.row + 6u);
    let s7 = spot_of(tile.row + 7u);
    for (var r = 0u; r < conv.r; r++) {
        for (var s = 0u; s < conv.s; s++) {
            let number = r * conv.s + s;
            let tap = Tap(r * conv.dilation_h, s * conv.dilation_w, 0u, number);
            let y0 = dy_row(s0, tap);
            let y1 = dy_row(s1, tap);
            let y2 = dy_row(s2, tap);
            let y3 = dy_row(s3, tap);
            let y4 = dy_row(s4, tap);
            let y5 = dy_row(s5, tap);
            let y6 = dy_row(s6, tap);
            let y7 = dy_row(s7, tap);
            let row = number * conv.stored;
            for (var depth = 0u; depth < conv.kr; depth += 4u) {
                let k = g * conv.kg + depth;
                let c0 = w[((row + min(column, last)) * conv.kp + k) / 4u];
                let c1 = w[((row + min(column + 1u, last)) * conv.kp + k) / 4u];
                let c2 = w[((row + min(column + 2u, last)) * conv.kp + k) / 4u];
                let c3 = w[((row + min(column + 3u, last)) * conv.kp + k) / 4u];
                let w0 = vec4<f32>(c0.x, c1.x, c2.x, c3.x);
                let w1 = vec4<f32>(c0.y, c1.y, c2.y, c3.y);
                let w2 = vec4<f32>(c0.z, c1.z, c2.z, c3.z);
                let w3 = vec4<f32>(c0.w, c1.w, c2.w, c3.w);
                l0 = multiply(dy_lane(y0, k), w0, w1, w2, w3, l0);
                r0 = multiply(dy_lane(y1, k), w0, w1, w2, w3, r0);
                l1 = multiply(dy_lane(y2, k), w0, w1, w2, w3, l1);
                r1 = multiply(dy_lane(y3, k), w0, w1, w2, w3, r1);
                l2 = multiply(dy_lane(y4, k), w0, w1, w2, w3, l2);
                r2 = multiply(dy_lane(y5, k), w0, w1, w2, w3, r2);
                l3 = multiply(dy_lane(y6, k), w0, w1, w2, w3, l3);
                r3 = multiply(dy_lane(y7, k), w0, w1, w2, w3, r3);
            }
        }
        // A run is a row of taps.
        close_run();
    }
    for (var v = 0u; v < LANE_ROWS; v++) {
        if tile.group < conv.groups && tile.row + v < conv.rows {
            store((tile.row + v) * conv.cp + g * conv.cg + column, column, total_vector(v));
        }
    }
}

// dw: rows are taps and input channels, columns output channels; the depth is output pixels, a run one image.
@compute @workgroup_size(8)
fn backward_weight_lanes(
    @builtin(local_invocation_index) i: u32,
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
) {
    let tile = lanes_of(linear(workgroup, workgroups), WEIGHT_LANE_ROWS);
    let g = min(tile.group, conv.groups - 1u);
    let column = tile.column + i * 4u;
    let first = g * conv.kg + min(column, conv.kr - 4u);
    if conv.continued != 0u {
        for (var v = 0u; v < WEIGHT_LANE_ROWS; v++) {
            let row = tile.row + v;
            if row < conv.rows { set_total_vector(v, load(row * conv.kp + g * conv.kg + column, column)); }
        }
    }
    let t0 = tap_of(tile.row, conv.stored);
    let t1 = tap_of(tile.row + 4u, conv.stored);
    let t2 = tap_of(tile.row + 8u, conv.stored);
    let t3 = tap_of(tile.row + 12u, conv.stored);
    for (var image = 0u; image < conv.n; image++) {
        for (var p = 0u; p < conv.p; p++) {
            for (var q = 0u; q < conv.q; q++) {
                let d = dy[(((image * conv.p + p) * conv.q + q) * conv.kp + first) / 4u];
                let corner = Corner(image * conv.h * conv.w, p * conv.stride_h - conv.pad_h, q * conv.stride_w - conv.pad_w);
                let a0 = x_lane(x_place(corner, t0, g), 0u);
                let a1 = x_lane(x_place(corner, t1, g), 0u);
                let a2 = x_lane(x_place(corner, t2, g), 0u);
                let a3 = x_lane(x_place(corner, t3, g), 0u);
                l0 = fma(vec4<f32>(a0.x), d, l0);
                r0 = fma(vec4<f32>(a0.y), d, r0);
                l1 = fma(vec4<f32>(a0.z), d, l1);
                r1 = fma(vec4<f32>(a0.w), d, r1);
                l2 = fma(vec4<f32>(a1.x), d, l2);
                r2 = fma(vec4<f32>(a1.y), d, r2);
                l3 = fma(vec4<f32>(a1.z), d, l3);
                r3 = fma(vec4<f32>(a1.w), d, r3);
                l4 = fma(vec4<f32>(a2.x), d, l4);
                r4 = fma(vec4<f32>(a2.y), d, r4);
                l5 = fma(vec4<f32>(a2.z), d, l5);
                r5 = fma(vec4<f32>(a2.w), d, r5);
                l6 = fma(vec4<f32>(a3.x), d, l6);
                r6 = fma(vec4<f32>(a3.y), d, r6);
                l7 = fma(vec4<f32>(a3.z), d, l7);
                r7 = fma(vec4<f32>(a3.w), d, r7);
            }
        }
        // A run is an image.
        close_run();
    }
    for (var v = 0u; v < WEIGHT_LANE_ROWS; v++) {
        let row = tile.row + v;
        if tile.group < conv.groups && row < conv.rows && row % conv.stored < conv.cg {
            store(row * conv.kp + g * conv.kg + column, column, total_vector(v));
        }
    }
}
