//! Programs that some tests call, installed when they are missing.

use std::path::Path;
use std::process::Command;

use crate::outcome::{Failure, Outcome};

/// Makes sure that `strace` can be called: the tests count fsyncs with it.
///
/// Only Linux has it; elsewhere those tests are compiled out.
pub(crate) fn install_strace() -> Outcome<()> {
    if !cfg!(target_os = "linux") || on_path("strace") {
        return Ok(());
    }
    println!("strace is missing; installing it");
    if !on_path("apt-get") {
        return Err(missing("there is no apt-get here"));
    }
    if !apt_get(&["update"])? {
        return Err(missing("`apt-get update` failed"));
    }
    if !apt_get(&["install", "-y", "--no-install-recommends", "strace"])? || !on_path("strace") {
        return Err(missing("`apt-get install strace` failed"));
    }
    Ok(())
}

fn missing(reason: &str) -> Failure {
    Failure::Failed(format!(
        "the tests need strace and {reason}; install it with the system's package manager, then \
         run this again"
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

fn on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder: std::path::PathBuf| is_file(&folder.join(program)))
}

fn is_file(path: &Path) -> bool {
    path.metadata().is_ok_and(|metadata| metadata.is_file())
}
