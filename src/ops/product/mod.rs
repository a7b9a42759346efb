//! Matrix products on a gpu: all that conv2d and dense have in common.
//!
//! `conv2d` and `dense` describe the operands of each of their passes and what becomes of the sums ([`pass::Pass`]),
//! and the operations the sizes of a dispatch ([`ProductParameters`]). Everything else is here once: `tile` and `way` are
//! the tables of the tiles and ways in which a product is computed, `compose` makes a shader of modules for every way,
//! `split` divides sums that have too few tiles, `record` chooses a kernel and dispatches it, and `forms` lists what may
//! be chosen. The modules lie in `shaders/product`.

mod compose;
pub(super) mod conv2d;
pub(super) mod dense;
pub(super) mod forms;
mod parameters;
mod pass;
mod record;
pub(super) mod split;
mod tile;
mod way;

pub(super) use parameters::ProductParameters;
pub(super) use pass::Buffer;
pub(super) use record::{Product, Runs, sum};
pub use tile::{TILES, Tile};
pub use way::tiles;
