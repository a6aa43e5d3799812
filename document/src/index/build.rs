//! Building an index over rows that are already there, in small batches between other writes.

use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use headwater_primitives::rusqlite::OptionalExtension;
use headwater_primitives::{
    Commit, Error, ErrorKind, Namespace, Result, Transaction, block_on, fail,
};

use super::Index;
use crate::catalog::{Catalog, Table};
use crate::document::Uniqueness;

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
    /// documents share a value, or when there is one on the path with other settings. The index is
    /// gone then.
    pub fn wait(self) -> Result<()> {
        block_on(self.run())
    }

    async fn run(self) -> Result<()> {
        let IndexBuild { namespace, table, path, uniqueness, mut on_progress } = self;
        let Some(number) = register(&namespace, &table, path, uniqueness).await? else {
            return Ok(());
        };
        let select = format!("SELECT count(*) FROM {}", table.sql.table);
        let total: i64 =
            namespace.query(|sql| -> Result<_> { Ok(sql.query_row(&select, [], |r| r.get(0))?) })?;
        let mut done = 0;
        loop {
            match build_batch(&namespace, &table, number).await {
                Ok(Batch { rows, finished }) => {
                    done += rows;
                    if let Some(report) = &mut on_progress {
                        report(BuildProgress { done, total: total as u64 });
                    }
                    if finished {
                        return Ok(());
                    }
                }
                Err(error) => {
                    drop_index(&namespace, &table, number).await?;
                    return Err(error);
                }
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
            return Ok((!index.ready).then_some(index.number));
        }
        tx.sql().execute(
            "INSERT INTO document_indexes(collection, path, is_unique, built_to) \
             VALUES (?, ?, ?, ?)",
            (table.number, &path, uniqueness == Uniqueness::Unique, i64::MIN),
        )?;
        let number = tx.sql().last_insert_rowid() as u32;
        tx.sql().execute_batch(&format!(
            "CREATE TABLE document_index_{number}(value BLOB NOT NULL, row INTEGER NOT NULL, \
             PRIMARY KEY(value, row)) WITHOUT ROWID"
        ))?;
        table.load_indexes(tx.sql())?;
        Ok(Some(number))
    })
    .await
}

struct Batch {
    rows: u64,
    finished: bool,
}

/// A transaction that changes the catalog. Should it be lost, the catalog is read again.
async fn in_transaction<T: Send + 'static>(
    namespace: &Namespace,
    table: &Arc<Table>,
    work: impl FnOnce(&Transaction<'_>, &Table) -> Result<T> + Send + 'static,
) -> Result<T> {
    let inside = table.clone();
    let commit: Commit<T> = namespace.transaction(move |tx| work(tx, &inside));
    let result = commit.await;
    if result.is_err() {
        namespace.query(|sql| table.load_indexes(sql))?;
    }
    result
}

async fn build_batch(namespace: &Namespace, table: &Arc<Table>, number: u32) -> Result<Batch> {
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
        let Some(built_to) = built_to else { return Ok(Batch { rows: 0, finished: true }) };
        let row = table.sql.row;
        let mut statement = sql.prepare_cached(&format!(
            "SELECT {row}, body FROM {} WHERE {row} > ? ORDER BY {row}",
            table.sql.table
        ))?;
        let mut rows = statement.query([built_to])?;
        let (started, mut count, mut last) = (Instant::now(), 0, None);
        let mut finished = true;
        while let Some(found) = rows.next()? {
            let row: i64 = found.get(0)?;
            let body = found.get_ref(1)?.as_blob().unwrap_or_default();
            for value in index.entries_of(body)? {
                index.check_free(sql, table, &value, Some(row))?;
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
        let built_to = if finished { None } else { last };
        sql.prepare_cached("UPDATE document_indexes SET built_to = ? WHERE id = ?")?
            .execute((built_to, number))?;
        if finished {
            table.load_indexes(sql)?;
        }
        Ok(Batch { rows: count, finished })
    })
    .await
}

/// Drops an index. Its entries go with its table, which is quick: pages are only unlinked.
pub(crate) async fn drop_index(
    namespace: &Namespace,
    table: &Arc<Table>,
    number: u32,
) -> Result<()> {
    in_transaction(namespace, table, move |tx, table| {
        tx.sql().execute("DELETE FROM document_indexes WHERE id = ?", [number])?;
        tx.sql().execute_batch(&format!("DROP TABLE IF EXISTS document_index_{number}"))?;
        table.load_indexes(tx.sql())
    })
    .await
}

/// The builds that a crash has interrupted: found when the namespace is opened, done once.
pub(crate) struct Interrupted(Mutex<Vec<(String, String, Uniqueness)>>);

impl Interrupted {
    pub(crate) fn find(namespace: &Namespace) -> Result<Self> {
        namespace.query(|sql| -> Result<_> {
            let mut statement = sql.prepare(
                "SELECT c.name, i.path, i.is_unique FROM document_indexes i \
                 JOIN document_collections c ON c.id = i.collection WHERE i.built_to IS NOT NULL",
            )?;
            let mut rows = statement.query([])?;
            let mut builds = Vec::new();
            while let Some(row) = rows.next()? {
                let uniqueness = if row.get(2)? { Uniqueness::Unique } else { Uniqueness::Many };
                builds.push((row.get(0)?, row.get(1)?, uniqueness));
            }
            Ok(Interrupted(Mutex::new(builds)))
        })
    }

    pub(crate) fn resume(&self, namespace: &Namespace) -> Result<()> {
        let builds = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        for (collection, path, uniqueness) in builds {
            if let Some(table) = Catalog::of(namespace).find(namespace, &collection)? {
                IndexBuild::new(namespace.clone(), table, &path, uniqueness).wait()?;
            }
        }
        Ok(())
    }
}
