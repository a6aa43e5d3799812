//! Python environments with what a command needs, made when they are missing or out of date.

use std::path::PathBuf;
use std::process::Command;

use crate::cargo;
use crate::outcome::{Failure, Outcome};
use crate::prerequisites::{self, CPP_COMPILER, PYTHON_HEADERS, PYTHON_VENV, Prerequisite};

/// A virtual environment.
pub(crate) struct Environment {
    /// Its folder beside cargo's output.
    folder: &'static str,
    /// The file that names what it has, below the workspace root.
    requirements: &'static str,
    /// What installing that takes.
    needs: &'static [Prerequisite],
}

/// The peers of a benchmark.
pub(crate) const BENCH: Environment = Environment {
    folder: "python",
    requirements: "bench/peers/requirements.txt",
    // hnswlib is published as source only.
    needs: &[PYTHON_VENV, PYTHON_HEADERS, CPP_COMPILER],
};

/// The servers that tests talk to, and the other readers of the lake.
pub(crate) const TESTS: Environment = Environment {
    folder: "python-tests",
    requirements: "xtask/python-tests.txt",
    needs: &[PYTHON_VENV],
};

impl Environment {
    /// The Python that has what the requirements name.
    ///
    /// The environment is made again when the requirements have changed since; a copy of them,
    /// written last, tells that it is complete.
    pub(crate) fn python(&self) -> Outcome<PathBuf> {
        let requirements = cargo::workspace_root().join(self.requirements);
        let wanted = std::fs::read_to_string(&requirements)?;
        let folder = cargo::target_folder()?.join(self.folder);
        let python = folder.join("bin/python");
        let stamp = folder.join("installed-requirements.txt");
        if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
            return Ok(python);
        }
        prerequisites::install(self.needs)?;
        println!("== a Python environment in {}", folder.display());
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
        let mut pip = Command::new(&python);
        pip.args(["-m", "pip", "install", "--quiet", "--requirement"]).arg(&requirements);
        run(&mut pip)?;
        std::fs::write(&stamp, &wanted)?;
        Ok(python)
    }
}

fn run(command: &mut Command) -> Outcome<()> {
    let status = command.status()?;
    if status.success() {
        return Ok(());
    }
    Err(Failure::Failed(format!("{command:?} ended with {status}")))
}
