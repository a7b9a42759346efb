//! The paths in an experiment's file: relative to the file, and `~` for the user's folder.

use super::key_list::{KEYS, Kind};
use std::path::Path;
use toml::{Table, Value};

/// The values of all keys that hold a path.
fn each(table: &mut Table, mut change: impl FnMut(&mut String)) {
    for key in KEYS.iter().filter(|key| matches!(key.kind, Kind::Path)) {
        let Some((outer, last)) = key.name.split_once('.') else { continue };
        let value = table.get_mut(outer).and_then(Value::as_table_mut).and_then(|inner| inner.get_mut(last));
        if let Some(Value::String(path)) = value
            && !path.is_empty()
        {
            change(path);
        }
    }
}

/// Makes paths relative to the experiment's own folder; `origin` is its file.
pub(super) fn beside(table: &mut Table, origin: &str) {
    let Some(folder) = Path::new(origin).parent() else { return };
    each(table, |path| {
        if !is_of_home(path) {
            *path = folder.join(&*path).display().to_string();
        }
    });
}

/// Puts the user's folder in the place of `~`.
pub(super) fn expand_home(table: &mut Table) {
    let Ok(home) = etcetera::home_dir() else { return };
    each(table, |path| {
        if is_of_home(path) {
            *path = home.join(path[1..].trim_start_matches('/')).display().to_string();
        }
    });
}

fn is_of_home(path: &str) -> bool {
    path == "~" || path.starts_with("~/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_relative_to_the_file_and_a_tilde_is_the_users_folder() {
        let text = "[data]\npath = \"set\"\nother_path = \"/abs\"\nsource = \"folder\"\n[protocol]\nsplit_file = \
                    \"~/x\"\n[net]\nfile = \"\"";
        let mut table: Table = text.parse().unwrap();
        beside(&mut table, "some/where/mine.toml");
        expand_home(&mut table);
        assert_eq!(table["data"]["path"].as_str(), Some("some/where/set"));
        assert_eq!(table["data"]["other_path"].as_str(), Some("/abs"));
        assert_eq!(table["data"]["source"].as_str(), Some("folder"));
        assert_eq!(table["net"]["file"].as_str(), Some(""));
        let home = etcetera::home_dir().unwrap();
        assert_eq!(table["protocol"]["split_file"].as_str(), Some(home.join("x").to_str().unwrap()));
        let mut table: Table = "[data]\npath = \"set\"".parse().unwrap();
        beside(&mut table, "default");
        assert_eq!(table["data"]["path"].as_str(), Some("set"));
    }
}
