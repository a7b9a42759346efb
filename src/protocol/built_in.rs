//! The experiments that come with strata: the files of `experiments`, compiled in.

/// One of them.
#[derive(Clone, Copy, Debug)]
pub struct BuiltIn {
    /// The name, which is that of its file.
    pub name: &'static str,
    /// The text of the file.
    pub text: &'static str,
}

macro_rules! built_in {
    ($($name:literal),+ $(,)?) => {
        /// All of them, in the order of the documents.
        pub const BUILT_IN: [BuiltIn; [$($name),+].len()] =
            [$(BuiltIn { name: $name, text: include_str!(concat!("../../experiments/", $name, ".toml")) }),+];
    };
}

built_in![
    "default",
    "fashion-mnist",
    "cifar100",
    "cifar100-natural",
    "cross-dataset",
    "distance",
    "web",
    "imagenet",
    "imagenet-natural"
];

impl BuiltIn {
    /// The experiment of a name.
    pub fn find(name: &str) -> Option<Self> {
        BUILT_IN.into_iter().find(|experiment| experiment.name == name)
    }

    /// All names, separated by commas.
    pub fn names() -> String {
        BUILT_IN.map(|experiment| experiment.name).join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Experiment;
    use std::{collections::BTreeSet, fs, path::Path};

    #[test]
    fn every_file_of_the_folder_is_built_in_under_its_name() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("experiments");
        let stem = |entry: fs::DirEntry| entry.path().file_stem().unwrap().to_string_lossy().into_owned();
        let files: BTreeSet<String> = fs::read_dir(folder).unwrap().map(|entry| stem(entry.unwrap())).collect();
        assert_eq!(files, BUILT_IN.map(|experiment| experiment.name.to_string()).into());
        for BuiltIn { name, text } in BUILT_IN {
            assert_eq!(Experiment::parse(name, text, &[]).unwrap().name, name);
        }
    }
}
