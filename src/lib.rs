//! Strata trains convolutional networks on its own compute engine, and measures how transferable each of their
//! layers is, after Yosinski, Clune, Bengio and Lipson, "How transferable are features in deep neural networks?"
//! (2014).
//!
//! The program `strata` does this from the command line. The library has these parts:
//!
//! | to | take |
//! |---|---|
//! | open a device | [`Device`]: the native cpu, a GPU, or the `f64` reference |
//! | describe and build a net | [`NetDef`], [`nn::net_file`], [`nn::zoo`], [`Net::build`] |
//! | load images | [`data::cifar`], [`data::idx`], [`data::folder`], [`data::store`], [`data::fashion::embedded`] |
//! | read and write weights of other programs | [`exchange`] |
//! | train | [`Trainer`] with a [`Solver`], step by step; [`train::checkpoint`] saves and resumes |
//! | read and write weights and activations | [`Executor`], [`nn::weights`], [`Trainer::activations`] |
//! | check gradients | [`ops::check`] |
//! | run the paper's protocol | [`Experiment`], [`Plan`], [`protocol::runner`] |
//! | compute statistics and figures | [`report`] |
//! | train in a browser | [`web::export`] |
//!
//! # An example
//!
//! ```
//! use strata::{Device, Images, Normalisation, Reading, Solver, Trainer, data, host::Stream, nn::net_file, train};
//!
//! let data = data::fashion::embedded()?;
//! let set = data.train.select(&(0..64).collect::<Vec<_>>())?;
//! let normalisation = Normalisation::mean_image(&set, 1.0 / 80.0)?;
//! let images = Images { set: &set, normalisation: &normalisation };
//!
//! let def = net_file::read("nets/alexnet28.toml".as_ref())?.with_classes(data.classes())?;
//! let solver = Solver { batch_size: 32, ..Solver::default() };
//! let stream = |purpose: &str| Stream::named(&format!("my run/{purpose}"));
//! let streams =
//!     train::trainer::Streams { order: stream("order"), crops: stream("crops"), dropout: stream("dropout") };
//! let mut trainer = Trainer::new(&def, &solver, images, Reading::centre(), streams, &Device::Cpu)?;
//! trainer.net.initialise(&mut trainer.executor, stream)?;
//! trainer.train_step()?;
//! trainer.train_step()?;
//! assert!(trainer.losses()?.iter().all(|loss| loss.is_finite()));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! `examples/train_a_net.rs` also reads an activation, freezes layers and copies them into another net;
//! `examples/gradient_check.rs` checks gradients against central differences.
//!
//! # What holds everywhere
//!
//! Activations are NCHW and kernels OIHW outside. On one device with one driver the same seed gives the same bits. No
//! call panics on what a user, a file or a device can cause: every room has one error type whose messages name a
//! remedy.
//!
//! The rooms below are in the order of their floors; a room uses only rooms below it
//! (`tests/layering.rs` holds that order and fails on an upward import).
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod host;

pub mod cpu;
pub mod gpu;

pub mod ops;

pub mod nn;

pub mod data;
pub mod exchange;

pub mod train;

pub mod protocol;

pub mod report;
pub mod web;

#[doc(hidden)]
pub mod cli;

pub use data::{Dataset, ImageSet, Normalisation};
pub use nn::{BuildOptions, Layer, Net, NetDef};
pub use ops::{Device, Executor, Step};
pub use protocol::{Experiment, Plan};
pub use train::{Images, Reading, Schedule, Scores, Solver, Trainer};
