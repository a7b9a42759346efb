//! Which machine this is: its name, and the boot that its processes belong to.

use super::bounded;
use std::{path::Path, process::Command, sync::OnceLock};

/// The most bytes of a name.
const MOST_BYTES: u64 = 4096;

fn first_line(file: &str, command: &[&str]) -> Option<String> {
    let file = bounded::read_text(Path::new(file), MOST_BYTES).ok();
    let run = || {
        let output = Command::new(command.first()?).args(&command[1..]).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let text = file.or_else(run)?;
    let line = text.lines().next()?.trim();
    (!line.is_empty()).then(|| line.to_string())
}

/// The name of this machine. The standard library has none; Linux keeps it in a file, other systems in a command.
pub fn host_name() -> String {
    let name = first_line("/proc/sys/kernel/hostname", &["hostname"]);
    name.unwrap_or_else(|| "an unnamed host".into())
}

/// What distinguishes this boot of this machine from every other boot of any machine, where the system has such a
/// number: two processes with the same one run under the same kernel, whatever their containers are called.
pub fn boot_id() -> Option<&'static str> {
    static ID: OnceLock<Option<String>> = OnceLock::new();
    let id = || first_line("/proc/sys/kernel/random/boot_id", &["sysctl", "-n", "kern.bootsessionuuid"]);
    ID.get_or_init(id).as_deref()
}
