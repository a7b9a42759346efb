// A tiled matrix product: a workgroup computes a tile of $ROWS x $COLUMNS results, an invocation 64 of them. The operands
// pass through workgroup memory in slabs $DEPTH deep, of which there are two: while one is multiplied, the next one is
// on its way from memory into registers, and is then put where the one before was, so that one barrier a slab is
// enough. Every result is summed in the order of the depth whatever the size of the tile, so that the size does not
// change bits. How operands are fetched, what the slabs hold and how they are multiplied, and what becomes of the sums
// are modules of their own: fetch*.wgsl; tile_f32.wgsl, tile_mixed.wgsl and tile_f16x3.wgsl; output.wgsl,
// input_gradient.wgsl, keep.wgsl and update.wgsl.

// Whether the channels a group allow loads of four at a time; else they are loaded one by one.
override ALIGNED: bool = true;

const INVOCATIONS: u32 = $INVOCATIONSu;
const TILE_ROWS: u32 = $ROWSu;
const TILE_COLUMNS: u32 = $COLUMNSu;
const SLAB: u32 = $DEPTHu;
// Vectors of a depth of the slabs: [slab][depth][row / 4] and [slab][depth][column / 4], with room after each depth
// where the pitch is larger.
const ACROSS_a: u32 = TILE_ROWS / 4u;
const ACROSS_b: u32 = TILE_COLUMNS / 4u;
const SLAB_a: u32 = SLAB * PITCH_a;
const SLAB_b: u32 = SLAB * PITCH_b;

// What an invocation has of the results: its vectors 0, 2, .. 14, and 1, 3, .. 15. The sums stay in named vectors:
// arrays indexed by a loop would be spilled to memory.
#for n in 0..8
var<private> total_l$n: vec4<f32>; var<private> total_r$n: vec4<f32>;
#end

// Vector number v of the sums.
fn total_vector(v: u32) -> vec4<f32> {
    switch v {
        #for n in 0..7
        case 2u * $nu: { return total_l$n; } case 2u * $nu + 1u: { return total_r$n; }
        #end
        case 14u: { return total_l7; } default: { return total_r7; }
    }
}
fn set_total_vector(v: u32, value: vec4<f32>) {
    switch v {
        #for n in 0..7
        case 2u * $nu: { total_l$n = value; } case 2u * $nu + 1u: { total_r$n = value; }
        #end
        case 14u: { total_l7 = value; } default: { total_r7 = value; }
    }
}

// The sums of slab b alone, a vector of columns for each of the first invocations, for the gradient of a bias: in
// the run at hand and in the runs before.
var<private> column_sum: vec4<f32>;
var<private> column_total: vec4<f32>;

fn add_columns(i: u32, slab: u32) {
    if i < ACROSS_b {
        #for d in 0..DEPTH
        column_sum += staged_b(slab * SLAB_b + $du * PITCH_b + i);
        #end
    }
}

// Computes a tile.
fn multiply_tile(i: u32, number: u32) {
    let task = task_of(number);
    // A folded grid may have a few workgroups too many.
    if !task.exists { return; }
    let corner = vec2<u32>(task.row, task.column);
    #if CONTINUES
    if task.continued {
        for (var v = 0u; v < 16u; v++) {
            let at = place(i, v) + corner;
            if at.x < product.rows { set_total_vector(v, earlier(task, at.x, at.y)); }
        }
        take_totals(i);
    }
    #end
    #if WEIGHTS
    // The gradient of the bias comes with the first rows.
    let sums_bias = product.sums_bias != 0u && task.row == 0u;
    let bias_column = task.column + i * 4u;
    let has_bias = sums_bias && i < ACROSS_b && bias_column < product.columns;
    if has_bias && task.continued { column_total = earlier_bias(task, bias_column); }
    #end
    begin_a(i, task);
    begin_b(i, task);
    var depth = task.begin;
    var end = min((depth / product.run + 1u) * product.run, task.end);
    var slab = 0u;
    fetch_a(i, task, depth, end);
    fetch_b(i, task, depth, end);
    put_a(i, slab);
    put_b(i, slab);
    workgroupBarrier();
    while depth < task.end {
        depth += SLAB;
        let closes = depth >= end;
        if closes {
            depth = end;
            end = min(end + product.run, task.end);
        }
        let more = depth < task.end;
        if more {
            fetch_a(i, task, depth, end);
            fetch_b(i, task, depth, end);
        }
        add_slabs(i, slab);
        #if WEIGHTS
        if sums_bias { add_columns(i, slab); }
        #end
        slab = 1u - slab;
        if more {
            put_a(i, slab);
            put_b(i, slab);
        }
        // The next slabs must be complete before they are read, and these read by all before they are overwritten.
        workgroupBarrier();
        if closes { close_run(); }
    }
    #if WEIGHTS
    if has_bias { finish_bias(task, bias_column, column_total); }
    #end
    give_totals(i);
    for (var v = 0u; v < 16u; v++) {
        let at = place(i, v) + corner;
        if at.x < product.rows { finish(task, at.x, at.y, total_vector(v), term_of(task, at.y)); }
    }
}
