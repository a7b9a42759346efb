// Numbers that are read one by one, because four channels of a group may begin anywhere.

@group(0) @binding($binding) var<storage, $access> $buffer: array<f32>;

// The first `real` of four numbers from a place on.
fn get_$buffer(at: u32, real: u32) -> vec4<f32> {
    var v = vec4<f32>();
    #for n in 0..4
    if real > $nu { v[$n] = $buffer[at + $nu]; }
    #end
    return v;
}
