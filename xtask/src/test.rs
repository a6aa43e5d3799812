//! `cargo xtask test`: every test of the workspace, or of one crate.

use crate::outcome::{Failure, Outcome};
use crate::servers::Servers;
use crate::test_run::{self, Plan};
use crate::{cargo, prerequisites};

/// Features that are off unless asked for, and whose tests run all the same: by package.
const FEATURES: [(&str, &str); 2] = [
    ("headwater-document", "headwater-document/tiering"),
    ("headwater-document", "headwater-tiering/aws"),
];

pub(crate) fn run(arguments: &[String]) -> Outcome<()> {
    let package = match arguments {
        [] => None,
        [flag, name] if flag == "--crate" => Some(package_named(name)?),
        _ => return Err(Failure::Usage("`test` takes only --crate NAME".into())),
    };
    prerequisites::install(&[prerequisites::STRACE])?;
    let servers = Servers::start(package.as_deref())?;
    let features: Vec<String> = FEATURES
        .iter()
        .filter(|(of, _)| package.as_deref().is_none_or(|package| package == *of))
        .map(|(_, feature)| format!("--features={feature}"))
        .collect();
    let mut scope = match package {
        Some(package) => vec!["--package".into(), package],
        None => vec!["--workspace".into()],
    };
    scope.extend(features);
    let environment = servers.environment();
    test_run::run(&Plan { cargo: scope, harness: Vec::new(), environment })
}

/// Takes the name of a package or of its folder.
fn package_named(name: &str) -> Outcome<String> {
    let names: Vec<String> = cargo::packages()?.into_iter().map(|package| package.name).collect();
    let full = format!("headwater-{name}");
    match names.iter().find(|known| *known == name || **known == full) {
        Some(known) => Ok(known.clone()),
        None => Err(Failure::Usage(format!(
            "there is no crate {name:?}; there are {}",
            names.join(", ")
        ))),
    }
}
