//! The lake's table, with columns for what was seen of the rows that move.

use headwater_primitives::{Error, IdKind, Result};
use iceberg::table::Table;
use iceberg::{Catalog, TableUpdate};

use super::HandOff;
use crate::catalog::SqliteCatalog;
use crate::cold::table_ident;
use crate::commit::{Prepared, SchemaChange};
use crate::create::create_table;
use crate::error::OrLake;
use crate::owner;
use crate::schema::{Column, Inference, LakeSchema};

/// The field ids up to this one are those of the columns that every table has.
const LAST_SYSTEM_FIELD: i32 = 5;

/// Whether the lake has the table.
pub(super) async fn has_table(hand_off: &HandOff, catalog: &SqliteCatalog) -> Result<bool> {
    let ident = table_ident(hand_off.table.store(), hand_off.table.name());
    catalog.table_exists(&ident).await.or_lake()
}

/// The table, made when there is none, with columns for what was seen of the first rows.
pub(super) async fn table(
    hand_off: &HandOff,
    catalog: &SqliteCatalog,
    seen: &Inference,
) -> Result<Table> {
    let ident = table_ident(hand_off.table.store(), hand_off.table.name());
    if !has_table(hand_off, catalog).await? {
        return create_table(catalog, &ident, &new(hand_off, seen)?).await;
    }
    owner::claim_own(catalog.owner(), catalog.lake()).await?;
    let table = catalog.load(&ident).await?;
    let kind = hand_off.table.id_kind()?;
    let metadata = table.metadata();
    let known = LakeSchema::from_iceberg(metadata.current_schema(), metadata.properties())?;
    match kind.is_none_or(|kind| kind == known.id_kind()) {
        true => evolve(catalog, table, seen).await,
        // It was made when there were no rows.
        false => of_all(hand_off, catalog, table, seen).await,
    }
}

/// The table with columns for what was seen of all rows. As long as it has none, its columns are chosen anew:
/// the first rows may have been unlike the others.
pub(super) async fn of_all(
    hand_off: &HandOff,
    catalog: &SqliteCatalog,
    table: Table,
    seen: &Inference,
) -> Result<Table> {
    if table.metadata().current_snapshot().is_some() {
        return evolve(catalog, table, seen).await;
    }
    let schema = new(hand_off, seen)?;
    let change = SchemaChange::replacing(table.metadata(), &schema.to_iceberg()?)?;
    commit(catalog, &table, change, &schema).await
}

/// The schema of a new table.
fn new(hand_off: &HandOff, seen: &Inference) -> Result<LakeSchema> {
    let kind = hand_off.table.id_kind()?.unwrap_or(IdKind::Text);
    if hand_off.declared.is_empty() {
        return seen.schema(kind);
    }
    let builder = LakeSchema::builder(kind).id_field(hand_off.table.id_field());
    let declared = hand_off.declared.iter().cloned();
    let declared = declared.fold(builder, |builder, column| builder.column(column)).build()?;
    let last = declared.columns().iter().map(Column::field_id).max();
    let last = last.unwrap_or(0).max(LAST_SYSTEM_FIELD);
    Ok(seen.evolve(&declared, last)?.schema)
}

/// Adds and widens columns for what was seen.
async fn evolve(catalog: &SqliteCatalog, table: Table, seen: &Inference) -> Result<Table> {
    let metadata = table.metadata();
    let schema = LakeSchema::from_iceberg(metadata.current_schema(), metadata.properties())?;
    let evolution = seen.evolve(&schema, metadata.last_column_id())?;
    if !evolution.is_change() {
        return Ok(table);
    }
    let mut change = SchemaChange::of(metadata);
    for column in &evolution.added {
        change.add(column.name(), column.ty().to_iceberg())?;
    }
    for (field, ty) in &evolution.widened {
        let name = metadata.current_schema().name_by_field_id(*field);
        let name = name.ok_or_else(|| Error::corrupt(format!("column {field} has no name")))?;
        change.widen(name, ty.to_iceberg())?;
    }
    commit(catalog, &table, change, &evolution.schema).await
}

async fn commit(
    catalog: &SqliteCatalog,
    table: &Table,
    change: SchemaChange<'_>,
    schema: &LakeSchema,
) -> Result<Table> {
    let Prepared { requirements, mut updates, .. } = change.prepare()?;
    let (key, value) = schema.property();
    updates.push(TableUpdate::SetProperties { updates: [(key, value)].into() });
    catalog.commit_with(table.identifier(), requirements, updates, |_| Ok(())).await
}
