//! One file over HTTP: resumed where it broke off, checked against its checksum, named when it is complete.

use super::{FetchError, Published, PublishedFile, md5_of, unpack};
use crate::{data::DataError, host::atomic};
use std::{
    fs::{self, File},
    io::{Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    time::Duration,
};

/// The most bytes of one file: 1 GiB, several times the largest.
const LIMIT: u64 = 1 << 30;

/// How long a connection and each answer may take.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Downloads the files of a data set into a folder, from `url` or from its maker, and takes the wanted files out of
/// an archive. Files that are there already with the right checksum stay.
///
/// `progress` hears the name, the bytes that have arrived, and all bytes where the server sends that number.
///
/// # Errors
/// Every [`FetchError`]; [`DataError::Read`].
pub fn fetch(
    set: &Published,
    url: Option<&str>,
    folder: &Path,
    progress: &dyn Fn(&str, u64, Option<u64>),
) -> Result<(), DataError> {
    let made = !folder.exists();
    fs::create_dir_all(folder).map_err(|source| FetchError::Write { path: folder.into(), source })?;
    let result = files(set, url, folder, progress);
    if result.is_err() && made {
        // Where nothing has arrived, nothing is left: a folder with something in it is not removed.
        let _ = fs::remove_dir(folder);
    }
    result
}

fn files(
    set: &Published,
    url: Option<&str>,
    folder: &Path,
    progress: &dyn Fn(&str, u64, Option<u64>),
) -> Result<(), DataError> {
    for file in set.files {
        let base = url.unwrap_or(set.url);
        let address = format!("{base}{}{}", if base.ends_with('/') { "" } else { "/" }, file.name);
        let path = folder.join(file.name);
        if !path.exists() {
            download(&address, file, &path, progress)?;
        }
        check(&path, file)?;
        if !set.inside.is_empty() {
            unpack::take(&path, set.inside, folder)?;
        }
    }
    Ok(())
}

fn check(path: &Path, file: &PublishedFile) -> Result<(), DataError> {
    let got = md5_of(path)?;
    match file.md5 {
        Some(expected) if expected != got => {
            Err(FetchError::Checksum { path: path.into(), expected: expected.into(), got }.into())
        }
        _ => Ok(()),
    }
}

fn download(
    url: &str,
    file: &PublishedFile,
    path: &Path,
    progress: &dyn Fn(&str, u64, Option<u64>),
) -> Result<(), DataError> {
    let part = PathBuf::from(format!("{}.part", path.display()));
    let write = |source| DataError::from(FetchError::Write { path: part.clone(), source });
    let mut out = File::options().create(true).truncate(false).write(true).open(&part).map_err(write)?;
    let mut have = out.seek(SeekFrom::End(0)).map_err(write)?;
    let broken = |reason: String, kept: u64| FetchError::Transfer { url: url.into(), reason, kept };

    let config = ureq::Agent::config_builder()
        .timeout_connect(Some(TIMEOUT))
        .timeout_recv_response(Some(TIMEOUT))
        .http_status_as_error(false)
        .user_agent(concat!("strata/", env!("CARGO_PKG_VERSION")));
    let mut request = config.build().new_agent().get(url);
    if have > 0 {
        request = request.header("Range", format!("bytes={have}-"));
    }
    let mut response = match request.call() {
        Ok(response) => response,
        Err(error) => {
            if have == 0 {
                // It is empty, and would only be in the way.
                let _ = fs::remove_file(&part);
            }
            return Err(broken(error.to_string(), have).into());
        }
    };
    let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()).map(String::from);
    let continues = header("content-range").is_some_and(|range| range.starts_with(&format!("bytes {have}-")));
    match response.status().as_u16() {
        206 if continues => {}
        // A server without ranges sends everything again.
        200 => {
            have = 0;
            out.set_len(0).and_then(|()| out.seek(SeekFrom::Start(0))).map_err(write)?;
        }
        // Nothing is left to send: the file was whole, or is not the server's; the checksum decides.
        416 => return finish(&part, file, path),
        status => return Err(broken(format!("the server answers {status}"), have).into()),
    }
    let total = header("content-length").and_then(|len| len.parse::<u64>().ok()).map(|len| len + have);
    let mut body = response.body_mut().as_reader();
    let mut buffer = vec![0; 1 << 16];
    loop {
        progress(file.name, have, total);
        let got = match body.read(&mut buffer) {
            Ok(0) => break,
            Ok(got) => got,
            Err(error) => return Err(broken(error.to_string(), have).into()),
        };
        out.write_all(&buffer[..got]).map_err(write)?;
        have += got as u64;
        if have > LIMIT {
            return Err(FetchError::TooLong { url: url.into(), limit: LIMIT }.into());
        }
    }
    if total.is_some_and(|total| have < total) {
        return Err(broken("the connection ended early".into(), have).into());
    }
    out.sync_all().map_err(write)?;
    finish(&part, file, path)
}

/// Gives a downloaded file its name if it is what its maker published, and removes it if not: going on with it
/// could never end well.
fn finish(part: &Path, file: &PublishedFile, path: &Path) -> Result<(), DataError> {
    if let Err(error) = check(part, file) {
        let _ = fs::remove_file(part);
        return Err(error);
    }
    atomic::rename(part, path).map_err(|source| FetchError::Write { path: path.into(), source }.into())
}
