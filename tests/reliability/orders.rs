//! The same bytes, whatever the threads and the order.

use super::made::{Dice, NETWORKS, count, err, results, same, strata, undisturbed};

#[test]
fn every_run_gives_the_same_bytes_with_any_threads_and_in_any_order_of_the_plan() {
    let whole = undisturbed();
    let (runs_wanted, mut dice) = (count("STRATA_ORDERS", 20), Dice::named("orders"));
    for run in 0..runs_wanted {
        let runs = tempfile::tempdir().unwrap();
        let threads = if run % 2 == 0 { "1" } else { "2" };
        // Every fourth run leaves the order to the runner, with one or two networks at a time.
        let orders: Vec<Vec<&str>> = if run % 4 == 3 {
            vec![vec!["reproduce", "--jobs", if run % 8 == 3 { "1" } else { "2" }]]
        } else {
            dice.shuffled(&NETWORKS).into_iter().map(|name| vec!["run", "default", name]).collect()
        };
        for verb in orders {
            let output = strata(&verb, runs.path()).env("RAYON_NUM_THREADS", threads).output().unwrap();
            assert!(output.status.success(), "{}", err(&output));
        }
        same(&whole, &results(runs.path()));
    }
    println!("{runs_wanted} runs with 1 and 2 threads in any order: all byte-identical");
}
