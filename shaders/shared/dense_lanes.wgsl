// The fully connected layer's kernels for adapters that run on a processor, see shared/lanes.wgsl.

// y: rows are output features, columns images; a run is 256 deep.
@compute @workgroup_size(8)
fn forward_lanes(
    @builtin(local_invocation_index) i: u32,
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
) {
    let tile = linear(workgroup, workgroups);
    let tiles_down = (dense.kp + LANES_DOWN - 1u) / LANES_DOWN;
    let column = (tile / tiles_down) * LANES_ACROSS;
    let across = dense.kp / 4u;
    // Rows and columns behind the last repeat it, and are not stored.
    #for u in 0..2
    let vector$u = (tile % tiles_down) * (LANES_DOWN / 4u) + $uu * 8u + i;
    let k$u = min(vector$u, across - 1u);
    #end
    #for e in 0..4
    let image$e = (min(column + 4u * i + $eu, dense.n - 1u) * dense.features + dense.first) / 4u;
    #end
    if dense.continued != 0u {
        #for u in 0..2
        #for v in 0..8
        #for c in 0..4
        let y$u$c_$v = results[min(column + 4u * $vu + $cu, dense.n - 1u) * across + k$u];
        #end
        let y$u_$v = transposed(Four(y$u0_$v, y$u1_$v, y$u2_$v, y$u3_$v));
        total$u0_$v = y$u_$v.a;
        total$u1_$v = y$u_$v.b;
        total$u2_$v = y$u_$v.c;
        total$u3_$v = y$u_$v.d;
        #end
        #end
    }
    for (var run = 0u; run < dense.rows; run += 256u) {
        let end = min(run + 256u, dense.rows);
        for (var depth = run; depth < end; depth += 4u) {
            let at = depth * across;
            let f = depth / 4u;
            add_depths(
                #for u in 0..2
                transposed(Four(w[at + k$u], w[at + across + k$u], w[at + 2u * across + k$u], w[at + 3u * across + k$u])),
                #end
                transposed(Four(x[image0 + f], x[image1 + f], x[image2 + f], x[image3 + f])));
        }
        close_run();
    }
    #for u in 0..2
    var bias$u = vec4<f32>();
    if dense.biased != 0u { bias$u = vec4<f32>(b[k$u * 4u], b[k$u * 4u + 1u], b[k$u * 4u + 2u], b[k$u * 4u + 3u]); }
    if vector$u < across {
        #for v in 0..8
        #for c in 0..4
        if column + 4u * $vu + $cu < dense.n {
            let y = vec4<f32>(total$u0_$v[$cu], total$u1_$v[$cu], total$u2_$v[$cu], total$u3_$v[$cu]) + bias$u;
            let at = (column + 4u * $vu + $cu) * across + k$u;
            results[at] = real_columns(k$u * 4u, dense.k, rectify_if(dense.rectified, y));
        }
        #end
        #end
    }
    #end
}

// dx = dy w^T: rows are input features, columns images; a run is 256 deep.
@compute @workgroup_size(8)
fn backward_input_lanes(
    @builtin(local_invocation_index) i: u32,
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
) {
    let tile = linear(workgroup, workgroups);
    let tiles_down = (dense.rows + LANES_DOWN - 1u) / LANES_DOWN;
    let column = (tile / tiles_down) * LANES_ACROSS;
    let across = dense.kp / 4u;
    #for u in 0..2
    let f$u = (tile % tiles_down) * LANES_DOWN + ($uu * 8u + i) * 4u;
    #for e in 0..4
    let at$u$e = min(f$u + $eu, dense.rows - 1u) * across;
    #end
    #end
    #for e in 0..4
    let image$e = min(column + 4u * i + $eu, dense.n - 1u) * across;
    #end
    for (var run = 0u; run < across; run += 64u) {
        let end = min(run + 64u, across);
        for (var k = run; k < end; k++) {
            add_depths(
                #for u in 0..2
                Four(w[at$u0 + k], w[at$u1 + k], w[at$u2 + k], w[at$u3 + k]),
                #end
                transposed(Four(dy[image0 + k], dy[image1 + k], dy[image2 + k], dy[image3 + k])));
        }
        close_run();
    }
    #for u in 0..2
    if f$u < dense.rows {
        #for v in 0..8
        #for c in 0..4
        if column + 4u * $vu + $cu < dense.n {
            let value = vec4<f32>(total$u0_$v[$cu], total$u1_$v[$cu], total$u2_$v[$cu], total$u3_$v[$cu]);
            // The padding of the gradient stays zero: a weight of zero times an infinite gradient would not be.
            var dx = real_columns((dense.first + f$u) % dense.cp, dense.c, value);
            let at = ((column + 4u * $vu + $cu) * dense.features + dense.first + f$u) / 4u;
            if dense.rectified != 0u { dx = where_positive_if(1u, x[at], dx); }
            results[at] = dx;
        }
        #end
        #end
    }
    #end
}

// Adds the products of all images to the totals, and the gradient of the bias; a run is 32 images.
fn sum_images_lanes(i: u32, down: u32, column: u32) {
    let across = dense.kp / 4u;
    // Rows and columns behind the last repeat it, and are not stored.
    let k = min(column + i, across - 1u);
    #for u in 0..2
    let f$u = (dense.first + min(down * LANES_DOWN + ($uu * 8u + i) * 4u, dense.rows - 4u)) / 4u;
    #end
    // The gradient of the bias comes with the first rows of the first piece.
    let with_bias = dense.first == 0u && down == 0u && column + i < across;
    var bias = vec4<f32>();
    var bias_total = vec4<f32>();
    if dense.continued != 0u && with_bias { bias_total = db[k]; }
    for (var run = 0u; run < dense.n; run += 32u) {
        let end = min(run + 32u, dense.n);
        for (var image = run; image < end; image += 4u) {
            #for d in 0..4
            // Images behind the last repeat it with zeros in both operands.
            let real$d = image + $du < end;
            let n$d = min(image + $du, dense.n - 1u);
            let x$d = n$d * (dense.features / 4u);
            let g$d = select(vec4<f32>(), dy[n$d * across + k], real$d);
            #for u in 0..2
            let a$u$d = select(vec4<f32>(), x[x$d + f$u], real$d);
            #end
            #end
            bias += (g0 + g1) + (g2 + g3);
            add_depths(transposed(Four(a00, a01, a02, a03)), transposed(Four(a10, a11, a12, a13)), Four(g0, g1, g2, g3));
        }
        close_run();
        bias_total += bias;
        bias = vec4<f32>();
    }
    if with_bias { db[k] = real_columns(k * 4u, dense.k, bias_total); }
}

// dw = x^T dy and db: rows are input features, columns output features, the depth images.
@compute @workgroup_size(8)
fn backward_weight_lanes(
    @builtin(local_invocation_index) i: u32,
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
) {
    let tile = linear(workgroup, workgroups);
    let tiles_down = (dense.rows + LANES_DOWN - 1u) / LANES_DOWN;
    let column = (tile / tiles_down) * (LANES_ACROSS / 4u);
    let across = dense.kp / 4u;
    #for u in 0..2
    let row$u = (tile % tiles_down) * LANES_DOWN + ($uu * 8u + i) * 4u;
    #end
    // Rows and columns behind the last repeat it, and are not stored.
    if dense.continued != 0u {
        #for u in 0..2
        #for e in 0..4
        #for v in 0..8
        total$u$e_$v = results[min(row$u + $eu, dense.rows - 1u) * across + min(column + $vu, across - 1u)];
        #end
        #end
        #end
    }
    sum_images_lanes(i, tile % tiles_down, column);
    #for u in 0..2
    #for e in 0..4
    if row$u < dense.rows && (dense.first + row$u + $eu) % dense.cp < dense.c {
        #for v in 0..8
        if column + $vu < across {
            results[(row$u + $eu) * across + column + $vu] = real_columns((column + $vu) * 4u, dense.k, total$u$e_$v);
        }
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
    let tile = linear(workgroup, workgroups);
    let tiles_down = (dense.rows + LANES_DOWN - 1u) / LANES_DOWN;
    let column = (tile / tiles_down) * (LANES_ACROSS / 4u);
    let across = dense.kp / 4u;
    #for u in 0..2
    let row$u = (tile % tiles_down) * LANES_DOWN + ($uu * 8u + i) * 4u;
    #end
    // Rows and columns behind the last repeat it, and are not stored.
    if dense.continued != 0u {
        #for u in 0..2
        #for e in 0..4
        #for v in 0..8
        total$u$e_$v = partials[min(row$u + $eu, dense.rows - 1u) * across + min(column + $vu, across - 1u)];
        #end
        #end
        #end
    }
    sum_images_lanes(i, tile % tiles_down, column);
    #for u in 0..2
    #for e in 0..4
    if row$u < dense.rows && (dense.first + row$u + $eu) % dense.cp < dense.c {
        #for v in 0..8
        if column + $vu < across {
            update((row$u + $eu) * across + column + $vu, (column + $vu) * 4u, total$u$e_$v);
        }
        #end
    }
    #end
    #end
}
