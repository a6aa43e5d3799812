//! The `headwater` program: reads and writes a database from the command line.
#![doc = include_str!("../README.md")]

mod arguments;
mod database;
mod document;
mod events;
mod failure;
mod from_lake;
mod input;
mod interrupt;
mod output;
mod progress;
mod put;
mod rebuild;
mod sql;
mod stats;
mod tier;
mod upkeep;
mod vector;
mod verify;

use std::process::ExitCode;

use arguments::{Area, Arguments, RebuildQuery};
use failure::{Failure, Outcome};

fn main() -> ExitCode {
    let arguments = Arguments::read();
    match run(arguments) {
        Ok(()) | Err(Failure::OutputClosed) => ExitCode::SUCCESS,
        Err(Failure::Refused(message)) => {
            failure::report(&message);
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> Outcome {
    let db = arguments.db;
    match arguments.area {
        Area::Document(verb) => document::run(&db, verb),
        Area::Events(query) => events::run(&db, query),
        Area::Rebuild(RebuildQuery { from_lake: Some(lake) }) => {
            from_lake::run(&db, lake.as_deref())
        }
        Area::Rebuild(_) => rebuild::run(&db),
        Area::Sql(statement) => sql::run(&db, &statement),
        Area::Stats => stats::run(&db),
        Area::Tier(verb) => tier::run(&db, verb),
        Area::Vector(verb) => vector::run(&db, verb),
        Area::Verify => verify::run(&db),
    }
}
