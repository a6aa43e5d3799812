//! Building an index over rows that are already there, in small batches between other writes.

use std::collections::HashMap;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use headwater_primitives::rusqlite::OptionalExtension;
use headwater_primitives::{
    Commit, Error, ErrorKind, Namespace, Result, Sequence, Transaction, block_on, fail,
};

use super::Index;
use crate::catalog::{Catalog, Table};
use crate::cold::{self, View, nowhere};
use crate::document::{IndexSpec, Uniqueness};
use crate::id::DocumentId;

/// How long one batch may hold the writer.
const BATCH: Duration = Duration::from_millis(15);

/// How far a build has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BuildProgress {
    /// Rows indexed by this call.
    pub done: u64,
    /// Rows there were when it began.
    pub total: u64,
}

/// An index to be built. Await it or [`wait`](IndexBuild::wait) for it; writers go on meanwhile, and
/// what they write is indexed too. Interrupted by a crash, it goes on when the namespace is opened.
#[must_use = "an index is built only when this is awaited or waited for"]
pub struct IndexBuild {
    namespace: Namespace,
    table: Arc<Table>,
    path: String,
    uniqueness: Uniqueness,
    on_progress: Option<Box<dyn FnMut(BuildProgress) + Send>>,
}

impl IndexBuild {
    pub(crate) fn new(
        namespace: Namespace,
        table: Arc<Table>,
        path: &str,
        uniqueness: Uniqueness,
    ) -> Self {
        IndexBuild { namespace, table, path: path.to_owned(), uniqueness, on_progress: None }
    }

    /// Calls `report` after each batch.
    pub fn on_progress(mut self, report: impl FnMut(BuildProgress) + Send + 'static) -> Self {
        self.on_progress = Some(Box::new(report));
        self
    }

    /// Builds the index and blocks until it is ready. Does nothing when it is already.
    ///
    /// # Errors
    /// `InvalidInput` for a malformed path; `AlreadyExists` when the index is to be unique and two
    /// documents share a value, or when there is one on the path with other settings; `Corrupt` when the
    /// lake has lost a document. The index is gone then. What else the lake fails with: the build goes on
    /// when it is asked for again, or when the namespace is opened.
    pub fn wait(self) -> Result<()> {
        check_thread(&self.namespace)?;
        block_on(self.run())
    }

    async fn run(self) -> Result<()> {
        let IndexBuild { namespace, table, path, uniqueness, mut on_progress } = self;
        let Some(number) = register(&namespace, &table, path, uniqueness).await? else {
            return Ok(());
        };
        let select = format!("SELECT count(*) FROM {}", table.sql.table);
        let total: i64 = namespace
            .query(|sql| -> Result<_> { Ok(sql.query_row(&select, [], |r| r.get(0))?) })?;
        let mut done = 0;
        let mut bodies = Bodies::default();
        loop {
            let Batch { rows, finished, archived } =
                advance(&namespace, &table, number, std::mem::take(&mut bodies)).await?;
            bodies = fetch(&namespace, &table, number, archived).await?;
            done += rows;
            if let Some(report) = &mut on_progress {
                report(BuildProgress { done, total: total as u64 });
            }
            if finished {
                return Ok(());
            }
        }
    }
}

impl IntoFuture for IndexBuild {
    type Output = Result<()>;
    type IntoFuture = Pin<Box<dyn Future<Output = Result<()>> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

/// Makes the empty index, which every write keeps up from then on. `None` when it is ready.
async fn register(
    namespace: &Namespace,
    table: &Arc<Table>,
    path: String,
    uniqueness: Uniqueness,
) -> Result<Option<u32>> {
    // Refused here, before a write.
    Index::new(0, &path, uniqueness, false)?;
    in_transaction(namespace, table, move |tx, table| {
        if let Some(index) = table.indexes().iter().find(|index| index.text == path) {
            if index.uniqueness != uniqueness {
                return Err(Error::new(
                    ErrorKind::AlreadyExists,
                    format!("collection {:?} has another index on {path:?}", table.name),
                ));
            }
            return Ok((!index.is_ready()).then_some(index.number));
        }
        let number = create_table(tx, table, &path, uniqueness, Some(i64::MIN))?;
        table.reload_indexes(tx)?;
        Ok(Some(number))
    })
    .await
}

/// Adds an index to the catalog, with its empty table. Returns its number.
fn create_table(
    tx: &Transaction<'_>,
    table: &Table,
    path: &str,
    uniqueness: Uniqueness,
    built_to: Option<i64>,
) -> Result<u32> {
    tx.sql().execute(
        "INSERT INTO document_indexes(collection, path, is_unique, built_to) VALUES (?, ?, ?, ?)",
        (table.number, path, uniqueness == Uniqueness::Unique, built_to),
    )?;
    let number = tx.sql().last_insert_rowid() as u32;
    tx.sql().execute_batch(&format!(
        "CREATE TABLE document_index_{number}(value BLOB NOT NULL, row INTEGER NOT NULL, \
         PRIMARY KEY(value, row)) WITHOUT ROWID"
    ))?;
    Ok(number)
}

/// Makes the indexes that `specs` asks for and `table` lacks, inside `tx`, which can only be done for
/// a collection that `tx` itself has made.
///
/// # Errors
/// `WouldDeadlock` for another collection: others write to it by the indexes that they know.
pub(crate) fn create_within(
    tx: &Transaction<'_>,
    table: &Table,
    specs: &[IndexSpec],
    is_new: bool,
) -> Result<()> {
    let known = table.indexes();
    for spec in specs {
        if known.iter().any(|index| index.text == spec.path) {
            continue;
        }
        Index::new(0, spec.path, spec.uniqueness, false)?;
        let select = format!("SELECT EXISTS(SELECT 1 FROM {})", table.sql.table);
        if !is_new || tx.sql().query_row(&select, [], |row| row.get(0))? {
            return Err(Error::new(
                ErrorKind::WouldDeadlock,
                format!(
                    "collection {:?} has no index on {:?} yet, and building one takes transactions \
                     of its own: open the collection before this one",
                    table.name, spec.path
                ),
            ));
        }
        create_table(tx, table, spec.path, spec.uniqueness, None)?;
    }
    Ok(())
}

#[derive(Default)]
struct Batch {
    rows: u64,
    finished: bool,
    /// Where the batch came to a stop: the next documents whose bodies are in the lake.
    archived: Vec<(i64, DocumentId, Sequence)>,
}

/// Bodies from the lake, by row, with the versions that they are.
type Bodies = HashMap<i64, (Sequence, Bytes)>;

/// Bodies that are fetched for one batch.
const FETCHED: usize = 512;

/// A transaction that may change the catalog. Should it be lost, the catalog is read again.
async fn in_transaction<T: Send + 'static>(
    namespace: &Namespace,
    table: &Arc<Table>,
    work: impl FnOnce(&Transaction<'_>, &Table) -> Result<T> + Send + 'static,
) -> Result<T> {
    let inside = table.clone();
    let commit: Commit<T> = namespace.transaction(move |tx| work(tx, &inside));
    let result = commit.await;
    if result.is_err() {
        let inside = table.clone();
        let reload: Commit<()> = namespace.transaction(move |tx| inside.reload_indexes(tx));
        // Where this fails too, there will be no more writes that could go by the catalog.
        let _ = reload.await;
    }
    result
}

/// Builds one batch; on an error the index is dropped. Only after the commit of the last batch may
/// queries use the index: before, others do not see all of its entries.
async fn advance(
    namespace: &Namespace,
    table: &Arc<Table>,
    number: u32,
    bodies: Bodies,
) -> Result<Batch> {
    match build_batch(namespace, table, number, bodies).await {
        Ok(batch) => {
            if batch.finished {
                let indexes = table.indexes();
                indexes.iter().filter(|index| index.number == number).for_each(|i| i.set_ready());
            }
            Ok(batch)
        }
        Err(error) => {
            drop_index(namespace, table, number).await?;
            Err(error)
        }
    }
}

/// The bodies of `archived` from the lake. The index is dropped where the lake has lost one.
async fn fetch(
    namespace: &Namespace,
    table: &Arc<Table>,
    number: u32,
    archived: Vec<(i64, DocumentId, Sequence)>,
) -> Result<Bodies> {
    let bodies = bodies_of(namespace, table, archived).await;
    if bodies.as_ref().is_err_and(|error| error.kind() == ErrorKind::Corrupt) {
        drop_index(namespace, table, number).await?;
    }
    bodies
}

async fn bodies_of(
    namespace: &Namespace,
    table: &Table,
    archived: Vec<(i64, DocumentId, Sequence)>,
) -> Result<Bodies> {
    if archived.is_empty() {
        return Ok(Bodies::default());
    }
    let view = namespace.query(|sql| View::of(namespace, sql, &table.name))?;
    let keys = archived.iter().map(|(_, id, version)| (id.clone(), *version)).collect();
    let bodies = view.fetch(keys).await?;
    let mut found = Bodies::default();
    for ((row, id, version), body) in archived.into_iter().zip(bodies) {
        match body {
            Some(body) => drop(found.insert(row, (version, body))),
            None if is_archived_still(namespace, table, row, version)? => {
                return Err(nowhere(&table.name, &id, version));
            }
            // It was written over meanwhile: its row is looked at again.
            None => {}
        }
    }
    Ok(found)
}

fn is_archived_still(
    namespace: &Namespace,
    table: &Table,
    row: i64,
    version: Sequence,
) -> Result<bool> {
    let select = format!(
        "SELECT EXISTS(SELECT 1 FROM {} WHERE {} = ? AND version = ? AND body = x'')",
        table.sql.table, table.sql.row
    );
    namespace
        .query(|sql| Ok(sql.query_row(&select, (row, version.0 as i64), |found| found.get(0))?))
}

async fn build_batch(
    namespace: &Namespace,
    table: &Arc<Table>,
    number: u32,
    bodies: Bodies,
) -> Result<Batch> {
    in_transaction(namespace, table, move |tx, table| {
        let sql = tx.sql();
        let indexes = table.indexes();
        let Some(index) = indexes.iter().find(|index| index.number == number) else {
            return Err(Error::new(
                ErrorKind::NotFound,
                format!("collection {:?}: the index was dropped while it was built", table.name),
            ));
        };
        let built_to: Option<i64> = sql
            .prepare_cached("SELECT built_to FROM document_indexes WHERE id = ?")?
            .query_row([number], |row| row.get(0))
            .optional()?
            .flatten();
        let Some(built_to) = built_to else {
            return Ok(Batch { finished: true, ..Batch::default() });
        };
        let row = table.sql.row;
        let mut statement = sql.prepare_cached(&format!(
            "SELECT {row}, body, expires, id, version FROM {} WHERE {row} >= ? ORDER BY {row}",
            table.sql.table
        ))?;
        let mut rows = statement.query([built_to])?;
        let (started, mut count, mut last) = (Instant::now(), 0, None);
        let (mut finished, mut archived) = (true, Vec::new());
        while let Some(found) = rows.next()? {
            let row: i64 = found.get(0)?;
            let version = Sequence(found.get::<_, i64>(4)? as u64);
            let ended = found.get::<_, Option<i64>>(2)?.is_some_and(|end| end <= tx.now().0);
            let mut body = found.get_ref(1)?.as_blob().unwrap_or_default();
            if cold::is_archived(body) {
                match bodies.get(&row).filter(|(fetched, _)| *fetched == version) {
                    Some((_, fetched)) if archived.is_empty() => body = fetched,
                    _ => {
                        finished = false;
                        archived.push((row, DocumentId::from_sql(found.get_ref(3)?)?, version));
                    }
                }
            }
            if !archived.is_empty() {
                // What comes next is looked at only for what else to fetch with it.
                if archived.len() == FETCHED || started.elapsed() > BATCH {
                    break;
                }
                continue;
            }
            let entries = index.entries_of(body)?;
            if entries.len() > 1 {
                index.note_multi(sql)?;
            }
            for value in entries {
                if !ended {
                    index.check_free(tx, table, &value, Some(row))?;
                }
                index.add(sql, &value, row)?;
            }
            (count, last) = (count + 1, Some(row));
            if started.elapsed() > BATCH {
                finished = false;
                break;
            }
        }
        drop(rows);
        fail::point("index.batch")?;
        let next = last.map_or(Some(built_to), |last: i64| last.checked_add(1));
        let built_to = next.filter(|_| !finished);
        sql.prepare_cached("UPDATE document_indexes SET built_to = ? WHERE id = ?")?
            .execute((built_to, number))?;
        Ok(Batch { rows: count, finished: built_to.is_none(), archived })
    })
    .await
}

/// Refuses to wait on the writer thread, where the build would wait for itself.
fn check_thread(namespace: &Namespace) -> Result<()> {
    namespace.transaction(|_| Ok(())).wait()
}

/// Drops an index and blocks until it is gone.
pub(crate) fn drop_index_wait(
    namespace: &Namespace,
    table: &Arc<Table>,
    number: u32,
) -> Result<()> {
    check_thread(namespace)?;
    block_on(drop_index(namespace, table, number))
}

/// Drops an index. Its entries go with its table, which is quick: pages are only unlinked.
async fn drop_index(namespace: &Namespace, table: &Arc<Table>, number: u32) -> Result<()> {
    in_transaction(namespace, table, move |tx, table| {
        tx.sql().execute("DELETE FROM document_indexes WHERE id = ?", [number])?;
        tx.sql().execute_batch(&format!("DROP TABLE IF EXISTS document_index_{number}"))?;
        table.reload_indexes(tx)
    })
    .await
}

/// The builds that a crash has interrupted: found when the namespace is opened, done once.
pub(crate) struct Interrupted(Mutex<Vec<(String, u32)>>);

/// How long the background thread goes on with builds before it looks for other work.
const SLICE: Duration = Duration::from_millis(80);

impl Interrupted {
    pub(crate) fn find(namespace: &Namespace) -> Result<Self> {
        namespace.query(|sql| -> Result<_> {
            let mut statement = sql.prepare(
                "SELECT c.name, i.id FROM document_indexes i \
                 JOIN document_collections c ON c.id = i.collection WHERE i.built_to IS NOT NULL",
            )?;
            let builds = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
            Ok(Interrupted(Mutex::new(builds.collect::<std::result::Result<_, _>>()?)))
        })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    /// Goes on with the builds for a while.
    pub(crate) fn resume(&self, namespace: &Namespace) -> Result<()> {
        let started = Instant::now();
        while started.elapsed() < SLICE {
            // One that fails is gone, and does not keep the others from being built.
            let Some((collection, number)) = self.lock().pop() else { return Ok(()) };
            let Some(table) = Catalog::of(namespace).find(namespace, &collection)? else {
                continue;
            };
            let mut bodies = Bodies::default();
            loop {
                let batch = block_on(advance(namespace, &table, number, bodies))?;
                if batch.finished {
                    break;
                }
                bodies = match block_on(fetch(namespace, &table, number, batch.archived)) {
                    Ok(bodies) => bodies,
                    Err(error) => {
                        if error.kind() != ErrorKind::Corrupt {
                            // It goes on once the lake can be read, after the others.
                            self.lock().insert(0, (collection, number));
                        }
                        return Err(error);
                    }
                };
                if bodies.is_empty() {
                    self.lock().push((collection, number));
                    break;
                }
            }
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(String, u32)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
