//! What some commands need from the system, installed from Debian's packages when it is missing.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::outcome::{Failure, Outcome};

/// Something that a command needs from the system.
pub(crate) struct Prerequisite {
    /// What is missing when it is, as people say it.
    name: &'static str,
    /// The Debian package that has it.
    package: &'static str,
    is_there: fn() -> bool,
}

/// Counts the tests' fsyncs. Only Linux has it; elsewhere those tests are compiled out.
pub(crate) const STRACE: Prerequisite = Prerequisite {
    name: "strace",
    package: "strace",
    is_there: || !cfg!(target_os = "linux") || on_path("strace"),
};

/// Compiles the messages of Lance's format, for the vector store's warm tier.
pub(crate) const PROTOC: Prerequisite = Prerequisite {
    name: "protoc",
    package: "protobuf-compiler",
    is_there: || std::env::var_os("PROTOC").is_some() || on_path("protoc"),
};

/// Makes Python's virtual environments.
pub(crate) const PYTHON_VENV: Prerequisite = Prerequisite {
    name: "Python's venv module",
    package: "python3-venv",
    is_there: || python_can("import ensurepip, venv"),
};

/// Python's headers, for a package that is compiled where it is installed.
pub(crate) const PYTHON_HEADERS: Prerequisite = Prerequisite {
    name: "Python's headers",
    package: "python3-dev",
    is_there: || {
        python_can("import os, sysconfig as s; os.stat(s.get_path('include') + '/Python.h')")
    },
};

/// Compiles such a package.
pub(crate) const CPP_COMPILER: Prerequisite =
    Prerequisite { name: "a C++ compiler", package: "g++", is_there: || on_path("c++") };

/// Makes sure that each of them is there.
///
/// # Errors
/// When one is missing and cannot be installed; says what to install by hand.
pub(crate) fn install(needed: &[Prerequisite]) -> Outcome<()> {
    let missing: Vec<_> = needed.iter().filter(|one| !(one.is_there)()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names: Vec<_> = missing.iter().map(|one| one.name).collect();
    let names = names.join(", ");
    println!("missing: {names}; installing");
    if !on_path("apt-get") {
        return Err(cannot_install(&names, "there is no apt-get here"));
    }
    if !apt_get(&["update"])? {
        return Err(cannot_install(&names, "`apt-get update` failed"));
    }
    let mut arguments = vec!["install", "-y", "--no-install-recommends"];
    arguments.extend(missing.iter().map(|one| one.package));
    if !apt_get(&arguments)? || missing.iter().any(|one| !(one.is_there)()) {
        return Err(cannot_install(&names, "`apt-get install` did not bring it"));
    }
    Ok(())
}

fn cannot_install(names: &str, reason: &str) -> Failure {
    Failure::Failed(format!(
        "this needs {names} and {reason}; install it with the system's package manager, then run \
         this again"
    ))
}

fn apt_get(arguments: &[&str]) -> Outcome<bool> {
    let mut command = if needs_sudo() { Command::new("sudo") } else { Command::new("apt-get") };
    if needs_sudo() {
        // Without a terminal a password prompt would wait for ever.
        command.args(["-n", "apt-get"]);
    }
    command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
    Ok(command.status()?.success())
}

fn needs_sudo() -> bool {
    let id = Command::new("id").arg("-u").output();
    let root = id.is_ok_and(|output| output.stdout.trim_ascii() == b"0");
    !root && on_path("sudo")
}

fn python_can(program: &str) -> bool {
    let mut python = Command::new("python3");
    python.args(["-c", program]).stdout(Stdio::null()).stderr(Stdio::null());
    python.status().is_ok_and(|status| status.success())
}

fn on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder: std::path::PathBuf| is_file(&folder.join(program)))
}

fn is_file(path: &Path) -> bool {
    path.metadata().is_ok_and(|metadata| metadata.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEVER_THERE: Prerequisite =
        Prerequisite { name: "a unicorn", package: "no-such-package", is_there: || false };

    #[test]
    fn what_is_there_is_not_installed() {
        let there = Prerequisite { is_there: || true, ..NEVER_THERE };
        assert!(install(&[there]).is_ok());
    }

    #[test]
    fn a_refusal_says_what_is_missing() {
        let Failure::Failed(reason) = cannot_install(NEVER_THERE.name, "of a reason") else {
            panic!("another failure");
        };
        assert!(reason.contains("a unicorn") && reason.contains("of a reason"), "{reason}");
    }
}
