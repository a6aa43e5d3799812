//! `cargo xtask soak`: the tests that take long, in release, with larger counts.

use crate::outcome::{Failure, Outcome};
use crate::prerequisites;
use crate::test_run::{self, Plan};

const DEFAULT_MINUTES: u64 = 30;

/// What is soaked: all of it, or an area.
struct Area {
    name: &'static str,
    /// What cargo builds.
    scope: &'static [&'static str],
    /// What the names of the tests have.
    tests: &'static str,
}

const ALL: Area = Area {
    name: "",
    scope: &["--workspace", "--features", "headwater-document/tiering"],
    tests: "soak",
};

const AREAS: [Area; 1] = [Area {
    name: "lake",
    scope: &["--package", "headwater-document", "--features", "headwater-document/tiering"],
    tests: "lake::soak::",
}];

/// What was asked for.
struct Asked {
    area: &'static Area,
    minutes: u64,
}

pub(crate) fn run(arguments: &[String]) -> Outcome<()> {
    let Asked { area, minutes } = asked(arguments)?;
    prerequisites::install(&[prerequisites::STRACE])?;
    let harness = [area.tests, "--ignored", "--nocapture", "--test-threads=1"];
    test_run::run(&[Plan {
        cargo: [&["--release"], area.scope].concat().into_iter().map(Into::into).collect(),
        harness: harness.map(Into::into).into(),
        environment: vec![
            ("HEADWATER_SOAK", "1".into()),
            ("HEADWATER_SOAK_MINUTES", minutes.to_string()),
        ],
    }])
}

fn asked(arguments: &[String]) -> Outcome<Asked> {
    let mut asked = Asked { area: &ALL, minutes: DEFAULT_MINUTES };
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        if argument == "--minutes" {
            let number = arguments.next().map_or("", String::as_str);
            asked.minutes =
                number.parse().ok().filter(|minutes| *minutes > 0).ok_or_else(|| {
                    Failure::Usage(format!("--minutes {number:?} is not a count above 0"))
                })?;
        } else {
            asked.area = AREAS.iter().find(|area| area.name == argument).ok_or_else(|| {
                let known = AREAS.each_ref().map(|area| area.name).join(", ");
                Failure::Usage(format!("`soak` takes an area ({known}) and --minutes N"))
            })?;
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
        for (line, area, minutes) in
            [("lake", "lake", 30), ("--minutes 5", "", 5), ("lake --minutes 2", "lake", 2)]
        {
            let asked = read(line).unwrap_or_else(|_| panic!("{line}"));
            assert_eq!((asked.area.name, asked.minutes), (area, minutes));
        }
        for line in ["pond", "--minutes", "--minutes 0", "lake --minutes x"] {
            assert!(read(line).is_err(), "{line}");
        }
    }
}
