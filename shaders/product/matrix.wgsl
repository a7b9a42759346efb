// Operand $o: a matrix as it lies in memory, line by line. In a convolution its lines hold the output channels of all groups.

// The place of a line's first number, and the number within the line of a vector's first.
alias Line_$o = u32;
alias Lines_$o = u32;
alias Vector_$o = u32;
alias Under_$o = u32;
const HOLES_$o: bool = false;

fn line_$o(task: Task, index: u32) -> u32 {
    return (product.$o_origin + index * product.$o_pitch + task.group * product.columns) / unit();
}
fn lines_$o(lines: u32) -> u32 { return lines * product.$o_pitch / unit(); }
fn line_after_$o(line: u32, distance: u32) -> u32 { return line + distance; }
fn vector_$o(index: u32) -> u32 { return index; }
fn vector_after_$o(vector: u32, distance: u32) -> u32 { return vector + distance; }
fn next_number_$o(vector: u32) -> u32 { return vector + 1u; }
fn under_$o(vector: u32) -> u32 { return vector / unit(); }
fn place_$o(line: u32, under: u32) -> Place { return Place(line + under, true); }

fn line_of_stretch_$o(task: Task, number: u32) -> u32 { return line_$o(task, number * product.stretch); }
fn next_line_$o(line: u32) -> u32 { return line + product.$o_pitch; }
fn next_vector_$o(vector: u32) -> u32 { return vector + product.stretch; }
