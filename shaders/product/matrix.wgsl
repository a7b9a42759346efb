// Operand $o: a matrix as it lies in memory, line by line. In a convolution its lines hold the output channels of all groups.

alias Line_$o = u32;
alias Vector_$o = u32;
const HOLES_$o: bool = false;

fn line_$o(index: u32) -> u32 { return index; }
fn vector_$o(index: u32) -> u32 { return index; }
fn place_$o(task: Task, line: u32, vector: u32, exists: bool) -> u32 {
    let at = product.$o_origin + line * product.$o_pitch + task.group * product.columns + vector;
    return select(NOWHERE, at, exists);
}
fn line_of_stretch_$o(number: u32) -> u32 { return number * product.stretch; }
fn next_line_$o(line: u32) -> u32 { return line + 1u; }
fn next_vector_$o(vector: u32) -> u32 { return vector + product.stretch; }
