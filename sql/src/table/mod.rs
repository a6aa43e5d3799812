//! A collection as a table of DataFusion: what both tiers have of it, as one.

mod bounds;
mod cold;
mod columns;
mod exec;
mod hot;
#[cfg(feature = "vector")]
mod vector;

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use arrow_schema::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::error::Result as PlanResult;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use datafusion::physical_plan::union::UnionExec;
use headwater_cdc::Store;
use headwater_document::{DocumentStore, Scan};
use headwater_primitives::{Error, ErrorKind, RecordId, Result, Sequence};
use headwater_tiering::schema::Inference;
use headwater_tiering::{ColdFiles, ColdView, Tier};

use crate::catalog::Reading;
use crate::inference::Looked;
use crate::pushdown::Wanted;
pub(crate) use cold::parquet_source;
pub(crate) use columns::Columns;
use exec::SourceExec;
use hot::HotRows;
#[cfg(feature = "vector")]
pub(crate) use vector::VectorTable;

/// A collection at the state that a statement reads.
pub(crate) struct DocumentTable {
    reading: Reading,
    name: String,
    columns: Arc<Columns>,
    scan: Arc<Scan>,
    cold: Option<Arc<ColdFiles>>,
    /// Rows in both tiers, where that is known.
    count: Option<u64>,
}

/// What the view says of a collection.
struct Seen {
    scan: Scan,
    inference: Inference,
    cold: Option<(ColdView, Vec<(RecordId, Sequence)>)>,
    count: Option<u64>,
}

impl DocumentTable {
    pub(crate) async fn open(reading: &Reading, name: &str) -> Result<DocumentTable> {
        let seen = see(reading, name).await?;
        let scan = Arc::new(seen.scan);
        let cold = match seen.cold {
            Some((view, outdated)) => view.files(outdated).await?.map(Arc::new),
            None => None,
        };
        let schema = match &cold {
            Some(cold) => seen.inference.evolve(cold.schema(), cold.last_field_id())?.schema,
            None => seen.inference.schema(scan.id_kind())?,
        };
        let (reading, name) = (reading.clone(), name.to_owned());
        let columns = Arc::new(Columns::new(Arc::new(schema)));
        Ok(DocumentTable { reading, name, columns, scan, cold, count: seen.count })
    }

    pub(crate) fn columns(&self) -> &Columns {
        &self.columns
    }

    /// The table's files, where all of its rows are there and each row of theirs counts.
    pub(crate) fn only_in_the_lake(&self) -> Result<&Arc<ColdFiles>> {
        let refused = |what: String| {
            let name = &self.name;
            Err(Error::new(ErrorKind::Conflict, format!("collection {name:?} {what}")))
        };
        let Some(cold) = &self.cold else {
            return refused("has no rows in the lake: hand them off first".to_owned());
        };
        match self.hot_rows() {
            Some(0) => {}
            Some(rows) => {
                return refused(format!("has rows in the hot tier ({rows}): hand them off first"));
            }
            None => return refused("may have rows in the hot tier".to_owned()),
        }
        match cold.files().iter().find(|file| file.groups.is_some()) {
            None => Ok(cold),
            Some(file) => refused(format!(
                "has rows in {} that were deleted or written again: compact it first",
                file.path
            )),
        }
    }

    /// How many rows the hot tier has of what is wanted, where that is known.
    fn hot_rows(&self) -> Option<u64> {
        let cold = self.cold.as_ref().map_or(0, |cold| cold.rows());
        self.count.map(|count| count.saturating_sub(cold))
    }
}

/// What the view has of the collection `name`.
async fn see(reading: &Reading, name: &str) -> Result<Seen> {
    let (own, name) = (reading.clone(), name.to_owned());
    let view = reading.view.clone();
    // The view's thread must not hold the view itself: it ends with its last holder.
    let Reading { sql, moment, now, .. } = own;
    view.ask(move |snapshot| {
        let namespace = &sql.0.namespace;
        let store: DocumentStore = DocumentStore::open(namespace, &name)?;
        let looked = Looked { store: &store, changes: &sql.0.changes, snapshot, now };
        let (mut inference, all) = sql.0.shared.inferences.of(&looked)?;
        let scan = store.scan(snapshot, moment)?.ok_or_else(|| {
            Error::new(ErrorKind::NotFound, format!("collection {name:?} is not there any more"))
        })?;
        for document in scan.earlier() {
            inference.observe(&document.body)?;
        }
        let cold = match scan.has_archived() {
            true => {
                let tier = Tier::of(namespace)?;
                let view = tier.whole_view(snapshot.sql(), Store::Document, &name)?;
                Some((view, scan.outdated(snapshot)?))
            }
            false => None,
        };
        // Of a past state nobody keeps count.
        let count = match (moment, all) {
            (Some(_), _) => None,
            (None, Some(all)) => Some(all),
            (None, None) => Some(scan.rows(snapshot)?),
        };
        let ended = if count.is_some() { scan.ended(snapshot, now.0)? } else { 0 };
        let count = count.map(|all| all.saturating_sub(ended));
        Ok(Seen { scan, inference, cold, count })
    })
    .await
}

#[async_trait]
impl TableProvider for DocumentTable {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn schema(&self) -> SchemaRef {
        self.columns.schema().clone()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    /// DataFusion applies all filters again: here they only spare work.
    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> PlanResult<Vec<TableProviderFilterPushDown>> {
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }

    async fn scan(
        &self,
        session: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> PlanResult<Arc<dyn ExecutionPlan>> {
        let all = || (0..self.columns.schema().fields().len()).collect();
        let projection = projection.cloned().unwrap_or_else(all);
        let mut sides: Vec<Arc<dyn ExecutionPlan>> = Vec::new();
        if self.hot_rows() != Some(0) {
            let hot = HotRows {
                reading: self.reading.clone(),
                columns: self.columns.clone(),
                scan: self.scan.clone(),
                schema: Arc::new(self.columns.schema().project(&projection)?),
                projection: projection.clone(),
                wanted: Wanted::of(filters, &self.columns),
                count: self.hot_rows(),
            };
            sides.push(SourceExec::plan(Arc::new(hot), limit));
        }
        if let Some(cold) = &self.cold {
            let cold = cold::Cold { files: cold, columns: &self.columns, sql: &self.reading.sql };
            sides.extend(cold.plan(session, &projection, filters, limit)?);
        }
        match sides.len() {
            0 => {
                Ok(Arc::new(EmptyExec::new(Arc::new(self.columns.schema().project(&projection)?))))
            }
            1 => Ok(sides.remove(0)),
            _ => UnionExec::try_new(sides),
        }
    }
}

impl fmt::Debug for DocumentTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DocumentTable").field("name", &self.name).finish_non_exhaustive()
    }
}
