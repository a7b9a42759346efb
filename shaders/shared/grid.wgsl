// A grid of workgroups is folded into two dimensions, because one holds only 65,535 of them.

// The number of a workgroup in its grid, as if the grid were a row.
fn linear(workgroup: vec3<u32>, workgroups: vec3<u32>) -> u32 {
    return workgroup.y * workgroups.x + workgroup.x;
}
