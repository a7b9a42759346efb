// An invocation's rows are rows of the results.

const TILE_ROWS: u32 = 64u;
const TILE_COLUMNS: u32 = 32u;

#if CONTINUES
fn take_totals(i: u32, task: Task) {
    #for u in 0..2
    #for e in 0..4
    let row$u$e = min(task.row + ($uu * 8u + i) * 4u + $eu, product.rows - 1u);
    #for v in 0..8
    total$u$e_$v = earlier(task, row$u$e, task.column + 4u * $vu);
    #end
    #end
    #end
}
#end

fn give_totals(i: u32, task: Task) {
    #for v in 0..8
    let term$v = term_of(task, task.column + 4u * $vu);
    #end
    #for u in 0..2
    #for e in 0..4
    let row$u$e = task.row + ($uu * 8u + i) * 4u + $eu;
    if row$u$e < product.rows {
        #for v in 0..8
        finish(task, row$u$e, task.column + 4u * $vu, total$u$e_$v, term$v);
        #end
    }
    #end
    #end
}
