//! Faults of pictures that leave their pixels alone.

use super::made::{err, strata};

#[test]
fn a_pack_reports_how_many_pictures_have_stray_bytes_and_names_one() {
    let root = tempfile::tempdir().unwrap();
    for number in 0..6u8 {
        let folder = root.path().join(format!("set/train/{}", number % 2));
        std::fs::create_dir_all(&folder).unwrap();
        let mut bytes = Vec::new();
        let encoder = jpeg_encoder::Encoder::new(&mut bytes, 90);
        encoder.encode(&[40 * number; 16 * 16 * 3], 16, 16, jpeg_encoder::ColorType::Rgb).unwrap();
        if number >= 4 {
            // After SOI and the first segment, which holds its own length.
            let end = 4 + usize::from(bytes[5]);
            bytes.splice(end..end, [1, 2, 3]);
        }
        std::fs::write(folder.join(format!("{number}.jpg")), bytes).unwrap();
    }
    let pack = |format: &str| {
        let mut command = strata(&["data", "pack", "--size", "16", "--format", format, "--out"]);
        command.arg(root.path().join(format!("{format}.pack"))).arg(root.path().join("set")).output().unwrap()
    };
    let json = pack("json");
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!((&json["images"], &json["remarked"]), (&6.into(), &2.into()));
    let message = err(&pack("text"));
    assert!(message.contains("2 images with faults that leave their pixels alone"), "{message}");
    assert!(message.contains("4.jpg: Corrupt JPEG data: 3 extraneous bytes before marker"), "{message}");
}
