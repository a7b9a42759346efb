//! Matrix products: the one place where the native executor meets the `gemm` crates and `unsafe`.
#![allow(unsafe_code)]

use crate::host::Real;
use gemm_common::Parallelism;
use std::any::TypeId;

/// A product of the `gemm` crates: `c = alpha c + beta a b`, for sizes m, n and the depth, then each matrix with the
/// distances between its columns and its rows.
// SAFETY: a type calls nothing; the call in `product` says what it relies on.
type Kernel<T> = unsafe fn(
    usize,
    usize,
    usize,
    *mut T,
    isize,
    isize,
    bool,
    *const T,
    isize,
    isize,
    *const T,
    isize,
    isize,
    T,
    T,
    bool,
    bool,
    bool,
    Parallelism,
);

/// The kernel of an element type. The crates of the two real types are named instead of `gemm` itself, which builds
/// those of complex numbers as well.
fn kernel<T: Real>() -> Kernel<T> {
    // SAFETY: the types of both sides are the same one; `Real` is `f32` or `f64`.
    unsafe {
        if TypeId::of::<T>() == TypeId::of::<f32>() {
            std::mem::transmute::<Kernel<f32>, Kernel<T>>(gemm_f32::gemm::f32::get_gemm_fn())
        } else {
            assert_eq!(TypeId::of::<T>(), TypeId::of::<f64>(), "an element is f32 or f64");
            std::mem::transmute::<Kernel<f64>, Kernel<T>>(gemm_f64::gemm::f64::get_gemm_fn())
        }
    }
}

/// A matrix read through two strides, counted in elements.
#[derive(Clone, Copy)]
pub struct View<'a, T> {
    /// The elements.
    pub data: &'a [T],
    /// Rows and columns.
    pub size: [usize; 2],
    /// The distance from one row, and from one column, to the next.
    pub strides: [usize; 2],
}

impl<'a, T> View<'a, T> {
    /// A row-major matrix whose rows are `stride` elements apart.
    pub fn rows(data: &'a [T], size: [usize; 2], stride: usize) -> Self {
        Self { data, size, strides: [stride, 1] }
    }

    /// The transposed view.
    pub fn transposed(self) -> Self {
        Self { data: self.data, size: [self.size[1], self.size[0]], strides: [self.strides[1], self.strides[0]] }
    }
}

/// `c = a b`, or `c += a b` where `accumulate`: a is m x d, b is d x n, and c is row-major, m x n,
/// with rows `c_stride` elements apart. One thread; the callers divide the work.
pub fn product<T: Real>(a: View<'_, T>, b: View<'_, T>, c: &mut [T], c_stride: usize, accumulate: bool) {
    let ([m, depth], [depth_b, n]) = (a.size, b.size);
    if m == 0 || n == 0 {
        return;
    }
    assert_eq!(depth, depth_b, "the inner sizes of a product agree");
    assert!(c_stride >= n && (m - 1) * c_stride + n <= c.len(), "the result of a product fits");
    if depth == 0 {
        if !accumulate {
            (0..m).for_each(|row| c[row * c_stride..][..n].fill(T::zero()));
        }
        return;
    }
    for view in [&a, &b] {
        let last = (view.size[0] - 1) * view.strides[0] + (view.size[1] - 1) * view.strides[1];
        assert!(last < view.data.len(), "an operand of a product fits");
    }
    let strides = |view: &View<'_, T>| [view.strides[1] as isize, view.strides[0] as isize];
    let ([a_columns, a_rows], [b_columns, b_rows]) = (strides(&a), strides(&b));
    let (one, no) = (T::one(), false);
    // SAFETY: the assertions above keep every index that the strides can form inside the slices,
    // `c` is borrowed mutably and so cannot overlap an operand, and strides are below isize::MAX
    // because they index slices.
    unsafe {
        let (c, a, b) = (c.as_mut_ptr(), a.data.as_ptr(), b.data.as_ptr());
        let (kernel, one_thread) = (kernel::<T>(), Parallelism::None);
        if c_stride > 1 {
            // The kernels are made for results whose columns are contiguous: the transposed product is computed.
            kernel(
                n,
                m,
                depth,
                c,
                c_stride as isize,
                1,
                accumulate,
                b,
                b_rows,
                b_columns,
                a,
                a_rows,
                a_columns,
                one,
                one,
                no,
                no,
                no,
                one_thread,
            );
        } else {
            kernel(
                m,
                n,
                depth,
                c,
                1,
                c_stride as isize,
                accumulate,
                a,
                a_columns,
                a_rows,
                b,
                b_columns,
                b_rows,
                one,
                one,
                no,
                no,
                no,
                one_thread,
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_product_accumulates_where_asked_and_overwrites_where_not() {
        let a: Vec<f64> = (0..6).map(f64::from).collect();
        let b: Vec<f64> = (0..12).map(f64::from).collect();
        let mut c = vec![1.0; 2 * 5];
        product(View::rows(&a, [2, 3], 3), View::rows(&b, [3, 4], 4), &mut c, 5, false);
        assert_eq!(c, [20.0, 23.0, 26.0, 29.0, 1.0, 56.0, 68.0, 80.0, 92.0, 1.0]);
        product(View::rows(&a, [2, 3], 3), View::rows(&b, [3, 4], 4), &mut c, 5, true);
        assert_eq!(c[..4], [40.0, 46.0, 52.0, 58.0]);
    }
}
