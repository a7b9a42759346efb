// What changes from step to step; bound by the kernels that depend on it.
struct StepValues {
    key_low: u32,
    key_high: u32,
    iteration: u32,
    rate: f32,
    first_image: u32,
}
