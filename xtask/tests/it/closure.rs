//! What someone compiles who adds only `headwater-document`.

use std::collections::BTreeSet;

use crate::workspace::{cargo, here};

/// Engines and runtimes that a document store has no business with; also as a prefix.
const HEAVY: [&str; 9] = [
    "arrow",
    "async-std",
    "datafusion",
    "iceberg",
    "lance",
    "object_store",
    "parquet",
    "tantivy",
    "tokio",
];

/// Another platform has another list, so the committed one is Linux's.
const PLATFORM: &str = "x86_64-unknown-linux-gnu";

fn closure() -> BTreeSet<String> {
    let package = ["tree", "-p", "headwater-document", "-e", "normal", "--prefix", "none"];
    let tree = cargo(&[&package[..], &["--target", PLATFORM]].concat());
    let name = |line: &str| line.split_whitespace().next().map(str::to_owned);
    tree.lines().filter_map(name).collect()
}

#[test]
fn the_document_store_alone_pulls_in_no_heavy_engine() {
    let closure = closure();
    assert!(closure.contains("headwater-document"));
    let heavy = |name: &&String| HEAVY.iter().any(|heavy| name.starts_with(heavy));
    let found: Vec<&String> = closure.iter().filter(heavy).collect();
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn the_document_store_alone_pulls_in_the_committed_list() {
    let file = here().join("tests/it/document-closure.txt");
    let closure: String = closure().iter().map(|name| format!("{name}\n")).collect();
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&file, &closure).unwrap();
    }
    let committed = std::fs::read_to_string(&file).unwrap_or_default();
    assert_eq!(
        closure, committed,
        "the dependencies of headwater-document have changed; if that is meant, run \
         `BLESS=1 cargo test -p xtask` and commit the list"
    );
}

/// What `package` pulls in with its default features.
fn pulled_in_by(package: &str) -> String {
    cargo(&["tree", "-p", package, "-e", "normal", "--prefix", "none", "--target", PLATFORM])
}

#[test]
fn datafusion_is_pulled_in_by_sql_alone_and_by_what_asks_for_it() {
    let has = |package| pulled_in_by(package).lines().any(|line| line.starts_with("datafusion "));
    for package in ["headwater-sql", "headwater-cli"] {
        assert!(has(package), "{package}");
    }
    for package in ["headwater", "headwater-examples", "headwater-tiering", "headwater-vector"] {
        assert!(!has(package), "{package}");
    }
}
