//! Which of our crates may depend on which.

use crate::workspace::{Crate, crates};

const STORES: [&str; 7] =
    ["document", "graph", "relational", "columnar", "timeseries", "vector", "blob"];

/// The folders that a crate's library or program may depend on.
///
/// `None` for a folder that the design does not know.
fn allowed(folder: &str) -> Option<Vec<&'static str>> {
    Some(match folder {
        "primitives" | "objects" | "macros" | "xtask" => vec![],
        "cdc" => vec!["primitives"],
        "testkit" => vec!["primitives", "cdc"],
        // A typed store re-exports the derive, so that one dependency is enough.
        "document" | "graph" | "relational" | "columnar" | "timeseries" => {
            vec!["primitives", "cdc", "macros", "tiering"]
        }
        // The warm tier's files, in a bucket.
        "vector" => vec!["primitives", "cdc", "macros", "objects", "tiering"],
        "blob" => vec!["primitives", "cdc", "macros", "objects", "tiering"],
        "tiering" => vec!["primitives", "cdc", "objects"],
        "stream" | "workflow" => vec!["primitives", "cdc"],
        "window" => vec!["primitives", "cdc", "stream"],
        "sql" => [&["primitives", "cdc", "tiering"][..], &STORES].concat(),
        "headwater" => [
            &["primitives", "cdc", "objects", "macros", "tiering"][..],
            &["stream", "window", "workflow", "sql"],
            &STORES,
        ]
        .concat(),
        "cli" | "examples" => vec!["headwater"],
        "bench" => [
            &["primitives", "cdc", "objects", "macros", "headwater", "tiering"][..],
            &["stream", "window", "workflow", "sql"],
            &STORES,
        ]
        .concat(),
        _ => return None,
    })
}

fn folder_of(package: &str) -> &str {
    package.strip_prefix("headwater-").unwrap_or(package)
}

/// What is wrong with a crate's arrows, one sentence each.
fn faults(one: &Crate) -> Vec<String> {
    let Some(allowed) = allowed(&one.folder) else {
        return vec![format!("the folder {} is not in the design", one.folder)];
    };
    let is_store = |folder: &str| STORES.contains(&folder);
    let mut faults = Vec::new();
    for dependency in &one.dependencies {
        let to = folder_of(&dependency.package);
        let from = &one.folder;
        if is_store(from) && is_store(to) {
            faults.push(format!("the store {from} depends on the store {to}"));
        } else if is_store(from) && to == "tiering" && !dependency.optional {
            faults.push(format!("{from} depends on tiering without a feature"));
        } else if !dependency.development && !allowed.contains(&to) {
            faults.push(format!("{from} depends on {to}"));
        }
    }
    faults
}

#[test]
fn crates_depend_only_on_what_the_design_allows() {
    let faults: Vec<String> = crates().values().flat_map(faults).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn a_package_is_named_after_its_folder() {
    for Crate { folder, package, .. } in crates().values() {
        let expected = match folder.as_str() {
            "headwater" | "xtask" => folder.clone(),
            _ => format!("headwater-{folder}"),
        };
        assert_eq!(*package, expected, "the package in {folder}/");
    }
}

#[test]
fn a_forbidden_arrow_is_found() {
    use crate::workspace::Dependency;
    let arrow = |package: &str, optional, development| Dependency {
        package: package.into(),
        optional,
        development,
    };
    let cases = [
        ("document", arrow("headwater-graph", false, true), false),
        ("document", arrow("headwater-tiering", false, false), false),
        ("document", arrow("headwater-tiering", true, false), true),
        ("document", arrow("headwater-testkit", false, true), true),
        ("document", arrow("headwater-testkit", false, false), false),
        ("primitives", arrow("headwater-cdc", false, false), false),
        ("cli", arrow("headwater", false, false), true),
        ("unheard-of", arrow("headwater", false, false), false),
    ];
    for (folder, dependency, fine) in cases {
        let what = format!("{folder} -> {}", dependency.package);
        let one =
            Crate { package: String::new(), folder: folder.into(), dependencies: vec![dependency] };
        assert_eq!(faults(&one).is_empty(), fine, "{what}");
    }
}
