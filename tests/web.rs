//! The page that trains in a browser: in Chromium itself, which computes on the processor where there is no GPU.
//!
//! `scripts/web` installs what it takes. With `STRATA_WEB=all` the tests replay every case of every kernel, and train a
//! larger net.

pub mod browser;
pub mod damaged;
pub mod export;
pub mod kernels;
pub mod page;
pub mod streams;
pub mod training;
