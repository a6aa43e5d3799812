//! `cargo xtask bench AREA`: one benchmark area, built in release.

use crate::cargo;
use crate::outcome::{Failure, Outcome};

pub(crate) fn run(arguments: &[String]) -> Outcome<()> {
    if arguments.first().is_none_or(|area| area.starts_with('-')) {
        return Err(Failure::Usage("`bench` needs an area, for example `document`".into()));
    }
    let mut command = cargo::command(["run", "--release", "--package", "headwater-bench", "--"]);
    command.args(arguments);
    cargo::run(command)
}
