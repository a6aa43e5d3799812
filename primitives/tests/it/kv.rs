//! The key-value backends: the shared conformance suite, the model test, and what only one has.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use headwater_primitives::kv::{
    Batch, Direction, KeyRange, KvRead, KvWrite, MemoryKv, OrderedKv, OrderedKvExt, SqliteKv,
};
use headwater_primitives::{Durability, Error, ErrorKind, Namespace};
use headwater_testkit::kv::{Backend, conformance, model};
use tempfile::TempDir;

struct Memory;

impl Backend for Memory {
    type Kv = MemoryKv;

    fn open(&self) -> MemoryKv {
        MemoryKv::new()
    }

    fn reopen(&self, _: MemoryKv) -> MemoryKv {
        unreachable!("the store in memory does not claim to be durable")
    }
}

/// Every store in a namespace directory of its own.
struct Sqlite {
    root: TempDir,
    opened: AtomicUsize,
}

impl Sqlite {
    fn new() -> Self {
        Self { root: TempDir::new().unwrap(), opened: AtomicUsize::new(0) }
    }

    fn open_at(path: PathBuf) -> SqliteKv {
        let ns = Namespace::open(path).unwrap();
        SqliteKv::open(&ns, "test").unwrap().with_durability(Durability::Os)
    }
}

impl Backend for Sqlite {
    type Kv = SqliteKv;

    fn open(&self) -> SqliteKv {
        let number = self.opened.fetch_add(1, Ordering::Relaxed);
        Self::open_at(self.root.path().join(number.to_string()))
    }

    fn reopen(&self, kv: SqliteKv) -> SqliteKv {
        let path = kv.namespace().path().to_owned();
        kv.close().unwrap();
        kv.namespace().clone().close().unwrap();
        drop(kv);
        Self::open_at(path)
    }
}

#[test]
fn memory_conforms() {
    conformance(&Memory);
}

#[test]
fn memory_answers_as_a_btree_map_does() {
    model(&Memory, 300);
}

#[test]
fn sqlite_conforms() {
    conformance(&Sqlite::new());
}

#[test]
fn sqlite_answers_as_a_btree_map_does() {
    model(&Sqlite::new(), 24);
}

#[test]
fn the_stores_of_one_namespace_are_apart_and_commit_together() {
    let ns = Namespace::in_memory().unwrap();
    let nodes = SqliteKv::open(&ns, "nodes").unwrap();
    let edges = SqliteKv::open(&ns, "edges").unwrap();
    let work = |fail: bool| {
        let (nodes, edges) = (nodes.clone(), edges.clone());
        ns.transaction(move |tx| {
            nodes.within(tx).put(b"1", b"alice")?;
            edges.within(tx).put(b"1", b"KNOWS")?;
            if fail { Err(Error::invalid("no")) } else { Ok(()) }
        })
    };
    work(true).wait().unwrap_err();
    assert_eq!(nodes.get(b"1").unwrap(), None);
    work(false).wait().unwrap();

    let (n, e) = (nodes.clone(), edges.clone());
    let both = ns
        .read(move |snapshot| {
            Ok::<_, Error>((n.at(snapshot).get(b"1")?, e.at(snapshot).get(b"1")?))
        })
        .wait()
        .unwrap();
    assert_eq!(both, (Some(b"alice".to_vec()), Some(b"KNOWS".to_vec())));
}

#[test]
fn a_transaction_of_another_namespace_is_refused() {
    let (here, there) = (Namespace::in_memory().unwrap(), Namespace::in_memory().unwrap());
    let kv = SqliteKv::open(&here, "test").unwrap();
    SqliteKv::open(&there, "other").unwrap();

    let inside = kv.clone();
    let error = there.transaction(move |tx| inside.within(tx).put(b"a", b"a")).wait().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);

    let inside = kv.clone();
    let scanned = there.read(move |snapshot| {
        inside.at(snapshot).scan(KeyRange::all(), Direction::Forward).collect::<Result<Vec<_>, _>>()
    });
    assert_eq!(scanned.wait().unwrap_err().kind(), ErrorKind::InvalidInput);
}

/// A trigger stands in for a backend that fails in the middle of a batch.
#[test]
fn a_batch_that_fails_part_way_is_not_committed() {
    let ns = Namespace::in_memory().unwrap();
    let kv = SqliteKv::open(&ns, "test").unwrap();
    ns.transaction(|tx| {
        let trigger = "CREATE TRIGGER broken BEFORE INSERT ON kv_1 WHEN NEW.key = x'62'
                       BEGIN SELECT RAISE(ABORT, 'out of order'); END";
        tx.sql().execute(trigger, []).map_err(Error::from)
    })
    .wait()
    .unwrap();

    let batch = || {
        let mut batch = Batch::new();
        batch.put("a", "1").put("b", "2");
        batch
    };
    kv.write_batch(batch()).unwrap_err();
    assert_eq!(kv.get(b"a").unwrap(), None);

    let error = kv.transaction(move |tx| Ok(tx.write_batch(batch()).is_err())).unwrap_err();
    assert!(error.to_string().contains("out of order"), "{error}");
    assert_eq!(kv.get(b"a").unwrap(), None);
    kv.put(b"c", b"3").unwrap();
}

#[test]
fn closing_one_handle_leaves_others_open() {
    let ns = Namespace::in_memory().unwrap();
    let first = SqliteKv::open(&ns, "test").unwrap();
    let second = SqliteKv::open(&ns, "test").unwrap();
    first.put(b"a", b"1").unwrap();
    first.close().unwrap();
    assert_eq!(first.clone().get(b"a").unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!(second.get(b"a").unwrap(), Some(b"1".to_vec()));

    let inside = first.clone();
    let error = ns.transaction(move |tx| inside.within(tx).put(b"b", b"2")).wait().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Closed);
}

#[test]
fn a_store_needs_a_name_of_sensible_length() {
    let ns = Namespace::in_memory().unwrap();
    for name in [String::new(), "n".repeat(256)] {
        let error = SqliteKv::open(&ns, &name).err().expect("the name is refused");
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
    }
    SqliteKv::open(&ns, "any \"text'; is\0fine").unwrap().put(b"a", b"a").unwrap();
}

#[test]
fn threads_that_open_the_same_name_get_the_same_store() {
    let ns = Namespace::in_memory().unwrap();
    std::thread::scope(|scope| {
        for number in 0..8u8 {
            let ns = &ns;
            scope.spawn(move || {
                SqliteKv::open(ns, "test").unwrap().put(&[number], b"here").unwrap();
            });
        }
    });
    let kv = SqliteKv::open(&ns, "test").unwrap();
    assert_eq!(kv.scan(KeyRange::all(), Direction::Backward).count(), 8);
}

#[test]
fn a_closed_store_in_memory_keeps_its_open_snapshots() {
    let kv = MemoryKv::new();
    kv.put(b"a", b"1").unwrap();
    let outer = kv.clone();
    let seen = kv.snapshot(move |view| {
        outer.close()?;
        view.get(b"a")
    });
    assert_eq!(seen.unwrap(), Some(b"1".to_vec()));
}

#[test]
fn a_read_only_namespace_serves_what_is_there_and_makes_nothing() {
    let root = TempDir::new().unwrap();
    let open = |path: &str| Namespace::open(root.path().join(path)).unwrap();
    let read_only = |path: &str| {
        let builder = Namespace::builder(root.path().join(path));
        builder.read_only().open().unwrap()
    };
    let refused = |ns: &Namespace, name: &str| SqliteKv::open(ns, name).err().unwrap().kind();
    let kv = SqliteKv::open(&open("with"), "here").unwrap();
    kv.put(b"a", b"1").unwrap();
    drop(kv);
    open("without").close().unwrap();

    let ns = read_only("with");
    let kv = SqliteKv::open(&ns, "here").unwrap();
    assert_eq!(kv.get(b"a").unwrap(), Some(b"1".to_vec()));
    assert_eq!(kv.put(b"b", b"2").unwrap_err().kind(), ErrorKind::ReadOnly);
    assert_eq!(refused(&ns, "missing"), ErrorKind::NotFound);
    assert_eq!(refused(&read_only("without"), "here"), ErrorKind::ReadOnly);
}
