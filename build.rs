//! Compiles in the page of `strata export web` where `scripts/web` has built it in `web/site`: building strata itself
//! takes neither Node nor a network. A program without the page says so when it is asked for one.

use std::{env, error::Error, fmt::Write, fs, path::PathBuf};

/// The files of the page.
const FILES: [&str; 3] = ["index.html", "page.css", "page.js"];

fn main() -> Result<(), Box<dyn Error>> {
    let web = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("web");
    let site = web.join("site");
    let built = FILES.iter().all(|name| site.join(name).is_file());
    // A path that is not there would run this at every build.
    println!("cargo::rerun-if-changed={}", if built { &site } else { &web }.display());
    let mut list = String::from("&[\n");
    for name in FILES.iter().filter(|_| built) {
        writeln!(list, "({name:?}, include_bytes!({:?})),", site.join(name))?;
    }
    list.push(']');
    fs::write(PathBuf::from(env::var("OUT_DIR")?).join("page.rs"), list)?;
    Ok(())
}
