// The convolution's kernels for adapters that run on a processor, see shared/lanes.wgsl.
// Only for channels that can be loaded four at a time.

fn lanes_of(workgroup: u32) -> Tile {
    let within = workgroup % conv.tiles;
    return Tile(workgroup / conv.tiles, (within / conv.across) * LANES_DOWN, (within % conv.across) * LANES_ACROSS);
}

// No branch around a load: within one, a processor's driver would load for every lane on its own.
fn x_lane(place: u32, c: u32) -> vec4<f32> {
    let inside = place != NOWHERE;
    return select(vec4<f32>(), x[select(0u, place / 4u, inside) + c], inside);
}
fn dy_lane(row: u32, k: u32) -> vec4<f32> {
    let inside = row != NOWHERE;
    return select(vec4<f32>(), dy[select(0u, row * (conv.kp / 4u), inside) + k], inside);
}

// Writes four results from a place on, if their first column exists; columns behind the last are padding, and zero.
fn store_four(at: u32, column: u32, v: vec4<f32>) {
    if column < conv.columns {
        results[at / 4u] = select(vec4<f32>(), v, column + vec4<u32>(0u, 1u, 2u, 3u) < vec4<u32>(conv.columns));
    }
}
// The same for the gradient of the input.
fn store_gradient(at: u32, column: u32, v: vec4<f32>) {
    if conv.rectified == 0u {
        store_four(at, column, v);
    } else if column < conv.columns {
        store_four(at, column, where_positive_if(1u, x[at / 4u], v));
    }
}

// y: rows are output pixels, columns output channels; a run is a row of taps.
@compute @workgroup_size(8)
fn forward_lanes(
    @builtin(local_invocation_index) i: u32,
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
) {
    let tile = lanes_of(linear(workgroup, workgroups));
    let g = min(tile.group, conv.groups - 1u);
    let across = conv.kp / 4u;
    // Columns behind the last repeat it, and are not stored.
    let k = (g * conv.kg + min(tile.column + 4u * i, conv.kr - 4u)) / 4u;
    #for u in 0..2
    #for e in 0..4
    let row$u$e = tile.row + i * 8u + $uu * 4u + $eu;
    let corner$u$e = corner_of(row$u$e);
    #end
    #end
    for (var r = 0u; r < conv.r; r++) {
        for (var s = 0u; s < conv.s; s++) {
            let number = r * conv.s + s;
            let tap = Tap(r * conv.dilation_h, s * conv.dilation_w, 0u, number);
            #for u in 0..2
            #for e in 0..4
            let place$u$e = x_place(corner$u$e, tap, g);
            #end
            #end
            for (var c = 0u; c < conv.stored / 4u; c++) {
                let at = (number * conv.stored + c * 4u) * across + k;
                add_depths(Four(x_lane(place00, c), x_lane(place01, c), x_lane(place02, c), x_lane(place03, c)),
                    Four(x_lane(place10, c), x_lane(place11, c), x_lane(place12, c), x_lane(place13, c)),
                    Four(w[at], w[at + across], w[at + 2u * across], w[at + 3u * across]));
            }
        }
        close_run();
    }
    #for v in 0..8
    let column$v = tile.column + 4u * $vu;
    var bias$v = vec4<f32>();
    if conv.biased != 0u {
        let first = g * conv.kg + min(column$v, conv.kr - 4u);
        bias$v = vec4<f32>(b[first], b[first + 1u], b[first + 2u], b[first + 3u]);
    }
    #end
    #for u in 0..2
    #for e in 0..4
    if tile.group < conv.groups && row$u$e < conv.rows {
        #for v in 0..8
        let y$v = rectify_if(conv.rectified, total$u$e_$v + bias$v);
        store_four(row$u$e * conv.kp + g * conv.kg + column$v, column$v, y$v);
        #end
    }
    #end
    #end
}

// dx: rows are input pixels, columns input channels; a run is a row of taps.
@compute @workgroup_size(8)
fn backward_input_lanes(
    @builtin(local_invocation_index) i: u32,
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
) {
    let tile = lanes_of(linear(workgroup, workgroups));
    let g = min(tile.group, conv.groups - 1u);
    let across = conv.kp / 4u;
    let first = g * conv.kg / 4u;
    #for u in 0..2
    #for e in 0..4
    let row$u$e = tile.row + i * 8u + $uu * 4u + $eu;
    let spot$u$e = spot_of(row$u$e);
    #end
    #end
    for (var r = 0u; r < conv.r; r++) {
        for (var s = 0u; s < conv.s; s++) {
            let number = r * conv.s + s;
            let tap = Tap(r * conv.dilation_h, s * conv.dilation_w, 0u, number);
            #for u in 0..2
            #for e in 0..4
            let place$u$e = dy_row(spot$u$e, tap);
            #end
            #end
            // Columns behind the last repeat it, and are not stored.
            #for e in 0..4
            let at$e = (number * conv.stored + min(tile.column + 4u * i + $eu, conv.stored - 1u)) * across;
            #end
            for (var k = first; k < first + conv.kr / 4u; k++) {
                add_depths(Four(dy_lane(place00, k), dy_lane(place01, k), dy_lane(place02, k), dy_lane(place03, k)),
                    Four(dy_lane(place10, k), dy_lane(place11, k), dy_lane(place12, k), dy_lane(place13, k)),
                    transposed(Four(w[at0 + k], w[at1 + k], w[at2 + k], w[at3 + k])));
            }
        }
        close_run();
    }
    #for u in 0..2
    #for e in 0..4
    if tile.group < conv.groups && row$u$e < conv.rows {
        let at = row$u$e * conv.cp + g * conv.cg + tile.column;
        #for v in 0..8
        store_gradient(at + 4u * $vu, tile.column + 4u * $vu, total$u$e_$v);
        #end
    }
    #end
    #end
}

// The vector of four output channels of a column of a tile; columns behind the last repeat it, and are not stored.
fn weight_column(tile: Tile, column: u32) -> u32 {
    let g = min(tile.group, conv.groups - 1u);
    return (g * conv.kg + min(tile.column + column, conv.kr - 4u)) / 4u;
}

// Updates four weights from a place on, if their first column exists; what pads the gradient counts as zero.
fn update_four(at: u32, column: u32, v: vec4<f32>) {
    if column < conv.columns {
        let g = select(vec4<f32>(), v, column + vec4<u32>(0u, 1u, 2u, 3u) < vec4<u32>(conv.columns));
        let u = updated(g, results[at / 4u], history[at / 4u]);
        history[at / 4u] = u.h;
        results[at / 4u] = u.w;
    }
}

// Adds the products of all pixels to the totals, and the gradient of the bias; a run is one image.
fn sum_pixels_lanes(i: u32, tile: Tile) {
    let g = min(tile.group, conv.groups - 1u);
    let across = conv.kp / 4u;
    let k = weight_column(tile, 4u * i);
    #for u in 0..2
    let tap$u = tap_of(tile.row + ($uu * 8u + i) * 4u, conv.stored);
    #end
    // The gradient of the bias comes with the first rows.
    let with_bias = tile.row == 0u && tile.group < conv.groups && tile.column + 4u * i < conv.columns;
    var bias = vec4<f32>();
    var bias_total = vec4<f32>();
    if conv.continued != 0u && with_bias { bias_total = db[k]; }
    let pixels = conv.p * conv.q;
    for (var image = 0u; image < conv.n; image++) {
        var p = 0u;
        var q = 0u;
        for (var pixel = 0u; pixel < pixels; pixel += 4u) {
            #for d in 0..4
            // Pixels behind the image's last repeat it with zeros in both operands.
            let real$d = pixel + $du < pixels;
            let at$d = (image * pixels + min(pixel + $du, pixels - 1u)) * across + k;
            let g$d = select(vec4<f32>(), dy[at$d], real$d);
            let corner$d = Corner(image * conv.h * conv.w, p * conv.stride_h - conv.pad_h + select(OUTSIDE, 0u, real$d),
                q * conv.stride_w - conv.pad_w);
            q++;
            p = select(p, p + 1u, q == conv.q);
            q = select(q, 0u, q == conv.q);
            #end
            #for u in 0..2
            #for d in 0..4
            let a$u$d = x_lane(x_place(corner$d, tap$u, g), 0u);
            #end
            #end
            bias += (g0 + g1) + (g2 + g3);
            add_depths(transposed(Four(a00, a01, a02, a03)), transposed(Four(a10, a11, a12, a13)), Four(g0, g1, g2, g3));
        }
        close_run();
        bias_total += bias;
        bias = vec4<f32>();
    }
    if with_bias {
        let column = tile.column + 4u * i + vec4<u32>(0u, 1u, 2u, 3u);
        db[k] = select(vec4<f32>(), bias_total, column < vec4<u32>(conv.columns));
    }
}

// dw and db: rows are taps and input channels, columns output channels, the depth output pixels.
@compute @workgroup_size(8)
fn backward_weight_lanes(
    @builtin(local_invocation_index) i: u32,
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
) {
    let tile = lanes_of(linear(workgroup, workgroups));
    #for u in 0..2
    let row$u = tile.row + ($uu * 8u + i) * 4u;
    #end
    #for v in 0..8
    let k$v = weight_column(tile, 4u * $vu);
    #end
    if conv.continued != 0u {
        #for u in 0..2
        if row$u < conv.rows {
            #for e in 0..4
            #for v in 0..8
            total$u$e_$v = results[(row$u + $eu) * (conv.kp / 4u) + k$v];
            #end
            #end
        }
        #end
    }
    sum_pixels_lanes(i, tile);
    #for u in 0..2
    #for e in 0..4
    if tile.group < conv.groups && row$u < conv.rows && (row$u + $eu) % conv.stored < conv.cg {
        #for v in 0..8
        store_four((row$u + $eu) * conv.kp + k$v * 4u, tile.column + 4u * $vu, total$u$e_$v);
        #end
    }
    #end
    #end
}

// The same, but dw is no tensor: it updates the weights.
@compute @workgroup_size(8)
fn backward_weight_update_lanes(
    @builtin(local_invocation_index) i: u32,
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
) {
    let tile = lanes_of(linear(workgroup, workgroups));
    #for u in 0..2
    let row$u = tile.row + ($uu * 8u + i) * 4u;
    #end
    #for v in 0..8
    let k$v = weight_column(tile, 4u * $vu);
    #end
    if conv.continued != 0u {
        #for u in 0..2
        if row$u < conv.rows {
            #for e in 0..4
            #for v in 0..8
            total$u$e_$v = partials[(row$u + $eu) * (conv.kp / 4u) + k$v];
            #end
            #end
        }
        #end
    }
    sum_pixels_lanes(i, tile);
    #for u in 0..2
    #for e in 0..4
    if tile.group < conv.groups && row$u < conv.rows && (row$u + $eu) % conv.stored < conv.cg {
        #for v in 0..8
        update_four((row$u + $eu) * conv.kp + k$v * 4u, tile.column + 4u * $vu, total$u$e_$v);
        #end
    }
    #end
    #end
}
