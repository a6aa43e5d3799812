//! A process that dies at each step of a commit.

use headwater_testkit::crash::{self, Crash, End};

use crate::support::{Found, Lake, open, orders, scan};

/// Where it dies, and whether the commit is there afterwards.
const STEPS: [(&str, bool); 3] = [
    ("lake.metadata.written", false),
    ("lake.pointer.swapping", false),
    ("lake.pointer.swapped", true),
];

#[test]
fn a_commit_that_dies_leaves_the_table_as_before_or_as_after() {
    if let Some(child) = crash::child() {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let (ns, catalog) = open(child.directory());
            let lake = Lake { ns, catalog, table: orders() };
            let file = lake.data(10..20, 0).await;
            lake.commit(|new| new.add_data([file])).await;
        });
        return;
    }
    for (step, there) in STEPS {
        let folder = tempfile::tempdir().unwrap();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let lake = Lake::new(folder.path()).await;
            let file = lake.data(0..10, 0).await;
            lake.commit(|new| new.add_data([file])).await;
            lake.ns.close().unwrap();
        });
        let test = a_commit_that_dies_leaves_the_table_as_before_or_as_after;
        let outcome = Crash::of(test, step, folder.path()).fail_point(step).run().unwrap();
        assert_eq!(outcome.end, End::Aborted, "{}", outcome.stderr);
        runtime.block_on(async {
            let (ns, catalog) = open(folder.path());
            let lake = Lake { ns, catalog, table: orders() };
            let table = lake.load().await;
            let expected = Found::of(if there { 0..20 } else { 0..10 });
            assert_eq!(scan(&table, None).await, expected, "after {step}");
            let more = lake.data(20..30, 0).await;
            let table = lake.commit(|new| new.add_data([more])).await;
            assert_eq!(scan(&table, None).await.ids.len(), expected.ids.len() + 10);
        });
    }
}
