//! Every limit of every parser: what is above it is refused by an error that names file, limit and remedy.

use flate2::{Compression, write::GzEncoder};
use std::{
    fs,
    io::{self, ErrorKind, Write},
    path::Path,
};
use strata::{
    data::{
        DataError, OnBad,
        cifar::{CIFAR10, read_stream},
        folder::{self, FolderError},
        idx::read_idx,
        image_file::{self, ImageFileError},
        store::{PackOptions, Store, StoreError, pack},
    },
    host::bounded::{self, TooLarge},
    nn::{NnError, net_file, weights},
    protocol::{Experiment, ProtocolError, RunDir},
    train::{TrainError, record},
};
use tempfile::tempdir;

/// A message says which file, what is there, what would be accepted and what to do.
fn says(error: &dyn std::error::Error, parts: &[&str]) {
    let mut text = error.to_string();
    if let Some(source) = error.source() {
        text.push_str(&format!("; {source}"));
    }
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in {text:?}");
    }
}

/// A file of a size that takes no place on the disk.
fn giant(path: &Path, size: u64) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::File::create(path).unwrap().set_len(size).unwrap();
}

fn is_too_large(source: &io::Error, limit: u64) -> bool {
    let inner = source.get_ref().and_then(|inner| inner.downcast_ref::<TooLarge>());
    source.kind() == ErrorKind::FileTooLarge && inner.is_some_and(|inner| inner.limit == limit)
}

fn gzip(parts: impl IntoIterator<Item = Vec<u8>>) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    parts.into_iter().for_each(|part| encoder.write_all(&part).unwrap());
    encoder.finish().unwrap()
}

/// The bytes of a weights file with any header.
fn with_header(header: &str, body: &[u8]) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes(), header.as_bytes(), body].concat()
}

#[test]
fn a_net_file_above_a_mebibyte_is_refused_before_it_is_read() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("net.toml");
    giant(&path, net_file::MAX_BYTES + 1);
    let error = net_file::read(&path).unwrap_err();
    assert!(matches!(&error, NnError::Io { source, .. } if is_too_large(source, net_file::MAX_BYTES)), "{error}");
    says(&error, &["net.toml", "1048577 bytes or more", "limit of 1048576"]);
    // A text that comes another way, such as in an experiment, has the same limit.
    let error = net_file::parse("x", &" ".repeat(net_file::MAX_BYTES as usize + 1)).unwrap_err();
    says(&error, &["x: ", "1048577", "1048576"]);
}

#[test]
fn a_weights_header_above_ten_million_bytes_is_refused_whatever_the_file_holds() {
    for length in [weights::MAX_HEADER + 1, u64::MAX] {
        let bytes = [&length.to_le_bytes()[..], &[b'{'; 64]].concat();
        let error = weights::decode(Path::new("w.safetensors"), &bytes).unwrap_err();
        assert!(matches!(error, NnError::TooLarge { got, limit: 10_000_000, .. } if got == length), "{error}");
        says(&error, &["w.safetensors", "10000000", "bytes of header", "delete it"]);
    }
}

#[test]
fn more_than_a_hundred_thousand_tensors_are_refused() {
    let header = |count: usize| {
        let entry = |i: usize| format!(r#""{i}":{{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}"#);
        format!("{{{}}}", (0..count).map(entry).collect::<Vec<_>>().join(","))
    };
    let error = weights::decode(Path::new("w"), &with_header(&header(100_001), &[])).unwrap_err();
    assert!(matches!(error, NnError::TooLarge { got: 100_001, limit: 100_000, .. }), "{error}");
    says(&error, &["w: ", "tensors", "100000", "delete it"]);
    assert_eq!(weights::decode(Path::new("w"), &with_header(&header(50_000), &[])).unwrap().0.len(), 50_000);
}

#[test]
fn tensors_of_sizes_near_two_to_the_64th_are_refused() {
    let large = (1_u64 << 61) - 32;
    for (count, last) in [(7, u64::MAX - 7), (7, 7 * large + 4), (1, large)] {
        let mut entries: Vec<(u64, u64)> = (0..count).map(|i| (i * large, (i + 1) * large)).collect();
        entries.push((count * large, last));
        let entry = |(i, &(from, to)): (usize, &(u64, u64))| {
            let elements = to.saturating_sub(from) / 4;
            format!(r#""{i}":{{"dtype":"F32","shape":[{elements}],"data_offsets":[{from},{to}]}}"#)
        };
        let parts: Vec<String> = entries.iter().enumerate().map(entry).collect();
        let bytes = with_header(&format!("{{{}}}", parts.join(",")), &[0; 4]);
        let error = weights::decode(Path::new("w"), &bytes).unwrap_err();
        assert!(matches!(error, NnError::Corrupt { .. }), "{error}");
    }
}

#[test]
fn a_weights_file_above_its_limit_is_refused_before_it_is_read() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("w.safetensors");
    giant(&path, weights::MAX_FILE + 1);
    let error = weights::read(&path).unwrap_err();
    assert!(matches!(&error, NnError::Io { source, .. } if is_too_large(source, weights::MAX_FILE)), "{error}");
    says(&error, &["w.safetensors", "8589934592", "remove it"]);
}

#[test]
fn texts_of_a_run_directory_above_their_limits_are_refused_by_name() {
    let folder = tempdir().unwrap();
    let runs = RunDir { path: folder.path().into() };
    giant(&folder.path().join("n/manifest.toml"), bounded::TEXT + 1);
    let error = runs.manifest("n").unwrap_err();
    assert!(matches!(&error, ProtocolError::Io { source, .. } if is_too_large(source, bounded::TEXT)), "{error}");
    says(&error, &["manifest.toml", "16777216", "remove it"]);

    giant(&folder.path().join("n/weights.safetensors"), weights::MAX_FILE + 1);
    let error = runs.weights("n").unwrap_err();
    assert!(matches!(&error, ProtocolError::Io { source, .. } if is_too_large(source, weights::MAX_FILE)), "{error}");

    let log = folder.path().join("n/log.jsonl");
    giant(&log, bounded::TEXT + 1);
    let error = record::read::<strata::train::Record>(&log).unwrap_err();
    assert!(matches!(&error, TrainError::Io { source, .. } if is_too_large(source, bounded::TEXT)), "{error}");
    says(&error, &["log.jsonl", "16777216", "remove it"]);

    giant(&folder.path().join("similarity.json"), bounded::TABLE + 1);
    let error = runs.similarities().unwrap_err();
    assert!(matches!(&error, ProtocolError::Io { source, .. } if is_too_large(source, bounded::TABLE)), "{error}");
    says(&error, &["similarity.json", "268435456", "remove it"]);

    giant(&folder.path().join("n/timing.json"), bounded::TEXT + 1);
    assert_eq!(runs.timing("n").seconds, 0.0, "times are beside the point: without them a report goes on");
}

#[test]
fn an_experiment_file_above_its_limit_is_refused_and_so_is_a_plan_that_would_fill_the_memory() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("e.toml");
    giant(&path, bounded::TEXT + 1);
    let error = Experiment::find(&path.to_string_lossy(), &[]).unwrap_err();
    assert!(matches!(&error, ProtocolError::Io { source, .. } if is_too_large(source, bounded::TEXT)), "{error}");

    let changed = |assignment: &str| Experiment::find("default", &[assignment.to_string()]);
    let many: Vec<String> = (0..7000).map(|seed| seed.to_string()).collect();
    for assignment in ["protocol.replicates=4294967295".into(), format!("protocol.splits=[{}]", many.join(","))] {
        let error = changed(&assignment).unwrap_err();
        assert!(matches!(&error, ProtocolError::Value { key: "protocol", .. }), "{error}");
        says(&error, &["experiment default", "400000 networks"]);
    }
    let error = changed("net.outputs=4611686018427387904").unwrap_err();
    assert!(matches!(&error, ProtocolError::Value { key: "net.outputs", .. }), "{error}");
    says(&error, &["at most 65535"]);
    // Nesting is bounded by the TOML library, long lists by the checks before them.
    let deep = format!("x = {}", "[".repeat(100_000));
    assert!(matches!(Experiment::parse("deep.toml", &deep, &[]), Err(ProtocolError::Experiment { .. })));
}

#[test]
fn a_gzip_bomb_costs_no_more_than_its_header_promises() {
    // 64 MiB of zeros after ten bytes of IDX, and as CIFAR.
    let zeros = || std::iter::repeat_n(vec![0_u8; 1 << 20], 64);
    let small = gzip(std::iter::once(vec![0, 0, 8, 1, 0, 0, 0, 2, 1, 0]).chain(zeros()));
    let error = read_idx(&small[..], Path::new("l.gz"), 1).unwrap_err();
    assert!(matches!(error, DataError::TrailingBytes { expected: 10, .. }), "{error}");
    let error = read_stream(&gzip(zeros())[..], Path::new("c.gz"), &CIFAR10, Some(2)).unwrap_err();
    assert!(matches!(error, DataError::TrailingBytes { expected: 6146, .. }), "{error}");
    says(&error, &["c.gz", "6146"]);
}

#[test]
fn an_idx_header_above_a_gibibyte_is_refused_before_any_memory_is_taken() {
    let header = [0_u32.to_be_bytes(), (1_u32 << 20).to_be_bytes(), 32_u32.to_be_bytes(), 33_u32.to_be_bytes()];
    let mut bytes = header.concat();
    bytes[2..4].copy_from_slice(&[8, 3]);
    let error = read_idx(&bytes[..], Path::new("i"), 3).unwrap_err();
    assert!(matches!(error, DataError::TooLarge { limit: 1_073_741_824, .. }), "{error}");
    says(&error, &["i: ", "1073741824", "split the file"]);
}

#[test]
fn an_image_above_16384_pixels_a_side_or_256_mebibytes_is_refused_by_its_header() {
    // PNM and BMP say their sizes in a few bytes; the PNG's are tested where images are.
    let error = image_file::decode(b"P6 16385 1 255\n", Path::new("i.ppm")).unwrap_err();
    assert!(
        matches!(error, DataError::ImageFile(ImageFileError::TooWide { width: 16_385, limit: 16_384, .. })),
        "{error}"
    );
    says(&error, &["i.ppm", "16384 a side", "shrink it"]);
    let error = image_file::decode(b"P5 16384 16384 65535\n", Path::new("i.pgm")).unwrap_err();
    assert!(matches!(error, DataError::ImageFile(ImageFileError::TooLarge { limit: 268_435_456, .. })), "{error}");
    says(&error, &["i.pgm", "268435456", "shrink it"]);
}

/// One tar entry with any header and body.
fn entry(kind: tar::EntryType, name: &str, size: u64, body: &[u8]) -> Vec<u8> {
    let mut header = tar::Header::new_ustar();
    header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
    header.set_entry_type(kind);
    header.set_size(size);
    header.set_mode(0o644);
    header.set_cksum();
    let mut bytes = header.as_bytes().to_vec();
    bytes.extend(body);
    bytes.resize(bytes.len().next_multiple_of(512), 0);
    bytes
}

/// The record of an extended header: its own length in decimal, the key, the value.
fn pax(key: &str, value: &str) -> Vec<u8> {
    let rest = format!(" {key}={value}\n");
    let length = (1..).find(|length: &usize| length.to_string().len() + rest.len() == *length).unwrap();
    let record = format!("{length}{rest}");
    entry(tar::EntryType::XHeader, "x", record.len() as u64, record.as_bytes())
}

fn refusal(parts: &[Vec<u8>]) -> DataError {
    let root = tempdir().unwrap();
    let path = root.path().join("train.tar");
    fs::write(&path, [parts.concat(), vec![0; 1024]].concat()).unwrap();
    folder::open(&path, None).unwrap_err()
}

#[test]
fn records_of_an_archive_are_bounded_and_cannot_change_where_an_entry_ends() {
    use tar::EntryType;
    let png = || entry(EntryType::Regular, "a/1.png", 0, &[]);
    for (parts, reason) in [
        (vec![pax("size", "9000"), png()], "its size in records"),
        (vec![pax("GNU.sparse.realsize", "9000"), png()], "sparse"),
        (vec![entry(EntryType::XHeader, "x", 3, b"7 x"), png()], "damaged records"),
        (vec![pax("path", "../../etc/1.png"), png()], "leads out of the archive"),
        (vec![pax("path", "/etc/1.png"), png()], "absolute"),
        (vec![entry(EntryType::GNULongName, "././@LongLink", 9, b"/a/1.png\0"), png()], "absolute"),
    ] {
        let error = refusal(&parts);
        assert!(matches!(error, DataError::Folder(FolderError::Entry { .. })), "{error}");
        says(&error, &["train.tar", reason, "make the archive from plain files"]);
    }
    for kind in [EntryType::XHeader, EntryType::GNULongName, EntryType::GNULongLink, EntryType::XGlobalHeader] {
        let error = refusal(&[entry(kind, "x", (1 << 20) + 1, &vec![b'1'; (1 << 20) + 1]), png()]);
        says(&error, &["train.tar", "1 MiB of records"]);
    }
}

#[test]
fn long_names_in_both_dialects_are_read() {
    let long = format!("class/{}.png", "n".repeat(300));
    let body = small_png();
    let file = || entry(tar::EntryType::Regular, "short", body.len() as u64, &body);
    let gnu =
        entry(tar::EntryType::GNULongName, "././@LongLink", long.len() as u64 + 1, format!("{long}\0").as_bytes());
    for record in [gnu, pax("path", &long)] {
        let root = tempdir().unwrap();
        let path = root.path().join("x.tar");
        let other = entry(tar::EntryType::Regular, "other/1.png", body.len() as u64, &body);
        fs::write(&path, [record, file(), other, vec![0; 1024]].concat()).unwrap();
        let set = folder::open(&path, None).unwrap();
        assert_eq!(set.train.items[0].name, long);
        folder::load(&set, 4).unwrap();
    }
}

fn small_png() -> Vec<u8> {
    let mut bytes = io::Cursor::new(Vec::new());
    image::RgbImage::from_pixel(5, 4, image::Rgb([9, 8, 7])).write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    bytes.into_inner()
}

#[test]
fn an_image_entry_above_256_mebibytes_is_refused_when_it_is_listed() {
    let root = tempdir().unwrap();
    let path = root.path().join("x.tar");
    let size = (256 << 20) + 1;
    fs::write(&path, entry(tar::EntryType::Regular, "a/1.png", size, &[])).unwrap();
    fs::File::options().write(true).open(&path).unwrap().set_len(size + 4096).unwrap();
    let error = folder::open(&path, None).unwrap_err();
    assert!(matches!(error, DataError::Folder(FolderError::Entry { .. })), "{error}");
    says(&error, &["x.tar", "a/1.png", "limit of 256 MiB"]);
}

#[test]
fn a_file_of_labels_above_its_limit_and_a_pipe_under_its_name_are_refused() {
    let root = tempdir().unwrap();
    let path = root.path().join("val.txt");
    giant(&path, bounded::TABLE + 1);
    let error = folder::labels::read(&path, &["a".into()]).unwrap_err();
    assert!(matches!(&error, DataError::Read { source, .. } if is_too_large(source, bounded::TABLE)), "{error}");
    says(&error, &["val.txt", "268435456", "remove it"]);
    #[cfg(unix)]
    {
        let pipe = root.path().join("pipe.txt");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let error = folder::labels::read(&pipe, &["a".into()]).unwrap_err();
        says(&error, &["pipe.txt", "not a regular file"]);
    }
}

#[test]
fn a_journal_of_a_store_whose_lines_cannot_follow_each_other_is_built_anew_from_there() {
    let root = tempdir().unwrap();
    for name in ["a/1.png", "a/2.png", "b/1.png"] {
        let path = root.path().join("set").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, small_png()).unwrap();
    }
    let set = folder::open(&root.path().join("set"), None).unwrap();
    let options = PackOptions { side: 4, on_bad: OnBad::Fail, max_bad: 0 };
    let out = root.path().join("whole");
    pack(&set, &out, options, &|_, _| true).unwrap();
    let whole = fs::read(&out).unwrap();
    let identity = Store::open(&out).unwrap().identity().to_string();
    let digest = "0".repeat(64);
    for line in [
        r#"{"done":1,"kept":[999999999],"digests":["D"],"skipped":[],"source":"D"}"#,
        r#"{"done":1,"kept":[0],"digests":[],"skipped":[],"source":"D"}"#,
        r#"{"done":2,"kept":[1,0],"digests":["D","D"],"skipped":[],"source":"D"}"#,
        r#"{"done":1,"kept":[0],"digests":["no digest"],"skipped":[],"source":"D"}"#,
        r#"{"done":1,"kept":[0],"digests":["D"],"skipped":[],"source":"no digest"}"#,
        r#"{"done":1,"kept":[0],"digests":["D"],"skipped":[],"source":"D"}"#,
        r#"{"done":18446744073709551615,"kept":[],"digests":[],"skipped":[],"source":"D"}"#,
        r#"{"done":3,"kept":[0],"digests":["D"],"skipped":[],"source":"D"}"#,
    ] {
        let out = root.path().join("again");
        let _ = fs::remove_file(&out);
        let text = format!("{{\"identity\":\"{identity}\",\"reading\":1}}\n{}\n", line.replace('D', &digest));
        fs::write(root.path().join("again.journal"), text).unwrap();
        let packed = pack(&set, &out, options, &|_, _| true).unwrap();
        assert_eq!((packed.images, packed.resumed), (3, 0), "{line}");
        assert!(fs::read(&out).unwrap() == whole, "{line}");
    }
    giant(&root.path().join("third.journal"), bounded::TABLE + 1);
    let error = pack(&set, &root.path().join("third"), options, &|_, _| true).unwrap_err();
    assert!(matches!(error, DataError::Store(StoreError::Damaged { .. })), "{error}");
    says(&error, &["third.journal", "268435456", "remove both"]);
}

#[test]
fn a_store_whose_sizes_overflow_is_refused() {
    for side in ["18446744073709551615", "4294967296", "0"] {
        let index = format!(
            r#"{{"name":"x","identity":"x","side":{side},"class_names":["a"],"train":1,"test":0,"names":["x"],"skipped":[],"tables":"TABLES"}}"#
        );
        let root = tempdir().unwrap();
        let path = root.path().join("x");
        let mut whole = b"strata packed images 1\n\0".to_vec();
        whole.resize(4096 + 12 + 34, 0);
        let offset = whole.len() as u64;
        whole.extend(index.as_bytes());
        whole.extend(offset.to_le_bytes());
        whole.extend((index.len() as u64).to_le_bytes());
        whole.extend(blake3::hash(index.as_bytes()).as_bytes());
        whole.extend(b"strata pack end\n");
        fs::write(&path, whole).unwrap();
        let error = Store::open(&path).unwrap_err();
        assert!(matches!(error, DataError::Store(StoreError::Damaged { .. })), "{side}: {error}");
        says(&error, &["its sizes do not agree", "build it with strata data pack"]);
    }
}
