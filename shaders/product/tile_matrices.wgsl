enable f16;
enable wgpu_cooperative_matrix;

// A tile whose products are those of matrices of f16: a subgroup of $LANES lanes multiplies matrices of $MATRIX x $MATRIX
// with sums in f32, a block of two by four matrices of results, of which its lanes hold 64 numbers each. What the
// operands are rounded to, and which of their products make a sum, say tile_mixed.wgsl and tile_f16x3.wgsl.

const MATRIX: u32 = $MATRIXu;
const LANES: u32 = $LANESu;
const DOWN: u32 = 2u;
const RIGHT: u32 = 4u;
const BLOCKS_ACROSS: u32 = TILE_COLUMNS / (RIGHT * MATRIX);
// Vectors of a row of a matrix, and of a matrix.
const MATRIX_ACROSS: u32 = MATRIX / 4u;
const MATRIX_VECTORS: u32 = MATRIX * MATRIX_ACROSS;

// The subgroup, which is the number of its block of results. Which lanes are its own does not matter.
var<private> block: u32;

@compute @workgroup_size($INVOCATIONS)
fn main(
    @builtin(local_invocation_index) i: u32,
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(subgroup_id) subgroup: u32,
) {
    block = subgroup;
    multiply_tile(i, linear(workgroup, workgroups));
}

fn turns(number: u32) -> u32 { return number; }

// Eight numbers of room after each depth let the rows of a matrix begin in different banks of workgroup memory.
const PITCH_a: u32 = ACROSS_a + 2u;
const PITCH_b: u32 = ACROSS_b + 2u;
var<workgroup> slab_a: array<vec4<f16>, 2u * SLAB_a>;
var<workgroup> slab_b: array<vec4<f16>, 2u * SLAB_b>;

// Where the operands of the block's first matrix begin in the first (0) or the second (1) slabs.
fn block_a(slab: u32) -> u32 { return slab * SLAB_a + block / BLOCKS_ACROSS * DOWN * MATRIX_ACROSS; }
fn block_b(slab: u32) -> u32 { return slab * SLAB_b + block % BLOCKS_ACROSS * RIGHT * MATRIX_ACROSS; }

// The sums of the block's matrices in the run at hand, and in the runs before.
#for i in 0..2
#for j in 0..4
var<private> run$i$j: coop_mat$MATRIXx$MATRIX<f32, C>;
var<private> sum$i$j: coop_mat$MATRIXx$MATRIX<f32, C>;
#end
#end

// Moves the sums of a run of slabs into the total. Sums of runs keep the rounding error of a long sum small:
// it grows with the length of a run and with the number of runs, not with their product.
fn close_run() {
    column_total += column_sum; column_sum = 0.0;
    #for i in 0..2
    #for j in 0..4
    sum$i$j = sum$i$j + run$i$j; run$i$j = coop_mat$MATRIXx$MATRIX<f32, C>();
    #end
    #end
}

// The row and the first column, within the tile, of an invocation's vector number v: matrix v / 2 of the block with the
// number of its $LANES neighbours.
fn place(invocation: u32, v: u32) -> vec2<u32> {
    let neighbours = invocation / LANES;
    let vector = v % 2u * LANES + invocation % LANES;
    let row = (neighbours / BLOCKS_ACROSS * DOWN + v / (2u * RIGHT)) * MATRIX + vector / MATRIX_ACROSS;
    let column = (neighbours % BLOCKS_ACROSS * RIGHT + v / 2u % RIGHT) * MATRIX + vector % MATRIX_ACROSS * 4u;
    return vec2<u32>(row, column);
}

// The way between the matrices of a block, whose layout in the lanes nobody knows, and vectors: a matrix a block.
var<workgroup> exchange: array<vec4<f32>, INVOCATIONS / LANES * MATRIX_VECTORS>;

// The totals of columns, on the same way.
fn keep_column(column: u32, v: f32) { exchange[column / 4u][column % 4u] = v; }
fn kept_columns(i: u32) -> vec4<f32> { return exchange[i]; }

// Makes matrices of the totals that were set.
fn take_totals(invocation: u32) {
    let at = invocation / LANES * MATRIX_VECTORS + invocation % LANES;
    #for i in 0..2
    #for j in 0..4
    exchange[at] = total_vector($iu * 2u * RIGHT + $ju * 2u);
    exchange[at + LANES] = total_vector($iu * 2u * RIGHT + $ju * 2u + 1u);
    // All must have written before it is read, and read before the next matrix overwrites it.
    workgroupBarrier();
    sum$i$j = coopLoadT<coop_mat$MATRIXx$MATRIX<f32, C>>(&exchange[block * MATRIX_VECTORS], MATRIX_ACROSS);
    workgroupBarrier();
    #end
    #end
}

// Makes the totals that are read of the matrices.
fn give_totals(invocation: u32) {
    let at = invocation / LANES * MATRIX_VECTORS + invocation % LANES;
    #for i in 0..2
    #for j in 0..4
    coopStoreT(sum$i$j, &exchange[block * MATRIX_VECTORS], MATRIX_ACROSS);
    // All must have written before it is read, and read before the next matrix overwrites it.
    workgroupBarrier();
    set_total_vector($iu * 2u * RIGHT + $ju * 2u, exchange[at]);
    set_total_vector($iu * 2u * RIGHT + $ju * 2u + 1u, exchange[at + LANES]);
    workgroupBarrier();
    #end
    #end
}
