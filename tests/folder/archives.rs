//! Tar archives, read in place.

use super::made::{jpeg, picture, png, put, tar};
use image::ImageFormat;
use std::{fs, path::Path};
use strata::data::{
    DataError,
    folder::{FolderError, load, open},
};
use tempfile::tempdir;

#[test]
fn an_archive_gives_what_its_folder_gives() {
    let images: Vec<(String, Vec<u8>)> =
        (0..6u8).map(|i| (format!("{}/sub/{i}.png", ["a", "b"][usize::from(i % 2)]), png(i * 40))).collect();
    let folder = tempdir().unwrap();
    for (name, bytes) in &images {
        put(folder.path(), &format!("train/{name}"), bytes);
        put(folder.path(), &format!("val/{name}"), bytes);
    }
    let expected = load(&open(folder.path(), None).unwrap(), 8).unwrap().digest();
    let files = |prefix: &str, step: usize| -> Vec<u8> {
        let named: Vec<(String, &[u8])> =
            images.iter().skip(step % 2).step_by(step.max(1)).map(|(n, b)| (format!("{prefix}{n}"), &b[..])).collect();
        tar(&named.iter().rev().map(|(name, bytes)| (name.as_str(), *bytes)).collect::<Vec<_>>())
    };
    let evens: Vec<_> = images.iter().step_by(2).map(|(n, b)| (n.as_str(), &b[..])).collect();
    let odds: Vec<_> = images.iter().skip(1).step_by(2).map(|(n, b)| (n.as_str(), &b[..])).collect();

    let shards = tempdir().unwrap();
    put(shards.path(), "train-000.tar", &tar(&odds));
    put(shards.path(), "train-001.tar", &tar(&evens));
    put(shards.path(), "val.tar", &files("./val/", 0));
    assert_eq!(load(&open(shards.path(), None).unwrap(), 8).unwrap().digest(), expected);

    let inside = tempdir().unwrap();
    put(inside.path(), "train/x-0.tar", &tar(&odds));
    put(inside.path(), "train/x-1.tar", &tar(&evens));
    put(inside.path(), "val.tar", &files("", 0));
    assert_eq!(load(&open(inside.path(), None).unwrap(), 8).unwrap().digest(), expected);

    let both: Vec<(String, &[u8])> = ["train", "val"]
        .iter()
        .flat_map(|part| images.iter().map(move |(n, b)| (format!("{part}/{n}"), &b[..])))
        .collect();
    let one = tempdir().unwrap();
    put(one.path(), "all.tar", &tar(&both.iter().map(|(n, b)| (n.as_str(), *b)).collect::<Vec<_>>()));
    assert_eq!(load(&open(&one.path().join("all.tar"), None).unwrap(), 8).unwrap().digest(), expected);
}

#[test]
fn the_official_imagenet_archives_are_read_as_they_are() {
    let (red, green) = (png(10), super::made::encoded(picture(5, 5, 9), ImageFormat::Bmp));
    let class = |bytes: &[u8]| tar(&[("x_1.JPEG", bytes), ("x_0.JPEG", &jpeg(16, 12))]);
    let root = tempdir().unwrap();
    put(root.path(), "ILSVRC2012_img_train.tar", &tar(&[("n02.tar", &class(&green)), ("n01.tar", &class(&red))]));
    let val = tar(&[("ILSVRC2012_val_00000001.JPEG", &red), ("ILSVRC2012_val_00000002.JPEG", &green)]);
    put(root.path(), "ILSVRC2012_img_val.tar", &val);
    put(root.path(), "val.txt", b"ILSVRC2012_val_00000001.JPEG 1\nILSVRC2012_val_00000002.JPEG 0\n");
    let set = open(root.path(), None).unwrap();
    let names: Vec<_> = set.train.items.iter().map(|item| item.name.as_str()).collect();
    assert_eq!(names, ["n01/x_0.JPEG", "n01/x_1.JPEG", "n02/x_0.JPEG", "n02/x_1.JPEG"]);

    let folder = tempdir().unwrap();
    for (name, bytes) in
        [("n01/x_1", &red), ("n01/x_0", &jpeg(16, 12)), ("n02/x_1", &green), ("n02/x_0", &jpeg(16, 12))]
    {
        put(folder.path(), &format!("train/{name}.JPEG"), bytes);
    }
    put(folder.path(), "val/ILSVRC2012_val_00000001.JPEG", &red);
    put(folder.path(), "val/ILSVRC2012_val_00000002.JPEG", &green);
    fs::copy(root.path().join("val.txt"), folder.path().join("val.txt")).unwrap();
    let (here, there) = (load(&set, 8).unwrap(), load(&open(folder.path(), None).unwrap(), 8).unwrap());
    assert_eq!((&here.test.labels[..], here.digest()), (&[1, 0][..], there.digest()));
    assert_eq!(fs::read_dir(root.path()).unwrap().count(), 3, "nothing is unpacked");
}

/// An archive with one entry of any kind and name, written past the checks of the builder.
fn odd_entry(kind: tar::EntryType, name: &str, size: u64, body: &[u8]) -> Vec<u8> {
    let mut header = tar::Header::new_gnu();
    header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
    header.set_entry_type(kind);
    header.set_size(size);
    header.set_link_name("elsewhere").unwrap();
    header.set_cksum();
    let mut bytes = header.as_bytes().to_vec();
    bytes.extend(body);
    bytes.resize(bytes.len().next_multiple_of(512) + 1024, 0);
    bytes
}

fn refusal(bytes: &[u8]) -> DataError {
    let root = tempdir().unwrap();
    put(root.path(), "train.tar", bytes);
    open(root.path(), None).unwrap_err()
}

#[test]
fn links_absolute_names_and_names_that_lead_out_are_refused() {
    use tar::EntryType;
    for (kind, name, part) in [
        (EntryType::Symlink, "a/1.png", "is a link"),
        (EntryType::Link, "a/1.png", "is a link"),
        (EntryType::Char, "a/1.png", "is not a regular file"),
        (EntryType::Fifo, "a/1.png", "is not a regular file"),
        (EntryType::Regular, "/a/1.png", "has an absolute name"),
        (EntryType::Regular, "a/../../1.png", "leads out of the archive"),
        (EntryType::Directory, "../a", "leads out of the archive"),
    ] {
        let error = refusal(&odd_entry(kind, name, 0, &[]));
        assert!(matches!(error, DataError::Folder(FolderError::Entry { .. })), "{kind:?} {name}: {error}");
        assert!(error.to_string().contains(part), "{error}");
    }
}

#[test]
fn entries_longer_than_their_archive_are_refused() {
    for size in [3000, 1 << 33] {
        let error = refusal(&odd_entry(tar::EntryType::Regular, "a/1.png", size, &[1; 600]));
        assert!(matches!(error, DataError::Folder(FolderError::Archive { .. })), "{error}");
    }
    // An archive inside an archive may not reach out of its own stretch either.
    let inner = odd_entry(tar::EntryType::Regular, "1.JPEG", 4000, &[]);
    let error = refusal(&tar(&[("n01.tar", &inner), ("n02.tar", &[7; 4096])]));
    assert!(matches!(error, DataError::Folder(FolderError::Archive { .. })), "{error}");
}

#[test]
fn a_truncated_or_compressed_archive_is_refused_and_never_panics() {
    let whole = tar(&[("a/1.png", &png(1)), ("b/1.png", &png(2))]);
    for end in (0..whole.len()).step_by(7) {
        let root = tempdir().unwrap();
        put(root.path(), "train.tar", &whole[..end]);
        // An archive may end between two entries; it must then still decode to whole images.
        if let Ok(set) = open(root.path(), None) {
            load(&set, 4).unwrap();
        }
    }
    assert!(matches!(refusal(&[0x1f; 5000]), DataError::Folder(FolderError::Archive { .. })));
}

#[test]
fn an_archive_that_changes_after_it_was_listed_is_an_error() {
    let root = tempdir().unwrap();
    put(root.path(), "train.tar", &tar(&[("a/1.png", &png(1)), ("b/1.png", &png(1))]));
    let set = open(root.path(), None).unwrap();
    let path = root.path().join("train.tar");
    fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(540).unwrap();
    let error = load(&set, 4).unwrap_err().to_string();
    let entry = Path::new("train.tar").join("a/1.png");
    assert!(error.contains(&*entry.to_string_lossy()) && error.contains("ends before"), "{error}");
}
