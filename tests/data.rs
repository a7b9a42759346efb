//! The data room from outside: files on disk, the embedded data set, the published splits.

use std::{
    fs,
    path::{Path, PathBuf},
};

use strata::data::{
    DataError, Dataset, ImageSet, Split,
    cifar::{CIFAR10, CIFAR100_COARSE, CIFAR100_FINE, CifarLayout, load_cifar, read_records},
    cifar_classes::{CIFAR10_NAMES, CIFAR100_COARSE_NAMES, CIFAR100_COARSE_OF_FINE, CIFAR100_FINE_NAMES},
    fashion,
    idx::{load_idx_folder, load_idx_folder_as, read_idx_file},
    mean, natural,
    split::{half, random_halves},
    subset::{first_per_class, hold_out},
};

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn class_list(name: &str) -> Vec<u16> {
    let path = repository("data/paper/splits").join(format!("half{name}_class_indices.txt"));
    fs::read_to_string(path).unwrap().lines().map(|line| line.parse().unwrap()).collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut encoder, bytes).unwrap();
    encoder.finish().unwrap()
}

// The paper's splits.

#[test]
fn the_four_random_halves_of_imagenet_are_the_authors() {
    for seed in 0..4 {
        let expected = Split { a: class_list(&format!("{seed}A")), b: class_list(&format!("{seed}B")) };
        assert_eq!(expected.a.len(), 500);
        assert_eq!(random_halves(1000, seed).unwrap(), expected, "split {seed}");
    }
}

#[test]
fn the_manmade_and_natural_halves_of_imagenet_are_the_authors() {
    let split = natural::imagenet().unwrap();
    assert_eq!((split.a.len(), split.b.len()), (551, 449));
    assert_eq!(split, Split { a: class_list("_manmade"), b: class_list("_natural") });
    let mut all = [split.a, split.b].concat();
    all.sort_unstable();
    assert_eq!(all, (0..1000).collect::<Vec<u16>>());
}

#[test]
fn wordnets_rule_gives_the_authors_551_and_449_classes() {
    let rule = natural::imagenet_by_wordnet().unwrap();
    assert_eq!((rule.a.len(), rule.b.len()), (551, 449));
    assert_eq!(rule, natural::imagenet().unwrap());
    let table = fs::read_to_string(repository("data/paper/splits/ilsvrc2012_classes.csv")).unwrap();
    let rows: Vec<Vec<&str>> = table.lines().skip(1).map(|line| line.splitn(4, ',').collect()).collect();
    let count = |flags: [&str; 2]| rows.iter().filter(|row| row[1..3] == flags).count();
    assert_eq!((count(["1", "0"]), count(["0", "1"]), count(["0", "0"]), count(["1", "1"])), (522, 410, 68, 0));
    // A class' number is the place of its identifier in sorted order, as in every folder of ImageNet.
    let wnids: Vec<String> = rows.iter().map(|row| row[0].to_string()).collect();
    assert!(wnids.len() == 1000 && wnids.is_sorted());
    assert_eq!(natural::of_wnids(&wnids).unwrap(), Some(rule));
    assert_eq!(natural::of_wnids(&["cat".to_string()]).unwrap(), None);
    assert!(natural::of_wnids(&wnids[..2]).is_err(), "two fish are no two halves");
}

#[test]
fn the_cifar_splits_and_names_equal_the_tables() {
    let rows = |name: &str| -> Vec<Vec<String>> {
        let text = fs::read_to_string(repository("data/paper/splits").join(name)).unwrap();
        text.lines().skip(1).map(|line| line.split(',').map(String::from).collect()).collect()
    };
    let group = |rows: &[Vec<String>], keep: &dyn Fn(&[String]) -> bool| -> Vec<u16> {
        rows.iter().filter(|row| keep(row)).map(|row| row[0].parse().unwrap()).collect()
    };

    let ten = rows("cifar10_classes.csv");
    assert!(ten.iter().map(|row| row[1].as_str()).eq(CIFAR10_NAMES));
    let split = Split { a: group(&ten, &|row| row[2] == "manmade"), b: group(&ten, &|row| row[2] == "natural") };
    assert_eq!(natural::cifar10(), split);

    let hundred = rows("cifar100_classes.csv");
    assert!(hundred.iter().map(|row| row[1].as_str()).eq(CIFAR100_FINE_NAMES));
    for (row, coarse) in hundred.iter().zip(CIFAR100_COARSE_OF_FINE) {
        assert_eq!(row[2..4], [coarse.to_string(), CIFAR100_COARSE_NAMES[usize::from(coarse)].into()]);
    }
    let (manmade, other) = (|row: &[String]| row[4] == "manmade", |row: &[String]| row[4] == "natural");
    let split = Split { a: group(&hundred, &manmade), b: group(&hundred, &other) };
    assert_eq!((split.a.len(), split.b.len()), (30, 70));
    assert_eq!(natural::cifar100(), split);
    let balanced = Split { a: split.a, b: group(&hundred, &|row| other(row) && row[5] == "1") };
    assert_eq!(balanced.b.len(), 30);
    assert_eq!(natural::cifar100_balanced(), balanced);
    assert_eq!(natural::cifar100_coarse().a.len(), 6);
}

// The embedded data set.

#[test]
fn the_embedded_data_set_has_its_documented_counts_and_contents() {
    let data = fashion::embedded().unwrap();
    assert_eq!(data.train.shape(), [28, 28, 1]);
    assert_eq!(data.train.class_counts(10), [600; 10]);
    assert_eq!(data.test.class_counts(10), [1000; 10]);
    assert_eq!(data.class_names[9], "Ankle boot");
    // The first labels of the official training file: classes stay mixed, in their original order.
    assert_eq!(data.train.labels[..10], [9, 0, 0, 3, 0, 2, 7, 2, 5, 5]);
    assert_eq!(data.test.labels[..10], [9, 2, 1, 1, 6, 1, 4, 6, 5, 7]);
    assert_eq!(data.digest(), "96769f2aa3eefa5fbb6057c8d76b7fab23b0ed8d876b794ea2c50f966392a1b7");
}

#[test]
fn the_embedded_files_read_as_a_folder_give_the_same_images() {
    let folder = repository("data/fashion-mnist");
    let read = fashion::load_fashion_folder(&folder).unwrap();
    assert_eq!(read.digest(), fashion::embedded().unwrap().digest());
    let digits = load_idx_folder(&folder).unwrap();
    assert_eq!((digits.name.as_str(), digits.class_names[3].as_str()), ("fashion-mnist", "3"));
}

#[test]
fn halves_of_the_embedded_data_set_share_no_image_and_lose_none() {
    let data = fashion::embedded().unwrap();
    let split = random_halves(10, 0).unwrap();
    let (a, b) = (half(&data, &split.a).unwrap(), half(&data, &split.b).unwrap());
    assert_eq!(a.class_names, ["T-shirt/top", "Trouser", "Dress", "Sneaker", "Bag"]);
    for part in [&a, &b] {
        assert_eq!(part.train.class_counts(5), [600; 5]);
        assert_eq!(part.test.class_counts(5), [1000; 5]);
    }
    // Going through the original once, every image must be the next one of exactly its own half.
    let (mut at_a, mut at_b) = (0, 0);
    for (index, label) in data.train.labels.iter().enumerate() {
        let in_a = split.a.binary_search(label);
        let (part, at) = if in_a.is_ok() { (&a, &mut at_a) } else { (&b, &mut at_b) };
        let new_label = in_a.or_else(|_| split.b.binary_search(label)).unwrap();
        assert_eq!(part.train.image(*at), data.train.image(index));
        assert_eq!(usize::from(part.train.labels[*at]), new_label);
        *at += 1;
    }
    assert_eq!((at_a, at_b), (3000, 3000));
}

#[test]
fn held_out_images_and_reduced_sets_come_from_the_training_images() {
    let train = fashion::embedded().unwrap().train;
    let (learn, held) = hold_out(&train, 500, 100).unwrap();
    assert_eq!((learn.class_counts(10), held.class_counts(10)), (vec![500; 10], vec![100; 10]));
    assert_eq!(learn, first_per_class(&train, 500).unwrap());
    assert!(matches!(hold_out(&train, 500, 101), Err(DataError::TooFewImages { expected: 601, got: 600, .. })));
    let image = mean::mean_image(&learn).unwrap();
    let average = image.iter().map(|&value| f64::from(value)).sum::<f64>() / 784.0;
    let channel = f64::from(mean::channel_mean(&learn).unwrap()[0]);
    assert!((average - channel).abs() < 1e-3, "{average} {channel}");
    let all = mean::std(&learn).unwrap();
    assert!((85.0..95.0).contains(&all), "{all}");
}

// IDX folders.

fn idx_files(labels: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let count = (labels.len() as u32).to_be_bytes();
    let pixels: Vec<u8> = (0..labels.len() as u8 * 4).collect();
    let images = [&[0, 0, 8, 3], &count[..], &[0, 0, 0, 2, 0, 0, 0, 2], &pixels].concat();
    (images, [&[0, 0, 8, 1], &count[..], labels].concat())
}

fn write_idx_folder(folder: &Path, joint: &str, end: &str, pack: fn(&[u8]) -> Vec<u8>) {
    for (part, labels) in [("train", &[0, 9, 3][..]), ("t10k", &[1, 0])] {
        let (images, labels) = idx_files(labels);
        fs::write(folder.join(format!("{part}-images{joint}idx3-ubyte{end}")), pack(&images)).unwrap();
        fs::write(folder.join(format!("{part}-labels{joint}idx1-ubyte{end}")), pack(&labels)).unwrap();
    }
}

#[test]
fn an_idx_folder_reads_the_same_plain_gzip_and_under_every_spelling() {
    let read = |joint: &str, end: &str, pack: fn(&[u8]) -> Vec<u8>| {
        let folder = tempfile::tempdir().unwrap();
        write_idx_folder(folder.path(), joint, end, pack);
        load_idx_folder_as(folder.path(), "x", CIFAR10_NAMES.map(String::from).into()).unwrap()
    };
    let plain = read("-", "", <[u8]>::to_vec);
    assert_eq!((plain.train.labels.as_slice(), plain.test.image(1)), (&[0, 9, 3][..], &[4, 5, 6, 7][..]));
    assert_eq!(plain, read("-", ".gz", gzip));
    assert_eq!(plain, read(".", "", <[u8]>::to_vec));
    assert_eq!(plain, read("-", "", gzip), "gzip is recognised by its bytes, not by the name");
}

#[test]
fn an_idx_folder_with_a_missing_file_says_what_it_looked_for() {
    let folder = tempfile::tempdir().unwrap();
    write_idx_folder(folder.path(), "-", "", <[u8]>::to_vec);
    fs::remove_file(folder.path().join("t10k-labels-idx1-ubyte")).unwrap();
    let error = load_idx_folder(folder.path()).unwrap_err();
    assert!(matches!(error, DataError::MissingFile { .. }));
    assert!(error.to_string().contains("t10k-labels-idx1-ubyte.gz"), "{error}");
    let error = read_idx_file(folder.path(), 3).unwrap_err();
    assert!(matches!(error, DataError::Read { .. }), "a folder in place of a file: {error}");
}

#[test]
fn labels_outside_the_classes_name_file_position_and_bound() {
    let folder = tempfile::tempdir().unwrap();
    write_idx_folder(folder.path(), "-", "", <[u8]>::to_vec);
    let error = load_idx_folder_as(folder.path(), "x", vec!["a".into(), "b".into()]).unwrap_err();
    assert!(error.to_string().contains("train-labels-idx1-ubyte: label 9 of record 1 is not below 2"), "{error}");
}

// CIFAR.

/// Record `number`: its label bytes, then planes in which each value encodes channel and place.
fn cifar_record(label_bytes: &[u8], number: u8) -> Vec<u8> {
    let planes = (0..3072u32).map(|at| ((at / 1024) * 80 + at % 1024 % 61) as u8 ^ number);
    label_bytes.iter().copied().chain(planes).collect()
}

/// The official layout with two records a training file and one test record.
fn small(layout: CifarLayout) -> CifarLayout {
    CifarLayout { train_records: 2, test_records: 1, ..layout }
}

#[test]
fn cifar_10_files_are_joined_in_order_with_channels_last() {
    let folder = tempfile::tempdir().unwrap();
    for (number, name) in (0u8..).zip(CIFAR10.train_files) {
        let file = [cifar_record(&[number], 2 * number), cifar_record(&[9 - number], 2 * number + 1)].concat();
        fs::write(folder.path().join(name), file).unwrap();
    }
    let missing = load_cifar(folder.path(), &small(CIFAR10)).unwrap_err();
    assert!(missing.to_string().contains("test_batch.bin"), "{missing}");
    fs::write(folder.path().join("test_batch.bin"), cifar_record(&[7], 0)).unwrap();
    let data: Dataset = load_cifar(folder.path(), &small(CIFAR10)).unwrap();
    assert_eq!(data.train.labels, [0, 9, 1, 8, 2, 7, 3, 6, 4, 5]);
    assert_eq!((data.train.shape(), data.classes(), &data.test.labels[..]), ([32, 32, 3], 10, &[7][..]));
    for number in 0..10u8 {
        for (at, pixel) in data.train.image(number.into()).chunks(3).enumerate() {
            let base = (at % 61) as u8;
            assert_eq!(pixel, [base ^ number, (80 + base) ^ number, (160 + base) ^ number], "pixel {at}");
        }
    }
    let error = load_cifar(folder.path(), &CIFAR10).unwrap_err();
    assert!(matches!(error, DataError::Truncated { expected: 30_730_000, got: 6146, .. }), "{error}");
}

#[test]
fn cifar_100_gives_fine_or_coarse_classes_from_the_same_records() {
    let folder = tempfile::tempdir().unwrap();
    let train = [cifar_record(&[19, 99], 0), cifar_record(&[4, 0], 1)].concat();
    fs::write(folder.path().join("train.bin"), train).unwrap();
    fs::write(folder.path().join("test.bin"), gzip(&cifar_record(&[8, 3], 2))).unwrap();
    let fine = load_cifar(folder.path(), &small(CIFAR100_FINE)).unwrap();
    let coarse = load_cifar(folder.path(), &small(CIFAR100_COARSE)).unwrap();
    assert_eq!((&fine.train.labels[..], &fine.test.labels[..], fine.classes()), (&[99, 0][..], &[3][..], 100));
    assert_eq!((&coarse.train.labels[..], &coarse.test.labels[..], coarse.classes()), (&[19, 4][..], &[8][..], 20));
    assert_eq!(fine.train.pixels, coarse.train.pixels);
}

#[test]
fn damaged_cifar_files_are_refused_with_what_was_expected() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.bin");
    let read = |bytes: &[u8], records: Option<usize>| -> Result<ImageSet, DataError> {
        fs::write(&path, bytes).unwrap();
        read_records(&path, &CIFAR100_FINE, records)
    };
    let two = [cifar_record(&[0, 1], 0), cifar_record(&[1, 2], 1)].concat();
    assert_eq!(read(&two, None).unwrap(), read(&two, Some(2)).unwrap());
    let error = read(&two, Some(3)).unwrap_err();
    assert!(matches!(error, DataError::Truncated { expected: 9222, got: 6148, .. }), "{error}");
    let error = read(&two, Some(1)).unwrap_err();
    assert!(matches!(error, DataError::TrailingBytes { expected: 3074, .. }), "{error}");
    let error = read(&two[..6147], None).unwrap_err();
    assert!(matches!(error, DataError::PartialRecord { record: 3074, got: 6147, .. }), "{error}");
    assert!(matches!(read(&[], None), Err(DataError::NoPixels { .. })));
    assert!(matches!(read(&[], Some(1)), Err(DataError::Truncated { got: 0, .. })));
    // The coarse label of the second record is wrong; it is noticed although fine labels are read.
    let error = read(&[cifar_record(&[0, 1], 0), cifar_record(&[20, 2], 1)].concat(), None).unwrap_err();
    assert!(matches!(error, DataError::LabelOutOfRange { index: 1, label: 20, classes: 20, .. }), "{error}");
    let error = read_records(&folder.path().join("none.bin"), &CIFAR10, None).unwrap_err();
    assert!(matches!(error, DataError::Read { .. }), "{error}");
}
