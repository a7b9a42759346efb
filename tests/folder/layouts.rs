//! Which files are images of which class, and in which order.

use super::made::{jpeg, png, put};
use std::fs;
use strata::data::{
    DataError,
    folder::{FolderError, FolderSet, load, open},
};
use tempfile::tempdir;

fn names(set: &FolderSet) -> Vec<(&str, u16)> {
    set.train.items.iter().map(|item| (item.name.as_str(), item.label)).collect()
}

#[test]
fn classes_and_files_stand_in_torchvisions_order() {
    let root = tempdir().unwrap();
    for name in ["dog/b.png", "dog/a.JPEG", "dog/x/1.png", "dog/x-y/1.png", "dog/x/z/1.png", "Cat/2.Png", "Cat/10.webp"]
    {
        put(root.path(), name, &png(1));
    }
    put(root.path(), "dog/notes.txt", b"stray");
    put(root.path(), "dog/moving.gif", b"no suffix of torchvision's list");
    put(root.path(), "README.png", &png(1));
    let set = open(root.path(), None).unwrap();
    assert_eq!(set.train.class_names, ["Cat", "dog"]);
    // What sorted(os.walk(...)) and sorted(fnames) give: folders by their whole path as a string.
    let expected = [
        ("Cat/10.webp", 0),
        ("Cat/2.Png", 0),
        ("dog/a.JPEG", 1),
        ("dog/b.png", 1),
        ("dog/x/1.png", 1),
        ("dog/x-y/1.png", 1),
        ("dog/x/z/1.png", 1),
    ];
    assert_eq!(names(&set), expected);
    assert_eq!((set.train.ignored, set.test.items.len()), (3, 0));
}

#[test]
fn an_empty_class_is_an_error_that_names_it() {
    let root = tempdir().unwrap();
    put(root.path(), "full/1.png", &png(1));
    fs::create_dir_all(root.path().join("empty/deeper")).unwrap();
    let error = open(root.path(), None).unwrap_err();
    assert!(
        matches!(&error, DataError::Folder(FolderError::EmptyClasses { classes, .. }) if classes == "empty"),
        "{error}"
    );
}

#[test]
fn training_and_test_parts_have_the_same_classes() {
    let root = tempdir().unwrap();
    for name in ["train/a/1.png", "train/b/1.png", "val/b/1.png", "val/a/2.png", "test/unlabelled.png"] {
        put(root.path(), name, &png(1));
    }
    let set = open(root.path(), None).unwrap();
    let test: Vec<_> = set.test.items.iter().map(|item| (item.name.as_str(), item.label)).collect();
    assert_eq!(test, [("a/2.png", 0), ("b/1.png", 1)]);
    put(root.path(), "val/c/1.png", &png(1));
    fs::remove_dir_all(root.path().join("val/a")).unwrap();
    let error = open(root.path(), None).unwrap_err().to_string();
    assert!(error.contains("missing: a; only here: c"), "{error}");
}

#[test]
fn a_flat_test_part_takes_its_classes_from_any_of_the_three_label_files() {
    let root = tempdir().unwrap();
    for name in
        ["train/n02/1.JPEG", "train/n01/1.JPEG", "val/ILSVRC2012_val_00000002.JPEG", "val/ILSVRC2012_val_00000001.JPEG"]
    {
        put(root.path(), name, &jpeg(8, 8));
    }
    let labels = || open(root.path(), None).map(|set| set.test.items.iter().map(|item| item.label).collect::<Vec<_>>());
    let error = labels().unwrap_err();
    assert!(matches!(error, DataError::Folder(FolderError::NoLabels { .. })), "{error}");

    put(root.path(), "ILSVRC2012_validation_ground_truth.txt", b"7\n3\n");
    put(root.path(), "map_clsloc.txt", b"n01 3 kit_fox\nn02 7 setter\n");
    assert_eq!(labels().unwrap(), [1, 0]);
    let csv = b"ImageId,PredictionString\nILSVRC2012_val_00000002,n02 85 1 9 2\nILSVRC2012_val_00000001,n01 1 1 2 2 n01 3 3 4 4\n";
    put(root.path(), "LOC_val_solution.csv", csv);
    assert_eq!(labels().unwrap(), [0, 1], "the csv stands before the development kit's file");
    put(root.path(), "val/val.txt", b"ILSVRC2012_val_00000001.JPEG n02\nILSVRC2012_val_00000002.JPEG n02\n");
    assert_eq!(labels().unwrap(), [1, 1]);

    for (text, part) in [
        (
            "ILSVRC2012_val_00000001.JPEG 2\n",
            "line 1: \"2\" is neither a class of the training part nor a number below 2",
        ),
        ("ILSVRC2012_val_00000001.JPEG 0\n", "has no label for ILSVRC2012_val_00000002.JPEG"),
        ("ILSVRC2012_val_00000001.JPEG 1\nILSVRC2012_val_00000001.JPEG 0\n", "line 2: the image has a label already"),
        ("nothing\n", "line 1: \"nothing\" is not an image and its class"),
    ] {
        put(root.path(), "val/val.txt", text.as_bytes());
        let error = labels().unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
}

#[test]
#[cfg(unix)]
fn links_to_folders_are_followed_but_not_in_a_circle() {
    use std::os::unix::fs::symlink;
    let (root, elsewhere) = (tempdir().unwrap(), tempdir().unwrap());
    put(elsewhere.path(), "in/1.png", &png(1));
    put(root.path(), "own/1.png", &png(1));
    symlink(elsewhere.path(), root.path().join("linked")).unwrap();
    assert_eq!(names(&open(root.path(), None).unwrap()), [("linked/in/1.png", 0), ("own/1.png", 1)]);
    symlink(root.path(), elsewhere.path().join("back")).unwrap();
    let error = open(root.path(), None).unwrap_err();
    assert!(matches!(error, DataError::Folder(FolderError::LinkLoop { .. })), "{error}");
}

#[test]
#[cfg(unix)]
fn a_socket_or_broken_link_under_an_images_name_is_an_error_and_not_a_wait() {
    let root = tempdir().unwrap();
    put(root.path(), "a/1.png", &png(1));
    put(root.path(), "b/1.png", &png(1));
    let socket = root.path().join("a/2.png");
    let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    let error = load(&open(root.path(), None).unwrap(), 8).unwrap_err();
    assert!(matches!(error, DataError::Folder(FolderError::NotRegular { .. })), "{error}");
    fs::remove_file(&socket).unwrap();
    std::os::unix::fs::symlink("nowhere", &socket).unwrap();
    let error = load(&open(root.path(), None).unwrap(), 8).unwrap_err();
    assert!(matches!(error, DataError::Read { .. }) && error.to_string().contains("2.png"), "{error}");
}
