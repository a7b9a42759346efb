// A tiled matrix product: a workgroup of 64 invocations computes a tile of 64 x 64 results, an invocation
// 8 rows x 8 columns of it: rows 4 i .. 4 i + 3 and 32 + 4 i .., columns 4 j .. 4 j + 3 and 32 + 4 j ..,
// where i = invocation / 8 and j = invocation % 8. The operands pass through workgroup memory in slabs
// 16 deep. The sums stay in named vectors: arrays indexed by a loop would be spilled to memory.

const TILE: u32 = 64u;
const SLAB: u32 = 16u;

// [depth][row / 4] and [depth][column / 4].
var<workgroup> slab_a: array<vec4<f32>, 256>;
var<workgroup> slab_b: array<vec4<f32>, 256>;

// Rows 0 to 7 of an invocation; l is its left vector of columns, r its right one.
struct Sums {
    l0: vec4<f32>, r0: vec4<f32>, l1: vec4<f32>, r1: vec4<f32>,
    l2: vec4<f32>, r2: vec4<f32>, l3: vec4<f32>, r3: vec4<f32>,
    l4: vec4<f32>, r4: vec4<f32>, l5: vec4<f32>, r5: vec4<f32>,
    l6: vec4<f32>, r6: vec4<f32>, l7: vec4<f32>, r7: vec4<f32>,
}

// Adds the product of the two slabs.
fn add_slabs(invocation: u32, s: ptr<function, Sums>) {
    let i = invocation / 8u;
    let j = invocation % 8u;
    for (var d = 0u; d < SLAB; d++) {
        let u = slab_a[d * 16u + i];
        let v = slab_a[d * 16u + 8u + i];
        let l = slab_b[d * 16u + j];
        let r = slab_b[d * 16u + 8u + j];
        (*s).l0 = fma(vec4<f32>(u.x), l, (*s).l0);
        (*s).r0 = fma(vec4<f32>(u.x), r, (*s).r0);
        (*s).l1 = fma(vec4<f32>(u.y), l, (*s).l1);
        (*s).r1 = fma(vec4<f32>(u.y), r, (*s).r1);
        (*s).l2 = fma(vec4<f32>(u.z), l, (*s).l2);
        (*s).r2 = fma(vec4<f32>(u.z), r, (*s).r2);
        (*s).l3 = fma(vec4<f32>(u.w), l, (*s).l3);
        (*s).r3 = fma(vec4<f32>(u.w), r, (*s).r3);
        (*s).l4 = fma(vec4<f32>(v.x), l, (*s).l4);
        (*s).r4 = fma(vec4<f32>(v.x), r, (*s).r4);
        (*s).l5 = fma(vec4<f32>(v.y), l, (*s).l5);
        (*s).r5 = fma(vec4<f32>(v.y), r, (*s).r5);
        (*s).l6 = fma(vec4<f32>(v.z), l, (*s).l6);
        (*s).r6 = fma(vec4<f32>(v.z), r, (*s).r6);
        (*s).l7 = fma(vec4<f32>(v.w), l, (*s).l7);
        (*s).r7 = fma(vec4<f32>(v.w), r, (*s).r7);
    }
}

// Moves the sums of a run of slabs into the total. Sums of runs keep the rounding error of a long sum small:
// it grows with the length of a run and with the number of runs, not with their product.
fn close_run(s: ptr<function, Sums>, total: ptr<function, Sums>) {
    (*total).l0 += (*s).l0; (*total).r0 += (*s).r0; (*total).l1 += (*s).l1; (*total).r1 += (*s).r1;
    (*total).l2 += (*s).l2; (*total).r2 += (*s).r2; (*total).l3 += (*s).l3; (*total).r3 += (*s).r3;
    (*total).l4 += (*s).l4; (*total).r4 += (*s).r4; (*total).l5 += (*s).l5; (*total).r5 += (*s).r5;
    (*total).l6 += (*s).l6; (*total).r6 += (*s).r6; (*total).l7 += (*s).l7; (*total).r7 += (*s).r7;
    *s = Sums();
}

// The row and the first column, within the tile, of an invocation's vector number v = 2 * row + side.
fn place(invocation: u32, v: u32) -> vec2<u32> {
    let row = v / 2u;
    return vec2<u32>((row / 4u) * 32u + (invocation / 8u) * 4u + row % 4u, (v % 2u) * 32u + (invocation % 8u) * 4u);
}

// Vector number v of the sums.
fn vector(s: ptr<function, Sums>, v: u32) -> vec4<f32> {
    switch v {
        case 0u: { return (*s).l0; } case 1u: { return (*s).r0; } case 2u: { return (*s).l1; }
        case 3u: { return (*s).r1; } case 4u: { return (*s).l2; } case 5u: { return (*s).r2; }
        case 6u: { return (*s).l3; } case 7u: { return (*s).r3; } case 8u: { return (*s).l4; }
        case 9u: { return (*s).r4; } case 10u: { return (*s).l5; } case 11u: { return (*s).r5; }
        case 12u: { return (*s).l6; } case 13u: { return (*s).r6; } case 14u: { return (*s).l7; }
        default: { return (*s).r7; }
    }
}

fn set_vector(s: ptr<function, Sums>, v: u32, value: vec4<f32>) {
    switch v {
        case 0u: { (*s).l0 = value; }
        case 1u: { (*s).r0 = value; }
        case 2u: { (*s).l1 = value; }
        case 3u: { (*s).r1 = value; }
        case 4u: { (*s).l2 = value; }
        case 5u: { (*s).r2 = value; }
        case 6u: { (*s).l3 = value; }
        case 7u: { (*s).r3 = value; }
        case 8u: { (*s).l4 = value; }
        case 9u: { (*s).r4 = value; }
        case 10u: { (*s).l5 = value; }
        case 11u: { (*s).r5 = value; }
        case 12u: { (*s).l6 = value; }
        case 13u: { (*s).r6 = value; }
        case 14u: { (*s).l7 = value; }
        default: { (*s).r7 = value; }
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
