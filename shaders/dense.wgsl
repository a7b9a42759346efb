// A fully connected layer: y = x w + b. The weights may come in several pieces of rows, one dispatch each.
// Every entry point computes a tile of 64 x 64 results a workgroup, see shared/tile.wgsl.

struct DenseParameters {
    // Images here, and input features (padded) an image.
    n: u32,
    features: u32,
    // The piece of the weights: its first input feature, and how many.
    first: u32,
    rows: u32,
    // Output features, and padded to four.
    k: u32,
    kp: u32,
    // Input channels, and padded to four: features are channels last.
    c: u32,
    cp: u32,
    // 1 where the result continues what an earlier dispatch wrote; 1 where there is a bias.
    continued: u32,
    biased: u32,
}
@group(0) @binding(0) var<uniform> dense: DenseParameters;
@group(0) @binding(1) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> w: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> b: array<f32>;
@group(0) @binding(4) var<storage, read> dy: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read_write> result: array<f32>;
@group(0) @binding(5) var<storage, read_write> db: array<vec4<f32>>;

// Four elements of a row-major matrix, or zeros outside of it.
fn x_at(image: u32, feature: u32) -> vec4<f32> {
    if image < dense.n && feature < dense.rows {
        return x[(image * dense.features + dense.first + feature) / 4u];
    }
    return vec4<f32>();
}
fn w_at(feature: u32, k: u32) -> vec4<f32> {
    if feature < dense.rows && k < dense.kp {
        return w[(feature * dense.kp + k) / 4u];
    }
    return vec4<f32>();
}
fn dy_at(image: u32, k: u32) -> vec4<f32> {
    if image < dense.n && k < dense.kp {
        return dy[(image * dense.kp + k) / 4u];
    }
    return vec4<f32>();
}

// Four results of a row; what is at or behind `columns` is padding, and stays zero.
fn load(row_start: u32, column: u32, columns: u32) -> vec4<f32> {
    let at = row_start + column;
    var v = vec4<f32>();
    if column < columns { v.x = result[at]; }
    if column + 1u < columns { v.y = result[at + 1u]; }
    if column + 2u < columns { v.z = result[at + 2u]; }
    if column + 3u < columns { v.w = result[at + 3u]; }
    return v;
}
fn store(row_start: u32, column: u32, columns: u32, v: vec4<f32>) {
    let at = row_start + column;
    if column < columns { result[at] = v.x; }
    if column + 1u < columns { result[at + 1u] = v.y; }
    if column + 2u < columns { result[at + 2u] = v.z; }
    if column + 3u < columns { result[at + 3u] = v.w; }
}

// Rows are images, columns output features, the depth input features; a run is 256 deep.
@compute @workgroup_size(64)
fn forward(
    @builtin(local_invocation_index) i: u32,
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
) {
    let tile = linear(workgroup, workgroups);
    let across = (dense.kp + TILE - 1u) / TILE;
    let row = (tile / across) * TILE;
    let column = (tile % across) * TILE;
    if dense.continued != 0u {
        for (var v = 0u; v < 16u; v++) {
            let at = place(i, v) + vec2<u32>(row, column);
            if at.x < dense.n { set_total_vector(v, load(at.x * dense.kp, at.y, dense.k)); }
        }
    }
    for (var depth = 0u; depth < dense.rows; depth += SLAB) {
        let image = row + (i % 16u) * 4u;
        let f = depth + (i / 16u) * 4u;
        put_a_along_depth(i, x_at(image, f), x_at(image + 1u, f), x_at(image + 2u, f), x_at(image + 3u, f));
        for (var d = i / 16u; d < SLAB; d += 4u) {
            slab_b[d * 16u + i % 16u] = w_at(depth + d, column + (i % 16u) * 4u);
        }
        // The slabs must be complete before they are read,
        workgroupBarrier();
        add_slabs(i);
        if (depth / SLAB) % 16u == 15u { close_run(); }
        // and read by all before the next ones overwrite them.
        workgroupBarrier();
    }
    close_run();
    for (var v = 0u; v < 16u; v++) {
        let at = place(i, v) + vec2<u32>(row, column);
        if at.x < dense.n {
            var bias = vec4<f32>();
            if dense.biased != 0u && at.y < dense.kp {
                bias = vec4<f32>(b[at.y], b[at.y + 1u], b[at.y + 2u], b[at.y + 3u]);
            }
            store(at.x * dense.kp, at.y, dense.k, total_vector(v) + bias);
        }
    }
}

// dx = dy w^T: rows are images, columns input features, the depth output features.
@compute @workgroup_size(64)
fn backward_input(
    @builtin(local_invocation_index) i: u32,
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
) {
    let tile = linear(workgroup, workgroups);
    let across = (dense.rows + TILE - 1u) / TILE;
    let row = (tile / across) * TILE;
    let column = (tile % across) * TILE;
    for (var depth = 0u; depth < dense.kp; depth += SLAB) {
        let k = depth + (i / 16u) * 4u;
        let image = row + (i % 16u) * 4u;
        let f = column + (i % 16u) * 4u;
        put_a_along_depth(i, dy_at(image, k), dy_at(image + 1u, k), dy_at(image + 2u, k), dy_at(image + 3u, k));
        put_b_along_depth(i, w_at(f, k), w_at(f + 1u, k), w_at(f + 2u, k), w_at(f + 3u, k));
        // The slabs must be complete before they are read,
        workgroupBarrier();
        add_slabs(i);
        if (depth / SLAB) % 16u == 15u { close_run(); }
        // and read by all before the next ones overwrite them.
        workgroupBarrier();
    }
    close_run();
    for (var v = 0u; v < 16u; v++) {
        let at = place(i, v) + vec2<u32>(row, column);
        if at.x < dense.n {
            // The padded input features have weights of zero, but the gradient's padding is not touched:
            // zero times an infinite gradient would not be zero.
            store_features(at.x * dense.features + dense.first, at.y, total_vector(v));
        }
    }
}

// Input features are channels last, `c` of every `cp` real.
fn store_features(row_start: u32, feature: u32, v: vec4<f32>) {
    let c = (dense.first + feature) % dense.cp;
    if feature < dense.rows {
        store(row_start + feature, 0u, dense.c - min(c, dense.c), v);
    }
}

// dw = x^T dy: rows are input features, columns output features, the depth images; a run is 32 images.
@compute @workgroup_size(64)
fn backward_weight(
    @builtin(local_invocation_index) i: u32,
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
) {
    let tile = linear(workgroup, workgroups);
    let across = (dense.kp + TILE - 1u) / TILE;
    let row = (tile / across) * TILE;
    let column = (tile % across) * TILE;
    if dense.continued != 0u {
        for (var v = 0u; v < 16u; v++) {
            let at = place(i, v) + vec2<u32>(row, column);
            if at.x < dense.rows { set_total_vector(v, load(at.x * dense.kp, at.y, dense.k)); }
        }
    }
    for (var depth = 0u; depth < dense.n; depth += SLAB) {
        for (var d = i / 16u; d < SLAB; d += 4u) {
            slab_a[d * 16u + i % 16u] = x_at(depth + d, row + (i % 16u) * 4u);
            slab_b[d * 16u + i % 16u] = dy_at(depth + d, column + (i % 16u) * 4u);
        }
        // The slabs must be complete before they are read,
        workgroupBarrier();
        add_slabs(i);
        if (depth / SLAB) % 2u == 1u { close_run(); }
        // and read by all before the next ones overwrite them.
        workgroupBarrier();
    }
    close_run();
    for (var v = 0u; v < 16u; v++) {
        let at = place(i, v) + vec2<u32>(row, column);
        if at.x < dense.rows && (dense.first + at.x) % dense.cp < dense.c {
            store(at.x * dense.kp, at.y, dense.k, total_vector(v));
        }
    }
}

@compute @workgroup_size(256)
fn backward_bias(
    @builtin(local_invocation_index) i: u32,
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
) {
    column_sums(i, linear(workgroup, workgroups));
}
