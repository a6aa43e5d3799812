//! `cargo xtask weight`: what someone pays who adds only `headwater-document`.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::cargo;
use crate::outcome::{Failure, Outcome, no_arguments};

const PACKAGE: &str = "headwater-document";
const LIMIT: Duration = Duration::from_secs(90);
const HEAVY: [&str; 3] = ["arrow", "datafusion", "tantivy"];

pub(crate) fn run(arguments: &[String]) -> Outcome<()> {
    no_arguments("weight", arguments)?;
    let dependencies = dependencies()?;
    for dependency in &dependencies {
        println!("{dependency}");
    }
    // Downloads are the network's time, not the build's.
    cargo::run(cargo::command(["fetch"]))?;
    let time = build_from_nothing()?;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    println!(
        "{PACKAGE}: {} packages, dev build from nothing in {:.1} s on {cores} cores (limit {} s)",
        dependencies.len(),
        time.as_secs_f64(),
        LIMIT.as_secs()
    );
    let heavy = |name: &&String| HEAVY.iter().any(|heavy| name.starts_with(heavy));
    if let Some(name) = dependencies.iter().find(heavy) {
        return Err(Failure::Failed(format!("{PACKAGE} pulls in {name}")));
    }
    if time > LIMIT {
        return Err(Failure::Failed(format!("the build took longer than {} s", LIMIT.as_secs())));
    }
    Ok(())
}

/// `name vX.Y.Z` of every package that the library links, itself included.
fn dependencies() -> Outcome<Vec<String>> {
    let arguments = ["tree", "-p", PACKAGE, "-e", "normal", "--prefix", "none"];
    let tree = cargo::output(cargo::command(arguments))?;
    let package = |line: &str| line.split_whitespace().take(2).collect::<Vec<_>>().join(" ");
    let mut packages: Vec<String> =
        tree.lines().map(package).filter(|package| !package.is_empty()).collect();
    packages.sort();
    packages.dedup();
    Ok(packages)
}

fn build_from_nothing() -> Outcome<Duration> {
    let folder = Folder::new()?;
    let mut command = cargo::command(["build", "-p", PACKAGE, "--target-dir"]);
    // A compiler cache would time itself.
    command.arg(folder.path()).env_remove("RUSTC_WRAPPER");
    let started = Instant::now();
    cargo::run(command)?;
    Ok(started.elapsed())
}

/// A temporary folder that goes away with its value.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Outcome<Self> {
        let name = format!("headwater-weight-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path)?;
        Ok(Self(path))
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            eprintln!("xtask: {} stays behind: {error}", self.0.display());
        }
    }
}
