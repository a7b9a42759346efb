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
}

impl Epilogue {
    /// The tensor that is changed.
    pub const fn changes(&self) -> TensorId {
        match *self {
            Epilogue::Rectify { y } => y,
            Epilogue::Mask { dy, .. } => dy,
        }
    }
}

impl Epilogue {
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

    /// The answer of an operation that can set its result `dx` to 0 where the output of a rectifier is not positive, and
    /// does where `rectified` names one.
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
