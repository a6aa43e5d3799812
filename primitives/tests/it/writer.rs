//! One caller fails alone: whatever its work does, the others of its commit group are committed.

use headwater_primitives::{Commit, Error, ErrorKind, Namespace, SegmentLog, Transaction};

use crate::support::{ids, in_memory, insert, insert_in, sql, together};

/// A user's own error type.
#[derive(Debug, PartialEq)]
enum Refusal {
    TooPoor { missing: u64 },
    Storage(ErrorKind),
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Refusal::Storage(error.kind())
    }
}

/// A caller that inserts row 2 and then does `work`.
fn after_a_row<T, E>(
    ns: &Namespace,
    work: impl FnOnce(&Transaction<'_>) -> Result<T, E> + Send + 'static,
) -> Commit<T, E>
where
    T: Send + 'static,
    E: From<Error> + Send + 'static,
{
    ns.transaction(move |tx| {
        insert_in(tx, 2)?;
        work(tx)
    })
}

/// Makes `commit` between two callers that insert rows 1 and 3, all in one group.
fn between_others<T: Send + 'static>(ns: &Namespace, commit: Commit<T>) -> Result<T, Error> {
    let neighbour = |id| insert(ns, id).map(|time| (time, None));
    let middle = commit.map(|value| (Default::default(), Some(value)));
    let mut told = together(ns, [neighbour(1), middle, neighbour(3)]);
    let after = told.pop().unwrap().expect("the caller after it is committed").0;
    let middle = told.pop().unwrap();
    let before = told.pop().unwrap().expect("the caller before it is committed").0;
    assert_eq!(before, after, "they were one group");
    middle.map(|(_, value)| value.unwrap())
}

#[test]
fn an_error_of_the_users_own_type_comes_back_as_it_was() {
    let ns = in_memory();
    let refused = after_a_row(&ns, |_| Err::<(), _>(Refusal::TooPoor { missing: 7 }));
    assert_eq!(refused.wait(), Err(Refusal::TooPoor { missing: 7 }));
    let storage = after_a_row(&ns, |tx| {
        tx.sql().execute("INSERT INTO rows(id) VALUES (2)", []).map_err(Error::from)?;
        Ok(())
    });
    assert_eq!(storage.wait(), Err(Refusal::Storage(ErrorKind::AlreadyExists)));
    assert!(ids(&ns).is_empty());
}

#[test]
fn a_caller_that_returns_an_error_fails_alone() {
    let ns = in_memory();
    let error = between_others(&ns, after_a_row(&ns, |_| Err::<(), _>(Error::invalid("no"))));
    assert_eq!(error.unwrap_err().to_string(), "no");
    assert_eq!(ids(&ns), [1, 3]);
}

#[test]
fn a_caller_that_panics_fails_alone() {
    for (text, panics) in [
        ("no 7", (|| panic!("no {}", 7)) as fn()),
        ("literal", || panic!("literal")),
        ("no message", || std::panic::panic_any(7)),
    ] {
        let ns = in_memory();
        let commit = after_a_row(&ns, move |_| {
            panics();
            Ok(())
        });
        let error = between_others(&ns, commit).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Panicked);
        assert!(error.to_string().contains(text), "{error}");
        assert_eq!(ids(&ns), [1, 3]);
        insert(&ns, 4).wait().unwrap();
    }
}

#[test]
fn a_caller_that_breaks_a_constraint_fails_alone() {
    for (statement, kind) in [
        ("INSERT INTO rows(id) VALUES (1)", ErrorKind::AlreadyExists),
        ("INSERT INTO rows(name) VALUES ('a'), ('a')", ErrorKind::AlreadyExists),
        ("INSERT INTO rows(size) VALUES (NULL)", ErrorKind::InvalidInput),
        ("INSERT INTO rows(size) VALUES (0)", ErrorKind::InvalidInput),
        ("INSERT INTO rows(id) VALUES ('text')", ErrorKind::Sqlite),
        ("INSERT INTO rows(parent) VALUES (99)", ErrorKind::ForeignKey),
        ("INSERT OR FAIL INTO rows(id) VALUES (9), (1)", ErrorKind::AlreadyExists),
        ("INSERT OR ABORT INTO rows(id) VALUES (9), (1)", ErrorKind::AlreadyExists),
        ("SELECT nothing FROM nowhere", ErrorKind::Sqlite),
        ("not SQL at all", ErrorKind::Sqlite),
    ] {
        let ns = in_memory();
        let commit = after_a_row(&ns, move |tx| Ok(tx.sql().execute_batch(statement)?));
        let error = between_others(&ns, commit).expect_err(statement);
        assert_eq!(error.kind(), kind, "{statement}: {error}");
        assert_eq!(ids(&ns), [1, 3], "{statement}");
    }
}

#[test]
fn a_caller_may_go_on_after_a_statement_that_failed() {
    let ns = in_memory();
    let commit = after_a_row(&ns, |tx| {
        tx.sql().execute("INSERT INTO rows(id) VALUES (2)", []).unwrap_err();
        insert_in(tx, 4)
    });
    between_others(&ns, commit).unwrap();
    assert_eq!(ids(&ns), [1, 2, 3, 4]);
}

#[test]
fn a_deferred_foreign_key_that_does_not_hold_at_the_end_fails_its_caller_alone() {
    let ns = in_memory();
    let dangling = "INSERT INTO rows(id, later) VALUES (20, 99)";
    let commit = after_a_row(&ns, move |tx| Ok(tx.sql().execute_batch(dangling)?));
    let error = between_others(&ns, commit).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ForeignKey);
    assert_eq!(ids(&ns), [1, 3]);
}

#[test]
fn a_deferred_foreign_key_that_holds_at_the_end_is_fine() {
    let ns = in_memory();
    let commit = after_a_row(&ns, |tx| {
        tx.sql().execute_batch("INSERT INTO rows(id, later) VALUES (20, 21)")?;
        insert_in(tx, 21)
    });
    between_others(&ns, commit).unwrap();
    assert_eq!(ids(&ns), [1, 2, 3, 20, 21]);
}

#[test]
fn a_deferred_violation_in_a_caller_that_fails_is_not_held_against_the_next() {
    let ns = in_memory();
    let commit = after_a_row(&ns, |tx| -> Result<(), Error> {
        tx.sql().execute_batch("INSERT INTO rows(id, later) VALUES (20, 99)")?;
        panic!("on purpose")
    });
    assert_eq!(between_others(&ns, commit).unwrap_err().kind(), ErrorKind::Panicked);
    assert_eq!(ids(&ns), [1, 3]);
}

/// What would reach beyond the caller's own part of the group.
const FORBIDDEN: [&str; 24] = [
    "COMMIT",
    "END TRANSACTION",
    "ROLLBACK",
    "BEGIN",
    "BEGIN IMMEDIATE",
    "SAVEPOINT mine",
    "RELEASE caller",
    "ROLLBACK TO caller",
    "PRAGMA foreign_keys = OFF",
    "PRAGMA defer_foreign_keys = ON",
    "PRAGMA synchronous = OFF",
    "PRAGMA journal_mode = DELETE",
    "PRAGMA journal_mode",
    "PRAGMA user_version = 7",
    "PRAGMA application_id = 7",
    "PRAGMA wal_checkpoint(TRUNCATE)",
    "PRAGMA writable_schema = ON",
    "PRAGMA ignore_check_constraints = ON",
    "PRAGMA optimize",
    "ATTACH ':memory:' AS other",
    "DETACH main",
    "VACUUM",
    "VACUUM INTO '/tmp/headwater-never-written'",
    "SELECT * FROM pragma_wal_checkpoint",
];

#[test]
fn transaction_control_pragma_and_attach_are_denied_and_fail_their_caller_alone() {
    for statement in FORBIDDEN {
        let ns = in_memory();
        let commit = after_a_row(&ns, move |tx| Ok(tx.sql().execute_batch(statement)?));
        let error = between_others(&ns, commit).expect_err(statement);
        // These SQLite refuses by itself.
        let own = statement.starts_with("VACUUM") || statement.contains("pragma_wal_checkpoint");
        let kind = if own { ErrorKind::Sqlite } else { ErrorKind::Denied };
        assert_eq!(error.kind(), kind, "{statement}: {error}");
        assert_eq!(ids(&ns), [1, 3], "{statement}");
        assert!(!std::path::Path::new("/tmp/headwater-never-written").exists());
    }
}

#[test]
fn a_denied_statement_that_its_caller_ignores_changes_nothing_for_anybody() {
    for statement in FORBIDDEN {
        let ns = in_memory();
        let commit = after_a_row(&ns, move |tx| Ok(tx.sql().execute_batch(statement).is_err()));
        assert!(between_others(&ns, commit).unwrap(), "{statement} went through");
        assert_eq!(ids(&ns), [1, 2, 3], "{statement}");
        let dangling = sql(&ns, "INSERT INTO rows(parent) VALUES (99)").wait();
        assert_eq!(dangling.unwrap_err().kind(), ErrorKind::ForeignKey, "{statement}");
    }
}

#[test]
fn the_bindings_own_transactions_are_denied_too() {
    let ns = in_memory();
    let commit = after_a_row(&ns, |tx| {
        let nested = tx.sql().unchecked_transaction().map(drop);
        nested.map_err(Error::from)
    });
    assert_eq!(between_others(&ns, commit).unwrap_err().kind(), ErrorKind::Denied);
    assert_eq!(ids(&ns), [1, 3]);
}

#[test]
fn the_columns_of_a_table_may_be_asked_for() {
    let ns = in_memory();
    let columns = ns.transaction(|tx| -> Result<i64, Error> {
        let count = "SELECT count(*) FROM pragma_table_info('rows')";
        Ok(tx.sql().query_row(count, [], |row| row.get(0))?)
    });
    assert_eq!(columns.wait().unwrap(), 5);
}

#[test]
fn a_caller_that_fails_gives_its_sequences_back() {
    let ns = in_memory();
    let log = SegmentLog::open(&ns, "log").unwrap();
    let append = |fails: bool| {
        let log = log.clone();
        ns.transaction(move |tx| {
            let sequence = tx.append(&log, "tag", b"payload")?;
            assert_eq!(tx.next_sequence(&log), sequence.next());
            if fails { Err(Error::invalid("no")) } else { Ok(sequence.0) }
        })
    };
    let told = together(&ns, [false, true, false, true, true, false].map(append));
    let given: Vec<_> = told.into_iter().flatten().collect();
    assert_eq!(given, [1, 2, 3]);
    assert_eq!(log.head().0, 3);
}

#[test]
fn a_result_that_cannot_even_be_dropped_harms_nobody() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("dropped");
        }
    }
    let ns = in_memory();
    let held = crate::support::hold(&ns);
    let bomb = ns.transaction(|_| -> Result<Bomb, Error> { Ok(Bomb) });
    drop(bomb.submit().wait().unwrap());
    let other = insert(&ns, 1).submit().wait().unwrap();
    held.release();
    crate::support::in_time(move || other.wait()).unwrap();
    assert_eq!(ids(&ns), [1]);
}
