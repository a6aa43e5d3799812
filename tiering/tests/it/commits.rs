//! The swap of the pointer: races, and work in the same transaction.

use headwater_primitives::{Error, ErrorKind, Part};
use headwater_tiering::SqliteCatalog;
use iceberg::transaction::{ApplyTransactionAction, Transaction};
use iceberg::{Catalog, Runtime, TableUpdate};

use crate::support::{Found, Lake, orders, scan, storage};

const NOTES: Part = Part { name: "notes", migrations: &["CREATE TABLE notes(text TEXT)"] };

fn notes(lake: &Lake) -> i64 {
    let count = |sql: &headwater_primitives::rusqlite::Connection| {
        Ok(sql.query_row("SELECT count(*) FROM notes", [], |row| row.get(0))?)
    };
    lake.ns.query::<_, Error>(count).unwrap()
}

fn metadata_files(folder: &std::path::Path) -> usize {
    let files = std::fs::read_dir(folder.join("lake/document/orders/metadata")).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.ends_with(".metadata.json")).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_callers_work_is_in_the_same_transaction_as_the_swap() {
    let folder = tempfile::tempdir().unwrap();
    let lake = Lake::new(folder.path()).await;
    lake.ns.install(&NOTES).unwrap();
    let file = lake.data(0..10, 0).await;
    let table = lake.load().await;
    let prepared = lake.catalog.new_snapshot(&table).add_data([file]).write().await.unwrap();
    let pointer = orders();
    let seen = lake.catalog.clone();
    let before = table.metadata_location().unwrap().to_owned();
    let committed = lake
        .catalog
        .commit_with(&orders(), prepared.requirements, prepared.updates, move |tx| {
            assert_ne!(seen.pointer(tx.sql(), &pointer)?, before, "the swap comes first");
            tx.sql().execute("INSERT INTO notes VALUES ('done')", [])?;
            Ok(())
        })
        .await
        .unwrap();
    assert_eq!(notes(&lake), 1);
    assert_eq!(scan(&committed, None).await, Found::of(0..10));
    assert_eq!(committed.metadata().current_snapshot_id(), prepared.snapshot_id);
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_callers_work_fails_the_table_is_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let lake = Lake::new(folder.path()).await;
    lake.ns.install(&NOTES).unwrap();
    let file = lake.data(0..10, 0).await;
    let table = lake.load().await;
    let prepared = lake.catalog.new_snapshot(&table).add_data([file]).write().await.unwrap();
    let error = lake
        .catalog
        .commit_with(&orders(), prepared.requirements, prepared.updates, |tx| {
            tx.sql().execute("INSERT INTO notes VALUES ('half')", [])?;
            Err(Error::new(ErrorKind::TooLarge, "the caller's own reason"))
        })
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.to_string().as_str()),
        (ErrorKind::TooLarge, "the caller's own reason")
    );
    assert_eq!(notes(&lake), 0);
    let now = lake.load().await;
    assert_eq!(now.metadata_location(), table.metadata_location());
    assert_eq!(metadata_files(folder.path()), 1, "the refused metadata file is taken back");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_commits_to_one_snapshot_one_wins_and_the_other_may_try_again() {
    let folder = tempfile::tempdir().unwrap();
    let lake = Lake::new(folder.path()).await;
    let files = [lake.data(0..10, 0).await, lake.data(10..20, 0).await];
    let base = lake.load().await;
    let mut commits = Vec::new();
    for file in files.clone() {
        let prepared = lake.catalog.new_snapshot(&base).add_data([file]).write().await.unwrap();
        let catalog = lake.catalog.clone();
        commits.push(tokio::spawn(async move {
            let table = orders();
            catalog
                .commit_with(&table, prepared.requirements, prepared.updates, |_| Ok(()))
                .await
                .map(|_| ())
        }));
    }
    let mut outcomes = Vec::new();
    for commit in commits {
        outcomes.push(commit.await.unwrap());
    }
    let lost = outcomes.iter().position(Result::is_err).expect("one of the two loses");
    assert_eq!(outcomes[lost].as_ref().unwrap_err().kind(), ErrorKind::Conflict);
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    let table = lake.commit(|new| new.add_data([files[lost].clone()])).await;
    assert_eq!(scan(&table, None).await, Found::of(0..20));
}

#[tokio::test(flavor = "multi_thread")]
async fn icebergs_own_transactions_try_again_until_all_are_in() {
    let folder = tempfile::tempdir().unwrap();
    let lake = Lake::new(folder.path()).await;
    let mut writers = Vec::new();
    for writer in 0..4 {
        let file = lake.data(writer * 10..writer * 10 + 10, 0).await;
        let (catalog, table) = (lake.catalog.clone(), lake.load().await);
        writers.push(tokio::spawn(async move {
            let transaction = Transaction::new(&table);
            let append = transaction.fast_append().add_data_files([file]);
            append.apply(transaction).unwrap().commit(&catalog).await.map(|_| ())
        }));
    }
    for writer in writers {
        writer.await.unwrap().unwrap();
    }
    let table = lake.load().await;
    assert_eq!(scan(&table, None).await, Found::of(0..40));
    assert_eq!(table.metadata().snapshots().len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_read_the_pointer_before_another_is_a_retryable_conflict_in_icebergs_terms() {
    let folder = tempfile::tempdir().unwrap();
    let lake = Lake::new(folder.path()).await;
    let property = |value: &str| TableUpdate::SetProperties {
        updates: [("note".to_owned(), value.to_owned())].into(),
    };
    // No requirement stands in the way, so that only the compare-and-set can refuse one.
    let mut running = Vec::new();
    for value in ["a", "b", "c", "d", "e", "f", "g", "h"] {
        let (catalog, update) = (lake.catalog.clone(), property(value));
        running.push(tokio::spawn(async move {
            let table = orders();
            catalog.commit_with(&table, vec![], vec![update], |_| Ok(())).await.map(|_| ())
        }));
    }
    let (mut won, mut lost) = (0, 0);
    for commit in running {
        match commit.await.unwrap() {
            Ok(()) => won += 1,
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
                let error = headwater_tiering::to_iceberg(error);
                assert!(error.retryable());
                lost += 1;
            }
        }
    }
    let table = lake.catalog.load_table(&orders()).await.unwrap();
    assert_eq!(table.metadata().metadata_log().len(), won, "each winner has a metadata file");
    assert_eq!(metadata_files(folder.path()), won + 1, "{lost} losers left none behind");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_was_set_back_leaves_a_table_that_can_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let lake = Lake::new(folder.path()).await;
    let table = lake.load().await;
    // As if it had been made ten minutes from now.
    let written = table.metadata_location().unwrap().trim_start_matches("file://").to_owned();
    let mut metadata: serde_json::Value =
        serde_json::from_slice(&std::fs::read(&written).unwrap()).unwrap();
    let later = metadata["last-updated-ms"].as_i64().unwrap() + 600_000;
    metadata["last-updated-ms"] = later.into();
    std::fs::write(&written, metadata.to_string()).unwrap();
    // Without what it has read already.
    let fresh = || {
        let storage = storage(&folder.path().join("lake"));
        SqliteCatalog::open(&lake.ns, storage, Runtime::current()).unwrap()
    };
    let catalog = fresh();
    for step in 0..2 {
        let set = TableUpdate::SetProperties { updates: [(format!("p{step}"), "x".into())].into() };
        catalog.commit_with(&orders(), Vec::new(), vec![set], |_| Ok(())).await.unwrap();
    }
    let read = fresh().load(&orders()).await.unwrap();
    assert_eq!(read.metadata().properties()["p1"], "x");
    assert!((later..later + 60_000).contains(&read.metadata().last_updated_ms()));
    let log = read.metadata().metadata_log().iter().map(|entry| entry.timestamp_ms);
    assert!(log.clone().all(|time| time >= later), "{:?}", log.collect::<Vec<_>>());
}
