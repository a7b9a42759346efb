//! How long a plan takes on several devices, from how long each network takes.

/// What becomes of a plan on a number of devices.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outcome {
    /// Devices.
    pub devices: usize,
    /// Time from the first network's beginning to the last one's end.
    pub whole: f64,
    /// The share of the devices' time in which they have nothing to train.
    pub idle: f64,
}

/// The longest chain of networks that derive from each other: no number of devices is faster. `parents` come before
/// their children.
pub fn critical_path(times: &[f64], parents: &[Vec<usize>]) -> f64 {
    let mut ends: Vec<f64> = Vec::with_capacity(times.len());
    for (time, parents) in times.iter().zip(parents) {
        let begin = parents.iter().filter_map(|&parent| ends.get(parent).copied()).fold(0.0, f64::max);
        ends.push(begin + time);
    }
    ends.into_iter().fold(0.0, f64::max)
}

/// Runs a plan as workers do: whoever is free takes the first network whose parents are done, and waits where there is
/// none.
pub fn simulate(times: &[f64], parents: &[Vec<usize>], devices: usize) -> Outcome {
    let devices = devices.max(1);
    let mut ends: Vec<Option<f64>> = vec![None; times.len()];
    let mut free = vec![0.0f64; devices];
    let mut waiting: Vec<usize> = (0..times.len()).collect();
    let mut now = 0.0f64;
    while !waiting.is_empty() {
        let done = |parent: &usize| ends.get(*parent).is_none_or(|end| end.is_some_and(|end| end <= now));
        let ready = waiting.iter().position(|&network| parents[network].iter().all(done));
        let device = free.iter().position(|&until| until <= now);
        match (ready, device) {
            (Some(place), Some(device)) => {
                let network = waiting.remove(place);
                let end = now + times[network].max(0.0);
                (ends[network], free[device]) = (Some(end), end);
            }
            _ => {
                // Until the next network ends.
                let next = ends.iter().flatten().copied().filter(|&end| end > now).fold(f64::INFINITY, f64::min);
                if next.is_infinite() {
                    break;
                }
                now = next;
            }
        }
    }
    let whole = ends.into_iter().flatten().fold(0.0, f64::max);
    let busy: f64 = times.iter().sum();
    let idle = if whole > 0.0 { 1.0 - busy / (whole * devices as f64) } else { 0.0 };
    Outcome { devices, whole, idle }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two bases of 10, and four networks of 5 on each.
    fn plan() -> (Vec<f64>, Vec<Vec<usize>>) {
        let times = [vec![10.0; 2], vec![5.0; 8]].concat();
        let parents = (0..10).map(|network| if network < 2 { vec![] } else { vec![network % 2] }).collect();
        (times, parents)
    }

    #[test]
    fn one_device_takes_the_sum_and_many_take_the_longest_chain() {
        let (times, parents) = plan();
        assert_eq!(simulate(&times, &parents, 1), Outcome { devices: 1, whole: 60.0, idle: 0.0 });
        assert_eq!(simulate(&times, &parents, 2), Outcome { devices: 2, whole: 30.0, idle: 0.0 });
        // Three: bases end at 10, then eight networks of 5 on three devices; the third waits for 10.
        let three = simulate(&times, &parents, 3);
        assert!(three.whole == 25.0 && (three.idle - (1.0 - 60.0 / 75.0)).abs() < 1e-12, "{three:?}");
        assert_eq!(simulate(&times, &parents, 64).whole, critical_path(&times, &parents));
        assert_eq!(critical_path(&times, &parents), 15.0);
    }

    #[test]
    fn a_plan_of_nothing_takes_no_time() {
        assert_eq!(simulate(&[], &[], 8), Outcome { devices: 8, whole: 0.0, idle: 0.0 });
        assert_eq!(simulate(&[0.0], &[vec![]], 0).whole, 0.0);
    }
}
