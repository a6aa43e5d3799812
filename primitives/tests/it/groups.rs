//! A commit group that is lost: its members are told to try again, and nothing of it is there.

use headwater_primitives::{
    Commit, Error, ErrorKind, Namespace, Scope, SegmentLog, Transaction, WriteOptions,
};
use headwater_testkit::powercut::PowerCut;

use crate::support::{ids, in_memory, insert, insert_in, sql_with, together, with_rows};

/// Inserts row `id` and appends to `log`, in one transaction.
fn row_and_record(ns: &Namespace, log: &SegmentLog, id: i64) -> Commit<()> {
    let log = log.clone();
    ns.transaction(move |tx| {
        insert_in(tx, id)?;
        tx.append(&log, "row", &id.to_le_bytes())?;
        Ok(())
    })
}

fn aborted(told: &Result<(), Error>) -> bool {
    told.as_ref()
        .is_err_and(|error| error.kind() == ErrorKind::GroupAborted && error.is_retryable())
}

#[test]
fn a_group_that_one_member_rolls_back_is_lost_for_all_and_can_be_tried_again() {
    for rolls_back in [
        "INSERT OR ROLLBACK INTO rows(id) VALUES (7)",
        "UPDATE OR ROLLBACK rows SET id = 7 WHERE id = 2",
        "INSERT INTO guarded VALUES (1)",
    ] {
        let ns = in_memory();
        let log = SegmentLog::open(&ns, "log").unwrap();
        insert(&ns, 7).wait().unwrap();
        let trigger = "CREATE TABLE guarded(a); CREATE TRIGGER guard BEFORE INSERT ON guarded
                       BEGIN SELECT RAISE(ROLLBACK, 'guarded'); END";
        crate::support::sql(&ns, trigger).wait().unwrap();

        let others = || [1, 3].map(|id| row_and_record(&ns, &log, id));
        let [before, after] = others();
        let culprit = ns.transaction(move |tx| {
            insert_in(tx, 2)?;
            Ok(tx.sql().execute_batch(rolls_back)?)
        });
        let told = together(&ns, [before, culprit, after]);
        assert!(aborted(&told[0]) && aborted(&told[2]), "{rolls_back}: {told:?}");
        let own = told[1].as_ref().unwrap_err();
        assert!(!own.is_retryable(), "its own error would come again: {own:?}");
        assert_eq!(ids(&ns), [7]);
        assert_eq!(log.head().0, 0);

        for commit in others() {
            commit.wait().unwrap();
        }
        assert_eq!(ids(&ns), [1, 3, 7]);
        assert_eq!(log.head().0, 2);
    }
}

#[test]
fn a_member_that_hides_the_rollback_it_caused_is_not_told_that_it_committed() {
    let ns = in_memory();
    insert(&ns, 7).wait().unwrap();
    let culprit = ns.transaction(|tx| {
        insert_in(tx, 2)?;
        let _ = tx.sql().execute_batch("INSERT OR ROLLBACK INTO rows(id) VALUES (7)");
        insert_in(tx, 3).map(drop)
    });
    let told = together(&ns, [insert(&ns, 1).map(drop), culprit]);
    assert!(told.iter().all(aborted), "{told:?}");
    assert_eq!(ids(&ns), [7]);
}

#[test]
fn a_full_disk_loses_the_group_and_leaves_the_namespace_usable() {
    let folder = tempfile::tempdir().unwrap();
    let power = PowerCut::new(0);
    let builder = Namespace::builder(folder.path()).vfs(power.vfs_name());
    let ns = with_rows(builder.open().unwrap());
    let log = SegmentLog::open(&ns, "log").unwrap();
    row_and_record(&ns, &log, 1).wait().unwrap();

    power.disk_full_after(20_000);
    let large = |ns: &Namespace, id: i64| {
        let log = log.clone();
        ns.transaction(move |tx| {
            insert_in(tx, id)?;
            tx.append(&log, "row", &vec![7; 40_000])?;
            Ok(())
        })
    };
    let told = together(&ns, [row_and_record(&ns, &log, 2), large(&ns, 3)]);
    assert!(told.iter().all(aborted), "{told:?}");
    let message = told[0].as_ref().unwrap_err().to_string();
    assert!(message.contains("full"), "{message}");
    assert_eq!(ids(&ns), [1]);
    assert_eq!(log.head().0, 1);

    power.set_capacity(None);
    large(&ns, 3).wait().unwrap();
    assert_eq!(ids(&ns), [1, 3]);
    assert_eq!(log.head().0, 2);
    ns.close().unwrap();
    assert_eq!(
        ids(&Namespace::builder(folder.path()).vfs(power.vfs_name()).open().unwrap()),
        [1, 3]
    );
}

/// A transaction larger than SQLite's page cache meets the full disk before COMMIT.
#[test]
fn a_disk_that_fills_in_the_middle_of_the_work_loses_the_group() {
    let folder = tempfile::tempdir().unwrap();
    let power = PowerCut::new(0);
    let builder = Namespace::builder(folder.path()).vfs(power.vfs_name());
    let ns = with_rows(builder.open().unwrap());
    power.disk_full_after(8 << 20);
    let huge = ns.transaction(|tx| {
        let text = "x".repeat(1 << 20);
        for id in 0..100 {
            tx.sql()
                .execute("INSERT INTO rows(id, name) VALUES (?, ?)", (id, format!("{id}{text}")))?;
        }
        Ok(())
    });
    let told = together(&ns, [insert(&ns, 1000).map(drop), huge]);
    assert!(told.iter().all(aborted), "{told:?}");
    assert!(ids(&ns).is_empty());
    insert(&ns, 1).wait().unwrap();
}

fn statement(ns: &Namespace, sql: &'static str) -> Commit<()> {
    sql_with(ns, WriteOptions { scope: Scope::Statement, ..WriteOptions::default() }, sql)
}

fn in_statement_scope(
    ns: &Namespace,
    work: impl FnOnce(&Transaction<'_>) -> Result<(), Error> + Send + 'static,
) -> Commit<()> {
    let options = WriteOptions { scope: Scope::Statement, ..WriteOptions::default() };
    ns.transaction_with(options, work)
}

#[test]
fn work_in_statement_scope_that_fails_in_its_one_statement_fails_alone() {
    let ns = in_memory();
    let log = SegmentLog::open(&ns, "log").unwrap();
    insert(&ns, 7).wait().unwrap();
    let before_any = in_statement_scope(&ns, |_| Err(Error::invalid("not today")));
    let panics = in_statement_scope(&ns, |_| panic!("on purpose"));
    let told = together(
        &ns,
        [
            statement(&ns, "INSERT INTO rows(id) VALUES (1)"),
            statement(&ns, "INSERT INTO rows(id) VALUES (7)"),
            statement(&ns, "INSERT INTO rows(id) VALUES (8), (9), (7)"),
            before_any,
            panics,
            row_and_record(&ns, &log, 2),
        ],
    );
    let kinds: Vec<_> = told.iter().map(|told| told.as_ref().map_err(Error::kind)).collect();
    use ErrorKind::{AlreadyExists, InvalidInput, Panicked};
    let expected = [
        Ok(&()),
        Err(AlreadyExists),
        Err(AlreadyExists),
        Err(InvalidInput),
        Err(Panicked),
        Ok(&()),
    ];
    assert_eq!(kinds, expected);
    assert_eq!(ids(&ns), [1, 2, 7]);
    assert_eq!(log.head().0, 1);
}

#[test]
fn work_in_statement_scope_appends_after_its_statement() {
    let ns = in_memory();
    let log = SegmentLog::open(&ns, "log").unwrap();
    let write = |id: i64| {
        let log = log.clone();
        in_statement_scope(&ns, move |tx| {
            insert_in(tx, id)?;
            tx.append(&log, "row", &id.to_le_bytes())?;
            Ok(())
        })
    };
    let told = together(&ns, [write(1), write(1), write(2)]);
    assert!(told[0].is_ok() && told[1].is_err() && told[2].is_ok());
    assert_eq!((ids(&ns), log.head().0), (vec![1, 2], 2));
}

#[test]
fn work_in_statement_scope_that_breaks_its_word_loses_the_group_rather_than_half_of_it() {
    let dangling = "INSERT INTO rows(id, later) VALUES (2, 99)";
    for fails_after in [
        (|tx: &Transaction<'_>| -> Result<(), Error> {
            insert_in(tx, 2)?;
            Err(Error::invalid("too late"))
        }) as fn(&Transaction<'_>) -> Result<(), Error>,
        |tx| {
            insert_in(tx, 2)?;
            panic!("too late")
        },
        |tx| {
            insert_in(tx, 2)?;
            insert_in(tx, 2).map(drop)
        },
    ] {
        let ns = in_memory();
        let log = SegmentLog::open(&ns, "log").unwrap();
        let [before, after] = [1, 3].map(|id| row_and_record(&ns, &log, id));
        let told = together(&ns, [before, in_statement_scope(&ns, fails_after), after]);
        assert!(aborted(&told[0]) && aborted(&told[2]), "{told:?}");
        assert!(!told[1].as_ref().unwrap_err().is_retryable(), "{told:?}");
        assert!(ids(&ns).is_empty());
        assert_eq!(log.head().0, 0);
    }
    let ns = in_memory();
    let told = together(&ns, [insert(&ns, 1).map(drop), statement(&ns, dangling)]);
    assert!(aborted(&told[0]), "{told:?}");
    assert_eq!(told[1].as_ref().unwrap_err().kind(), ErrorKind::ForeignKey);
    assert!(ids(&ns).is_empty());
}
