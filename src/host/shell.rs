//! Arguments as a shell reads them, for commands that are printed to be typed.

/// An argument as it is typed in a POSIX shell: in single quotes where it has any character with a meaning there.
pub fn quoted(argument: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./+=:,@%".contains(c);
    match argument.is_empty() || !argument.chars().all(plain) {
        true => format!("'{}'", argument.replace('\'', "'\\''")),
        false => argument.into(),
    }
}

/// The words of a command as it is typed.
pub fn line(words: &[String]) -> String {
    words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn a_shell_reads_back_every_argument_as_it_was() {
        for argument in ["", "runs/a b", "it's", "$HOME", "protocol.arms=[\"BnB\"]", "a\nb", "\\", "*", "~", "\u{e9}#"]
        {
            let output = Command::new("sh").args(["-c", &format!("printf %s {}", quoted(argument))]).output().unwrap();
            assert_eq!(String::from_utf8_lossy(&output.stdout), argument);
        }
        assert_eq!(quoted("runs/default-quick"), "runs/default-quick");
        assert_eq!(quoted("solver.max_iter=1000"), "solver.max_iter=1000");
    }
}
