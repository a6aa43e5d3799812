//! `cargo xtask test`: every test of the workspace, or of one crate.

use crate::outcome::{Failure, Outcome};
use crate::test_run::{self, Plan};
use crate::{cargo, prerequisites};

/// The package of the vector store.
const VECTOR: &str = "headwater-vector";

pub(crate) fn run(arguments: &[String]) -> Outcome<()> {
    let scope = match arguments {
        [] => vec!["--workspace".into()],
        [flag, name] if flag == "--crate" => vec!["--package".into(), package_named(name)?],
        _ => return Err(Failure::Usage("`test` takes only --crate NAME".into())),
    };
    let tests_vectors = scope.len() == 1 || scope.last().is_some_and(|package| package == VECTOR);
    let mut needed = vec![prerequisites::STRACE];
    let mut plans = vec![Plan::of(scope)];
    if tests_vectors {
        needed.push(prerequisites::PROTOC);
        plans.push(warm_tier());
    }
    prerequisites::install(&needed)?;
    test_run::run(&plans)
}

/// The vector store with its warm tier, and the program that moves embeddings: a run of its own, so that everything else is tested as it is
/// without.
fn warm_tier() -> Plan {
    let features = "headwater-vector/lance,headwater-cli/lance";
    let packages = ["--package", VECTOR, "--package", "headwater-cli"];
    let cargo = [&packages[..], &["--features", features, "--tests"]].concat();
    let harness = vec!["warm::".to_owned()];
    Plan { harness, ..Plan::of(cargo.into_iter().map(str::to_owned).collect()) }
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
