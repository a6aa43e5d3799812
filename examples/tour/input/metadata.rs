//! What `cargo metadata` says.

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

use serde::Deserialize;

use crate::Outcome;
use crate::model::{Dependency, DependencyKind};
use crate::screen::Screen;

#[derive(Deserialize)]
pub(super) struct Metadata {
    pub(super) packages: Vec<Described>,
    pub(super) resolve: Resolve,
}

#[derive(Deserialize)]
pub(super) struct Described {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) version: String,
    pub(super) description: Option<String>,
    pub(super) license: Option<String>,
    pub(super) authors: Vec<String>,
    pub(super) keywords: Vec<String>,
    pub(super) categories: Vec<String>,
    pub(super) readme: Option<String>,
    pub(super) manifest_path: String,
    pub(super) dependencies: Vec<Asked>,
}

/// A dependency as the manifest has it.
#[derive(Deserialize)]
pub(super) struct Asked {
    name: String,
    req: String,
    kind: Option<String>,
    optional: bool,
    target: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Resolve {
    pub(super) nodes: Vec<Node>,
}

#[derive(Deserialize)]
pub(super) struct Node {
    pub(super) id: String,
    pub(super) dependencies: Vec<String>,
}

impl Metadata {
    /// Asks cargo: without a network first, for all platforms and then for this one, whose packages
    /// alone a build may have fetched; with it at last.
    pub(super) fn ask(screen: Screen) -> Outcome<Metadata> {
        let host = host()?;
        let offline: [&[&str]; 2] = [&["--offline"], &["--offline", "--filter-platform", &host]];
        for arguments in offline {
            if let Ok(metadata) = run(arguments) {
                return Ok(metadata);
            }
        }
        screen.paragraph(
            "Some of the workspace's packages are not on this machine yet: cargo gets them.",
        );
        run(&[])
    }
}

fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")))
}

fn run(arguments: &[&str]) -> Outcome<Metadata> {
    let package = std::env::var_os("CARGO_MANIFEST_DIR");
    let package = package.unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    let text = output(
        cargo()
            .args(["metadata", "--format-version", "1", "--locked", "--manifest-path"])
            .arg(Path::new(&package).join("Cargo.toml"))
            .args(arguments),
    )?;
    let read = serde_json::from_str(&text);
    Ok(read.map_err(|error| format!("what cargo metadata says cannot be read: {error}"))?)
}

/// The platform that cargo builds for here.
fn host() -> Outcome<String> {
    let text = output(cargo().arg("-vV"))?;
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.ok_or("cargo -vV names no host")?.to_owned())
}

fn output(command: &mut Command) -> Outcome<String> {
    let name = command.get_program().display().to_string();
    let output = command.output().map_err(|error| format!("{name} cannot be started: {error}"))?;
    if !output.status.success() {
        let why = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{name} failed:\n{}", why.trim_end()).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}

impl From<&Asked> for Dependency {
    fn from(asked: &Asked) -> Dependency {
        Dependency {
            name: asked.name.clone(),
            requirement: asked.req.clone(),
            kind: match asked.kind.as_deref() {
                Some("build") => DependencyKind::Build,
                Some("dev") => DependencyKind::Dev,
                _ => DependencyKind::Normal,
            },
            optional: asked.optional,
            target: asked.target.clone(),
        }
    }
}
