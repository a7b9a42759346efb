// A tiled matrix product: a workgroup computes a tile of $ROWS x $COLUMNS results, an invocation 4 x 4, 8 x 4 or 8 x 8.
// The operands pass through workgroup memory in slabs $DEPTH deep, of which there are two: while one is multiplied, the
// next is on its way into registers, and is then put where the one before was, so that one barrier per slab is enough.
// Every result is summed in the order of the depth, so that no tile changes bits. How operands are fetched, what the
// slabs hold and how they are multiplied, and what becomes of the sums are modules of their own: fetch*.wgsl;
// tile_f32.wgsl, tile_mixed.wgsl and tile_f16x3.wgsl; output.wgsl, input_gradient.wgsl, keep.wgsl and update.wgsl.

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

// Four numbers as they were loaded, and which of them exist.
struct Fetched { loaded: vec4<f32>, exist: vec4<bool> }
fn real_of(fetched: Fetched) -> vec4<f32> { return select(vec4<f32>(), fetched.loaded, fetched.exist); }
// Numbers of a place in memory: places are those of vectors where these can be loaded.
fn unit() -> u32 { return select(1u, 4u, ALIGNED); }

// What an invocation has of the results: $SIDES vectors of columns in each row, number HIGH * side + row. The sums stay
// in named vectors: arrays indexed by a loop would be spilled to memory.
const HIGH: u32 = 4u * $FOURSu;
const VECTORS: u32 = HIGH * $SIDESu;
#for s in 0..SIDES
#for f in 0..FOURS
#for r in 0..4
var<private> total$s$f$r: vec4<f32>;
#end
#end
#end

// Vector number v of the sums.
fn total_vector(v: u32) -> vec4<f32> {
    switch v {
        #for s in 0..SIDES
        #for f in 0..FOURS
        #for r in 0..4
        case HIGH * $su + 4u * $fu + $ru: { return total$s$f$r; }
        #end
        #end
        #end
        default: { return vec4<f32>(); }
    }
}
fn set_total_vector(v: u32, value: vec4<f32>) {
    switch v {
        #for s in 0..SIDES
        #for f in 0..FOURS
        #for r in 0..4
        case HIGH * $su + 4u * $fu + $ru: { total$s$f$r = value; }
        #end
        #end
        #end
        default: {}
    }
}

// The sum of a column of slab b alone, for each of the first invocations, for the gradient of a bias: in the run at hand
// and in the runs before.
var<private> column_sum: f32;
var<private> column_total: f32;

fn add_column(i: u32, slab: u32) {
    for (var d = 0u; d < turns(SLAB); d++) {
        column_sum += staged_one_b(slab * SLAB_b + d * PITCH_b + i / 4u, i % 4u);
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
        for (var v = 0u; v < turns(VECTORS); v++) {
            let at = place(i, v) + corner;
            if at.x < product.rows { set_total_vector(v, earlier(task, at.x, at.y)); }
        }
        take_totals(i);
    }
    #end
    #if WEIGHTS
    // The gradient of the bias comes with the first rows.
    let sums_bias = product.sums_bias != 0u && task.row == 0u;
    let has_column = sums_bias && i < TILE_COLUMNS;
    if has_column && task.continued { column_total = earlier_bias(task, task.column + i / 4u * 4u)[i % 4u]; }
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
        #if WEIGHTS
        // In front of the loads: after a branch, compilers wait for those that are under way.
        if has_column { add_column(i, slab); }
        #end
        // After the last slab this fetches zeros, because a branch would make compilers wait for the loads.
        advance_a(closes);
        advance_b(closes);
        fetch_a(i, task, depth, end);
        fetch_b(i, task, depth, end);
        add_slabs(i, slab);
        slab = 1u - slab;
        put_a(i, slab);
        put_b(i, slab);
        // The next slabs must be complete before they are read, and these read by all before they are overwritten.
        workgroupBarrier();
        if closes { close_run(); }
    }
    #if WEIGHTS
    if sums_bias {
        if i < TILE_COLUMNS { keep_column(i, column_total); }
        // All must have written before it is read, and read before workgroup memory is used anew.
        workgroupBarrier();
        let column = task.column + i * 4u;
        if i < ACROSS_b && column < product.columns { finish_bias(task, column, kept_columns(i)); }
        workgroupBarrier();
    }
    #end
    give_totals(i);
    for (var v = 0u; v < turns(VECTORS); v++) {
        let at = place(i, v) + corner;
        if at.x < product.rows { finish(task, at.x, at.y, total_vector(v), term_of(task, at.y)); }
    }
}
