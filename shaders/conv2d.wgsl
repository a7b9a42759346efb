// A grouped two-dimensional convolution as a matrix product whose operands are gathered on the way into workgroup
// memory (implicit GEMM). Every entry point computes a tile of the results of one group a workgroup,
// see shared/tile.wgsl and shared/conv2d_operands.wgsl. Group g is the output channels from g * kg on.

fn tile_of(workgroup: u32) -> Tile {
    let within = workgroup % conv.tiles;
    return Tile(workgroup / conv.tiles, (within / conv.across) * TILE_ROWS, (within % conv.across) * TILE_COLUMNS);
}

fn x_one(corner: Corner, index: u32, group: u32) -> f32 {
    let at = x_place(corner, tap_of(index, conv.stored), group);
    if at == NOWHERE { return 0.0; }
    return x[at / 4u][at % 4u];
}

// Four channels of the input under a window, from `index` on; `tap` is the tap of `index`.
fn x_four(corner: Corner, index: u32, tap: Tap, group: u32) -> vec4<f32> {
    if ALIGNED {
        let at = x_place(corner, tap, group);
        if at == NOWHERE { return vec4<f32>(); }
        return x[at / 4u];
    }
    return vec4<f32>(x_one(corner, index, group), x_one(corner, index + 1u, group),
        x_one(corner, index + 2u, group), x_one(corner, index + 3u, group));
}

// Four output channels k .. of a row of `kp`, those at or behind the group's end zero.
fn w_four(row: u32, k: u32, group: u32) -> vec4<f32> {
    let at = row * conv.kp + group * conv.kg + k;
    if ALIGNED {
        if k >= conv.kr { return vec4<f32>(); }
        return w[at / 4u];
    }
    var v = vec4<f32>();
    if k < conv.kg { v.x = w[at / 4u][at % 4u]; }
    if k + 1u < conv.kg { v.y = w[(at + 1u) / 4u][(at + 1u) % 4u]; }
    if k + 2u < conv.kg { v.z = w[(at + 2u) / 4u][(at + 2u) % 4u]; }
    if k + 3u < conv.kg { v.w = w[(at + 3u) / 4u][(at + 3u) % 4u]; }
    return v;
}
fn dy_four(row: u32, k: u32, group: u32) -> vec4<f32> {
    let at = row * conv.kp + group * conv.kg + k;
    if ALIGNED {
        if k >= conv.kr { return vec4<f32>(); }
        return dy[at / 4u];
    }
    var v = vec4<f32>();
    if k < conv.kg { v.x = dy[at / 4u][at % 4u]; }
    if k + 1u < conv.kg { v.y = dy[(at + 1u) / 4u][(at + 1u) % 4u]; }
    if k + 2u < conv.kg { v.z = dy[(at + 2u) / 4u][(at + 2u) % 4u]; }
    if k + 3u < conv.kg { v.w = dy[(at + 3u) / 4u][(at + 3u) % 4u]; }
    return v;
}

// Four values of the input from a place on, of which those at or behind `columns` do not matter.
fn x_from(at: u32, column: u32) -> vec4<f32> {
    var v = vec4<f32>();
    if column < conv.columns { v.x = x[at / 4u][at % 4u]; }
    if column + 1u < conv.columns { v.y = x[(at + 1u) / 4u][(at + 1u) % 4u]; }
    if column + 2u < conv.columns { v.z = x[(at + 2u) / 4u][(at + 2u) % 4u]; }
    if column + 3u < conv.columns { v.w = x[(at + 3u) / 4u][(at + 3u) % 4u]; }
    return v;
}

// Writes up to four results from a place on; those at or behind `columns` belong to another group or to the padding.
fn store(at: u32, column: u32, v: vec4<f32>) {
    if column < conv.columns { result[at] = v.x; }
    if column + 1u < conv.columns { result[at + 1u] = v.y; }
    if column + 2u < conv.columns { result[at + 2u] = v.z; }
    if column + 3u < conv.columns { result[at + 3u] = v.w; }
}
fn load(at: u32, column: u32) -> vec4<f32> {
    var v = vec4<f32>();
    if column < conv.columns { v.x = result[at]; }
    if column + 1u < conv.columns { v.y = result[at + 1u]; }
    if column + 2u < conv.columns { v.z = result[at + 2u]; }
    if column + 3u < conv.columns { v.w = result[at + 3u]; }
    return v;
}

// Fetches the operands of the forward pass from a depth on.
fn fetch_forward(i: u32, tile: Tile, depth: u32, deep: u32, corners: Corners) {
    let square = square_a(i);
    if square.mine {
        let index = depth + square.depth;
        let tap = tap_of(index, conv.stored);
        a0 = x_four(corners.a, index, tap, tile.group);
        a1 = x_four(corners.b, index, tap, tile.group);
        a2 = x_four(corners.c, index, tap, tile.group);
        a3 = x_four(corners.d, index, tap, tile.group);
    }
    #for n in 0..B_TURNS
    let across$n = across_b(i, $nu);
    b$n = vec4<f32>();
    if depth + across$n.depth < deep {
        b$n = w_four(depth + across$n.depth, tile.column + across$n.first, tile.group);
    }
    #end
}
struct Corners { a: Corner, b: Corner, c: Corner, d: Corner }

// y: rows are output pixels, columns output channels, the depth taps and input channels; a run is 256 deep.
@compute @workgroup_size($INVOCATIONS)
fn forward(who: Invocation) {
    let i = enter(who);
    let tile = tile_of(linear(who.workgroup, who.workgroups));
    let g = tile.group;
    // A folded grid may have a few workgroups too many.
    if g >= conv.groups { return; }
    let deep = conv.r * conv.s * conv.stored;
    let pixel = tile.row + square_a(i).across;
    let corners = Corners(corner_of(pixel), corner_of(pixel + 1u), corner_of(pixel + 2u), corner_of(pixel + 3u));
    fetch_forward(i, tile, 0u, deep, corners);
    put_square_a(i, 0u);
    put_across_b(i, 0u);
    workgroupBarrier();
    for (var depth = 0u; depth < deep; depth += SLAB) {
        let slab = (depth / SLAB) % 2u;
        let more = depth + SLAB < deep;
        if more { fetch_forward(i, tile, depth + SLAB, deep, corners); }
        add_slabs(i, slab);
        if more { put_square_a(i, 1u - slab); put_across_b(i, 1u - slab); }
        // The next slabs must be complete before they are read, and these read by all before they are overwritten.
        workgroupBarrier();
        if (depth + SLAB) % 256u == 0u { close_run(); }
    }
    close_run();
    give_totals(i);
    for (var v = 0u; v < 16u; v++) {
        let at = place(i, v) + vec2<u32>(tile.row, tile.column);
        if at.x < conv.rows {
            var bias = vec4<f32>();
            if conv.biased != 0u && at.y < conv.kg {
                let k = g * conv.kg + at.y;
                bias = vec4<f32>(b[k], b[min(k + 1u, conv.kp - 1u)], b[min(k + 2u, conv.kp - 1u)], b[min(k + 3u, conv.kp - 1u)]);
            }
            let y = rectify_if(conv.rectified, total_vector(v) + bias);
            store(at.x * conv.kp + g * conv.kg + at.y, at.y, y);
        }
    }
}

fn dy_one(spot: Spot, index: u32, g: u32) -> f32 {
    let tap = tap_of(index, conv.kr);
    let row = dy_row(spot, tap);
    if row == NOWHERE { return 0.0; }
    let at = row * conv.kp + g * conv.kg + tap.channel;
    return dy[at / 4u][at % 4u];
}
fn dy_under(spot: Spot, index: u32, tap: Tap, g: u32) -> vec4<f32> {
    if ALIGNED {
        let row = dy_row(spot, tap);
        if row == NOWHERE { return vec4<f32>(); }
        return dy[(row * conv.kp + g * conv.kg + tap.channel) / 4u];
    }
    return vec4<f32>(dy_one(spot, index, g), dy_one(spot, index + 1u, g),
        dy_one(spot, index + 2u, g), dy_one(spot, index + 3u, g));
}
fn w_one(c: u32, tap: Tap, g: u32) -> f32 {
    if c >= conv.stored || tap.number >= conv.r * conv.s { return 0.0; }
    let at = (tap.number * conv.stored + c) * conv.kp + g * conv.kg + tap.channel;
    return w[at / 4u][at % 4u];
}
fn w_under(c: u32, index: u32, tap: Tap, g: u32) -> vec4<f32> {
    if ALIGNED {
        if c >= conv.stored || tap.number >= conv.r * conv.s { return vec4<f32>(); }
        return w[((tap.number * conv.stored + c) * conv.kp + g * conv.kg + tap.channel) / 4u];
    }
    return vec4<f32>(w_one(c, tap, g), w_one(c, tap_of(index + 1u, conv.kr), g),
        w_one(c, tap_of(index + 2u, conv.kr), g), w_one(c, tap_of(index + 3u, conv.kr), g));
}

// Fetches the operands of the input's gradient from a depth on.
fn fetch_backward_input(i: u32, tile: Tile, depth: u32, spots: Spots) {
    let down = square_a(i);
    if down.mine {
        let index = depth + down.depth;
        let tap = tap_of(index, conv.kr);
        a0 = dy_under(spots.a, index, tap, tile.group);
        a1 = dy_under(spots.b, index, tap, tile.group);
        a2 = dy_under(spots.c, index, tap, tile.group);
        a3 = dy_under(spots.d, index, tap, tile.group);
    }
    let right = square_b(i);
    if right.mine {
        let index = depth + right.depth;
        let tap = tap_of(index, conv.kr);
        #for n in 0..4
        b$n = w_under(tile.column + right.across + $nu, index, tap, tile.group);
        #end
    }
}
struct Spots { a: Spot, b: Spot, c: Spot, d: Spot }

// dx, in gather form: rows are input pixels, columns input channels, the depth taps and output channels.
@compute @workgroup_size($INVOCATIONS)
fn backward_input(who: Invocation) {
    let i = enter(who);
    let tile = tile_of(linear(who.workgroup, who.workgroups));
    let g = tile.group;
    // A folded grid may have a few workgroups too many.
    if g >= conv.groups { return; }
    let deep = conv.r * conv.s * conv.kr;
    let pixel = tile.row + square_a(i).across;
    let spots = Spots(spot_of(pixel), spot_of(pixel + 1u), spot_of(pixel + 2u), spot_of(pixel + 3u));
    fetch_backward_input(i, tile, 0u, spots);
    put_square_a(i, 0u);
    put_square_b(i, 0u);
    workgroupBarrier();
    for (var depth = 0u; depth < deep; depth += SLAB) {
        let slab = (depth / SLAB) % 2u;
        let more = depth + SLAB < deep;
        if more { fetch_backward_input(i, tile, depth + SLAB, spots); }
        add_slabs(i, slab);
        if more { put_square_a(i, 1u - slab); put_square_b(i, 1u - slab); }
        // The next slabs must be complete before they are read, and these read by all before they are overwritten.
        workgroupBarrier();
        if (depth + SLAB) % 256u == 0u { close_run(); }
    }
    close_run();
    give_totals(i);
    for (var v = 0u; v < 16u; v++) {
        let at = place(i, v) + vec2<u32>(tile.row, tile.column);
        if at.x < conv.rows {
            let to = at.x * conv.cp + g * conv.cg + at.y;
            var dx = total_vector(v);
            if conv.rectified != 0u { dx = where_positive_if(1u, x_from(to, at.y), dx); }
            store(to, at.y, dx);
        }
    }
}

// Four gradients of the bias, of which those at or behind `columns` belong to another group or to the padding.
fn load_db(at: u32, column: u32) -> vec4<f32> {
    var v = vec4<f32>();
    if column < conv.columns { v.x = one_db[at]; }
    if column + 1u < conv.columns { v.y = one_db[at + 1u]; }
    if column + 2u < conv.columns { v.z = one_db[at + 2u]; }
    if column + 3u < conv.columns { v.w = one_db[at + 3u]; }
    return v;
}
fn store_db(at: u32, column: u32, v: vec4<f32>) {
    if column < conv.columns { one_db[at] = v.x; }
    if column + 1u < conv.columns { one_db[at + 1u] = v.y; }
    if column + 2u < conv.columns { one_db[at + 2u] = v.z; }
    if column + 3u < conv.columns { one_db[at + 3u] = v.w; }
}

// Fetches the operands of the weights' gradient from a pixel on, up to the end of a run.
fn fetch_backward_weight(i: u32, tile: Tile, depth: u32, end: u32, tap: Tap) {
    // All of an invocation's vectors have the same rows.
    let index = tile.row + across_a(i, 0u).first;
    #for n in 0..A_TURNS
    let down$n = depth + across_a(i, $nu).depth;
    a$n = vec4<f32>();
    if down$n < end { a$n = x_four(corner_of(down$n), index, tap, tile.group); }
    #end
    #for n in 0..B_TURNS
    let right$n = across_b(i, $nu);
    b$n = vec4<f32>();
    if depth + right$n.depth < end {
        b$n = dy_four(depth + right$n.depth, tile.column + right$n.first, tile.group);
    }
    #end
}

// What a workgroup sums of the gradient of the weights: a tile, and the images from `first` to `last`. `to` is the place
// of the tile's group.
struct Sum { tile: Tile, first: u32, last: u32, to: u32 }

fn sum_of(number: u32) -> Sum {
    let split = number / (conv.tiles * conv.groups);
    let tile = tile_of(number % (conv.tiles * conv.groups));
    let first = split * conv.split;
    let last = select(conv.n, min(first + conv.split, conv.n), conv.split != 0u);
    // A folded grid may have a few workgroups too many.
    let none = conv.split == 0u && split > 0u;
    // A part of the sum has its own place, with the gradient of the bias as its last row.
    let to = (conv.first_split + split) * (conv.rows + 1u) * conv.kp + tile.group * conv.kg;
    return Sum(tile, first, select(last, 0u, none), to);
}

// Adds the products of all pixels to the totals, and the gradient of the bias; a run is `run` images.
fn sum_pixels(i: u32, sum: Sum) {
    let tile = sum.tile;
    // The gradient of the bias comes with the first rows.
    let bias_column = tile.column + (i % B_ACROSS) * 4u;
    let to_bias = tile.group * conv.kg + bias_column;
    let with_bias = tile.row == 0u && i < B_ACROSS && bias_column < conv.columns;
    if conv.continued != 0u && conv.split == 0u && with_bias { column_total = load_db(to_bias, bias_column); }
    let tap = tap_of(tile.row + across_a(i, 0u).first, conv.stored);
    let pixels = conv.p * conv.q;
    var image = sum.first;
    var depth = image * pixels;
    var end = min(image + conv.run, sum.last) * pixels;
    var slab = 0u;
    fetch_backward_weight(i, tile, depth, end, tap);
    put_across_a(i, 0u);
    put_across_b(i, 0u);
    workgroupBarrier();
    while image < sum.last {
        depth += SLAB;
        let closes = depth >= end;
        if closes {
            image += conv.run;
            depth = image * pixels;
            end = min(image + conv.run, sum.last) * pixels;
        }
        let more = image < sum.last;
        if more { fetch_backward_weight(i, tile, depth, end, tap); }
        add_slabs(i, slab);
        if tile.row == 0u { add_columns(i, slab); }
        slab = 1u - slab;
        if more { put_across_a(i, slab); put_across_b(i, slab); }
        // The next slabs must be complete before they are read, and these read by all before they are overwritten.
        workgroupBarrier();
        if closes { close_run(); }
    }
    if with_bias {
        if conv.split == 0u {
            store_db(to_bias, bias_column, column_total);
        } else {
            store(sum.to + conv.rows * conv.kp + bias_column, bias_column, column_total);
        }
    }
}

// dw and db: rows are taps and input channels, columns output channels, the depth output pixels.
@compute @workgroup_size($INVOCATIONS)
fn backward_weight(who: Invocation) {
    let i = enter(who);
    let sum = sum_of(linear(who.workgroup, who.workgroups));
    if sum.first >= sum.last { return; }
    let corner = vec2<u32>(sum.tile.row, sum.tile.column);
    if conv.continued != 0u && conv.split == 0u {
        for (var v = 0u; v < 16u; v++) {
            let at = place(i, v) + corner;
            if at.x < conv.rows { set_total_vector(v, load(sum.to + at.x * conv.kp + at.y, at.y)); }
        }
        take_totals(i);
    }
    sum_pixels(i, sum);
    give_totals(i);
    for (var v = 0u; v < 16u; v++) {
        let at = place(i, v) + corner;
        if at.x < conv.rows && at.x % conv.stored < conv.cg {
            store(sum.to + at.x * conv.kp + at.y, at.y, total_vector(v));
        }
    }
}

// Four sums that an earlier dispatch left; those at or behind `columns` do not matter.
fn load_partial(at: u32, column: u32) -> vec4<f32> {
    var v = vec4<f32>();
    if column < conv.columns { v.x = partial[at]; }
    if column + 1u < conv.columns { v.y = partial[at + 1u]; }
    if column + 2u < conv.columns { v.z = partial[at + 2u]; }
    if column + 3u < conv.columns { v.w = partial[at + 3u]; }
    return v;
}
fn load_history(at: u32, column: u32) -> vec4<f32> {
    var v = vec4<f32>();
    if column < conv.columns { v.x = one_history[at]; }
    if column + 1u < conv.columns { v.y = one_history[at + 1u]; }
    if column + 2u < conv.columns { v.z = one_history[at + 2u]; }
    if column + 3u < conv.columns { v.w = one_history[at + 3u]; }
    return v;
}
fn store_history(at: u32, column: u32, v: vec4<f32>) {
    if column < conv.columns { one_history[at] = v.x; }
    if column + 1u < conv.columns { one_history[at + 1u] = v.y; }
    if column + 2u < conv.columns { one_history[at + 2u] = v.z; }
    if column + 3u < conv.columns { one_history[at + 3u] = v.w; }
}

// The same for a sum that is not split, but dw is no tensor: it updates the weights.
@compute @workgroup_size($INVOCATIONS)
fn backward_weight_update(who: Invocation) {
    let i = enter(who);
    let sum = sum_of(linear(who.workgroup, who.workgroups));
    if sum.first >= sum.last { return; }
    let corner = vec2<u32>(sum.tile.row, sum.tile.column);
    if conv.continued != 0u {
        for (var v = 0u; v < 16u; v++) {
            let at = place(i, v) + corner;
            if at.x < conv.rows { set_total_vector(v, load_partial(sum.to + at.x * conv.kp + at.y, at.y)); }
        }
        take_totals(i);
    }
    sum_pixels(i, sum);
    give_totals(i);
    for (var v = 0u; v < 16u; v++) {
        let at = place(i, v) + corner;
        if at.x < conv.rows && at.x % conv.stored < conv.cg {
            let to = sum.to + at.x * conv.kp + at.y;
            let u = updated(total_vector(v), load(to, at.y), load_history(to, at.y));
            store_history(to, at.y, u.h);
            store(to, at.y, u.w);
        }
    }
}
