//! Files that are either wholly there or not there.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::Path,
};

/// Replaces a file with the given bytes: temporary file beside it, fsync, rename, fsync of the folder.
/// A reader sees the old file or the new one, also after a power failure.
///
/// # Errors
/// Any of these steps failing; the old file is then still in place.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = path.file_name().ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "a path without a name"))?;
    // The process number keeps two processes that write the same file from sharing a temporary one.
    let temporary = folder.join(format!(".{}.{}.tmp", name.to_string_lossy(), std::process::id()));
    let result = (|| {
        let mut file = File::create(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        rename(&temporary, path)
    })();
    if result.is_err() {
        // The error of the write matters more than one of cleaning up after it.
        let _ = fs::remove_file(&temporary);
    }
    result
}

/// Gives a finished file its name, over an older one if there is one, and waits until the folder is on the disk.
///
/// # Errors
/// A rename that is refused; a folder that cannot be synchronised.
pub fn rename(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)?;
    sync_folder(to.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new(".")))
}

#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}
