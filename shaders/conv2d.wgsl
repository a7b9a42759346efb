// A grouped two-dimensional convolution as a matrix product whose operands are gathered on the way into workgroup
// memory (implicit GEMM). Every entry point computes a tile of 64 x 64 results of one group a workgroup,
// see shared/tile.wgsl. Group g is the output channels from g * kg on.

// Whether the channels a group allow loads of four at a time; else they are loaded one by one.
override ALIGNED: bool = true;

struct Conv2dParameters {
    // Images here; input height, width and padded channels; output height, width and padded channels.
    n: u32, h: u32, w: u32, cp: u32,
    p: u32, q: u32, kp: u32,
    // Kernel height and width; stored input channels a group; real input and output channels a group.
    r: u32, s: u32, stored: u32, cg: u32, kg: u32,
    // Output channels a group that a sum over them runs through: with the padding where there is one group.
    kr: u32,
    stride_h: u32, stride_w: u32, pad_h: u32, pad_w: u32, dilation_h: u32, dilation_w: u32,
    // Rows and columns of one group's product, its tiles, tiles across, and groups.
    rows: u32, columns: u32, tiles: u32, across: u32, groups: u32,
    // The weight gradient's images a run, and 1 where it continues an earlier dispatch; 1 where there is a bias.
    run: u32, continued: u32, biased: u32,
}
@group(0) @binding(0) var<uniform> conv: Conv2dParameters;
@group(0) @binding(1) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> w: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> b: array<f32>;
@group(0) @binding(4) var<storage, read> dy: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read_write> result: array<f32>;
@group(0) @binding(5) var<storage, read_write> db: array<vec4<f32>>;

struct Tile { group: u32, row: u32, column: u32 }

fn tile_of(workgroup: u32) -> Tile {
    let within = workgroup % conv.tiles;
    return Tile(workgroup / conv.tiles, (within / conv.across) * TILE, (within % conv.across) * TILE);
}

const NOWHERE: u32 = 0xffffffffu;
// Added to a row or column that does not exist: no sum of it with a kernel's extent comes back into an image.
const OUTSIDE: u32 = 0x40000000u;

// Where the window of an output pixel begins: its image's first pixel, and its top and left. Divisions are slow
// on every device; what is the same for all slabs is divided once.
struct Corner { image: u32, top: u32, left: u32 }

fn corner_of(pixel: u32) -> Corner {
    let within = pixel % (conv.p * conv.q);
    let outside = select(0u, OUTSIDE, pixel >= conv.n * conv.p * conv.q);
    // In the padding the subtraction wraps around to a number that is no row or column either.
    return Corner((pixel / (conv.p * conv.q)) * conv.h * conv.w,
        (within / conv.q) * conv.stride_h - conv.pad_h + outside, (within % conv.q) * conv.stride_w - conv.pad_w);
}

// A tap's distance from its window's corner, and a channel; `channels` of them belong to a tap.
struct Tap { down: u32, right: u32, channel: u32, number: u32 }

fn tap_of(index: u32, channels: u32) -> Tap {
    let number = index / channels;
    let outside = select(0u, OUTSIDE, number >= conv.r * conv.s);
    return Tap((number / conv.s) * conv.dilation_h + outside, (number % conv.s) * conv.dilation_w,
        index % channels, number);
}

fn x_place(corner: Corner, tap: Tap, group: u32) -> u32 {
    let h = corner.top + tap.down;
    let at_w = corner.left + tap.right;
    let at = (corner.image + h * conv.w + at_w) * conv.cp + group * conv.cg + tap.channel;
    return select(NOWHERE, at, (h < conv.h) & (at_w < conv.w));
}
fn x_one(corner: Corner, index: u32, group: u32) -> f32 {
    let at = x_place(corner, tap_of(index, conv.stored), group);
    if at == NOWHERE { return 0.0; }
    return x[at / 4u][at % 4u];
}

// Four channels of the input under a window, from `index` on; `tap` is the tap of `index`.
fn x_four(corner: Corner, index: u32, tap: Tap, group: u32) -> vec4<f32> {
    if ALIGNED {
        let at = x_place(corner, tap, group);
        if at == NOWHERE { return vec4<f32>(); }
        return x[at / 4u];
    }
    return vec4<f32>(x_one(corner, index, group), x_one(corner, index + 1u, group),
        x_one(corner, index + 2u, group), x_one(corner, index + 3u, group));
}

// Four output channels k .. of a row of `kp`, those at or behind the group's end zero.
fn w_four(row: u32, k: u32, group: u32) -> vec4<f32> {
    let at = row * conv.kp + group * conv.kg + k;
    if ALIGNED {
        if k >= conv.kr { return vec4<f32>(); }
        return w[at / 4u];
    }
    var v = vec4<f32>();
    if k < conv.kg { v.x = w[at / 4u][at % 4u]; }
    if k + 1u < conv.kg { v.y = w[(at + 1u) / 4u][(at + 1u) % 4u]; }
    if k + 2u < conv.kg { v.z = w[(at + 2u) / 4u][(at + 2u) % 4u]; }
    if k + 3u < conv.kg { v.w = w[(at + 3u) / 4u][(at + 3u) % 4u]; }
    return v;
}
fn dy_four(row: u32, k: u32, group: u32) -> vec4<f32> {
    let at = row * conv.kp + group * conv.kg + k;
    if ALIGNED {
        if k >= conv.kr { return vec4<f32>(); }
        return dy[at / 4u];
    }
    var v = vec4<f32>();
    if k < conv.kg { v.x = dy[at / 4u][at % 4u]; }
    if k + 1u < conv.kg { v.y = dy[(at + 1u) / 4u][(at + 1u) % 4u]; }
    if k + 2u < conv.kg { v.z = dy[(at + 2u) / 4u][(at + 2u) % 4u]; }
    if k + 3u < conv.kg { v.w = dy[(at + 3u) / 4u][(at + 3u) % 4u]; }
    return v;
}

// Writes up to four results from a place on; those at or behind `columns` belong to another group or to the padding.
fn store(at: u32, column: u32, v: vec4<f32>) {
    if column < conv.columns { result[at] = v.x; }
    if column + 1u < conv.columns { result[at + 1u] = v.y; }
    if column + 2u < conv.columns { result[at + 2u] = v.z; }
    if column + 3u < conv.columns { result[at + 3u] = v.w; }
}
fn load(at: u32, column: u32) -> vec4<f32> {
    var v = vec4<f32>();
    if column < conv.columns { v.x = result[at]; }
    if column + 1u < conv.columns { v.y = result[at + 1u]; }
    if column + 2u < conv.columns { v.z = result[at + 2u]; }
    if column + 3u < conv.columns { v.w = result[at + 3u]; }
    return v;
}

// y: rows are output pixels, columns output channels, the depth taps and input channels; a run is 256 deep.
@compute @workgroup_size(64)
fn forward(
    @builtin(local_invocation_index) i: u32,
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
) {
    let tile = tile_of(linear(workgroup, workgroups));
    let g = tile.group;
    // A folded grid may have a few workgroups too many.
    if g >= conv.groups { return; }
    let deep = conv.r * conv.s * conv.stored;
    let pixel = tile.row + (i % 16u) * 4u;
    let corner0 = corner_of(pixel);
    let corner1 = corner_of(pixel + 1u);
    let corner2 = corner_of(pixel + 2u);
    let corner3 = corner_of(pixel + 3u);
    for (var depth = 0u; depth < deep; depth += SLAB) {
        let index = depth + (i / 16u) * 4u;
        let tap = tap_of(index, conv.stored);
        put_a_along_depth(i, x_four(corner0, index, tap, g), x_four(corner1, index, tap, g),
            x_four(corner2, index, tap, g), x_four(corner3, index, tap, g));
        for (var d = i / 16u; d < SLAB; d += 4u) {
            var v = vec4<f32>();
            if depth + d < deep { v = w_four(depth + d, tile.column + (i % 16u) * 4u, g); }
            slab_b[d * 16u + i % 16u] = v;
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
        let at = place(i, v) + vec2<u32>(tile.row, tile.column);
        if at.x < conv.rows {
            var bias = vec4<f32>();
            if conv.biased != 0u && at.y < conv.kg {
                let k = g * conv.kg + at.y;
                bias = vec4<f32>(b[k], b[min(k + 1u, conv.kp - 1u)], b[min(k + 2u, conv.kp - 1u)], b[min(k + 3u, conv.kp - 1u)]);
            }
            store(at.x * conv.kp + g * conv.kg + at.y, at.y, total_vector(v) + bias);
        }
    }
}

// Where an input pixel lies: its image's first output pixel, and its row and column in the padded input.
struct Spot { image: u32, h: u32, w: u32 }

fn spot_of(pixel: u32) -> Spot {
    let within = pixel % (conv.h * conv.w);
    let outside = select(0u, OUTSIDE, pixel >= conv.rows);
    return Spot((pixel / (conv.h * conv.w)) * conv.p * conv.q,
        within / conv.w + conv.pad_h + outside, within % conv.w + conv.pad_w);
}

fn divided(distance: u32, stride: u32) -> u32 {
    if stride == 1u { return distance; }
    return distance / stride;
}

// The row of dy that a tap of an input pixel comes from.
fn dy_row(spot: Spot, tap: Tap) -> u32 {
    // Before the first output the subtraction wraps around to a number behind the last.
    let down = spot.h - tap.down;
    let right = spot.w - tap.right;
    let p = divided(down, conv.stride_h);
    let q = divided(right, conv.stride_w);
    let inside = (p < conv.p) & (q < conv.q) & (p * conv.stride_h == down) & (q * conv.stride_w == right);
    return select(NOWHERE, spot.image + p * conv.q + q, inside);
}
fn dy_one(spot: Spot, index: u32, g: u32) -> f32 {
    let tap = tap_of(index, conv.kr);
    let row = dy_row(spot, tap);
    if row == NOWHERE { return 0.0; }
    let at = row * conv.kp + g * conv.kg + tap.channel;
    return dy[at / 4u][at % 4u];
}
fn dy_under(spot: Spot, index: u32, tap: Tap, g: u32) -> vec4<f32> {
    if ALIGNED {
        let row = dy_row(spot, tap);
        if row == NOWHERE { return vec4<f32>(); }
        return dy[(row * conv.kp + g * conv.kg + tap.channel) / 4u];
    }
    return vec4<f32>(dy_one(spot, index, g), dy_one(spot, index + 1u, g),
        dy_one(spot, index + 2u, g), dy_one(spot, index + 3u, g));
}
fn w_one(c: u32, tap: Tap, g: u32) -> f32 {
    if c >= conv.stored || tap.number >= conv.r * conv.s { return 0.0; }
    let at = (tap.number * conv.stored + c) * conv.kp + g * conv.kg + tap.channel;
    return w[at / 4u][at % 4u];
}
fn w_under(c: u32, index: u32, tap: Tap, g: u32) -> vec4<f32> {
    if ALIGNED {
        if c >= conv.stored || tap.number >= conv.r * conv.s { return vec4<f32>(); }
        return w[((tap.number * conv.stored + c) * conv.kp + g * conv.kg + tap.channel) / 4u];
    }
    return vec4<f32>(w_one(c, tap, g), w_one(c, tap_of(index + 1u, conv.kr), g),
        w_one(c, tap_of(index + 2u, conv.kr), g), w_one(c, tap_of(index + 3u, conv.kr), g));
}

// dx, in gather form: rows are input pixels, columns input channels, the depth taps and output channels.
@compute @workgroup_size(64)
fn backward_input(
    @builtin(local_invocation_index) i: u32,
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
) {
    let tile = tile_of(linear(workgroup, workgroups));
    let g = tile.group;
    // A folded grid may have a few workgroups too many.
    if g >= conv.groups { return; }
    let pixel = tile.row + (i % 16u) * 4u;
    let c = tile.column + (i % 16u) * 4u;
    let spot0 = spot_of(pixel);
    let spot1 = spot_of(pixel + 1u);
    let spot2 = spot_of(pixel + 2u);
    let spot3 = spot_of(pixel + 3u);
    for (var depth = 0u; depth < conv.r * conv.s * conv.kr; depth += SLAB) {
        let index = depth + (i / 16u) * 4u;
        let tap = tap_of(index, conv.kr);
        put_a_along_depth(i, dy_under(spot0, index, tap, g), dy_under(spot1, index, tap, g),
            dy_under(spot2, index, tap, g), dy_under(spot3, index, tap, g));
        put_b_along_depth(i, w_under(c, index, tap, g), w_under(c + 1u, index, tap, g),
            w_under(c + 2u, index, tap, g), w_under(c + 3u, index, tap, g));
        // The slabs must be complete before they are read,
        workgroupBarrier();
        add_slabs(i);
        if (depth / SLAB) % 16u == 15u { close_run(); }
        // and read by all before the next ones overwrite them.
        workgroupBarrier();
    }
    close_run();
    for (var v = 0u; v < 16u; v++) {
        let at = place(i, v) + vec2<u32>(tile.row, tile.column);
        if at.x < conv.rows {
            store(at.x * conv.cp + g * conv.cg + at.y, at.y, total_vector(v));
        }
    }
}

// dw: rows are taps and input channels, columns output channels, the depth output pixels; a run is `run` images.
@compute @workgroup_size(64)
fn backward_weight(
    @builtin(local_invocation_index) i: u32,
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
) {
    let tile = tile_of(linear(workgroup, workgroups));
    let g = tile.group;
    // A folded grid may have a few workgroups too many.
    if g >= conv.groups { return; }
    if conv.continued != 0u {
        for (var v = 0u; v < 16u; v++) {
            let at = place(i, v) + vec2<u32>(tile.row, tile.column);
            if at.x < conv.rows { set_total_vector(v, load(at.x * conv.kp + g * conv.kg + at.y, at.y)); }
        }
    }
    let index = tile.row + (i % 16u) * 4u;
    let tap = tap_of(index, conv.stored);
    for (var image = 0u; image < conv.n; image += conv.run) {
        let end = min(image + conv.run, conv.n) * conv.p * conv.q;
        for (var depth = image * conv.p * conv.q; depth < end; depth += SLAB) {
            for (var d = i / 16u; d < SLAB; d += 4u) {
                var a = vec4<f32>();
                var b = vec4<f32>();
                if depth + d < end {
                    a = x_four(corner_of(depth + d), index, tap, g);
                    b = dy_four(depth + d, tile.column + (i % 16u) * 4u, g);
                }
                slab_a[d * 16u + i % 16u] = a;
                slab_b[d * 16u + i % 16u] = b;
            }
            // The slabs must be complete before they are read,
            workgroupBarrier();
            add_slabs(i);
            // and read by all before the next ones overwrite them.
            workgroupBarrier();
        }
        close_run();
    }
    for (var v = 0u; v < 16u; v++) {
        let at = place(i, v) + vec2<u32>(tile.row, tile.column);
        if at.x < conv.rows && at.x % conv.stored < conv.cg {
            store(at.x * conv.kp + g * conv.kg + at.y, at.y, total_vector(v));
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
