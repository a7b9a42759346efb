//! What one operation can do for another: the pass over a tape that saves operations asks by these words.

use super::TensorId;

/// What is done to a tensor, element by element, after the operation that has written it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Epilogue {
    /// `y = max(y, 0)`.
    Rectify {
        /// The output of an operation, and of the rectifier.
        y: TensorId,
    },
    /// `dy = dy where y > 0, else 0`.
    Mask {
        /// The output of a rectifier.
        y: TensorId,
        /// Its gradient.
        dy: TensorId,
    },
    /// `dx = dx + dy`.
    Accumulate {
        /// A gradient.
        dx: TensorId,
        /// What is added to it, which is there when the operation runs.
        dy: TensorId,
    },
    /// `sum = term + other`, in another tensor. Whoever takes it on writes the sum instead of the term.
    Add {
        /// The output of an operation, which nothing but the addition reads.
        term: TensorId,
        /// What is added to it, which is there when the operation runs.
        other: TensorId,
        /// The sum.
        sum: TensorId,
    },
}

impl Epilogue {
    /// The tensor whose writer is asked.
    pub const fn of(&self) -> TensorId {
        match *self {
            Epilogue::Rectify { y } => y,
            Epilogue::Mask { dy, .. } => dy,
            Epilogue::Accumulate { dx, .. } => dx,
            Epilogue::Add { term, .. } => term,
        }
    }

    /// Whether an operation between the two keeps it where it is: it writes what is added, or has to do with the sum.
    pub fn waits_for(&self, reads: &[TensorId], writes: &[TensorId]) -> bool {
        match self {
            Epilogue::Add { other, sum, .. } => writes.contains(other) || reads.contains(sum) || writes.contains(sum),
            Epilogue::Accumulate { dy, .. } => writes.contains(dy),
            Epilogue::Rectify { .. } | Epilogue::Mask { .. } => false,
        }
    }
    /// The answer of an operation that can rectify its result `y`, and does where `relu` says so.
    pub fn rectified(self, y: TensorId, relu: &mut bool) -> Absorbed {
        match self {
            Epilogue::Rectify { y: changed } if changed == y => {
                *relu = true;
                Absorbed::Taken
            }
            _ => Absorbed::Refused,
        }
    }

    /// The answer of an operation that can add `plus` to its result `y`, and rectify that.
    pub fn added_or_rectified(self, y: &mut TensorId, plus: &mut Option<TensorId>, relu: &mut bool) -> Absorbed {
        match self {
            // What is rectified is no longer a term, and there is room for one other.
            Epilogue::Add { term, other, sum } if term == *y && plus.is_none() && !*relu => {
                (*y, *plus) = (sum, Some(other));
                Absorbed::Taken
            }
            _ => self.rectified(*y, relu),
        }
    }

    /// The answer of an operation that can add `plus` to its result `dx`, and mask that.
    pub fn accumulated_or_masked(
        self,
        dx: TensorId,
        plus: &mut Option<TensorId>,
        rectified: &mut Option<TensorId>,
    ) -> Absorbed {
        match self {
            // What is masked takes no more terms, and there is room for one.
            Epilogue::Accumulate { dx: to, dy } if to == dx && plus.is_none() && rectified.is_none() => {
                *plus = Some(dy);
                Absorbed::Taken
            }
            _ => self.masked(dx, rectified),
        }
    }

    /// The answer of an operation that can set its result `dx` to 0 where the output of a rectifier is not positive,
    /// and does where `rectified` names one.
    pub fn masked(self, dx: TensorId, rectified: &mut Option<TensorId>) -> Absorbed {
        match self {
            Epilogue::Mask { y, dy } if dy == dx => {
                *rectified = Some(y);
                Absorbed::Taken
            }
            _ => Absorbed::Refused,
        }
    }
}

/// What an operation answers to an epilogue of its result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absorbed {
    /// It does that from now on.
    Taken,
    /// It cannot, but the operation before it may: the two do not mind their order.
    Passed,
    /// It cannot.
    Refused,
}
