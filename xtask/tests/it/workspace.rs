//! Reads the workspace through cargo.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

/// Our own folder, as cargo says it at run time: with a target folder that several clones share,
/// this program may have been compiled in another one.
pub(crate) fn here() -> PathBuf {
    std::env::var_os("CARGO_MANIFEST_DIR").unwrap().into()
}

/// Runs cargo at the workspace root and returns its standard output.
pub(crate) fn cargo(arguments: &[&str]) -> String {
    let here = here();
    let root = here.parent().unwrap();
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.current_dir(root).args(arguments).stderr(Stdio::inherit());
    let output = command.output().unwrap();
    assert!(output.status.success(), "cargo {arguments:?} ended with {}", output.status);
    String::from_utf8(output.stdout).unwrap()
}

/// One of our crates, as its manifest has it.
pub(crate) struct Crate {
    pub(crate) package: String,
    /// The folder below the workspace root.
    pub(crate) folder: String,
    /// What it declares of ours, by package name.
    pub(crate) dependencies: Vec<Dependency>,
}

/// An arrow from one of our crates to another.
pub(crate) struct Dependency {
    pub(crate) package: String,
    pub(crate) optional: bool,
    /// Only tests, examples and benches see it.
    pub(crate) development: bool,
}

/// Every crate of the workspace, by folder.
pub(crate) fn crates() -> BTreeMap<String, Crate> {
    let metadata = cargo(&["metadata", "--no-deps", "--format-version", "1"]);
    let metadata: Value = serde_json::from_str(&metadata).unwrap();
    let root = metadata["workspace_root"].as_str().unwrap();
    let packages = metadata["packages"].as_array().unwrap().iter();
    packages.map(|package| read(package, root)).map(|one| (one.folder.clone(), one)).collect()
}

fn read(package: &Value, root: &str) -> Crate {
    let manifest = Path::new(package["manifest_path"].as_str().unwrap());
    let folder = manifest.parent().unwrap().strip_prefix(root).unwrap();
    let dependencies = package["dependencies"].as_array().unwrap().iter();
    Crate {
        package: package["name"].as_str().unwrap().to_owned(),
        folder: folder.to_str().unwrap().to_owned(),
        dependencies: dependencies
            .filter(|dependency| dependency["path"].is_string())
            .map(|dependency| Dependency {
                package: dependency["name"].as_str().unwrap().to_owned(),
                optional: dependency["optional"].as_bool().unwrap(),
                development: dependency["kind"] == "dev",
            })
            .collect(),
    }
}
