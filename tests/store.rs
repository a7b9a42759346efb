//! The packed store, from outside. All images are made here.

use crate::folder::made::{encoded, jpeg, picture, png, put};
use image::ImageFormat;
use std::{
    cell::Cell,
    fs,
    path::{Path, PathBuf},
};
use strata::data::{
    DataError, ImageSet, OnBad,
    folder::{load, open},
    mean,
    split::half,
    store::{PackOptions, Packed, Store, StoreError, pack},
    subset::first_per_class,
};
use tempfile::{TempDir, tempdir};

/// Three classes in two parts, `images` of each class in training.
fn folder(images: usize) -> TempDir {
    let root = tempdir().unwrap();
    for class in 0..3u8 {
        for i in 0..images {
            let picture = picture(10 + i as u32 % 7, 12, class * 80 + i as u8 % 40);
            put(root.path(), &format!("train/{class}/{i:04}.png"), &encoded(picture, ImageFormat::Png));
        }
        put(root.path(), &format!("val/{class}/x.jpg"), &jpeg(20, 10));
    }
    root
}

const FAIL: PackOptions = PackOptions { side: 8, on_bad: OnBad::Fail, max_bad: 0 };

fn packed(root: &Path, out: &Path, options: PackOptions) -> Result<Packed, DataError> {
    pack(&open(root, None)?, out, options, &|_, _| true)
}

fn bad_store(path: &Path) -> String {
    let error = Store::open(path).unwrap_err();
    assert!(matches!(error, DataError::Store(StoreError::Damaged { .. })), "{error}");
    error.to_string()
}

#[test]
fn a_store_holds_what_the_folder_holds() {
    let (root, place) = (folder(5), tempdir().unwrap());
    let out = place.path().join("set.pack");
    assert_eq!(
        packed(root.path(), &out, FAIL).unwrap(),
        Packed { images: 18, resumed: 0, skipped: vec![], replaced: false }
    );
    let store = Store::open(&out).unwrap();
    store.verify().unwrap();
    let (stored, loaded) = (store.dataset().unwrap(), load(&open(root.path(), None).unwrap(), 8).unwrap());
    assert_eq!(stored, loaded);
    assert!(stored.train.is_stored() && stored.train.pixels.is_empty());
    assert_eq!((store.source_name(0), store.source_name(17)), ("0/0000.png", "2/x.jpg"));
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1, "no leftover of the build");
}

#[test]
fn halves_subsets_and_means_of_a_store_are_those_of_the_same_images_in_memory() {
    let (root, place) = (folder(5), tempdir().unwrap());
    let out = place.path().join("set.pack");
    packed(root.path(), &out, FAIL).unwrap();
    let (stored, loaded) =
        (Store::open(&out).unwrap().dataset().unwrap(), load(&open(root.path(), None).unwrap(), 8).unwrap());
    let (a, b) = (half(&stored, &[2, 0]).unwrap(), half(&loaded, &[2, 0]).unwrap());
    assert_eq!(a, b);
    assert!(a.train.is_stored(), "a half is a list of places, not a copy");
    assert_eq!(first_per_class(&a.train, 2).unwrap(), first_per_class(&b.train, 2).unwrap());
    assert_eq!(mean::mean_image(&a.train).unwrap(), mean::mean_image(&b.train).unwrap());
    assert_eq!(mean::std(&a.train).unwrap(), mean::std(&b.train).unwrap());
    let digest = |set: &ImageSet| set.select(&[1, 0]).unwrap().digest();
    assert_ne!(digest(&a.train), a.train.select(&[0, 1]).unwrap().digest());
    assert_eq!(digest(&a.train), digest(&Store::open(&out).unwrap().dataset().unwrap().train));
}

#[test]
fn a_build_stopped_anywhere_resumes_to_the_same_bytes() {
    let (root, place) = (folder(300), tempdir().unwrap());
    let whole = place.path().join("whole.pack");
    packed(root.path(), &whole, FAIL).unwrap();
    let out = place.path().join("stopped.pack");
    let set = open(root.path(), None).unwrap();
    let mut stops = 0;
    loop {
        let calls = Cell::new(0);
        let result = pack(&set, &out, FAIL, &|_, _| {
            calls.set(calls.get() + 1);
            calls.get() < 2
        });
        match result {
            Err(DataError::Store(StoreError::Stopped { total: 903, .. })) => {
                stops += 1;
                // What a kill can leave: pixels without a line, and half a line.
                let append = |suffix: &str, bytes: &[u8]| {
                    let path = PathBuf::from(format!("{}{suffix}", out.display()));
                    std::io::Write::write_all(&mut fs::OpenOptions::new().append(true).open(path).unwrap(), bytes)
                        .unwrap();
                };
                append(".part", &[7; 999]);
                append(".journal", br#"{"done":70"#);
            }
            result => {
                assert!(result.unwrap().resumed >= 512);
                break;
            }
        }
    }
    assert!(stops >= 3, "{stops}");
    assert!(fs::read(&out).unwrap() == fs::read(&whole).unwrap());
}

#[test]
fn a_finished_store_stays_and_one_of_other_images_is_not_overwritten() {
    let (root, place) = (folder(2), tempdir().unwrap());
    let out = place.path().join("set.pack");
    packed(root.path(), &out, FAIL).unwrap();
    assert_eq!(packed(root.path(), &out, FAIL).unwrap().resumed, 9);
    let error = packed(root.path(), &out, PackOptions { side: 9, ..FAIL }).unwrap_err();
    assert!(matches!(error, DataError::Store(StoreError::OtherContents { .. })), "{error}");
    // An unfinished store of other images is not continued either.
    let half_built = place.path().join("half.pack");
    pack(&open(root.path(), None).unwrap(), &half_built, FAIL, &|_, _| false).unwrap_err();
    put(root.path(), "train/0/new.png", &png(1));
    let error = packed(root.path(), &half_built, FAIL).unwrap_err();
    assert!(matches!(error, DataError::Store(StoreError::OtherContents { .. })), "{error}");
}

#[test]
fn bad_images_stop_a_build_or_are_listed_and_left_out() {
    let (root, place) = (folder(3), tempdir().unwrap());
    let out = place.path().join("set.pack");
    put(root.path(), "train/1/0000.png", &png(1)[..40]);
    put(root.path(), "val/2/x.jpg", b"no image");
    let error = packed(root.path(), &out, FAIL).unwrap_err();
    assert!(error.to_string().contains("1/0000.png: ends before its image does"), "{error}");
    assert!(!out.exists());

    let skip = PackOptions { on_bad: OnBad::Skip, max_bad: 1, ..FAIL };
    let error = packed(root.path(), &out, skip).unwrap_err();
    assert!(matches!(error, DataError::Store(StoreError::TooManyBad { got: 2, limit: 1, .. })), "{error}");

    let result = packed(root.path(), &out, PackOptions { max_bad: 2, ..skip }).unwrap();
    let names: Vec<&str> = result.skipped.iter().map(|skipped| skipped.name.as_str()).collect();
    assert_eq!((result.images, names), (10, vec!["train/1/0000.png", "test/2/x.jpg"]));
    let store = Store::open(&out).unwrap();
    let data = store.dataset().unwrap();
    assert_eq!((data.train.class_counts(3), data.test.labels.clone()), (vec![3, 2, 3], vec![0, 1]));
    assert_eq!((store.skipped(), store.source_name(3)), (&result.skipped[..], "1/0001.png"));
}

#[test]
fn a_class_of_which_every_image_is_bad_is_named() {
    let (root, place) = (folder(1), tempdir().unwrap());
    put(root.path(), "train/2/0000.png", b"no image");
    let skip = PackOptions { on_bad: OnBad::Skip, max_bad: 9, ..FAIL };
    let error = packed(root.path(), &place.path().join("set.pack"), skip).unwrap_err();
    assert!(matches!(&error, DataError::Store(StoreError::EmptiedClass { class }) if class == "2"), "{error}");
}

#[test]
fn a_second_builder_of_the_same_store_is_sent_away() {
    let (root, place) = (folder(2), tempdir().unwrap());
    let out = place.path().join("set.pack");
    let held = fs::File::create(place.path().join("set.pack.part")).unwrap();
    held.lock().unwrap();
    let error = packed(root.path(), &out, FAIL).unwrap_err();
    assert!(matches!(error, DataError::Store(StoreError::Busy { .. })), "{error}");
    drop(held);
    packed(root.path(), &out, FAIL).unwrap();
}

#[test]
fn a_store_truncated_anywhere_or_with_a_changed_byte_is_refused_or_fails_verification() {
    let (root, place) = (folder(2), tempdir().unwrap());
    let (out, other) = (place.path().join("set.pack"), place.path().join("other.pack"));
    packed(root.path(), &out, FAIL).unwrap();
    let whole = fs::read(&out).unwrap();
    for end in (0..whole.len()).step_by(97) {
        fs::write(&other, &whole[..end]).unwrap();
        bad_store(&other);
    }
    let pixels = 4096..4096 + 9 * 192;
    for at in (0..24).chain(pixels.clone().step_by(191)).chain((pixels.end..whole.len()).step_by(13)) {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        fs::write(&other, &bytes).unwrap();
        if pixels.contains(&at) {
            let error = Store::open(&other).unwrap().verify().unwrap_err();
            assert!(matches!(error, DataError::Store(StoreError::ChangedImage { .. })), "byte {at}: {error}");
        } else {
            bad_store(&other);
        }
    }
    assert!(Store::open(place.path()).is_err(), "a folder is no store");
}

// A store is known by what is in the files.

fn changed(path: &Path, bytes: &[u8]) {
    let before = fs::metadata(path).unwrap();
    assert_eq!(before.len(), bytes.len() as u64, "of one size, so that only the bytes differ");
    fs::write(path, bytes).unwrap();
    fs::File::options().write(true).open(path).unwrap().set_modified(before.modified().unwrap()).unwrap();
}

/// Two images of one size in bytes.
fn of_one_size() -> [Vec<u8>; 2] {
    [1, 200].map(|number| encoded(picture(9, 9, number), ImageFormat::Bmp))
}

#[test]
fn a_store_whose_files_changed_under_their_names_sizes_and_times_is_packed_anew() {
    let (root, place) = (folder(3), tempdir().unwrap());
    let out = place.path().join("set.pack");
    let [one, other] = of_one_size();
    put(root.path(), "train/1/0001.png", &one);
    packed(root.path(), &out, FAIL).unwrap();
    let before = fs::read(&out).unwrap();
    assert_eq!((packed(root.path(), &out, FAIL).unwrap().resumed, fs::read(&out).unwrap() == before), (12, true));

    changed(&root.path().join("train/1/0001.png"), &other);
    let result = packed(root.path(), &out, FAIL).unwrap();
    assert_eq!((result.replaced, result.resumed), (true, 0));
    let (stored, loaded) =
        (Store::open(&out).unwrap().dataset().unwrap(), load(&open(root.path(), None).unwrap(), 8).unwrap());
    assert_eq!(stored, loaded);
    assert!(fs::read(&out).unwrap() != before);
    assert!(!packed(root.path(), &out, FAIL).unwrap().replaced, "what is packed anew is whole");
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1, "no leftover of the build");
}

#[test]
fn an_unfinished_store_resumes_from_the_first_chunk_whose_files_or_pixels_have_changed() {
    let (root, place) = (folder(300), tempdir().unwrap());
    let [one, other] = of_one_size();
    put(root.path(), "train/1/0100.png", &one);
    let out = place.path().join("set.pack");
    let set = open(root.path(), None).unwrap();
    let stop_after = |chunks: usize| {
        let calls = Cell::new(0);
        let error = pack(&set, &out, FAIL, &|_, _| {
            calls.set(calls.get() + 1);
            calls.get() <= chunks
        });
        assert!(matches!(error, Err(DataError::Store(StoreError::Stopped { .. }))));
    };
    let whole = place.path().join("whole.pack");
    // A file of the second chunk, 256 images a chunk.
    stop_after(3);
    changed(&root.path().join("train/1/0100.png"), &other);
    assert_eq!(packed(root.path(), &out, FAIL).unwrap().resumed, 256);
    packed(root.path(), &whole, FAIL).unwrap();
    assert!(fs::read(&out).unwrap() == fs::read(&whole).unwrap());
    // A pixel of the third.
    fs::remove_file(&out).unwrap();
    stop_after(3);
    let part = place.path().join("set.pack.part");
    let mut bytes = fs::read(&part).unwrap();
    bytes[4096 + 600 * 192] ^= 1;
    fs::write(&part, bytes).unwrap();
    assert_eq!(packed(root.path(), &out, FAIL).unwrap().resumed, 512);
    assert!(fs::read(&out).unwrap() == fs::read(&whole).unwrap());
}

#[test]
fn a_bad_image_that_was_repaired_is_included_and_the_options_hold_for_a_finished_store() {
    let (root, place) = (folder(3), tempdir().unwrap());
    let out = place.path().join("set.pack");
    put(root.path(), "train/0/0000.png", b"no image");
    put(root.path(), "train/1/0000.png", b"nor this");
    let skip = PackOptions { on_bad: OnBad::Skip, max_bad: 2, ..FAIL };
    assert_eq!(packed(root.path(), &out, skip).unwrap().images, 10);

    let error = packed(root.path(), &out, FAIL).unwrap_err();
    assert!(matches!(error, DataError::Store(StoreError::LeftOut { got: 2, .. })), "{error}");
    assert!(error.to_string().contains("train/0/0000.png"), "{error}");
    let error = packed(root.path(), &out, PackOptions { max_bad: 1, ..skip }).unwrap_err();
    assert!(matches!(error, DataError::Store(StoreError::TooManyBad { got: 2, limit: 1, .. })), "{error}");
    assert_eq!(packed(root.path(), &out, skip).unwrap().resumed, 10, "accepted as it was");

    put(root.path(), "train/0/0000.png", &png(1));
    let result = packed(root.path(), &out, skip).unwrap();
    assert_eq!((result.images, result.skipped.len(), result.replaced), (11, 1, true));
    put(root.path(), "train/1/0000.png", &png(1));
    assert_eq!(packed(root.path(), &out, FAIL).unwrap().images, 12);
}

#[test]
fn images_left_out_of_an_unfinished_store_are_looked_at_again_where_none_may_be() {
    let (root, place) = (folder(100), tempdir().unwrap());
    let out = place.path().join("set.pack");
    put(root.path(), "train/0/0000.png", b"no image");
    let skip = PackOptions { on_bad: OnBad::Skip, max_bad: 2, ..FAIL };
    let calls = Cell::new(0);
    let stop = |_: usize, _: usize| {
        calls.set(calls.get() + 1);
        calls.get() < 2
    };
    pack(&open(root.path(), None).unwrap(), &out, skip, &stop).unwrap_err();
    let error = packed(root.path(), &out, FAIL).unwrap_err();
    assert!(error.to_string().contains("train/0/0000.png"), "{error}");
    assert_eq!(packed(root.path(), &out, skip).unwrap().skipped.len(), 1);
}

#[test]
fn pixels_of_a_finished_store_that_have_changed_are_reported_by_packing_and_by_the_images_in_use() {
    let (root, place) = (folder(3), tempdir().unwrap());
    let out = place.path().join("set.pack");
    packed(root.path(), &out, FAIL).unwrap();
    let mut bytes = fs::read(&out).unwrap();
    bytes[4096 + 192 + 7] ^= 1;
    fs::write(&out, bytes).unwrap();
    let error = packed(root.path(), &out, FAIL).unwrap_err().to_string();
    assert!(error.contains("1 of 12 images are not what was packed, 0/0001.png the first"), "{error}");
    // What is in use is verified, and what is not in use is nobody's loss.
    let data = Store::open(&out).unwrap().dataset().unwrap();
    let (first, rest) = (half(&data, &[0]).unwrap(), half(&data, &[1, 2]).unwrap());
    assert!(first.train.verify().is_err() && first.test.verify().is_ok());
    assert!(rest.train.verify().is_ok() && data.train.verify().is_err());
}
