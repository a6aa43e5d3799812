//! `cargo xtask test`: every test of the workspace, or of one crate.

use crate::outcome::{Failure, Outcome};
use crate::servers::Servers;
use crate::test_run::{self, Plan};
use crate::{cargo, prerequisites};

/// The package of the vector store.
const VECTOR: &str = "headwater-vector";

/// Optional features, by the package whose tests need them, that are run with all the others, in the same
/// build: a call of its own for each would build their packages, and what those depend on, again.
pub(crate) const FEATURES: [(&str, &str); 9] = [
    ("headwater-document", "headwater-document/tiering"),
    ("headwater-document", "headwater-tiering/aws"),
    ("headwater-sql", "headwater-sql/vector"),
    (VECTOR, "headwater-vector/hnsw_rs"),
    (VECTOR, "headwater-vector/lance"),
    (VECTOR, "headwater-vector/aws"),
    ("headwater-cli", "headwater-cli/lance"),
    ("headwater-bench", "headwater-bench/sql"),
    ("headwater-examples", "headwater-examples/cluster"),
];

pub(crate) fn run(arguments: &[String]) -> Outcome<()> {
    let package = match arguments {
        [] => None,
        [flag, name] if flag == "--crate" => Some(package_named(name)?),
        _ => return Err(Failure::Usage("`test` takes only --crate NAME".into())),
    };
    prerequisites::install(&[prerequisites::STRACE, prerequisites::PROTOC])?;
    let servers = Servers::start(package.as_deref())?;
    let scope = scope(package.as_deref());
    test_run::run(&[Plan { environment: servers.environment(), ..Plan::of(scope) }])
}

/// The whole workspace or one package, with the features that there are to be tested.
pub(crate) fn scope(package: Option<&str>) -> Vec<String> {
    let mut scope = match package {
        None => vec!["--workspace".into()],
        Some(package) => vec!["--package".into(), package.into()],
    };
    let in_scope = |owner: &str| package.is_none_or(|package| package == owner);
    for (_, feature) in FEATURES.iter().filter(|(owner, _)| in_scope(owner)) {
        scope.extend(["--features".into(), (*feature).into()]);
    }
    scope
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_are_tested_where_their_package_is() {
        let feature = "headwater-vector/hnsw_rs".to_owned();
        for package in [None, Some("headwater-vector")] {
            assert!(scope(package).contains(&feature), "{package:?}");
        }
        assert_eq!(scope(Some("headwater-cdc")), ["--package", "headwater-cdc"]);
    }
}
