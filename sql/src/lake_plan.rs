//! A statement as a plan over the lake's files alone, for engines built on DataFusion that run it elsewhere.

use std::fmt;
use std::sync::Arc;

use datafusion::common::Column;
use datafusion::common::tree_node::{Transformed, TreeNodeRecursion};
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::{
    ListingOptions, ListingTable, ListingTableConfig, ListingTableUrl,
};
use datafusion::datasource::{provider_as_source, source_as_provider};
use datafusion::error::{DataFusionError, Result as PlanResult};
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, TableScan};
use headwater_primitives::{Error, ErrorKind, Result};
use headwater_tiering::{ColdFile, ColdFiles};
use url::Url;

use crate::error::{inward, outward};
use crate::sql::Sql;
use crate::statement;
use crate::table::DocumentTable;

/// A statement's plan whose tables are the lake's Parquet files: any engine that speaks DataFusion's plans can
/// run it where it reaches the lake, such as a Ballista cluster. See [`SqlQuery::lake_plan`].
///
/// The files stay for as long as this lives.
///
/// [`SqlQuery::lake_plan`]: crate::SqlQuery::lake_plan
pub struct LakePlan {
    plan: LogicalPlan,
    _files: Vec<Arc<ColdFiles>>,
}

impl LakePlan {
    /// The plan, which is not optimized yet.
    pub fn logical_plan(&self) -> &LogicalPlan {
        &self.plan
    }
}

impl fmt::Debug for LakePlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LakePlan").field(&self.plan).finish()
    }
}

pub(crate) async fn plan(sql: Sql, text: String) -> Result<LakePlan> {
    let (_, plan) = statement::plan(&sql, &text, None).await?;
    let mut files = Vec::new();
    let in_the_lake = |node| match node {
        LogicalPlan::TableScan(scan) => {
            let (scan, read) = replaced(&scan)?;
            files.push(read);
            Ok(Transformed::new(scan, true, TreeNodeRecursion::Jump))
        }
        node => Ok(Transformed::no(node)),
    };
    let plan = plan.transform_down_with_subqueries(in_the_lake).map_err(inward)?.data;
    Ok(LakePlan { plan, _files: files })
}

/// The same scan, of files.
fn replaced(scan: &TableScan) -> PlanResult<(LogicalPlan, Arc<ColdFiles>)> {
    let provider = source_as_provider(&scan.source)?;
    let table = provider.as_any().downcast_ref::<DocumentTable>().ok_or_else(|| {
        let message = format!("table {} is not one that the lake can have", scan.table_name);
        outward(Error::new(ErrorKind::Unsupported, message))
    })?;
    let files = table.only_in_the_lake().map_err(outward)?;
    let urls = files.files().iter().map(url_of).collect::<PlanResult<Vec<_>>>()?;
    let options = ListingOptions::new(Arc::new(ParquetFormat::default()));
    let config = ListingTableConfig::new_with_multi_paths(urls)
        .with_listing_options(options)
        .with_schema(table.columns().stored());
    let source = provider_as_source(Arc::new(ListingTable::try_new(config)?));
    let scanned = LogicalPlanBuilder::scan(scan.table_name.clone(), source, None)?;
    // The id has a second name where documents have it in a field of another one.
    let columns = table.columns().named().map(|(stored, name)| {
        let stored = Column::new(Some(scan.table_name.clone()), stored);
        Expr::Column(stored).alias(name)
    });
    let plan = scanned.project(columns.collect::<Vec<_>>())?.alias(scan.table_name.clone())?;
    Ok((plan.build()?, files.clone()))
}

/// Where the file is. The lake's locations have names as they are, where a URL encodes some characters.
fn url_of(file: &ColdFile) -> PlanResult<ListingTableUrl> {
    let wrong = || DataFusionError::Plan(format!("{:?} is no address of a file", file.location));
    let (scheme, rest) = file.location.split_once("://").ok_or_else(wrong)?;
    let (host, path) = rest.split_once('/').ok_or_else(wrong)?;
    let mut url = Url::parse(&format!("{scheme}://{host}/")).map_err(|_| wrong())?;
    url.path_segments_mut().map_err(|()| wrong())?.pop_if_empty().extend(path.split('/'));
    ListingTableUrl::parse(url)
}
