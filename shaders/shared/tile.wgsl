// A tiled matrix product: a workgroup of 64 invocations computes a tile of 64 x 64 results, an invocation
// 8 rows x 8 columns of it: rows 4 i .. 4 i + 3 and 32 + 4 i .., columns 4 j .. 4 j + 3 and 32 + 4 j ..,
// where i = invocation / 8 and j = invocation % 8. The operands pass through workgroup memory in slabs
// 16 deep. The sums stay in named vectors: arrays indexed by a loop would be spilled to memory.

const TILE: u32 = 64u;
const SLAB: u32 = 16u;

// [depth][row / 4] and [depth][column / 4].
var<workgroup> slab_a: array<vec4<f32>, 256>;
var<workgroup> slab_b: array<vec4<f32>, 256>;

// The sums of an invocation's rows 0 to 7 in the run at hand; l is a row's left vector of columns, r its right one.
var<private> l0: vec4<f32>; var<private> r0: vec4<f32>;
var<private> l1: vec4<f32>; var<private> r1: vec4<f32>;
var<private> l2: vec4<f32>; var<private> r2: vec4<f32>;
var<private> l3: vec4<f32>; var<private> r3: vec4<f32>;
var<private> l4: vec4<f32>; var<private> r4: vec4<f32>;
var<private> l5: vec4<f32>; var<private> r5: vec4<f32>;
var<private> l6: vec4<f32>; var<private> r6: vec4<f32>;
var<private> l7: vec4<f32>; var<private> r7: vec4<f32>;
// The sums of the runs before.
var<private> total_l0: vec4<f32>; var<private> total_r0: vec4<f32>;
var<private> total_l1: vec4<f32>; var<private> total_r1: vec4<f32>;
var<private> total_l2: vec4<f32>; var<private> total_r2: vec4<f32>;
var<private> total_l3: vec4<f32>; var<private> total_r3: vec4<f32>;
var<private> total_l4: vec4<f32>; var<private> total_r4: vec4<f32>;
var<private> total_l5: vec4<f32>; var<private> total_r5: vec4<f32>;
var<private> total_l6: vec4<f32>; var<private> total_r6: vec4<f32>;
var<private> total_l7: vec4<f32>; var<private> total_r7: vec4<f32>;

// Adds the product of one depth of the two slabs.
fn add_depth(d: u32, i: u32, j: u32) {
    let u = slab_a[d * 16u + i];
    let v = slab_a[d * 16u + 8u + i];
    let l = slab_b[d * 16u + j];
    let r = slab_b[d * 16u + 8u + j];
    l0 = fma(vec4<f32>(u.x), l, l0);
    r0 = fma(vec4<f32>(u.x), r, r0);
    l1 = fma(vec4<f32>(u.y), l, l1);
    r1 = fma(vec4<f32>(u.y), r, r1);
    l2 = fma(vec4<f32>(u.z), l, l2);
    r2 = fma(vec4<f32>(u.z), r, r2);
    l3 = fma(vec4<f32>(u.w), l, l3);
    r3 = fma(vec4<f32>(u.w), r, r3);
    l4 = fma(vec4<f32>(v.x), l, l4);
    r4 = fma(vec4<f32>(v.x), r, r4);
    l5 = fma(vec4<f32>(v.y), l, l5);
    r5 = fma(vec4<f32>(v.y), r, r5);
    l6 = fma(vec4<f32>(v.z), l, l6);
    r6 = fma(vec4<f32>(v.z), r, r6);
    l7 = fma(vec4<f32>(v.w), l, l7);
    r7 = fma(vec4<f32>(v.w), r, r7);
}

// Adds the product of the two slabs. Unrolled by four: the bookkeeping of a loop costs as much as a depth.
fn add_slabs(invocation: u32) {
    let i = invocation / 8u;
    let j = invocation % 8u;
    for (var d = 0u; d < SLAB; d += 4u) {
        add_depth(d, i, j);
        add_depth(d + 1u, i, j);
        add_depth(d + 2u, i, j);
        add_depth(d + 3u, i, j);
    }
}

// Moves the sums of a run of slabs into the total. Sums of runs keep the rounding error of a long sum small:
// it grows with the length of a run and with the number of runs, not with their product.
fn close_run() {
    total_l0 += l0; total_r0 += r0; l0 = vec4<f32>(); r0 = vec4<f32>();
    total_l1 += l1; total_r1 += r1; l1 = vec4<f32>(); r1 = vec4<f32>();
    total_l2 += l2; total_r2 += r2; l2 = vec4<f32>(); r2 = vec4<f32>();
    total_l3 += l3; total_r3 += r3; l3 = vec4<f32>(); r3 = vec4<f32>();
    total_l4 += l4; total_r4 += r4; l4 = vec4<f32>(); r4 = vec4<f32>();
    total_l5 += l5; total_r5 += r5; l5 = vec4<f32>(); r5 = vec4<f32>();
    total_l6 += l6; total_r6 += r6; l6 = vec4<f32>(); r6 = vec4<f32>();
    total_l7 += l7; total_r7 += r7; l7 = vec4<f32>(); r7 = vec4<f32>();
}

// The row and the first column, within the tile, of an invocation's vector number v = 2 * row + side.
fn place(invocation: u32, v: u32) -> vec2<u32> {
    let row = v / 2u;
    return vec2<u32>((row / 4u) * 32u + (invocation / 8u) * 4u + row % 4u, (v % 2u) * 32u + (invocation % 8u) * 4u);
}

// Vector number v of the sums.
fn total_vector(v: u32) -> vec4<f32> {
    switch v {
        case 0u: { return total_l0; } case 1u: { return total_r0; } case 2u: { return total_l1; }
        case 3u: { return total_r1; } case 4u: { return total_l2; } case 5u: { return total_r2; }
        case 6u: { return total_l3; } case 7u: { return total_r3; } case 8u: { return total_l4; }
        case 9u: { return total_r4; } case 10u: { return total_l5; } case 11u: { return total_r5; }
        case 12u: { return total_l6; } case 13u: { return total_r6; } case 14u: { return total_l7; }
        default: { return total_r7; }
    }
}
fn set_total_vector(v: u32, value: vec4<f32>) {
    switch v {
        case 0u: { total_l0 = value; } case 1u: { total_r0 = value; } case 2u: { total_l1 = value; }
        case 3u: { total_r1 = value; } case 4u: { total_l2 = value; } case 5u: { total_r2 = value; }
        case 6u: { total_l3 = value; } case 7u: { total_r3 = value; } case 8u: { total_l4 = value; }
        case 9u: { total_r4 = value; } case 10u: { total_l5 = value; } case 11u: { total_r5 = value; }
        case 12u: { total_l6 = value; } case 13u: { total_r6 = value; } case 14u: { total_l7 = value; }
        default: { total_r7 = value; }
    }
}

// Writes four vectors along the depth, of four adjacent rows, into slab a: invocation b has rows
// 4 (b % 16) .. and depths 4 (b / 16) .. of the slab.
fn put_a_along_depth(b: u32, v0: vec4<f32>, v1: vec4<f32>, v2: vec4<f32>, v3: vec4<f32>) {
    let at = (b / 16u) * 64u + b % 16u;
    slab_a[at] = vec4<f32>(v0.x, v1.x, v2.x, v3.x);
    slab_a[at + 16u] = vec4<f32>(v0.y, v1.y, v2.y, v3.y);
    slab_a[at + 32u] = vec4<f32>(v0.z, v1.z, v2.z, v3.z);
    slab_a[at + 48u] = vec4<f32>(v0.w, v1.w, v2.w, v3.w);
}

// The same for four adjacent columns into slab b.
fn put_b_along_depth(b: u32, v0: vec4<f32>, v1: vec4<f32>, v2: vec4<f32>, v3: vec4<f32>) {
    let at = (b / 16u) * 64u + b % 16u;
    slab_b[at] = vec4<f32>(v0.x, v1.x, v2.x, v3.x);
    slab_b[at + 16u] = vec4<f32>(v0.y, v1.y, v2.y, v3.y);
    slab_b[at + 32u] = vec4<f32>(v0.z, v1.z, v2.z, v3.z);
    slab_b[at + 48u] = vec4<f32>(v0.w, v1.w, v2.w, v3.w);
}
