// A tile in f32: an invocation computes four rows of it, 4 i .. 4 i + 3, or eight, with $ROWS / 2 + 4 i .., and four
// columns, 4 j .. 4 j + 3, or eight, with $COLUMNS / 2 + 4 j ..: fewer sums fit into the registers of more GPUs.

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

// Whether loops take their number of turns from a parameter, so that compilers cannot unroll them: where they do, they
// load the operands of all turns at once, and run out of registers on some GPUs.
#if SLIM
override ROLLED: bool = false;
#end
#if WIDE
const ROLLED: bool = false;
#end
fn turns(number: u32) -> u32 { return select(number, number * (product.slab / SLAB), ROLLED); }

// The slabs hold the numbers themselves, one depth after the other.
const PITCH_a: u32 = ACROSS_a;
const PITCH_b: u32 = ACROSS_b;
var<workgroup> slab_a: array<vec4<f32>, 2u * SLAB_a>;
var<workgroup> slab_b: array<vec4<f32>, (2u + $SHARE_bu) * SLAB_b>;

fn stage_a(at: u32, v: vec4<f32>) { slab_a[at] = v; }
fn stage_b(at: u32, v: vec4<f32>) { slab_b[at] = v; }
fn stage_one_a(at: u32, n: u32, v: f32) { slab_a[at][n] = v; }
fn stage_one_b(at: u32, n: u32, v: f32) { slab_b[at][n] = v; }
fn staged_one_b(at: u32, n: u32) -> f32 { return slab_b[at][n]; }

// The totals of columns, where the slabs were.
fn keep_column(column: u32, v: f32) { slab_b[column / 4u][column % 4u] = v; }
fn kept_columns(i: u32) -> vec4<f32> { return slab_b[i]; }

// Invocations side by side in a tile.
const RIGHT: u32 = TILE_COLUMNS / (4u * $SIDESu);

// The sums in the run at hand, of each side, four rows and row.
#for s in 0..SIDES
#for f in 0..FOURS
#for r in 0..4
var<private> sum$s$f$r: vec4<f32>;
#end
#end
#end

// Adds the products of one depth, whose operands begin at these vectors of the slabs.
fn add_depth(at_a: u32, at_b: u32) {
    #for f in 0..FOURS
    let down$f = slab_a[at_a + $fu * (ACROSS_a / 2u)];
    #end
    #for s in 0..SIDES
    let across$s = slab_b[at_b + $su * RIGHT];
    #end
    #for f in 0..FOURS
    #for r in 0..4
    #for s in 0..SIDES
    sum$s$f$r = fma(vec4<f32>(down$f[$r]), across$s, sum$s$f$r);
    #end
    #end
    #end
}

// Adds the product of the first (0) or the second (1) slabs.
fn add_slabs(invocation: u32, slab: u32) {
    let i = slab * SLAB_a + invocation / RIGHT;
    let j = slab * SLAB_b + invocation % RIGHT;
    if ROLLED {
        for (var d = 0u; d < turns(SLAB); d++) { add_depth(d * ACROSS_a + i, d * ACROSS_b + j); }
        return;
    }
    for (var d = 0u; d < SLAB; d += 4u) {
        // Four depths: the bookkeeping of a loop costs as much as a depth.
        #for n in 0..4
        add_depth((d + $nu) * ACROSS_a + i, (d + $nu) * ACROSS_b + j);
        #end
    }
}

// Moves the sums of a run of slabs into the total. Sums of runs keep the rounding error of a long sum small:
// it grows with the length of a run and with the number of runs, not with their product.
fn close_run() {
    column_total += column_sum; column_sum = 0.0;
    #for s in 0..SIDES
    #for f in 0..FOURS
    #for r in 0..4
    total$s$f$r += sum$s$f$r; sum$s$f$r = vec4<f32>();
    #end
    #end
    #end
}

// The row and the first column, within the tile, of an invocation's vector number v = HIGH * side + row.
fn place(invocation: u32, v: u32) -> vec2<u32> {
    let row = v % HIGH;
    return vec2<u32>((row / 4u) * (TILE_ROWS / 2u) + invocation / RIGHT * 4u + row % 4u,
        (v / HIGH * RIGHT + invocation % RIGHT) * 4u);
}

// The totals are where they are read and set.
fn take_totals(invocation: u32) {}
fn give_totals(invocation: u32) {}
