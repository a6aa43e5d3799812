//! `cargo xtask check`: formatting, lints and dependencies, without running a test.

use crate::outcome::{Outcome, no_arguments};
use crate::{cargo, outcome};

pub(crate) fn run(arguments: &[String]) -> Outcome<()> {
    no_arguments("check", arguments)?;
    step(&["fmt", "--all", "--check"])?;
    step(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"])?;
    if !deny_is_installed() {
        println!("== cargo deny: not installed, so licences and advisories were not looked at");
        return Ok(());
    }
    step(&["deny", "check"])
}

fn step(arguments: &[&str]) -> Result<(), outcome::Failure> {
    println!("== cargo {}", arguments.join(" "));
    cargo::run(cargo::command(arguments.iter().copied()))
}

fn deny_is_installed() -> bool {
    cargo::command(["deny", "--version"]).output().is_ok_and(|output| output.status.success())
}
