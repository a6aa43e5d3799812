//! The table of events, and what the hot tier knows of it.

use std::ops::RangeInclusive;
use std::sync::Arc;

use headwater_primitives::rusqlite::{Connection, OptionalExtension, params};
use headwater_primitives::{IdKind, Result, Sequence, Transaction};
use iceberg::table::Table;
use iceberg::{Catalog, NamespaceIdent, TableIdent};

use crate::catalog::SqliteCatalog;
use crate::cold::ColdTable;
use crate::create::create_table;
use crate::error::OrLake;
use crate::schema::{Column, ColumnType, LakeSchema};
use crate::tier::Tier;

/// No store has this name.
pub(crate) const LOG: &str = "log";
const EVENTS: &str = "events";

/// In the order in which an event's row has them.
const COLUMNS: [(&str, ColumnType); 18] = [
    ("epoch", ColumnType::Long),
    ("event_id", ColumnType::String),
    ("type", ColumnType::String),
    ("op", ColumnType::String),
    ("store", ColumnType::String),
    ("table_name", ColumnType::String),
    ("key", ColumnType::Json),
    ("row_number", ColumnType::Long),
    ("before", ColumnType::Json),
    ("after", ColumnType::Json),
    ("data", ColumnType::Json),
    ("transaction_first", ColumnType::Long),
    ("transaction_index", ColumnType::Long),
    ("transaction_total", ColumnType::Long),
    ("correlation_id", ColumnType::String),
    ("causation_id", ColumnType::String),
    ("actor", ColumnType::String),
    ("source", ColumnType::String),
];

/// Its name in the catalog. The column `id` is the event's sequence.
pub(crate) fn ident() -> TableIdent {
    TableIdent::new(NamespaceIdent::new(LOG.to_owned()), EVENTS.to_owned())
}

/// The table as it is now, made when there is none.
pub(super) async fn open(catalog: &SqliteCatalog) -> Result<Table> {
    let ident = ident();
    if catalog.table_exists(&ident).await.or_lake()? {
        return catalog.load(&ident).await;
    }
    let mut schema = LakeSchema::builder(IdKind::Integer);
    for (name, ty) in COLUMNS {
        schema = schema.column(Column::field(name, ty)?);
    }
    create_table(catalog, &ident, &schema.build()?).await
}

/// The number that the hot tier has for the table, and what the lake has of it now; `None` while no event
/// was archived.
pub(crate) async fn current(tier: &Tier) -> Result<Option<(i64, Arc<ColdTable>)>> {
    let (catalog, ident) = (tier.catalog()?, ident());
    if !catalog.table_exists(&ident).await.or_lake()? {
        return Ok(None);
    }
    let number = tier.namespace().transaction(number).await?;
    let table = catalog.load(&ident).await?;
    Ok(Some((number, tier.lake.tables.of(&table).await?)))
}

/// The number under which files of the table are noted, beside those of the stores' tables.
fn number(tx: &Transaction<'_>) -> Result<i64> {
    let insert = "INSERT OR IGNORE INTO tiering_tables(store, name) VALUES (?, ?)";
    tx.sql().prepare_cached(insert)?.execute([LOG, EVENTS])?;
    let select = "SELECT id FROM tiering_tables WHERE store = ? AND name = ?";
    Ok(tx.sql().prepare_cached(select)?.query_row([LOG, EVENTS], |row| row.get(0))?)
}

/// The first and the last event that the lake has.
pub(super) fn range(sql: &Connection) -> Result<Option<RangeInclusive<Sequence>>> {
    let sequence = |number: i64| Sequence(number.cast_unsigned());
    Ok(sql
        .prepare_cached("SELECT first, last FROM tiering_events")?
        .query_row([], |row| Ok(sequence(row.get(0)?)..=sequence(row.get(1)?)))
        .optional()?)
}

pub(super) fn set_range(tx: &Transaction<'_>, range: &RangeInclusive<Sequence>) -> Result<()> {
    let (first, last) = (range.start().0.cast_signed(), range.end().0.cast_signed());
    tx.sql()
        .prepare_cached("INSERT OR REPLACE INTO tiering_events(id, first, last) VALUES (1, ?, ?)")?
        .execute(params![first, last])?;
    Ok(())
}
