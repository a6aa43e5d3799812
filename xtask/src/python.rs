//! The Python environment with the peers of a benchmark, made when it is missing or out of date.

use std::path::PathBuf;
use std::process::Command;

use crate::cargo;
use crate::outcome::{Failure, Outcome};
use crate::prerequisites::{self, CPP_COMPILER, PYTHON_HEADERS, PYTHON_VENV};

const REQUIREMENTS: &str = "bench/peers/requirements.txt";

/// The Python that has what the requirements name.
///
/// The environment is a folder beside cargo's output. It is made again when the requirements have
/// changed since; a copy of them, written last, tells that it is complete.
pub(crate) fn environment() -> Outcome<PathBuf> {
    let requirements = cargo::workspace_root().join(REQUIREMENTS);
    let wanted = std::fs::read_to_string(&requirements)?;
    let folder = cargo::target_folder()?.join("python");
    let python = folder.join("bin/python");
    let stamp = folder.join("installed-requirements.txt");
    if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(python);
    }
    // hnswlib is published as source only.
    prerequisites::install(&[PYTHON_VENV, PYTHON_HEADERS, CPP_COMPILER])?;
    println!("== a Python environment in {}", folder.display());
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
    let mut pip = Command::new(&python);
    pip.args(["-m", "pip", "install", "--quiet", "--requirement"]).arg(&requirements);
    run(&mut pip)?;
    std::fs::write(&stamp, &wanted)?;
    Ok(python)
}

fn run(command: &mut Command) -> Outcome<()> {
    let status = command.status()?;
    if status.success() {
        return Ok(());
    }
    Err(Failure::Failed(format!("{command:?} ended with {status}")))
}
