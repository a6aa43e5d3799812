//! The area `document`: what a document store is asked to do all day.

mod bulk_insert;
mod change_log_read;
mod durable_commits;
mod memory;
mod point_get;

use crate::Outcome;
use crate::bench::Bench;

pub(crate) use memory::MemoryOf;

type Case = (&'static str, fn(&mut Bench) -> Outcome<()>);

const CASES: [Case; 5] = [
    (durable_commits::CASE, durable_commits::run),
    (bulk_insert::CASE, bulk_insert::run),
    (point_get::CASE, point_get::run),
    (change_log_read::CASE, change_log_read::run),
    (memory::CASE, memory::run),
];

/// Runs the named cases, or all of them.
pub(crate) fn run(bench: &mut Bench, names: &[String]) -> Outcome<()> {
    for name in names {
        if !CASES.iter().any(|(case, _)| case == name) {
            let known = CASES.map(|(case, _)| case).join(", ");
            return Err(format!("no case {name:?}; there are {known}").into());
        }
    }
    for (case, run) in CASES {
        if names.is_empty() || names.iter().any(|name| name == case) {
            run(bench)?;
            bench.report.print(case);
        }
    }
    Ok(())
}
