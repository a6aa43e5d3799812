//! What pyiceberg and DuckDB read of a lake, while its namespace is open.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use headwater_primitives::{Clock, SystemClock};
use headwater_tiering::{Expiry, SchemaChange, expire};
use iceberg::spec::{Operation, PrimitiveType};
use iceberg::table::Table;
use serde_json::{Value, json};

use crate::support::{Found, Lake, scan};

/// The Python that has what `xtask/python-tests.txt` names; `None` when nothing says which.
fn python() -> Option<String> {
    let python = std::env::var("HEADWATER_PYTHON").ok();
    if python.is_none() {
        let ci = std::env::var("CI").is_ok_and(|value| value == "true");
        assert!(!ci, "HEADWATER_PYTHON is not set: it names the Python that reads the lake");
        println!("skipped: HEADWATER_PYTHON does not name a Python with pyiceberg and duckdb");
    }
    python
}

fn read(python: &str, folder: &Path, snapshots: &[i64]) -> Value {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python/read_lake.py");
    let mut command = Command::new(python);
    command.arg(script).arg(folder.join("hot.db")).arg("document.orders");
    command.args(snapshots.iter().map(i64::to_string));
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn is(read: &Value, found: &Found) {
    assert_eq!(read["rows"], json!(found.ids.len()));
    assert_eq!(read["ids"], json!(found.ids.iter().sum::<i64>()));
    assert_eq!(read["amount"].as_f64(), Some(found.amount));
}

fn current(table: &Table) -> i64 {
    table.metadata().current_snapshot_id().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn pyiceberg_and_duckdb_read_what_was_committed() {
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().unwrap();
    let lake = Lake::new(folder.path()).await;
    let read = |snapshots: &[i64]| read(&python, folder.path(), snapshots);
    assert_eq!(read(&[])["now"]["rows"], 0, "an empty table");

    let data = [lake.data(0..1000, 0).await, lake.data(1000..1500, 1).await];
    let appended = lake.commit(|new| new.add_data(data.clone())).await;
    let deletes = lake.deletes(&data[0], &[0, 7, 999]).await;
    let deleted = lake.commit(|new| new.add_deletes([deletes.clone()])).await;
    let gone = [0, 7, 999];
    let left = Found::of((0..1500).filter(|id| !gone.contains(id)));
    let found = read(&[current(&appended), current(&deleted)]);
    is(&found["now"], &left);
    is(&found["snapshots"][current(&appended).to_string()], &Found::of(0..1500));
    is(&found["snapshots"][current(&deleted).to_string()], &left);
    assert_eq!(found["parquet"]["rows"], 1500, "the files themselves hold deleted rows too");
    assert_eq!(found["namespaces"], json!(["document"]));
    assert_eq!(found["tables"], json!(["document.orders"]));

    let rewritten = [lake.data(1..7, 0).await, lake.data(8..999, 0).await];
    let replaced = lake
        .commit(|new| {
            new.add_data(rewritten)
                .remove_data([data[0].file_path()])
                .remove_deletes([deletes.file_path()])
                .operation(Operation::Replace)
        })
        .await;
    let found = read(&[]);
    is(&found["now"], &left);
    assert_eq!(found["parquet"]["rows"], json!(left.ids.len()));

    let mut change = SchemaChange::of(replaced.metadata());
    change.add("points", PrimitiveType::Long).unwrap();
    lake.make(change.prepare().unwrap()).await;
    let wider = lake.data(1500..1600, 1).await;
    let widened = lake.commit(|new| new.add_data([wider])).await;
    let all = Found::of(left.ids.iter().copied().chain(1500..1600));
    let found = read(&[current(&replaced)]);
    is(&found["now"], &all);
    assert_eq!(found["schema"]["points"], "long");
    is(&found["snapshots"][current(&replaced).to_string()], &left);

    let before = SystemClock.now().after(Duration::from_secs(3600));
    let expiry = Expiry { before, keep_last: 2 };
    let (prepared, unreachable) = expire(&widened, &expiry).await.unwrap();
    let table = lake.make(prepared).await;
    lake.catalog.lake().delete_all(unreachable.into_locations()).await.unwrap();
    let found = read(&[current(&replaced)]);
    is(&found["now"], &all);
    is(&found["snapshots"][current(&replaced).to_string()], &left);
    let mut known = [current(&replaced), current(&widened)].map(|id| id.to_string());
    known.sort();
    assert_eq!(found["known"], json!(known));
    assert_eq!(scan(&table, None).await, all, "and iceberg's own scan agrees");
}
