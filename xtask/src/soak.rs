//! `cargo xtask soak`: the tests that take long, in release, with larger counts.

use crate::outcome::{Failure, Outcome};
use crate::prerequisites;
use crate::test_run::{self, Plan};

const DEFAULT_MINUTES: u64 = 30;

pub(crate) fn run(arguments: &[String]) -> Outcome<()> {
    let minutes = minutes(arguments)?;
    prerequisites::install(&[prerequisites::STRACE])?;
    test_run::run(&[Plan {
        cargo: vec!["--release".into(), "--workspace".into()],
        harness: ["soak", "--ignored", "--nocapture", "--test-threads=1"].map(Into::into).into(),
        environment: vec![
            ("HEADWATER_SOAK", "1".into()),
            ("HEADWATER_SOAK_MINUTES", minutes.to_string()),
        ],
    }])
}

fn minutes(arguments: &[String]) -> Outcome<u64> {
    match arguments {
        [] => Ok(DEFAULT_MINUTES),
        [flag, number] if flag == "--minutes" => {
            number.parse().ok().filter(|minutes| *minutes > 0).ok_or_else(|| {
                Failure::Usage(format!("--minutes {number:?} is not a count above 0"))
            })
        }
        _ => Err(Failure::Usage("`soak` takes only --minutes N".into())),
    }
}
