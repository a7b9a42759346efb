// A tiled matrix product: a workgroup computes a tile of $ROWS x $COLUMNS results, an invocation 64 of them. The operands
// pass through workgroup memory in slabs $DEPTH deep, of which there are two: while one is multiplied, the next one is
// on its way from memory into registers, and is then put where the one before was, so that one barrier a slab is
// enough. Every result is summed in the order of the depth whatever the size of the tile, so that the size does not
// change bits. What the slabs hold (`stage_a`, `stage_b`, `staged_b`), and how they are multiplied (`add_slabs`,
// `close_run`), is a matter of the precision: see tile_f32.wgsl, tile_mixed.wgsl and tile_f16x3.wgsl.

const INVOCATIONS: u32 = $INVOCATIONSu;
const TILE_ROWS: u32 = $ROWSu;
const TILE_COLUMNS: u32 = $COLUMNSu;
const SLAB: u32 = $DEPTHu;
// Vectors of a depth of the slabs.
const A_ACROSS: u32 = TILE_ROWS / 4u;
const B_ACROSS: u32 = TILE_COLUMNS / 4u;
// Squares of four by four in a slab: an operand that lies along the depth is fetched in squares.
const A_SQUARES: u32 = SLAB * A_ACROSS / 4u;
const B_SQUARES: u32 = SLAB * B_ACROSS / 4u;

// [slab][depth][row / 4] and [slab][depth][column / 4], with room behind each depth where the pitch is larger.
const A_SLAB: u32 = SLAB * A_PITCH;
const B_SLAB: u32 = SLAB * B_PITCH;

// What an invocation has fetched for the next slabs.
var<private> a0: vec4<f32>; var<private> a1: vec4<f32>; var<private> a2: vec4<f32>; var<private> a3: vec4<f32>;
var<private> b0: vec4<f32>; var<private> b1: vec4<f32>; var<private> b2: vec4<f32>; var<private> b3: vec4<f32>;

// What an invocation has of the results: its vectors 0, 2, .. 14, and 1, 3, .. 15. The sums stay in named vectors:
// arrays indexed by a loop would be spilled to memory.
#for n in 0..8
var<private> total_l$n: vec4<f32>; var<private> total_r$n: vec4<f32>;
#end

// The sums of slab b alone, a vector of columns for each of the first invocations, for the gradient of a bias: in
// the run at hand and in the runs before.
var<private> column_sum: vec4<f32>;
var<private> column_total: vec4<f32>;

fn add_columns(i: u32, slab: u32) {
    if i < B_ACROSS {
        #for d in 0..DEPTH
        column_sum += staged_b(slab * B_SLAB + $du * B_PITCH + i);
        #end
    }
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

// Which square of slab a or b an invocation fetches and puts: its first row or column, and its first depth. Where
// there are more invocations than squares, the first ones have those of a and the last ones those of b.
struct Square { mine: bool, across: u32, depth: u32 }

fn square_a(i: u32) -> Square {
    return Square(i < A_SQUARES, (i % A_ACROSS) * 4u, (i / A_ACROSS) * 4u);
}
fn square_b(i: u32) -> Square {
    let square = i - (INVOCATIONS - B_SQUARES);
    return Square(i >= INVOCATIONS - B_SQUARES, (square % B_ACROSS) * 4u, (square / B_ACROSS) * 4u);
}

// Puts a square that was fetched along the depth, in four vectors of adjacent rows, into slab a.
fn put_square_a(i: u32, slab: u32) {
    let square = square_a(i);
    if square.mine {
        let at = slab * A_SLAB + square.depth * A_PITCH + square.across / 4u;
        stage_a(at, vec4<f32>(a0.x, a1.x, a2.x, a3.x));
        stage_a(at + A_PITCH, vec4<f32>(a0.y, a1.y, a2.y, a3.y));
        stage_a(at + 2u * A_PITCH, vec4<f32>(a0.z, a1.z, a2.z, a3.z));
        stage_a(at + 3u * A_PITCH, vec4<f32>(a0.w, a1.w, a2.w, a3.w));
    }
}

// The same for adjacent columns and slab b.
fn put_square_b(i: u32, slab: u32) {
    let square = square_b(i);
    if square.mine {
        let at = slab * B_SLAB + square.depth * B_PITCH + square.across / 4u;
        stage_b(at, vec4<f32>(b0.x, b1.x, b2.x, b3.x));
        stage_b(at + B_PITCH, vec4<f32>(b0.y, b1.y, b2.y, b3.y));
        stage_b(at + 2u * B_PITCH, vec4<f32>(b0.z, b1.z, b2.z, b3.z));
        stage_b(at + 3u * B_PITCH, vec4<f32>(b0.w, b1.w, b2.w, b3.w));
    }
}

// An invocation's vector number n of an operand that lies across the depth: its first row or column, and its depth.
struct Across { first: u32, depth: u32 }

fn across_a(i: u32, n: u32) -> Across {
    let vector = n * INVOCATIONS + i;
    return Across((vector % A_ACROSS) * 4u, vector / A_ACROSS);
}
fn across_b(i: u32, n: u32) -> Across {
    let vector = n * INVOCATIONS + i;
    return Across((vector % B_ACROSS) * 4u, vector / B_ACROSS);
}

// Puts what was fetched across the depth.
fn put_across_a(i: u32, slab: u32) {
    #for n in 0..A_TURNS
    let at$n = $nu * INVOCATIONS + i;
    stage_a(slab * A_SLAB + at$n / A_ACROSS * A_PITCH + at$n % A_ACROSS, a$n);
    #end
}
fn put_across_b(i: u32, slab: u32) {
    #for n in 0..B_TURNS
    let at$n = $nu * INVOCATIONS + i;
    stage_b(slab * B_SLAB + at$n / B_ACROSS * B_PITCH + at$n % B_ACROSS, b$n);
    #end
}
