// A tile in f32: an invocation computes 8 rows x 8 columns of it, rows 4 i .. 4 i + 3 and $ROWS / 2 + 4 i ..,
// columns 4 j .. 4 j + 3 and $COLUMNS / 2 + 4 j ..

// Builtins come one by one: in a struct, compilers take the number of the workgroup for as little uniform as that of the
// invocation, and refuse the barriers.
@compute @workgroup_size($INVOCATIONS)
fn main(
    @builtin(local_invocation_index) i: u32,
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
) {
    multiply_tile(i, linear(workgroup, workgroups));
}

// The slabs hold the numbers themselves, one depth after the other.
const PITCH_a: u32 = ACROSS_a;
const PITCH_b: u32 = ACROSS_b;
var<workgroup> slab_a: array<vec4<f32>, 2u * SLAB_a>;
var<workgroup> slab_b: array<vec4<f32>, 2u * SLAB_b>;

fn stage_a(at: u32, v: vec4<f32>) { slab_a[at] = v; }
fn stage_b(at: u32, v: vec4<f32>) { slab_b[at] = v; }
fn staged_b(at: u32) -> vec4<f32> { return slab_b[at]; }

// The sums of an invocation's rows 0 to 7 in the run at hand; l is a row's left vector of columns, r its right one.
#for n in 0..8
var<private> l$n: vec4<f32>; var<private> r$n: vec4<f32>;
#end

// Adds the product of the first (0) or the second (1) slabs.
fn add_slabs(invocation: u32, slab: u32) {
    let i = slab * SLAB_a + invocation / (TILE_COLUMNS / 8u);
    let j = slab * SLAB_b + invocation % (TILE_COLUMNS / 8u);
    for (var d = 0u; d < SLAB; d += 4u) {
        // Four depths: the bookkeeping of a loop costs as much as a depth.
        #for n in 0..4
        let u$n = slab_a[(d + $nu) * ACROSS_a + i];
        let v$n = slab_a[(d + $nu) * ACROSS_a + ACROSS_a / 2u + i];
        let x$n = slab_b[(d + $nu) * ACROSS_b + j];
        let y$n = slab_b[(d + $nu) * ACROSS_b + ACROSS_b / 2u + j];
        #for c in 0..4
        l$c = fma(vec4<f32>(u$n[$cu]), x$n, l$c);
        r$c = fma(vec4<f32>(u$n[$cu]), y$n, r$c);
        #end
        #for c in 4..8
        l$c = fma(vec4<f32>(v$n[$cu - 4u]), x$n, l$c);
        r$c = fma(vec4<f32>(v$n[$cu - 4u]), y$n, r$c);
        #end
        #end
    }
}

// Moves the sums of a run of slabs into the total. Sums of runs keep the rounding error of a long sum small:
// it grows with the length of a run and with the number of runs, not with their product.
fn close_run() {
    column_total += column_sum; column_sum = vec4<f32>();
    #for n in 0..8
    total_l$n += l$n; total_r$n += r$n; l$n = vec4<f32>(); r$n = vec4<f32>();
    #end
}

// The row and the first column, within the tile, of an invocation's vector number v = 2 * row + side.
fn place(invocation: u32, v: u32) -> vec2<u32> {
    let row = v / 2u;
    return vec2<u32>((row / 4u) * (TILE_ROWS / 2u) + invocation / (TILE_COLUMNS / 8u) * 4u + row % 4u,
        (v % 2u) * (TILE_COLUMNS / 2u) + invocation % (TILE_COLUMNS / 8u) * 4u);
}

// The totals are where they are read and set.
fn take_totals(invocation: u32) {}
fn give_totals(invocation: u32) {}
