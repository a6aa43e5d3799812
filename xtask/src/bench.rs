//! `cargo xtask bench AREA`: one benchmark area, built in release.

use crate::outcome::{Failure, Outcome};
use crate::{cargo, python};

/// Areas whose peers are Python packages.
const WITH_PYTHON: [&str; 1] = ["vector"];

pub(crate) fn run(arguments: &[String]) -> Outcome<()> {
    let Some(area) = arguments.first().filter(|area| !area.starts_with('-')) else {
        return Err(Failure::Usage("`bench` needs an area, for example `document`".into()));
    };
    let mut command = cargo::command(["run", "--release", "--package", "headwater-bench", "--"]);
    command.args(arguments);
    let told = |flag: &str| arguments.iter().any(|argument| argument.starts_with(flag));
    if WITH_PYTHON.contains(&area.as_str()) && !told("--python") && !told("--help") {
        command.arg("--python").arg(python::BENCH.python()?);
    }
    cargo::run(command)
}
