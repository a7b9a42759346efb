//! Fetching published files, from a server of this machine's own.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    path::Path,
    sync::{Arc, Mutex},
};
use strata::data::{
    DataError, Source,
    fetch::{CATALOGUE, FetchError, Published, PublishedFile, fetch, md5_of, unlike_published},
};

/// How the server behaves.
#[derive(Clone, Copy)]
struct Habits {
    /// Whether it knows ranges.
    ranges: bool,
    /// After how many bytes of a body it hangs up.
    breaks_after: usize,
}

const WELL: Habits = Habits { ranges: true, breaks_after: usize::MAX };

/// Serves one body under every address, and returns the address and what was asked for: `path range`.
fn serve(body: Vec<u8>, habits: Habits) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/mirror", listener.local_addr().unwrap());
    let asked = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&asked);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            let path = lines.next().unwrap().unwrap().split(' ').nth(1).unwrap().to_string();
            let mut from = None;
            for line in lines.map_while(Result::ok).take_while(|line| !line.is_empty()) {
                if let Some(range) = line.to_lowercase().strip_prefix("range: bytes=") {
                    from = range.trim_end_matches('-').parse::<usize>().ok();
                }
            }
            log.lock().unwrap().push(format!("{path} {}", from.map_or("all".into(), |from| from.to_string())));
            let from = from.filter(|_| habits.ranges);
            let (status, rest) = match from {
                Some(from) if from >= body.len() => ("416 Range Not Satisfiable".to_string(), &[][..]),
                Some(from) => {
                    let range = format!("{from}-{}/{}", body.len() - 1, body.len());
                    (format!("206 Partial Content\r\nContent-Range: bytes {range}"), &body[from..])
                }
                None => ("200 OK".to_string(), &body[..]),
            };
            let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", rest.len());
            let _ = stream.write_all(head.as_bytes());
            let _ = stream.write_all(&rest[..rest.len().min(habits.breaks_after)]);
        }
    });
    (url, asked)
}

fn published(body: &[u8], inside: &'static [PublishedFile]) -> Published {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x");
    fs::write(&path, body).unwrap();
    let md5: &'static str = Box::leak(md5_of(&path).unwrap().into_boxed_str());
    let files: &'static [PublishedFile] = Box::leak(Box::new([PublishedFile { name: "set.gz", md5: Some(md5) }]));
    Published { name: "made", source: Source::Idx, url: "http://127.0.0.1:9/", files, inside }
}

fn body() -> Vec<u8> {
    (0..300_000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}

fn quiet(_: &str, _: u64, _: Option<u64>) {}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn md5_is_that_of_the_standard() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x");
    // RFC 1321, appendix A.5.
    for (text, digest) in
        [("", "d41d8cd98f00b204e9800998ecf8427e"), ("message digest", "f96b697d7cb7938d525a2f31aaf161d0")]
    {
        fs::write(&path, text).unwrap();
        assert_eq!(md5_of(&path).unwrap(), digest);
    }
}

#[test]
fn a_file_arrives_with_progress_and_is_not_fetched_twice() {
    let (url, asked) = serve(body(), WELL);
    let (set, folder) = (published(&body(), &[]), tempfile::tempdir().unwrap());
    let heard = Mutex::new(Vec::new());
    fetch(&set, Some(&url), folder.path(), &|name, done, total| {
        heard.lock().unwrap().push((name.to_string(), done, total));
    })
    .unwrap();
    assert!(fs::read(folder.path().join("set.gz")).unwrap() == body());
    let heard = heard.into_inner().unwrap();
    assert_eq!(heard.first().unwrap(), &("set.gz".to_string(), 0, Some(300_000)));
    assert_eq!(heard.last().unwrap().1, 300_000);
    fetch(&set, Some(&url), folder.path(), &quiet).unwrap();
    assert_eq!(*asked.lock().unwrap(), ["/mirror/set.gz all"]);
    assert_eq!(names(folder.path()), ["set.gz"]);
}

#[test]
fn a_transfer_that_broke_off_resumes_where_it_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let set = published(&body(), &[]);
    let (url, asked) = serve(body(), Habits { breaks_after: 100_000, ..WELL });
    let mut broken = 0;
    while let Err(error) = fetch(&set, Some(&url), folder.path(), &quiet) {
        assert!(matches!(error, DataError::Fetch(FetchError::Transfer { .. })), "{error}");
        assert_eq!(names(folder.path()), ["set.gz.part"]);
        broken += 1;
    }
    assert_eq!(broken, 2);
    let asked = asked.lock().unwrap().clone();
    assert_eq!(asked, ["/mirror/set.gz all", "/mirror/set.gz 100000", "/mirror/set.gz 200000"]);
    assert!(fs::read(folder.path().join("set.gz")).unwrap() == body());
}

#[test]
fn a_server_without_ranges_sends_everything_again() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("set.gz.part"), &body()[..1234]).unwrap();
    let (url, _) = serve(body(), Habits { ranges: false, ..WELL });
    fetch(&published(&body(), &[]), Some(&url), folder.path(), &quiet).unwrap();
    assert!(fs::read(folder.path().join("set.gz")).unwrap() == body());
}

#[test]
fn a_whole_file_that_only_lacks_its_name_is_not_sent_again() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("set.gz.part"), body()).unwrap();
    let (url, asked) = serve(body(), WELL);
    fetch(&published(&body(), &[]), Some(&url), folder.path(), &quiet).unwrap();
    assert_eq!((names(folder.path()), asked.lock().unwrap().len()), (vec!["set.gz".to_string()], 1));
}

#[test]
fn another_checksum_fails_and_leaves_no_file_behind() {
    let folder = tempfile::tempdir().unwrap();
    let (url, _) = serve(body(), WELL);
    let set = published(b"something else", &[]);
    let error = fetch(&set, Some(&url), folder.path(), &quiet).unwrap_err();
    assert!(matches!(error, DataError::Fetch(FetchError::Checksum { .. })), "{error}");
    assert!(names(folder.path()).is_empty());
    // A file that was there before is refused as well, and kept: it is the user's.
    fs::write(folder.path().join("set.gz"), b"own file").unwrap();
    let error = fetch(&set, Some(&url), folder.path(), &quiet).unwrap_err();
    assert!(matches!(error, DataError::Fetch(FetchError::Checksum { .. })), "{error}");
    assert_eq!(names(folder.path()), ["set.gz"]);
}

#[test]
fn of_an_archive_only_the_wanted_files_are_written_beside_it() {
    let mut builder = tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast()));
    for (name, bytes) in [("set/train.bin", &b"train"[..]), ("set/evil.sh", b"no"), ("set/deep/test.bin", b"test")] {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_cksum();
        builder.append_data(&mut header, name, bytes).unwrap();
    }
    let archive = builder.into_inner().unwrap().finish().unwrap();
    const INSIDE: [PublishedFile; 2] =
        [PublishedFile { name: "train.bin", md5: None }, PublishedFile { name: "test.bin", md5: None }];
    let (url, _) = serve(archive.clone(), WELL);
    let folder = tempfile::tempdir().unwrap();
    fetch(&published(&archive, &INSIDE), Some(&url), folder.path(), &quiet).unwrap();
    assert_eq!(names(folder.path()), ["set.gz", "test.bin", "train.bin"]);
    assert_eq!(fs::read(folder.path().join("test.bin")).unwrap(), b"test");

    const MORE: [PublishedFile; 1] = [PublishedFile { name: "absent.bin", md5: None }];
    let error = fetch(&published(&archive, &MORE), Some(&url), folder.path(), &quiet).unwrap_err();
    assert!(matches!(error, DataError::Fetch(FetchError::NotInside { .. })), "{error}");
}

#[test]
fn a_server_that_is_not_there_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("http://127.0.0.1:{port}");
    let error = fetch(&published(b"", &[]), Some(&url), folder.path(), &quiet).unwrap_err().to_string();
    assert!(error.starts_with(&url) && error.contains("--url"), "{error}");
}

#[test]
fn a_local_file_with_another_checksum_than_the_published_one_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    assert!(unlike_published(folder.path()).unwrap().is_empty());
    fs::write(folder.path().join("train.bin"), b"records in another order").unwrap();
    fs::write(folder.path().join("data_batch_1.bin"), b"has no published checksum").unwrap();
    assert_eq!(unlike_published(folder.path()).unwrap(), ["train.bin"]);
    for set in CATALOGUE {
        assert!(set.files.iter().all(|file| file.md5.is_some_and(|md5| md5.len() == 32)), "{}", set.name);
    }
}
