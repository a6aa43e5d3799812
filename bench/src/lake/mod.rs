//! The area `lake`: handing rows off, and getting them back.

mod cold_get;
mod hand_off;
mod rows;
#[cfg(feature = "sql")]
mod tpch;

use std::path::PathBuf;

use clap::Args;

use crate::bench::Named;
use crate::report::Report;
use crate::{Outcome, RunOptions, figures_folder};

const REQUIREMENTS: &str = include_str!("../../../xtask/python-tests.txt");

/// The area and its options.
#[derive(Args)]
pub(crate) struct LakeArea {
    #[command(flatten)]
    options: RunOptions,
    /// The Python that has what xtask/python-tests.txt names; `cargo xtask bench` makes one
    #[arg(long, value_name = "PATH", default_value = "python3")]
    python: PathBuf,
}

/// What a case is given.
type Bench = crate::bench::Bench<Peers>;

/// pyiceberg and DuckDB, in one script that this Python runs.
struct Peers(PathBuf);

impl Named for Peers {
    fn name(&self) -> &'static str {
        "pyiceberg"
    }
}

type Case = (&'static str, fn(&mut Bench) -> Outcome<()>);

const CASES: &[Case] = &[
    (hand_off::CASE, hand_off::run),
    (cold_get::CASE, cold_get::run),
    #[cfg(feature = "sql")]
    (tpch::CASE, tpch::run),
];

impl LakeArea {
    pub(crate) fn run(&self) -> Outcome<()> {
        let cases = &self.options.cases;
        if let Some(name) = cases.iter().find(|name| CASES.iter().all(|(case, _)| case != name)) {
            let known: Vec<_> = CASES.iter().map(|(case, _)| *case).collect();
            let known = known.join(", ");
            return Err(format!("no case {name:?}; there are {known}").into());
        }
        let peers = vec![Peers(self.python.clone())];
        let mut bench = Bench::new(Report::new("lake", None), peers, 5, &self.options)?;
        for (case, run) in CASES {
            if cases.is_empty() || cases.iter().any(|name| name == case) {
                run(&mut bench)?;
                bench.report.print(case);
            }
        }
        println!("\n{}", bench.report.write_jsonl(&figures_folder())?.display());
        Ok(())
    }
}

/// The version of a Python package of this area.
fn pinned(package: &str) -> &'static str {
    let line = REQUIREMENTS
        .lines()
        .find(|line| line.strip_prefix(package).is_some_and(|rest| rest.starts_with(['=', '['])));
    line.and_then(|line| Some(line.split_once("==")?.1)).unwrap_or("unknown")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peers_have_versions() {
        for package in ["pyiceberg", "duckdb"] {
            assert_eq!(pinned(package).split('.').count(), 3, "{package}");
        }
        assert_eq!(pinned("py"), "unknown");
    }
}
