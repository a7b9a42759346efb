//! Folders and archives of image files, from outside. All images are made here.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "folder/archives.rs"]
mod archives;
#[path = "folder/colours.rs"]
mod colours;
#[path = "folder/damaged.rs"]
mod damaged;
#[path = "folder/guesses.rs"]
mod guesses;
#[path = "folder/jpeg_matrix.rs"]
mod jpeg_matrix;
#[path = "folder/jpeg_writer.rs"]
mod jpeg_writer;
#[path = "folder/kinds.rs"]
mod kinds;
#[path = "folder/layouts.rs"]
mod layouts;
#[path = "folder/made.rs"]
mod made;
