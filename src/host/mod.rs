//! Shapes, host tensors, counter-based random numbers and digests.
