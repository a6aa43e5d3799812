//! Headwater's benchmarks: each area runs beside its peers, in one run, on equal terms.

mod bench;
mod datasets;
mod document;
mod documents;
mod engines;
mod lake;
mod machine;
mod report;
mod resident;
mod statistics;
mod vector;
mod versions;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::bench::Bench;
use crate::engines::systems;
use crate::report::Report;

/// A failure ends the run: a figure from a run that went wrong is worth nothing.
pub(crate) type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

#[derive(Parser)]
#[command(about = "Benchmarks of Headwater beside its peers")]
struct Arguments {
    #[command(subcommand)]
    area: Area,
}

#[derive(Subcommand)]
enum Area {
    /// Commits, bulk inserts, gets, the change log and memory of the document store
    Document(RunOptions),
    /// Building, searching, filtering and opening vector indexes, and ranking texts
    Vector(vector::VectorArea),
    /// Handing rows off to the lake, and getting them there
    Lake(lake::LakeArea),
    /// One measured process of the memory case
    #[command(hide = true)]
    MemoryOf(document::MemoryOf),
    /// One measured process of the vector area
    #[command(hide = true)]
    VectorEngine(vector::VectorEngine),
    /// The measured process of the vectors' loading case
    #[command(hide = true)]
    VectorLoading(vector::VectorLoading),
    /// The vectors of the vector area as files
    #[command(hide = true)]
    PrepareVectors(vector::PrepareVectors),
}

/// What every area takes.
#[derive(Args)]
pub(crate) struct RunOptions {
    /// Fewer documents and shorter measurements: to see that it runs, not for figures to keep
    #[arg(long)]
    quick: bool,
    /// How often every system takes its turn; 5, or 7 for vectors
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    rounds: Option<u16>,
    /// Only these cases
    #[arg(long = "case", value_name = "NAME")]
    cases: Vec<String>,
    /// Only these systems
    #[arg(long = "system", value_name = "NAME")]
    systems: Vec<String>,
    /// Where the databases are made; it should be on the disk that is to be measured
    #[arg(long, value_name = "DIR")]
    work: Option<PathBuf>,
}

fn main() -> ExitCode {
    match run(Arguments::parse().area) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("headwater-bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(area: Area) -> Outcome<()> {
    match area {
        Area::Document(options) => {
            let report = Report::new("document", Some("rusqlite"));
            let mut bench = Bench::new(report, systems(), 5, &options)?;
            machine::probe(&mut bench)?;
            document::run(&mut bench, &options.cases)?;
            println!("\n{}", bench.report.write_jsonl(&figures_folder())?.display());
            Ok(())
        }
        Area::Vector(area) => area.run(),
        Area::Lake(area) => area.run(),
        Area::MemoryOf(child) => child.run(),
        Area::VectorEngine(engine) => engine.run(),
        Area::VectorLoading(loading) => loading.run(),
        Area::PrepareVectors(prepare) => prepare.run(),
    }
}

/// `target/bench` of the workspace, wherever cargo builds to.
pub(crate) fn figures_folder() -> PathBuf {
    workspace_root().join("target/bench")
}

/// The folder that holds the workspace's `Cargo.toml`.
pub(crate) fn workspace_root() -> PathBuf {
    // Cargo's word at run time comes first: with a target folder that several clones share, this
    // program may have been compiled in another one.
    let here = std::env::var_os("CARGO_MANIFEST_DIR");
    let here = here.map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    here.parent().map_or_else(|| here.clone(), Path::to_path_buf)
}
