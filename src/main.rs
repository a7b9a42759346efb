//! The command line entry point.

use std::process::ExitCode;

fn main() -> ExitCode {
    // Without a session Mesa's layer that picks a default GPU finds no Wayland, and libwayland prints an error of its
    // own about it. There is nothing to pick by, either, so that the layer is left out.
    if std::env::var_os("XDG_RUNTIME_DIR").is_none() {
        // SAFETY: no other thread is there yet that could read the environment.
        #[expect(unsafe_code, reason = "a variable of this process, set before its first thread")]
        unsafe {
            std::env::set_var("NODEVICE_SELECT", "1");
        }
    }
    strata::cli::main()
}
