//! Long runs: memory while millions of documents stream in.

use headwater_document::primitives::filter::field;
use headwater_document::primitives::{Durability, Namespace};
use headwater_document::{DocumentStore, Uniqueness};
use serde_json::Value;

use crate::support::defects;

/// The memory that this process has in use, in MiB.
pub(crate) fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}

#[test]
#[ignore = "two million documents"]
fn soak_memory_stays_flat_while_two_million_documents_stream_in() {
    let folder = tempfile::tempdir().unwrap();
    let ns = Namespace::builder(folder.path()).durability(Durability::Os).open().unwrap();
    let store: DocumentStore = DocumentStore::open(&ns, "orders").unwrap();
    let mut orders = headwater_testkit::documents(9);
    let mut early = 0;
    for batch in 0..200 {
        let documents: Vec<Value> = orders.by_ref().take(10_000).collect();
        store.bulk_insert(&documents).wait().unwrap();
        if batch == 0 {
            store.create_index("status", Uniqueness::Many).unwrap().wait().unwrap();
        }
        if batch == 20 {
            early = resident();
        }
        if batch % 20 == 0 {
            println!("{} documents: {} MiB", (batch + 1) * 10_000, resident());
        }
    }
    let late = resident();
    assert!(late < early + 64, "{early} MiB after 210,000 documents, {late} MiB after 2,000,000");
    assert_eq!(store.count().wait().unwrap(), 2_000_000);
    let of_each: u64 = ["new", "paid", "packed", "shipped", "returned"]
        .map(|status| store.count_where(field("status").eq(status)).wait().unwrap())
        .iter()
        .sum();
    assert_eq!(of_each, 2_000_000);
    assert_eq!(defects(&ns), Vec::<String>::new());
    println!("after all checks: {} MiB", resident());
}
