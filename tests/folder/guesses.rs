//! Where a layout could mean several things: one meaning is taken and reported, or it is refused.

use super::made::{jpeg, png, put, tar};
use std::{fs, path::Path};
use strata::data::{
    DataError,
    folder::{FolderError, FolderSet, open},
};
use tempfile::{TempDir, tempdir};

/// The image names of a set's parts: two classes, two training images and one test image each.
const IMAGES: [&str; 6] = ["a/0.png", "a/1.png", "b/0.png", "b/1.png", "a/2.png", "b/2.png"];

fn names(set: &FolderSet) -> (Vec<&str>, Vec<&str>) {
    let of = |listing: &'_ strata::data::folder::Listing| listing.items.iter().map(|item| item.name.clone()).collect();
    let [train, test]: [Vec<String>; 2] = [of(&set.train), of(&set.test)];
    let known = |names: Vec<String>| {
        names.iter().map(|name| *IMAGES.iter().find(|known| *known == name).expect("a known image")).collect()
    };
    (known(train), known(test))
}

fn whole(set: &FolderSet) {
    assert_eq!(names(set), (IMAGES[..4].to_vec(), IMAGES[4..].to_vec()), "{:?}", set.taken);
}

fn only_classes(set: &FolderSet) {
    assert_eq!(names(set), (IMAGES[..4].to_vec(), vec![]), "{:?}", set.taken);
}

/// The files of a set under the names of its parts, below a prefix.
fn files(prefix: &str, train: &str, test: &str) -> Vec<(String, Vec<u8>)> {
    let name = |(at, image): (usize, &&str)| format!("{prefix}{}/{image}", if at < 4 { train } else { test });
    IMAGES.iter().enumerate().map(|(at, image)| (name((at, image)), png(at as u8))).collect()
}

fn folder(prefix: &str, train: &str, test: &str) -> TempDir {
    let root = tempdir().unwrap();
    files(prefix, train, test).iter().for_each(|(name, bytes)| put(root.path(), name, bytes));
    root
}

fn archive_of(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    tar(&files.iter().map(|(name, bytes)| (name.as_str(), &bytes[..])).collect::<Vec<_>>())
}

fn open_archive(bytes: &[u8]) -> Result<FolderSet, DataError> {
    let root = tempdir().unwrap();
    put(root.path(), "set.tar", bytes);
    open(&root.path().join("set.tar"), None)
}

#[test]
fn parts_are_found_under_all_their_usual_names_in_any_case() {
    for (train, test) in [
        ("train", "val"),
        ("Training", "Testing"),
        ("TRAIN", "Test"),
        ("train", "valid"),
        ("Train", "Validation"),
        ("training", "VALID"),
    ] {
        whole(&open(folder("", train, test).path(), None).unwrap());
        whole(&open_archive(&archive_of(&files("", train, test))).unwrap());
        whole(&open_archive(&archive_of(&files("./", train, test))).unwrap());
    }
}

#[test]
fn one_folder_around_a_set_is_looked_into_wherever_it_lies() {
    for around in ["set/", "a/b/", "./deep/set.v1/", "train of thought/"] {
        whole(&open(folder(around, "train", "val").path(), None).unwrap());
        whole(&open_archive(&archive_of(&files(around, "Training", "valid"))).unwrap());
        // The archive as the only thing in a folder, and as one in an archive.
        let root = tempdir().unwrap();
        let bytes = archive_of(&files(around, "train", "test"));
        put(root.path(), "inside/set.tar", &bytes);
        whole(&open(root.path(), None).unwrap());
    }
    // What macOS leaves beside a folder in an archive is none of the set.
    let root = folder("set/", "train", "val");
    put(root.path(), "__MACOSX/set/train/a/._0.png", b"no image");
    put(root.path(), ".cache/x", b"");
    whole(&open(root.path(), None).unwrap());
    // Class folders without parts, with a folder around them.
    let root = tempdir().unwrap();
    IMAGES[..4].iter().for_each(|name| put(root.path(), &format!("photos/{name}"), &png(1)));
    only_classes(&open(root.path(), None).unwrap());
    // A folder around the classes of each part.
    let root = tempdir().unwrap();
    for (at, name) in IMAGES.iter().enumerate() {
        put(root.path(), &format!("{}/images/{name}", if at < 4 { "train" } else { "val" }), &png(1));
    }
    whole(&open(root.path(), None).unwrap());
}

#[test]
fn archives_in_an_archive_are_the_parts_or_the_classes_that_they_are_named_as() {
    let part = |range: std::ops::Range<usize>| -> Vec<u8> {
        archive_of(&IMAGES[range].iter().map(|name| ((*name).to_string(), png(1))).collect::<Vec<_>>())
    };
    for [train, val] in [["train.tar", "val.tar"], ["x/train.tar", "x/val.tar"], ["train-000.tar", "valid.tar"]] {
        whole(&open_archive(&tar(&[(train, &part(0..4)), (val, &part(4..6))])).unwrap());
    }
    let class = |images: &[&str]| tar(&images.iter().map(|name| (*name, &b"png"[..])).collect::<Vec<_>>());
    let (a, b) = (class(&["0.png", "1.png"]), class(&["./0.png", "./1.png"]));
    for around in ["", "ILSVRC2012_img_train/", "./"] {
        let bytes = tar(&[(&format!("{around}a.tar"), &a), (&format!("{around}b.tar"), &b)]);
        only_classes(&open_archive(&bytes).unwrap());
    }
    // The whole of ImageNet as one archive: three deep.
    let train = tar(&[("a.tar", &a), ("b.tar", &b)]);
    let bytes = tar(&[("ILSVRC2012_img_train.tar", &train), ("ILSVRC2012_img_val.tar", &part(4..6))]);
    whole(&open_archive(&bytes).unwrap());
}

#[test]
fn how_a_layout_was_interpreted_is_reported() {
    let root = folder("set/", "Training", "Testing");
    put(root.path(), "set/extra/x.png", &png(1));
    let set = open(root.path(), None).unwrap();
    let taken = set.taken.join("\n");
    for part in ["set/Training", "set/Testing", "extra"] {
        assert!(taken.contains(part), "{taken}");
    }
    let root = folder("", "train", "elsewhere");
    let taken = open(root.path(), None).unwrap().taken.join("\n");
    assert!(taken.contains("there is no test part") && taken.contains("elsewhere"), "{taken}");
}

fn refused(root: &Path) -> String {
    match open(root, None) {
        Err(DataError::Folder(error)) => error.to_string(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn folders_that_look_like_parts_are_not_taken_for_classes() {
    for [one, other] in [
        ["seg_train", "seg_test"],
        ["train_images", "test_images"],
        ["trainset", "testset"],
        ["Val", "cats"],
        ["testing", "dogs"],
        ["train2017", "val2017"],
    ] {
        let error = refused(folder("", one, other).path());
        assert!(error.contains("look like parts of a data set") && error.contains(one), "{error}");
    }
    // The folder above two sets holds no classes either.
    let root = tempdir().unwrap();
    for set in ["one/train", "other/Training"] {
        IMAGES.iter().for_each(|name| put(root.path(), &format!("{set}/{name}"), &png(1)));
    }
    assert!(refused(root.path()).contains("one/train, other/Training look like parts"));
    // A test part alone is no training part.
    let root = tempdir().unwrap();
    IMAGES.iter().for_each(|name| put(root.path(), &format!("val/{name}"), &png(1)));
    assert!(refused(root.path()).contains("look like parts"));
    // Classes may have such words in their names, and stand in a training part under any name.
    let root = tempdir().unwrap();
    ["test tube/1.png", "valley/1.png"].iter().for_each(|name| put(root.path(), name, &png(1)));
    assert_eq!(open(root.path(), None).unwrap().train.class_names.len(), 2);
    let root = tempdir().unwrap();
    ["bus/1.png", "train/1.png"].iter().for_each(|name| put(root.path(), &format!("train/{name}"), &png(1)));
    assert_eq!(open(root.path(), None).unwrap().train.class_names, ["bus", "train"]);
    let root = tempdir().unwrap();
    put(root.path(), "train.tar", &tar(&[("bus/1.png", &png(1)), ("train/1.png", &png(1))]));
    assert_eq!(open(root.path(), None).unwrap().train.class_names, ["bus", "train"]);
}

#[test]
fn two_folders_for_one_part_and_one_class_alone_are_refused() {
    let root = folder("", "train", "val");
    put(root.path(), "Training/a/0.png", &png(1));
    let error = refused(root.path());
    assert!(error.contains("Training and train could both be the same part"), "{error}");
    let bytes = archive_of(&[files("", "train", "val"), files("", "TRAIN", "val")].concat());
    assert!(matches!(open_archive(&bytes), Err(DataError::Folder(FolderError::PartTwice { .. }))));

    for name in ["cats/1.png", "set/cats/1.png", "cats/more/1.png"] {
        let root = tempdir().unwrap();
        put(root.path(), name, &png(1));
        put(root.path(), "README.txt", b"");
        let error = refused(root.path());
        assert!(error.contains("holds only one class"), "{name}: {error}");
    }
    // What is called the training part is no guess; that nothing can be learned from it is reported before training.
    let root = tempdir().unwrap();
    put(root.path(), "train/cats/1.png", &png(1));
    assert_eq!(open(root.path(), None).unwrap().train.class_names, ["cats"]);
}

#[test]
fn the_last_entry_of_a_name_counts_as_it_does_where_an_archive_is_extracted() {
    let old = png(1);
    let others = files("", "train", "val");
    let mut updated: Vec<(&str, &[u8])> = vec![("train/a/0.png", &old), ("./val//b/2.png", &old)];
    updated.extend(others.iter().map(|(name, bytes)| (name.as_str(), &bytes[..])));
    updated.push(("./train/a/./1.png", &old));
    let root = tempdir().unwrap();
    put(root.path(), "set.tar", &tar(&updated));
    let set = open(&root.path().join("set.tar"), None).unwrap();
    whole(&set);
    let bytes = |at: usize| {
        let item = set.train.items.iter().chain(&set.test.items).nth(at).unwrap();
        item.place.read(&item.name).unwrap()
    };
    assert_eq!([bytes(0), bytes(1), bytes(5)], [png(0), old, png(5)]);
    assert!(set.taken.join("\n").contains("3 entries are replaced"), "{:?}", set.taken);

    // Also from one shard to the next, and where names differ in case they are different files.
    let shards = tempdir().unwrap();
    put(shards.path(), "train-0.tar", &tar(&[("a/x.png", &png(1)), ("b/x.png", &png(2)), ("a/X.png", &png(3))]));
    put(shards.path(), "train-1.tar", &tar(&[("a/x.png", &png(9))]));
    let set = open(shards.path(), None).unwrap();
    let found: Vec<_> =
        set.train.items.iter().map(|item| (&item.name[..], item.place.read(&item.name).unwrap())).collect();
    assert_eq!(found, [("a/X.png", png(3)), ("a/x.png", png(9)), ("b/x.png", png(2))]);
}

/// An archive of `train/a/0.png` and `train/b/0.png` with one more entry of any kind.
fn with_entry(kind: ::tar::EntryType, name: &str, link: &str) -> Vec<u8> {
    let mut builder = ::tar::Builder::new(Vec::new());
    for (name, number) in [("train/a/0.png", 0), ("train/b/0.png", 1)] {
        let (mut header, bytes) = (::tar::Header::new_gnu(), png(number));
        header.set_size(bytes.len() as u64);
        builder.append_data(&mut header, name, &bytes[..]).unwrap();
    }
    let mut header = ::tar::Header::new_gnu();
    header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
    header.set_entry_type(kind);
    header.set_size(0);
    header.set_link_name(link).unwrap();
    header.set_cksum();
    builder.append(&header, std::io::empty()).unwrap();
    builder.into_inner().unwrap()
}

#[test]
fn a_hard_link_is_the_image_before_it_and_links_elsewhere_are_refused() {
    use ::tar::EntryType;
    let root = tempdir().unwrap();
    let listed = |bytes: &[u8]| {
        put(root.path(), "set.tar", bytes);
        let set = open(&root.path().join("set.tar"), None)?;
        let read = |item: &strata::data::folder::Item| (item.name.clone(), item.place.read(&item.name).unwrap());
        Ok::<_, DataError>(set.train.items.iter().map(read).collect::<Vec<_>>())
    };
    let [a, b] = [("a/0.png".to_string(), png(0)), ("b/0.png".to_string(), png(1))];
    // GNU tar writes a file that is named twice as a link to itself.
    let twice = listed(&with_entry(EntryType::Link, "train/a/0.png", "train/a/0.png")).unwrap();
    assert_eq!(twice, [a.clone(), b.clone()]);
    let linked = listed(&with_entry(EntryType::Link, "train/b/9.png", "./train/a/0.png")).unwrap();
    assert_eq!(linked, [a, b, ("b/9.png".to_string(), png(0))]);
    for (kind, link, reason) in [
        (EntryType::Link, "train/a/7.png", "other than an earlier image"),
        (EntryType::Link, "/etc/x.png", "absolute name"),
        (EntryType::Symlink, "train/a/0.png", "symbolic"),
    ] {
        let error = listed(&with_entry(kind, "train/b/9.png", link)).unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
    }
    // A slash after the name of an entry of the oldest kind means a folder.
    let folder = listed(&with_entry(EntryType::Regular, "train/b/folder.png/", "unused")).unwrap();
    assert_eq!(folder.len(), 2);
}

/// Opens a set of some classes whose flat test part has as many images, with a file of labels.
fn labelled(classes: &[&str], images: usize, labels: &str) -> Result<Vec<String>, String> {
    let root = tempdir().unwrap();
    classes.iter().for_each(|class| put(root.path(), &format!("train/{class}/x.jpg"), &jpeg(8, 8)));
    (0..images).for_each(|at| put(root.path(), &format!("val/{at:03}.jpg"), &jpeg(8, 8)));
    fs::write(root.path().join("val.txt"), labels).unwrap();
    let set = open(root.path(), None).map_err(|error| error.to_string())?;
    Ok(set.test.items.iter().map(|item| set.train.class_names[usize::from(item.label)].clone()).collect())
}

fn lines(labels: &[&str]) -> String {
    labels.iter().enumerate().map(|(at, label)| format!("{at:03}.jpg {label}\n")).collect()
}

#[test]
fn the_labels_of_a_file_are_all_names_or_all_numbers() {
    let twelve: Vec<String> = (1..=12).map(|n| n.to_string()).collect();
    let twelve: Vec<&str> = twelve.iter().map(String::as_str).collect();
    let from_zero: Vec<String> = (0..12).map(|n| n.to_string()).collect();
    let from_zero: Vec<&str> = from_zero.iter().map(String::as_str).collect();
    let mut sorted = twelve.clone();
    sorted.sort_unstable();
    // Folders 1 to 12, numbers 0 to 11: in the order of the sorted names. The same names: names.
    assert_eq!(labelled(&twelve, 12, &lines(&from_zero)).unwrap(), sorted);
    assert_eq!(labelled(&twelve, 12, &lines(&twelve)).unwrap(), twelve);
    // Folders 0 to 2: both readings are one. Folders 0 to 11: they are two.
    assert_eq!(labelled(&["0", "1", "2"], 3, &lines(&["2", "0", "1"])).unwrap(), ["2", "0", "1"]);
    let error = labelled(&from_zero, 12, &lines(&from_zero)).unwrap_err();
    assert!(
        error.contains("line 3") && error.contains("\"2\" is the name of a class") && error.contains("\"10\""),
        "{error}"
    );
    assert_eq!(labelled(&["000", "001", "002"], 3, &lines(&["0", "1", "2"])).unwrap(), ["000", "001", "002"]);
    assert_eq!(labelled(&["cat", "dog"], 2, &lines(&["dog", "cat"])).unwrap(), ["dog", "cat"]);

    for (classes, labels, reason) in [
        (&["cat", "dog", "fox"][..], &["1", "2", "3"][..], "the numbers seem to count from 1"),
        (&["cat", "dog", "fox"], &["1", "2", "1"], "may count from 1"),
        (
            &["cat", "dog", "fox"],
            &["0", "dog", "2"],
            "line 2: \"dog\" would be a name where lines before it hold numbers",
        ),
        (
            &["cat", "dog", "fox"],
            &["cat", "1", "fox"],
            "line 2: \"1\" would be a number where lines before it hold names",
        ),
        (&["cat", "dog", "fox"], &["cat", "dgo", "fox"], "line 2: \"dgo\" is neither a class"),
        (&["cat", "dog", "fox"], &["0", "1", "-1"], "\"-1\" is neither"),
        (&["01", "02", "03"], &["1", "2", "3"], "\"3\" is neither"),
    ] {
        let error = labelled(classes, 3, &lines(labels)).unwrap_err();
        assert!(error.contains(reason), "{labels:?}: {error}");
    }
    // 0 is no name, so that all are numbers, those that are names, too.
    assert_eq!(labelled(&["1", "2", "3"], 3, &lines(&["1", "2", "0"])).unwrap(), ["2", "3", "1"]);
}

#[test]
fn marks_of_byte_order_line_ends_of_windows_and_quotes_are_no_part_of_a_label() {
    let expected = Ok(vec!["big dog".to_string(), "cat, small".into()]);
    let classes = ["big dog", "cat, small"];
    for text in [
        "000.jpg,big dog\n001.jpg,\"cat, small\"\n",
        "\u{feff}\"000.jpg\",\"big dog\"\r\n\"001.jpg\",\"cat, small\"\r\n",
        "\u{feff}000.jpg 0\r\n001.jpg 1\r\n\r\n",
        "val\\000.jpg\t0\r\nval\\001.jpg\t1",
        "000,0\n001,1\n",
    ] {
        assert_eq!(labelled(&classes, 2, text), expected, "{text:?}");
    }
    let loc = "\u{feff}ImageId,PredictionString\r\n000,n02 1 2 3 4 n02 5 6 7 8\r\n001,n01 1 2 3 4\r\n";
    assert_eq!(labelled(&["n01", "n02"], 2, loc).unwrap(), ["n02", "n01"]);
    // The second of more columns may be anything.
    let error = labelled(&["a", "b"], 2, "000.jpg,0,a\n001.jpg,1,b\n").unwrap_err();
    assert!(error.contains("line 1: holds 3 fields"), "{error}");
}
