//! The search for non-finite values, on the device.

use super::TrainError;
use crate::{
    host::Stream,
    nn::{Net, Tape},
    ops::{Executor, Step},
};

/// The first of the watched tensors of a net, in the order of computation, that holds an infinity or a NaN, in words.
///
/// # Errors
/// A lost device.
pub(super) fn not_finite(net: &Net, executor: &mut Executor, dropout: Stream) -> Result<Option<String>, TrainError> {
    executor.write_words(net.flags, &vec![0; net.watched.len()])?;
    executor.run(Tape::Watch, &Step { iteration: 0, rate: 0.0, dropout, first_image: 0 })?;
    let flags = executor.read_words(net.flags)?;
    let first = flags.iter().zip(&net.watched).find(|(flag, _)| **flag != 0);
    Ok(first.map(|(_, (_, place))| place.clone()))
}
