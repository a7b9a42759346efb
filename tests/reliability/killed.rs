//! SIGKILL at any moment.

use super::made::{Dice, count, err, held, kill, nothing_left, results, same, strata, undisturbed};
use std::{fs, path::Path, process::Command, process::Stdio, time::Duration};

/// Files beside the checkpoint whose writing is cut short, in the order in which a study writes them.
const OTHERS: [&str; 8] = [
    "experiment.toml",
    "log.jsonl",
    "weights.safetensors",
    "confusion.json",
    "timing.json",
    "manifest.toml",
    "results.json",
    "report.html",
];

#[test]
fn a_study_that_is_killed_at_any_moment_ends_in_the_bytes_of_an_undisturbed_one() {
    let whole = undisturbed();
    let wanted = count("STRATA_KILLS", 50);
    let mut dice = Dice::named("kills");
    let (mut kills, mut in_checkpoints, mut in_other_files, mut studies) = (0, 0, 0, 0);
    while kills < wanted {
        let runs = tempfile::tempdir().unwrap();
        studies += 1;
        // A study is killed until it has ended, or until there were kills enough.
        loop {
            let jobs = if dice.below(2) == 0 { "1" } else { "2" };
            let command = strata(&["reproduce", "--jobs", jobs], runs.path());
            let file = match dice.below(4) {
                0 | 1 => Some("state.safetensors"),
                2 => Some(OTHERS[dice.below(8) as usize]),
                _ => None,
            };
            let killed = match file {
                Some(file) => {
                    // Up to six checkpoints on, at each of the five places of a write.
                    let places = if file.starts_with("state") { 30 } else { 5 };
                    let child = held(command, file, 1 + dice.below(places));
                    child.is_some_and(|mut child| kill(&mut child))
                }
                None => after(command, Duration::from_millis(dice.below(250))),
            };
            kills += u64::from(killed);
            in_checkpoints += u64::from(killed && file == Some("state.safetensors"));
            in_other_files += u64::from(killed && file.is_some_and(|file| !file.starts_with("state")));
            let ended = results(runs.path()).len() == whole.len() && !killed;
            if ended || kills == wanted {
                break;
            }
        }
        let output = strata(&["reproduce"], runs.path()).output().unwrap();
        assert!(output.status.success(), "{}", err(&output));
        same(&whole, &results(runs.path()));
        nothing_left(runs.path());
    }
    println!(
        "{kills} kills, {in_checkpoints} within a checkpoint's write, {in_other_files} within another file's, over \
         {studies} studies: all byte-identical"
    );
    assert!(10 * in_checkpoints >= 3 * kills, "{in_checkpoints} of {kills}");
}

/// Kills a command after a time, and says whether it was still alive.
fn after(mut command: Command, time: Duration) -> bool {
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    std::thread::sleep(time);
    kill(&mut child)
}

/// Two classes of images, of which packing takes a moment.
fn image_folder(root: &Path) {
    for i in 0..700u32 {
        let class = root.join(["train", "val"][usize::from(i % 7 == 0)]).join((i % 2).to_string());
        fs::create_dir_all(&class).unwrap();
        let pixel = |x: u32, y: u32| image::Rgb([(x * 9) as u8, (y * 7) as u8, i as u8]);
        image::RgbImage::from_fn(20, 30, pixel).save(class.join(format!("{i}.png"))).unwrap();
    }
}

#[test]
fn a_store_whose_packing_is_killed_has_the_bytes_of_an_undisturbed_one() {
    let root = tempfile::tempdir().unwrap();
    image_folder(&root.path().join("set"));
    let pack = |out: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_strata"));
        command.args(["data", "pack", "--size", "64"]).arg(root.path().join("set"));
        command.arg("--out").arg(root.path().join(out)).env("RAYON_NUM_THREADS", "1");
        command
    };
    assert!(pack("whole").output().unwrap().status.success());
    let whole = fs::read(root.path().join("whole")).unwrap();
    let wanted = count("STRATA_PACK_KILLS", 10);
    let (mut kills, mut stores, mut dice) = (0, 0, Dice::named("pack"));
    while kills < wanted {
        stores += 1;
        let out = format!("killed-{stores}");
        for _ in 0..4 {
            kills += u64::from(after(pack(&out), Duration::from_millis(dice.below(60))));
        }
        let output = pack(&out).output().unwrap();
        assert!(output.status.success(), "{}", err(&output));
        assert!(fs::read(root.path().join(&out)).unwrap() == whole, "{out}");
        for leftover in ["part", "journal"] {
            assert!(!root.path().join(format!("{out}.{leftover}")).exists());
        }
    }
    println!("{kills} kills while packing, over {stores} stores: all byte-identical");
}
