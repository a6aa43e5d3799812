//! `cargo xtask soak`: the tests that take long, in release, with larger counts.

use crate::outcome::{Failure, Outcome};
use crate::prerequisites;
use crate::test_run::{self, Plan};

const DEFAULT_MINUTES: u64 = 30;

/// Areas that can be soaked by themselves: their name, what cargo builds, and whose tests run.
const AREAS: [(&str, [&str; 4], &str); 1] = [(
    "lake",
    ["--package", "headwater-document", "--features", "headwater-document/tiering"],
    "lake::soak::",
)];

/// What was asked for.
struct Asked {
    area: Option<&'static (&'static str, [&'static str; 4], &'static str)>,
    minutes: u64,
}

pub(crate) fn run(arguments: &[String]) -> Outcome<()> {
    let Asked { area, minutes } = asked(arguments)?;
    prerequisites::install(&[prerequisites::STRACE])?;
    let (scope, tests) = match area {
        Some((_, scope, tests)) => (&scope[..], *tests),
        None => (&["--workspace", "--features", "headwater-document/tiering"][..], "soak"),
    };
    let harness = [tests, "--ignored", "--nocapture", "--test-threads=1"];
    test_run::run(&[Plan {
        cargo: [&["--release"], scope].concat().into_iter().map(Into::into).collect(),
        harness: harness.map(Into::into).into(),
        environment: vec![
            ("HEADWATER_SOAK", "1".into()),
            ("HEADWATER_SOAK_MINUTES", minutes.to_string()),
        ],
    }])
}

fn asked(arguments: &[String]) -> Outcome<Asked> {
    let mut asked = Asked { area: None, minutes: DEFAULT_MINUTES };
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        if argument == "--minutes" {
            let number = arguments.next().map_or("", String::as_str);
            asked.minutes =
                number.parse().ok().filter(|minutes| *minutes > 0).ok_or_else(|| {
                    Failure::Usage(format!("--minutes {number:?} is not a count above 0"))
                })?;
        } else {
            let area = AREAS.iter().find(|(name, ..)| name == argument);
            let known = AREAS.map(|(name, ..)| name).join(", ");
            let usage = || format!("`soak` takes an area ({known}) and --minutes N");
            asked.area = Some(area.ok_or_else(|| Failure::Usage(usage()))?);
        }
    }
    Ok(asked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_area_and_minutes_are_understood_and_nothing_else() {
        let read = |line: &str| asked(&line.split(' ').map(str::to_owned).collect::<Vec<_>>());
        for (line, area, minutes) in [
            ("lake", Some("lake"), 30),
            ("--minutes 5", None, 5),
            ("lake --minutes 2", Some("lake"), 2),
        ] {
            let asked = read(line).unwrap_or_else(|_| panic!("{line}"));
            assert_eq!((asked.area.map(|area| area.0), asked.minutes), (area, minutes));
        }
        for line in ["pond", "--minutes", "--minutes 0", "lake --minutes x"] {
            assert!(read(line).is_err(), "{line}");
        }
    }
}
