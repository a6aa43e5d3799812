//! Calls to the cargo that runs us, always from the workspace root.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::outcome::{Failure, Outcome};

/// The folder that holds the workspace's `Cargo.toml`.
pub(crate) fn workspace_root() -> PathBuf {
    // Cargo's word at run time comes first: with a target folder that several clones share, this
    // program may have been compiled in another one.
    let here = std::env::var_os("CARGO_MANIFEST_DIR");
    let here = here.map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    here.parent().map_or_else(|| here.clone(), Path::to_path_buf)
}

/// What `cargo run` tells this program of itself. Some build scripts look at it, and would be run again,
/// with all that depends on them, for each cargo that is started with another environment.
const OURS: [&str; 3] = ["CARGO_MANIFEST_", "CARGO_PKG_", "CARGO_BIN_"];

/// A cargo command with its arguments, not yet started.
pub(crate) fn command<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(workspace_root()).args(arguments);
    for (name, _) in std::env::vars_os() {
        if OURS.iter().any(|prefix| name.to_string_lossy().starts_with(prefix)) {
            command.env_remove(name);
        }
    }
    command
}

/// Runs to the end with the terminal's own input and output.
pub(crate) fn run(mut command: Command) -> Outcome<()> {
    let status = command.status()?;
    if status.success() {
        return Ok(());
    }
    Err(Failure::Failed(format!("{} ended with {status}", spelled(&command))))
}

/// Runs to the end and returns what it printed to standard output.
pub(crate) fn output(mut command: Command) -> Outcome<String> {
    let output = command.stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        let spelled = spelled(&command);
        return Err(Failure::Failed(format!("{spelled} ended with {}", output.status)));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Where cargo puts what it builds.
pub(crate) fn target_folder() -> Outcome<PathBuf> {
    let folder = metadata()?["target_directory"].as_str().map(PathBuf::from);
    folder.ok_or_else(|| Failure::Failed("cargo metadata names no target folder".into()))
}

/// The name and the id of every package of the workspace, in the order of the manifest's members.
pub(crate) fn packages() -> Outcome<Vec<Package>> {
    let metadata = metadata()?;
    let packages = metadata["packages"].as_array().into_iter().flatten();
    Ok(packages.filter_map(Package::from_metadata).collect())
}

fn metadata() -> Outcome<Value> {
    let printed = output(command(["metadata", "--no-deps", "--format-version", "1"]))?;
    Ok(serde_json::from_str(&printed)?)
}

/// One of our own packages.
pub(crate) struct Package {
    pub(crate) id: String,
    pub(crate) name: String,
}

impl Package {
    fn from_metadata(package: &Value) -> Option<Self> {
        Some(Self {
            id: package["id"].as_str()?.to_owned(),
            name: package["name"].as_str()?.to_owned(),
        })
    }
}

fn spelled(command: &Command) -> String {
    let arguments: Vec<_> = command.get_args().map(|a| a.to_string_lossy()).collect();
    format!("`cargo {}`", arguments.join(" "))
}
