//! Changing a table's schema: optional columns come, types widen.

use std::sync::Arc;

use headwater_primitives::{Error, Result};
use iceberg::spec::{NestedField, NestedFieldRef, PrimitiveType, Schema, TableMetadata, Type};
use iceberg::{TableRequirement, TableUpdate};

use super::Prepared;
use crate::error::OrLake;

/// A change of a table's schema in the making. Field ids of columns never change, and a new column gets
/// one that was never used.
#[derive(Clone, Debug)]
pub struct SchemaChange<'t> {
    metadata: &'t TableMetadata,
    fields: Vec<NestedFieldRef>,
    last_id: i32,
    changed: bool,
}

impl<'t> SchemaChange<'t> {
    /// A change of the current schema.
    pub fn of(metadata: &'t TableMetadata) -> SchemaChange<'t> {
        SchemaChange {
            metadata,
            fields: metadata.current_schema().as_struct().fields().to_vec(),
            last_id: metadata.last_column_id(),
            changed: false,
        }
    }

    /// Another schema in place of the current one, whatever that has. Columns are read by their field ids, so
    /// this is for tables that have no rows.
    ///
    /// # Errors
    /// `InvalidInput` when the table has a snapshot.
    pub(crate) fn replacing(
        metadata: &'t TableMetadata,
        schema: &Schema,
    ) -> Result<SchemaChange<'t>> {
        if metadata.current_snapshot().is_some() {
            return Err(Error::invalid("the columns of a table that has rows cannot be replaced"));
        }
        let fields = schema.as_struct().fields().to_vec();
        Ok(SchemaChange { fields, changed: true, ..SchemaChange::of(metadata) })
    }

    /// Adds an optional column at the end, and gives its field id.
    ///
    /// # Errors
    /// `InvalidInput` when there is a column whose name is the same, or differs by case only: many
    /// engines cannot tell those apart.
    pub fn add(&mut self, name: &str, kind: PrimitiveType) -> Result<i32> {
        let taken =
            self.fields.iter().find(|field| field.name.to_lowercase() == name.to_lowercase());
        if let Some(field) = taken {
            return Err(Error::invalid(format!(
                "column {name:?} cannot be added: there is a column {:?}",
                field.name
            )));
        }
        self.last_id += 1;
        self.fields.push(Arc::new(NestedField::optional(
            self.last_id,
            name,
            Type::Primitive(kind),
        )));
        self.changed = true;
        Ok(self.last_id)
    }

    /// Widens a column: int to long, float to double, a decimal to more digits before the point. Does
    /// nothing when it has that type already.
    ///
    /// # Errors
    /// `InvalidInput` when there is no such column, or when Iceberg does not allow that change.
    pub fn widen(&mut self, name: &str, kind: PrimitiveType) -> Result<()> {
        let field = self.fields.iter_mut().find(|field| field.name == name);
        let field = field.ok_or_else(|| {
            Error::invalid(format!("column {name:?} cannot be widened: there is no such column"))
        })?;
        match field.field_type.as_primitive_type() {
            Some(now) if *now == kind => return Ok(()),
            Some(now) if widens(now, &kind) => {}
            _ => {
                return Err(Error::invalid(format!(
                    "column {name:?} cannot change from {} to {kind}: only int to long, float to \
                     double, and a decimal to a larger precision",
                    field.field_type
                )));
            }
        }
        let wider =
            NestedField { field_type: Box::new(Type::Primitive(kind)), ..(**field).clone() };
        *field = Arc::new(wider);
        self.changed = true;
        Ok(())
    }

    /// What has to be committed; without updates when nothing changed.
    ///
    /// # Errors
    /// What iceberg finds wrong with the schema as a whole.
    pub fn prepare(self) -> Result<Prepared> {
        if !self.changed {
            return Ok(Prepared::default());
        }
        let current = self.metadata.current_schema();
        let newest = self.metadata.schemas_iter().map(|schema| schema.schema_id()).max();
        let schema = Schema::builder()
            .with_schema_id(newest.unwrap_or(0) + 1)
            .with_fields(self.fields)
            .with_identifier_field_ids(current.identifier_field_ids())
            .build()
            .or_lake()?;
        Ok(Prepared {
            requirements: vec![
                TableRequirement::UuidMatch { uuid: self.metadata.uuid() },
                TableRequirement::CurrentSchemaIdMatch { current_schema_id: current.schema_id() },
                TableRequirement::LastAssignedFieldIdMatch {
                    last_assigned_field_id: self.metadata.last_column_id(),
                },
            ],
            updates: vec![
                TableUpdate::AddSchema { schema },
                TableUpdate::SetCurrentSchema { schema_id: LAST_ADDED },
            ],
            ..Prepared::default()
        })
    }
}

/// What the format calls the schema that was added last.
const LAST_ADDED: i32 = -1;

fn widens(from: &PrimitiveType, to: &PrimitiveType) -> bool {
    use PrimitiveType::{Decimal, Double, Float, Int, Long};
    match (from, to) {
        (Int, Long) | (Float, Double) => true,
        (Decimal { precision: from, scale }, Decimal { precision: to, scale: same }) => {
            scale == same && to > from
        }
        _ => false,
    }
}
