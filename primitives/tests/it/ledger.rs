//! Rows and a log of their changes, written together: what crashes and power cuts happen to.

use std::collections::BTreeMap;

use headwater_primitives::{
    Commit, Durability, Namespace, Part, Result, SegmentLog, Sequence, WriteOptions,
};

const PART: Part = Part {
    name: "ledger",
    migrations: &["CREATE TABLE ledger(
             id INTEGER PRIMARY KEY, version INTEGER NOT NULL UNIQUE, body BLOB NOT NULL)"],
};

/// A table like those of the stores: a row's version is the sequence of its last change.
pub(crate) struct Ledger {
    pub(crate) ns: Namespace,
    pub(crate) log: SegmentLog,
}

impl Ledger {
    pub(crate) fn open(ns: &Namespace) -> Result<Self> {
        ns.install(&PART)?;
        Ok(Ledger { ns: ns.clone(), log: SegmentLog::open(ns, "changes")? })
    }

    /// Writes the row `id` with a body of at least `len` bytes, and its record.
    pub(crate) fn write(&self, durability: Durability, id: i64, len: usize) -> Commit<Sequence> {
        let log = self.log.clone();
        self.ns.transaction_with(WriteOptions::durability(durability), move |tx| {
            let version = tx.next_sequence(&log);
            let body = body(id, version.0, len);
            let write = "INSERT OR REPLACE INTO ledger(id, version, body) VALUES (?, ?, ?)";
            tx.sql().prepare_cached(write)?.execute((id, version.0 as i64, &body))?;
            tx.append(&log, "row", &body)
        })
    }

    /// Lets retention keep about the last `records`.
    pub(crate) fn truncate(&self, records: u64) -> Commit<Sequence> {
        let (log, keep) = (self.log.clone(), self.log.head().0.saturating_sub(records));
        self.ns.transaction(move |tx| log.truncate_before(tx, Sequence(keep), 16))
    }

    /// Checks that rows and records belong together, that no sequence is missing, and that what was
    /// acknowledged is there. Returns the records by sequence.
    #[track_caller]
    pub(crate) fn check(
        &self,
        acknowledged: &BTreeMap<i64, u64>,
        what: &str,
    ) -> BTreeMap<u64, i64> {
        let found = self.ns.snapshot(|snapshot| -> Result<_> {
            let conn = snapshot.sql();
            let sound: String = conn.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
            assert_eq!(sound, "ok", "{what}");
            assert_eq!(self.log.verify(conn)?, Vec::<String>::new(), "{what}");
            let mut statement = conn.prepare("SELECT id, version, body FROM ledger")?;
            let rows = statement.query_map([], |row| {
                Ok((row.get::<_, i64>(0)?, (row.get::<_, i64>(1)? as u64, row.get(2)?)))
            })?;
            let rows: BTreeMap<i64, (u64, Vec<u8>)> = rows.collect::<Result<_, _>>()?;
            let start = self.log.start_in(conn)?;
            let segments = self.log.read_in(conn, start, usize::MAX)?;
            Ok((rows, start, self.log.head_in(conn)?, segments))
        });
        let (rows, start, head, segments) =
            found.unwrap_or_else(|error| panic!("{what}: {error:?}"));
        assert_eq!((self.log.start(), self.log.head()), (start, head), "{what}");

        let (mut records, mut latest, mut next) = (BTreeMap::new(), BTreeMap::new(), start.0);
        for segment in &segments {
            for record in segment.records() {
                let record = record.unwrap();
                assert_eq!(record.sequence.0, next, "{what}");
                next += 1;
                let id = id_of(record.payload);
                assert_eq!(record.payload, body(id, record.sequence.0, record.payload.len()));
                records.insert(record.sequence.0, id);
                latest.insert(id, (record.sequence.0, record.payload.to_vec()));
            }
        }
        assert_eq!(next, head.0 + 1, "{what}");
        for (id, written) in &latest {
            assert_eq!(rows.get(id), Some(written), "{what}: a record without its row, {id}");
        }
        for (id, (version, body)) in &rows {
            assert_eq!(*body, self::body(*id, *version, body.len()), "{what}: row {id}");
            let recorded = *version < start.0 || records.get(version) == Some(id);
            assert!(recorded, "{what}: row {id} at {version} has no record");
        }
        for (id, version) in acknowledged {
            let found = rows.get(id).map_or(0, |(version, _)| *version);
            assert!(
                found >= *version,
                "{what}: row {id} was acknowledged at {version}, is {found}"
            );
            let recorded = *version < start.0 || records.get(version) == Some(id);
            assert!(recorded, "{what}: the record of {id} at {version} is lost");
        }
        records
    }
}

fn body(id: i64, version: u64, len: usize) -> Vec<u8> {
    let mut body = [id.to_le_bytes(), version.to_le_bytes()].concat();
    body.resize(len.max(16), id as u8 ^ version as u8);
    body
}

fn id_of(body: &[u8]) -> i64 {
    i64::from_le_bytes(body[..8].try_into().unwrap())
}
