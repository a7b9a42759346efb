//! Vectors of real numbers: the same loops for every instruction set (AVX2, AVX-512, NEON), chosen at run time.

use pulp::Simd;

/// An element type that instruction sets hold several of in one register.
///
/// Loops over [`Lanes`] compute each element from its own operands in their own order, so that results do not
/// depend on how many lanes a register has. Products and sums are fused (one rounding) where the set can.
pub trait Lanes: Copy {
    /// A register of an instruction set.
    type Vector<S: Simd>: Copy;
    /// The elements of registers.
    fn elements<S: Simd>(vectors: &[Self::Vector<S>]) -> &[Self];
    /// Elements in one register.
    fn lanes<S: Simd>() -> usize;
    /// The value in every lane.
    fn splat<S: Simd>(simd: S, value: Self) -> Self::Vector<S>;
    /// `a + b`.
    fn plus<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S>;
    /// `a - b`.
    fn minus<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S>;
    /// `a * b + c`.
    fn fused<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>, c: Self::Vector<S>) -> Self::Vector<S>;
    /// `value` where `of > 0`, else 0.
    fn where_positive<S: Simd>(simd: S, of: Self::Vector<S>, value: Self::Vector<S>) -> Self::Vector<S>;
    /// 0 where `value <= 0`, else `value`: a NaN stays one.
    fn rectified<S: Simd>(simd: S, value: Self::Vector<S>) -> Self::Vector<S>;
    /// The sum of all lanes, by halves: lane i and lane i + half of them, until one is left.
    fn total<S: Simd>(simd: S, vector: Self::Vector<S>) -> Self;
    /// The registers that a slice fills; what is left over is not in them.
    fn vectors<S: Simd>(slice: &[Self]) -> &[Self::Vector<S>];
    /// The registers that a slice fills, to be written.
    fn vectors_mut<S: Simd>(slice: &mut [Self]) -> &mut [Self::Vector<S>];
}

impl Lanes for f32 {
    type Vector<S: Simd> = S::f32s;
    #[inline(always)]
    fn lanes<S: Simd>() -> usize {
        S::F32_LANES
    }
    #[inline(always)]
    fn splat<S: Simd>(simd: S, value: Self) -> S::f32s {
        simd.splat_f32s(value)
    }
    #[inline(always)]
    fn plus<S: Simd>(simd: S, a: S::f32s, b: S::f32s) -> S::f32s {
        simd.add_f32s(a, b)
    }
    #[inline(always)]
    fn minus<S: Simd>(simd: S, a: S::f32s, b: S::f32s) -> S::f32s {
        simd.sub_f32s(a, b)
    }
    #[inline(always)]
    fn fused<S: Simd>(simd: S, a: S::f32s, b: S::f32s, c: S::f32s) -> S::f32s {
        simd.mul_add_f32s(a, b, c)
    }
    #[inline(always)]
    fn where_positive<S: Simd>(simd: S, of: S::f32s, value: S::f32s) -> S::f32s {
        let zero = simd.splat_f32s(0.0);
        simd.select_f32s(simd.less_than_f32s(zero, of), value, zero)
    }
    #[inline(always)]
    fn rectified<S: Simd>(simd: S, value: S::f32s) -> S::f32s {
        let zero = simd.splat_f32s(0.0);
        simd.select_f32s(simd.less_than_or_equal_f32s(value, zero), zero, value)
    }
    #[inline(always)]
    fn total<S: Simd>(simd: S, vector: S::f32s) -> Self {
        simd.reduce_sum_f32s(vector)
    }
    #[inline(always)]
    fn vectors<S: Simd>(slice: &[Self]) -> &[S::f32s] {
        S::as_simd_f32s(slice).0
    }
    #[inline(always)]
    fn elements<S: Simd>(vectors: &[S::f32s]) -> &[Self] {
        bytemuck::cast_slice(vectors)
    }
    #[inline(always)]
    fn vectors_mut<S: Simd>(slice: &mut [Self]) -> &mut [S::f32s] {
        S::as_mut_simd_f32s(slice).0
    }
}

impl Lanes for f64 {
    type Vector<S: Simd> = S::f64s;
    #[inline(always)]
    fn lanes<S: Simd>() -> usize {
        S::F64_LANES
    }
    #[inline(always)]
    fn splat<S: Simd>(simd: S, value: Self) -> S::f64s {
        simd.splat_f64s(value)
    }
    #[inline(always)]
    fn plus<S: Simd>(simd: S, a: S::f64s, b: S::f64s) -> S::f64s {
        simd.add_f64s(a, b)
    }
    #[inline(always)]
    fn minus<S: Simd>(simd: S, a: S::f64s, b: S::f64s) -> S::f64s {
        simd.sub_f64s(a, b)
    }
    #[inline(always)]
    fn fused<S: Simd>(simd: S, a: S::f64s, b: S::f64s, c: S::f64s) -> S::f64s {
        simd.mul_add_f64s(a, b, c)
    }
    #[inline(always)]
    fn where_positive<S: Simd>(simd: S, of: S::f64s, value: S::f64s) -> S::f64s {
        let zero = simd.splat_f64s(0.0);
        simd.select_f64s(simd.less_than_f64s(zero, of), value, zero)
    }
    #[inline(always)]
    fn rectified<S: Simd>(simd: S, value: S::f64s) -> S::f64s {
        let zero = simd.splat_f64s(0.0);
        simd.select_f64s(simd.less_than_or_equal_f64s(value, zero), zero, value)
    }
    #[inline(always)]
    fn total<S: Simd>(simd: S, vector: S::f64s) -> Self {
        simd.reduce_sum_f64s(vector)
    }
    #[inline(always)]
    fn vectors<S: Simd>(slice: &[Self]) -> &[S::f64s] {
        S::as_simd_f64s(slice).0
    }
    #[inline(always)]
    fn elements<S: Simd>(vectors: &[S::f64s]) -> &[Self] {
        bytemuck::cast_slice(vectors)
    }
    #[inline(always)]
    fn vectors_mut<S: Simd>(slice: &mut [Self]) -> &mut [S::f64s] {
        S::as_mut_simd_f64s(slice).0
    }
}
