//! Folders and archives of image files, from outside. All images are made here.

mod archives;
mod colours;
mod damaged;
mod guesses;
mod jpeg_matrix;
mod jpeg_writer;
mod kinds;
mod layouts;
pub mod made;
