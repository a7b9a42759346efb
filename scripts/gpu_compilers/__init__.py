"""What `scripts/compile-gpus` and `scripts/drivers` are made of: drivers of GPUs that are not here, and what their
compilers say of strata's shaders."""
