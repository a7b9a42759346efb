// A fully connected layer: y = x w + b. The weights may come in several pieces of rows, one dispatch each.
// Every entry point computes a tile of results a workgroup, see shared/tile.wgsl.

// Four elements of a row-major matrix, or zeros outside of it.
fn x_at(image: u32, feature: u32) -> vec4<f32> {
    if image < dense.n && feature < dense.rows {
        return x[((dense.start + image) * dense.features + dense.first + feature) / 4u];
    }
    return vec4<f32>();
}
fn w_at(feature: u32, k: u32) -> vec4<f32> {
    if feature < dense.rows && k < dense.kp {
        return w[(feature * dense.kp + k) / 4u];
    }
    return vec4<f32>();
}
fn dy_at(image: u32, k: u32) -> vec4<f32> {
    if image < dense.n && k < dense.kp {
        return dy[((dense.start + image) * dense.kp + k) / 4u];
    }
    return vec4<f32>();
}

// Four results of a row; what is at or behind `columns` is padding, and stays zero.
fn load(row_start: u32, column: u32, columns: u32) -> vec4<f32> {
    let at = row_start + column;
    var v = vec4<f32>();
    if column < columns { v.x = result[at]; }
    if column + 1u < columns { v.y = result[at + 1u]; }
    if column + 2u < columns { v.z = result[at + 2u]; }
    if column + 3u < columns { v.w = result[at + 3u]; }
    return v;
}
fn load_partial(row_start: u32, column: u32, columns: u32) -> vec4<f32> {
    let at = row_start + column;
    var v = vec4<f32>();
    if column < columns { v.x = partial[at]; }
    if column + 1u < columns { v.y = partial[at + 1u]; }
    if column + 2u < columns { v.z = partial[at + 2u]; }
    if column + 3u < columns { v.w = partial[at + 3u]; }
    return v;
}
fn store(row_start: u32, column: u32, columns: u32, v: vec4<f32>) {
    let at = row_start + column;
    if column < columns { result[at] = v.x; }
    if column + 1u < columns { result[at + 1u] = v.y; }
    if column + 2u < columns { result[at + 2u] = v.z; }
    if column + 3u < columns { result[at + 3u] = v.w; }
}

// The tile of a workgroup, and what it sums of a depth of which `first` to `end` are here: all, or a part.
struct Task { row: u32, column: u32, part: u32, begin: u32, end: u32, continued: bool }

fn task_of(number: u32, columns: u32, first: u32, end: u32) -> Task {
    let across = (columns + TILE_COLUMNS - 1u) / TILE_COLUMNS;
    let tiles = across * ((dense.n + TILE_ROWS - 1u) / TILE_ROWS);
    let tile = number % tiles;
    let row = (tile / across) * TILE_ROWS;
    let column = (tile % across) * TILE_COLUMNS;
    // A folded grid may have a few workgroups too many.
    if dense.split == 0u {
        return Task(row, column, 0u, 0u, select(end - first, 0u, number >= tiles), dense.continued != 0u);
    }
    let part = first / dense.split + number / tiles;
    let begin = part * dense.split;
    let until = min(max(begin + dense.split, first), end);
    return Task(row, column, part, max(begin, first) - first, until - first, begin < first);
}

fn fetch_forward(i: u32, row: u32, column: u32, depth: u32) {
    let square = square_a(i);
    if square.mine {
        #for n in 0..4
        a$n = x_at(row + square.across + $nu, depth + square.depth);
        #end
    }
    #for n in 0..B_TURNS
    let right$n = across_b(i, $nu);
    b$n = w_at(depth + right$n.depth, column + right$n.first);
    #end
}

// Rows are images, columns output features, the depth input features; a run is 256 deep.
@compute @workgroup_size($INVOCATIONS)
fn forward(who: Invocation) {
    let i = enter(who);
    let task = task_of(linear(who.workgroup, who.workgroups), dense.kp, dense.first, dense.first + dense.rows);
    if task.begin >= task.end { return; }
    // A part of the sum has its own place.
    let to = select(dense.start, task.part * dense.n, dense.split != 0u) + task.row;
    if task.continued {
        for (var v = 0u; v < 16u; v++) {
            let at = place(i, v);
            if task.row + at.x < dense.n {
                set_total_vector(v, load((to + at.x) * dense.kp, task.column + at.y, dense.k));
            }
        }
        take_totals(i);
    }
    fetch_forward(i, task.row, task.column, task.begin);
    put_square_a(i, 0u);
    put_across_b(i, 0u);
    workgroupBarrier();
    for (var depth = task.begin; depth < task.end; depth += SLAB) {
        let slab = (depth / SLAB) % 2u;
        let more = depth + SLAB < task.end;
        if more { fetch_forward(i, task.row, task.column, depth + SLAB); }
        add_slabs(i, slab);
        if more { put_square_a(i, 1u - slab); put_across_b(i, 1u - slab); }
        // The next slabs must be complete before they are read, and these read by all before they are overwritten.
        workgroupBarrier();
        if (depth + SLAB) % 256u == 0u { close_run(); }
    }
    close_run();
    give_totals(i);
    for (var v = 0u; v < 16u; v++) {
        let at = place(i, v);
        let column = task.column + at.y;
        if task.row + at.x < dense.n {
            var bias = vec4<f32>();
            if dense.biased != 0u && column < dense.kp {
                bias = vec4<f32>(b[column], b[column + 1u], b[column + 2u], b[column + 3u]);
            }
            store((to + at.x) * dense.kp, column, dense.k, rectify_if(dense.rectified, total_vector(v) + bias));
        }
    }
}

fn fetch_backward_input(i: u32, row: u32, column: u32, depth: u32) {
    let down = square_a(i);
    if down.mine {
        #for n in 0..4
        a$n = dy_at(row + down.across + $nu, depth + down.depth);
        #end
    }
    let right = square_b(i);
    if right.mine {
        #for n in 0..4
        b$n = w_at(column + right.across + $nu, depth + right.depth);
        #end
    }
}

// dx = dy w^T: rows are images, columns input features, the depth output features; a run is 256 deep.
@compute @workgroup_size($INVOCATIONS)
fn backward_input(who: Invocation) {
    let i = enter(who);
    let task = task_of(linear(who.workgroup, who.workgroups), dense.rows, 0u, dense.kp);
    if task.begin >= task.end { return; }
    fetch_backward_input(i, task.row, task.column, task.begin);
    put_square_a(i, 0u);
    put_square_b(i, 0u);
    workgroupBarrier();
    for (var depth = task.begin; depth < task.end; depth += SLAB) {
        let slab = (depth / SLAB) % 2u;
        let more = depth + SLAB < task.end;
        if more { fetch_backward_input(i, task.row, task.column, depth + SLAB); }
        add_slabs(i, slab);
        if more { put_square_a(i, 1u - slab); put_square_b(i, 1u - slab); }
        // The next slabs must be complete before they are read, and these read by all before they are overwritten.
        workgroupBarrier();
        if (depth + SLAB) % 256u == 0u { close_run(); }
    }
    close_run();
    give_totals(i);
    for (var v = 0u; v < 16u; v++) {
        let at = place(i, v) + vec2<u32>(task.row, task.column);
        if at.x < dense.n {
            if dense.split != 0u {
                store((task.part * dense.n + at.x) * dense.rows, at.y, dense.rows, total_vector(v));
            } else {
                // The padded input features have weights of zero, but the gradient's padding is not touched:
                // zero times an infinite gradient would not be zero.
                store_features((dense.start + at.x) * dense.features + dense.first, at.y, total_vector(v));
            }
        }
    }
}

// Input features are channels last, `c` of every `cp` real.
fn store_features(row_start: u32, feature: u32, v: vec4<f32>) {
    let c = (dense.first + feature) % dense.cp;
    if feature < dense.rows {
        var dx = v;
        if dense.rectified != 0u { dx = where_positive_if(1u, x[(row_start + feature) / 4u], v); }
        store(row_start + feature, 0u, dense.c - min(c, dense.c), dx);
    }
}

fn fetch_backward_weight(i: u32, row: u32, column: u32, depth: u32) {
    #for n in 0..A_TURNS
    let down$n = across_a(i, $nu);
    a$n = x_at(depth + down$n.depth, row + down$n.first);
    #end
    #for n in 0..B_TURNS
    let right$n = across_b(i, $nu);
    b$n = dy_at(depth + right$n.depth, column + right$n.first);
    #end
}

// The tile of a workgroup of the weights' gradient.
fn weights_of(number: u32) -> vec2<u32> {
    let across = (dense.kp + TILE_COLUMNS - 1u) / TILE_COLUMNS;
    return vec2<u32>((number / across) * TILE_ROWS, (number % across) * TILE_COLUMNS);
}

// Adds the products of all images to the totals, and the gradient of the bias; a run is 32 images.
fn sum_images(i: u32, row: u32, column: u32) {
    // The gradient of the bias comes with the first rows of the first piece.
    let k = column / 4u + i % B_ACROSS;
    let with_bias = dense.first == 0u && row == 0u && i < B_ACROSS && k < dense.kp / 4u;
    if dense.continued != 0u && with_bias { column_total = db[k]; }
    fetch_backward_weight(i, row, column, 0u);
    put_across_a(i, 0u);
    put_across_b(i, 0u);
    workgroupBarrier();
    for (var depth = 0u; depth < dense.n; depth += SLAB) {
        let slab = (depth / SLAB) % 2u;
        let more = depth + SLAB < dense.n;
        if more { fetch_backward_weight(i, row, column, depth + SLAB); }
        add_slabs(i, slab);
        if row == 0u { add_columns(i, slab); }
        if more { put_across_a(i, 1u - slab); put_across_b(i, 1u - slab); }
        // The next slabs must be complete before they are read, and these read by all before they are overwritten.
        workgroupBarrier();
        if (depth + SLAB) % 32u == 0u { close_run(); }
    }
    close_run();
    if with_bias { db[k] = real_columns(k * 4u, dense.k, column_total); }
}

// dw = x^T dy and db: rows are input features, columns output features, the depth images.
@compute @workgroup_size($INVOCATIONS)
fn backward_weight(who: Invocation) {
    let i = enter(who);
    let first = weights_of(linear(who.workgroup, who.workgroups));
    if dense.continued != 0u {
        for (var v = 0u; v < 16u; v++) {
            let at = place(i, v) + first;
            if at.x < dense.rows { set_total_vector(v, load(at.x * dense.kp, at.y, dense.k)); }
        }
        take_totals(i);
    }
    sum_images(i, first.x, first.y);
    give_totals(i);
    for (var v = 0u; v < 16u; v++) {
        let at = place(i, v) + first;
        if at.x < dense.rows && (dense.first + at.x) % dense.cp < dense.c {
            store(at.x * dense.kp, at.y, dense.k, total_vector(v));
        }
    }
}

// The same, but dw is no tensor: it updates the weights.
@compute @workgroup_size($INVOCATIONS)
fn backward_weight_update(who: Invocation) {
    let i = enter(who);
    let first = weights_of(linear(who.workgroup, who.workgroups));
    if dense.continued != 0u {
        for (var v = 0u; v < 16u; v++) {
            let at = place(i, v) + first;
            if at.x < dense.rows { set_total_vector(v, load_partial(at.x * dense.kp, at.y, dense.k)); }
        }
        take_totals(i);
    }
    sum_images(i, first.x, first.y);
    give_totals(i);
    for (var v = 0u; v < 16u; v++) {
        let at = place(i, v) + first;
        if at.x < dense.rows && at.y < dense.kp && (dense.first + at.x) % dense.cp < dense.c {
            update((at.x * dense.kp + at.y) / 4u, at.y, total_vector(v));
        }
    }
}
