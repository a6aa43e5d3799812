//! `cargo xtask bench AREA`: one benchmark area, built in release.

use crate::cargo;
use crate::outcome::{Failure, Outcome};
use crate::python::{self, Environment};

/// Areas whose peers are Python packages.
const WITH_PYTHON: [(&str, Environment); 2] = [("vector", python::BENCH), ("lake", python::TESTS)];

/// What only one area is built with.
const FEATURES: [(&str, &str); 1] = [("lake", "sql")];

pub(crate) fn run(arguments: &[String]) -> Outcome<()> {
    let Some(area) = arguments.first().filter(|area| !area.starts_with('-')) else {
        return Err(Failure::Usage("`bench` needs an area, for example `document`".into()));
    };
    let mut command = cargo::command(["run", "--release", "--package", "headwater-bench"]);
    if let Some((_, feature)) = FEATURES.iter().find(|(name, _)| name == area) {
        command.args(["--features", feature]);
    }
    command.arg("--").args(arguments);
    let told = |flag: &str| arguments.iter().any(|argument| argument.starts_with(flag));
    let peers = WITH_PYTHON.iter().find(|(name, _)| name == area);
    if let Some((_, peers)) = peers.filter(|_| !told("--python") && !told("--help")) {
        command.arg("--python").arg(peers.python()?);
    }
    cargo::run(command)
}
