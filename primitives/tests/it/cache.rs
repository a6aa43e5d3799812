//! The row cache under racing readers and writers: never less than what was acknowledged.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use headwater_primitives::rusqlite::OptionalExtension;
use headwater_primitives::{
    CachedRow, Error, Namespace, Result, RowKey, Sequence, TableId, Timestamp,
};
use headwater_testkit::Rng;
use proptest::prelude::*;

const TABLE: TableId = TableId(7);

/// How a race is run.
#[derive(Clone, Debug)]
struct Race {
    keys: i64,
    cache_bytes: usize,
    readers: u64,
    writers: u64,
    /// Of 100 writes, so many fail alone, and so many take their group with them.
    failing: u64,
    aborting: u64,
    seed: u64,
}

fn race() -> impl Strategy<Value = Race> {
    (
        prop_oneof![Just(1i64), 2..20i64, 100..2_000i64],
        prop_oneof![Just(4_000usize), Just(64 << 10), Just(8 << 20)],
        1..4u64,
        1..4u64,
        0..40u64,
        0..20u64,
        any::<u64>(),
    )
        .prop_map(|(keys, cache_bytes, readers, writers, failing, aborting, seed)| Race {
            keys,
            cache_bytes,
            readers,
            writers,
            failing,
            aborting,
            seed,
        })
}

fn text_key(key: i64) -> String {
    format!("key-{key}")
}

/// Reads a row's version as the stores do: from the cache, else from the table and into the cache.
fn get(ns: &Namespace, key: i64) -> Result<(u64, bool)> {
    let text = text_key(key);
    // Keys of both kinds.
    let row_key = if key % 2 == 0 { RowKey::Integer(key) } else { RowKey::Text(&text) };
    if let Some(row) = ns.cache().get(TABLE, row_key, || Timestamp(0)) {
        assert_eq!(&*row.body, body(key, row.version.0).as_bytes(), "another row's bytes");
        return Ok((row.version.0, true));
    }
    let mark = ns.cache().mark();
    let version: Option<i64> = ns.query(|conn| -> Result<_> {
        let select = "SELECT version FROM versions WHERE id = ?";
        Ok(conn.prepare_cached(select)?.query_row([key], |row| row.get(0)).optional()?)
    })?;
    let version = Sequence(version.unwrap_or(0) as u64);
    let body = body(key, version.0).as_bytes().into();
    ns.cache().fill(TABLE, row_key, mark, &CachedRow { version, expires: None, body });
    Ok((version.0, false))
}

fn create_versions(ns: &Namespace) {
    let table = "CREATE TABLE versions(id INTEGER PRIMARY KEY, version INTEGER NOT NULL)";
    crate::support::sql(ns, table).wait().unwrap();
}

fn body(key: i64, version: u64) -> String {
    format!("row {key} at version {version}")
}

#[derive(Clone, Copy)]
enum Write {
    Commits,
    Fails,
    Aborts,
}

/// Raises the version of `key` by one and returns it.
fn raise(ns: &Namespace, key: i64, write: Write) -> Result<u64> {
    ns.transaction(move |tx| {
        let text = text_key(key);
        let row_key = if key % 2 == 0 { RowKey::Integer(key) } else { RowKey::Text(&text) };
        tx.touch(TABLE, row_key);
        let raise = "INSERT INTO versions VALUES (?, 1) \
                     ON CONFLICT DO UPDATE SET version = version + 1 RETURNING version";
        let version: i64 = tx.sql().prepare_cached(raise)?.query_row([key], |row| row.get(0))?;
        match write {
            Write::Commits => Ok(version as u64),
            Write::Fails => Err(Error::invalid("on purpose")),
            Write::Aborts => {
                tx.sql().execute("INSERT OR ROLLBACK INTO versions VALUES (?, 1)", [key])?;
                Ok(0)
            }
        }
    })
    .wait()
}

/// Runs the race and returns how many reads the cache served.
fn run(race: &Race, time: Duration) -> u64 {
    let ns = Namespace::builder_in_memory().cache_bytes(race.cache_bytes).open().unwrap();
    create_versions(&ns);
    let acknowledged: Vec<_> = (0..race.keys).map(|_| AtomicU64::new(0)).collect();
    let (hits, done) = (AtomicU64::new(0), AtomicBool::new(false));
    let pick = |rng: &mut Rng| rng.below(race.keys as u64) as i64;
    thread::scope(|scope| {
        for reader in 0..race.readers {
            let (ns, acknowledged, hits, done) = (&ns, &acknowledged, &hits, &done);
            scope.spawn(move || {
                let mut rng = Rng::new(race.seed ^ (reader + 1));
                let mut last = vec![0; race.keys as usize];
                while !done.load(Ordering::Relaxed) {
                    let key = pick(&mut rng);
                    let least = acknowledged[key as usize].load(Ordering::SeqCst);
                    let (found, hit) = get(ns, key).unwrap();
                    assert!(found >= least, "key {key}: {found}, acknowledged {least}");
                    let last = &mut last[key as usize];
                    assert!(found >= *last, "key {key}: {found} after {last}");
                    *last = found;
                    hits.fetch_add(u64::from(hit), Ordering::Relaxed);
                }
            });
        }
        for writer in 0..race.writers {
            let (ns, acknowledged, done) = (&ns, &acknowledged, &done);
            scope.spawn(move || {
                let mut rng = Rng::new(race.seed ^ (writer + 1) << 32);
                while !done.load(Ordering::Relaxed) {
                    let key = pick(&mut rng);
                    let write = match rng.below(100) {
                        chance if chance < race.failing => Write::Fails,
                        chance if chance < race.failing + race.aborting => Write::Aborts,
                        _ => Write::Commits,
                    };
                    if let Ok(version) = raise(ns, key, write) {
                        acknowledged[key as usize].fetch_max(version, Ordering::SeqCst);
                        let (found, _) = get(ns, key).unwrap();
                        assert!(found >= version, "key {key}: {found}, just wrote {version}");
                    }
                }
            });
        }
        let end = Instant::now() + time;
        while Instant::now() < end && !thread::panicking() {
            thread::sleep(Duration::from_millis(5));
        }
        done.store(true, Ordering::SeqCst);
    });
    assert!(ns.cache().bytes() <= race.cache_bytes as u64);
    hits.into_inner()
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 16,
        max_shrink_iters: 0,
        failure_persistence: None,
        ..Default::default()
    })]

    #[test]
    fn the_cache_never_serves_less_than_what_was_acknowledged(race in race()) {
        run(&race, Duration::from_millis(150));
    }
}

#[test]
fn the_race_is_one_that_the_cache_takes_part_in() {
    let race = Race {
        keys: 10,
        cache_bytes: 8 << 20,
        readers: 2,
        writers: 1,
        failing: 10,
        aborting: 5,
        seed: 1,
    };
    let hits = run(&race, Duration::from_millis(300));
    assert!(hits > 1_000, "only {hits} reads were served by the cache");
}

#[test]
fn a_row_is_served_again_once_it_was_read_after_a_write() {
    let ns = Namespace::in_memory().unwrap();
    create_versions(&ns);
    for version in 1..5 {
        assert_eq!(raise(&ns, 1, Write::Commits).unwrap(), version);
        assert_eq!(get(&ns, 1).unwrap(), (version, false));
        assert_eq!(get(&ns, 1).unwrap(), (version, true));
        raise(&ns, 2, Write::Commits).unwrap();
        assert_eq!(get(&ns, 1).unwrap(), (version, true), "another row was written");
        raise(&ns, 1, Write::Fails).unwrap_err();
        assert_eq!(get(&ns, 1).unwrap(), (version, true), "the write has failed");
    }
}

#[test]
#[ignore = "a soak test"]
fn soak_the_cache_never_serves_less_than_what_was_acknowledged() {
    proptest!(ProptestConfig { cases: 200, max_shrink_iters: 0, failure_persistence: None, ..Default::default() },
        |(race in race())| { run(&race, Duration::from_millis(500)); });
}

#[test]
fn a_read_only_namespace_caches_nothing_since_others_write() {
    let folder = tempfile::tempdir().unwrap();
    drop(Namespace::open(folder.path()).unwrap());
    let ns = Namespace::builder(folder.path()).read_only().open().unwrap();
    let row = CachedRow { version: Sequence(1), expires: None, body: b""[..].into() };
    ns.cache().fill(TABLE, RowKey::Integer(1), ns.cache().mark(), &row);
    assert!(ns.cache().get(TABLE, RowKey::Integer(1), || Timestamp(0)).is_none());
}
