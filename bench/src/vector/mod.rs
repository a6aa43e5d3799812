//! The area `vector`: what a vector store is asked to do all day.
//!
//! Every system, ours too, is a process of its own that does what it is told over a pipe and measures
//! itself, in its native code, on one thread. So all of them are there in one run and take turns, and
//! none sees another one's memory.

mod at_recall;
mod build;
mod churn;
mod codecs;
mod data;
mod engines;
mod filtered;
mod hybrid;
mod loading;
mod open;
mod search;
mod shelf;

use std::path::PathBuf;

use clap::Args;

use crate::report::Report;
use crate::vector::data::{Size, VectorSet};
use crate::vector::engines::{System, systems};
use crate::vector::shelf::Shelf;
use crate::{Outcome, RunOptions, figures_folder};

pub(crate) use data::PrepareVectors;
pub(crate) use engines::VectorEngine;
pub(crate) use loading::VectorLoading;

/// What the cases of this area are given.
pub(crate) type Bench = crate::bench::Bench<System>;

/// The area and its options.
#[derive(Args)]
pub(crate) struct VectorArea {
    #[command(flatten)]
    options: RunOptions,
    /// The Python that has what bench/peers/requirements.txt names; `cargo xtask bench` makes one
    #[arg(long, value_name = "PATH", default_value = "python3")]
    python: PathBuf,
}

enum Run {
    OnVectors(fn(&mut Bench, &mut Shelf) -> Outcome<()>),
    OnTexts(fn(&mut Bench) -> Outcome<()>),
}

const CASES: [(&str, Run); 8] = [
    (build::CASE, Run::OnVectors(build::run)),
    (search::CASE, Run::OnVectors(search::run)),
    (open::CASE, Run::OnVectors(open::run)),
    (filtered::CASE, Run::OnVectors(filtered::run)),
    (churn::CASE, Run::OnVectors(churn::run)),
    (codecs::CASE, Run::OnVectors(codecs::run)),
    (hybrid::CASE, Run::OnTexts(hybrid::run)),
    (loading::CASE, Run::OnTexts(loading::run)),
];

impl VectorArea {
    pub(crate) fn run(&self) -> Outcome<()> {
        let report = Report::new("vector", None);
        let mut bench = Bench::new(report, systems(&self.python)?, 7, &self.options)?;
        self.run_cases(&mut bench)?;
        println!("\n{}", bench.report.write_jsonl(&figures_folder())?.display());
        Ok(())
    }

    /// Runs the named cases, or all of them.
    fn run_cases(&self, bench: &mut Bench) -> Outcome<()> {
        let names = &self.options.cases;
        for name in names {
            if !CASES.iter().any(|(case, _)| case == name) {
                let known = CASES.map(|(case, _)| case).join(", ");
                return Err(format!("no case {name:?}; there are {known}").into());
            }
        }
        // The true neighbours take a while to find, and most cases need them.
        let mut shelf = None;
        for (case, run) in CASES {
            if !names.is_empty() && names.iter().all(|name| name != case) {
                continue;
            }
            match run {
                Run::OnTexts(run) => run(bench)?,
                Run::OnVectors(run) => {
                    let made = shelf.take().map_or_else(|| new_shelf(bench), Ok)?;
                    run(bench, shelf.insert(made))?;
                }
            }
            bench.report.print(case);
        }
        Ok(())
    }
}

fn new_shelf(bench: &Bench) -> Outcome<Shelf> {
    let size = if bench.quick { Size::Quick } else { Size::Full };
    Ok(Shelf::new(VectorSet::nab(bench.work(), size)?))
}
