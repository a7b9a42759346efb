// An invocation's rows are columns of the results, because there may be few rows: images.

const TILE_ROWS: u32 = 32u;
const TILE_COLUMNS: u32 = 64u;

#if CONTINUES
fn take_totals(i: u32, task: Task) {
    #for u in 0..2
    let column$u = task.column + ($uu * 8u + i) * 4u;
    #for v in 0..8
    let four$u_$v = transposed(Four(
        #for c in 0..4
        earlier(task, min(task.row + 4u * $vu + $cu, product.rows - 1u), column$u),
        #end
    ));
    total$u0_$v = four$u_$v.a;
    total$u1_$v = four$u_$v.b;
    total$u2_$v = four$u_$v.c;
    total$u3_$v = four$u_$v.d;
    #end
    #end
}
#end

fn give_totals(i: u32, task: Task) {
    #for u in 0..2
    let column$u = task.column + ($uu * 8u + i) * 4u;
    let term$u = term_of(task, column$u);
    if column$u < product.columns {
        #for v in 0..8
        #for c in 0..4
        if task.row + 4u * $vu + $cu < product.rows {
            let sum = vec4<f32>(total$u0_$v[$cu], total$u1_$v[$cu], total$u2_$v[$cu], total$u3_$v[$cu]);
            finish(task, task.row + 4u * $vu + $cu, column$u, sum, term$u);
        }
        #end
        #end
    }
    #end
}
