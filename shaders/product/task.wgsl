// What a workgroup computes: a tile of one group's results, over the whole depth or a part of it.

// Where an operand's vector lies, and whether there is one: else it counts as zeros.
struct Place { at: u32, exists: bool }

struct Task {
    exists: bool,
    group: u32, row: u32, column: u32,
    // The number of its part of the depth, which goes from `begin` to `end`.
    part: u32, begin: u32, end: u32,
    // Whether its sums go on from what is there.
    continued: bool,
}

fn task_of(number: u32) -> Task {
    let tiles = product.tiles * product.groups;
    let tile = number % tiles;
    let within = tile % product.tiles;
    var task = Task(number < tiles * product.parts, tile / product.tiles, within / product.across * TILE_ROWS,
        within % product.across * TILE_COLUMNS, 0u, 0u, product.depth, product.continued != 0u);
    if product.split != 0u {
        // A part may begin before what is summed here: then it goes on.
        task.part = product.before / product.split + number / tiles;
        let begin = task.part * product.split;
        let end = min(max(begin + product.split, product.before), product.before + product.depth);
        task.begin = max(begin, product.before) - product.before;
        task.end = end - product.before;
        task.continued = begin < product.before;
    }
    return task;
}

// How many of four columns, from this one on, are results: neither padding nor another group's.
fn real_columns(column: u32) -> u32 {
    var real = product.columns - min(column, product.columns);
    #if FOLDED
    let channel = (product.column_first + column) % product.column_period;
    real = select(0u, product.column_real - min(channel, product.column_real), real > 0u);
    #end
    return real;
}

// Whether a row of a gradient of weights is one, and no padding.
fn is_real(row: u32) -> bool {
    return (product.row_first + row) % product.row_period < product.row_real;
}

// The first `real` of four numbers, and zeros.
fn first_of(v: vec4<f32>, real: u32) -> vec4<f32> {
    return select(vec4<f32>(), v, vec4<u32>(0u, 1u, 2u, 3u) < vec4<u32>(real));
}

// Where four results of a row lie, from a column on.
fn place_of(task: Task, row: u32, column: u32) -> u32 {
    return product.origin + task.part * product.part_pitch + row * product.pitch + task.group * product.columns + column;
}
