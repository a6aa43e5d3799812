//! `cargo xtask bench AREA`: one benchmark area, built in release.

use crate::cargo;
use crate::outcome::{Failure, Outcome};
use crate::python::{self, Environment};

/// Areas whose peers are Python packages.
const WITH_PYTHON: [(&str, Environment); 2] = [("vector", python::BENCH), ("lake", python::TESTS)];

pub(crate) fn run(arguments: &[String]) -> Outcome<()> {
    let Some(area) = arguments.first().filter(|area| !area.starts_with('-')) else {
        return Err(Failure::Usage("`bench` needs an area, for example `document`".into()));
    };
    let mut command = cargo::command(["run", "--release", "--package", "headwater-bench", "--"]);
    command.args(arguments);
    let told = |flag: &str| arguments.iter().any(|argument| argument.starts_with(flag));
    let peers = WITH_PYTHON.iter().find(|(name, _)| name == area);
    if let Some((_, peers)) = peers.filter(|_| !told("--python") && !told("--help")) {
        command.arg("--python").arg(peers.python()?);
    }
    cargo::run(command)
}
