//! Images and folders for the tests.

use image::{DynamicImage, ImageFormat, RgbImage};
use std::{fs, io::Cursor, path::Path};

/// A picture in which red follows the column, green the row and blue the number.
pub fn picture(width: u32, height: u32, number: u8) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| image::Rgb([(x * 255 / width) as u8, (y * 255 / height) as u8, number]))
}

/// An image in a format.
pub fn encoded(image: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.into().write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// The bytes of a small PNG.
pub fn png(number: u8) -> Vec<u8> {
    encoded(picture(6, 4, number), ImageFormat::Png)
}

/// The bytes of a small JPEG.
pub fn jpeg(width: u32, height: u32) -> Vec<u8> {
    encoded(picture(width, height, 90), ImageFormat::Jpeg)
}

/// Writes a file and the folders above it.
pub fn put(root: &Path, name: &str, bytes: &[u8]) {
    let path = root.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

/// A tar archive of files, in the given order.
pub fn tar(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        builder.append_data(&mut header, name, *bytes).unwrap();
    }
    builder.into_inner().unwrap()
}
