//! `cargo xtask check`: formatting, lints and dependencies, without running a test.

use crate::outcome::{Outcome, no_arguments};
use crate::test::{FEATURES, scope};
use crate::{cargo, outcome, prerequisites};

pub(crate) fn run(arguments: &[String]) -> Outcome<()> {
    no_arguments("check", arguments)?;
    step(&["fmt", "--all", "--check"])?;
    prerequisites::install(&[prerequisites::PROTOC])?;
    lint(&scope(None))?;
    // The same without what can be left out.
    let mut owners: Vec<&str> = FEATURES.iter().map(|(owner, _)| *owner).collect();
    owners.dedup();
    lint(
        &owners.iter().flat_map(|owner| ["--package".into(), (*owner).into()]).collect::<Vec<_>>(),
    )?;
    if !deny_is_installed() {
        println!("== cargo deny: not installed, so licences and advisories were not looked at");
        return Ok(());
    }
    step(&["deny", "check"])
}

fn lint(scope: &[String]) -> Result<(), outcome::Failure> {
    let scope = scope.iter().map(String::as_str);
    let arguments = ["clippy", "--all-targets"].into_iter().chain(scope);
    step(&arguments.chain(["--", "-D", "warnings"]).collect::<Vec<_>>())
}

fn step(arguments: &[&str]) -> Result<(), outcome::Failure> {
    println!("== cargo {}", arguments.join(" "));
    cargo::run(cargo::command(arguments.iter().copied()))
}

fn deny_is_installed() -> bool {
    cargo::command(["deny", "--version"]).output().is_ok_and(|output| output.status.success())
}
