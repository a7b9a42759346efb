//! A survey for tests of how it is shown.

use crate::protocol::{
    claim_file::Claimant,
    survey::{Activity, Survey, Watched},
};

pub(super) fn made() -> Survey {
    let network = |name: &str, activity, message: Option<&str>| Watched {
        name: name.into(),
        activity,
        owner: Some(Claimant {
            id: "1-0".into(),
            host: "a-host-with-a-long-name.example.org".into(),
            process: 123_456,
            boot: String::new(),
            locked: true,
            start: 0,
        }),
        taken_seconds: Some(3700.0),
        heartbeat_seconds: Some(2.0),
        step: 75,
        steps: 300,
        images_per_second: Some(1234.5),
        left_seconds: Some(90_000.0),
        losses: (0..100).map(|i| 4.0 / f64::from(i + 1)).collect(),
        top1: Some(0.5),
        to_base: Some(-1.25),
        seconds: 0.0,
        message: message.map(String::from),
    };
    Survey {
        experiment: "default".into(),
        at: 0,
        counts: [(Activity::Training, 1), (Activity::Failed, 1), (Activity::Done, 1)].into(),
        images_per_second: 1234.5,
        left_seconds: Some(65.0),
        networks: vec![
            network("s0-r0-baseA", Activity::Done, None),
            network("s0-r0-other-classes-A3B-preserve2", Activity::Failed, Some("the disk is full")),
            network("s0-r0-A3B+", Activity::Training, None),
        ],
    }
}
