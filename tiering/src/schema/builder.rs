//! Declaring the columns of a new table.

use std::collections::HashSet;

use headwater_primitives::{Error, IdKind, Result};

use super::{Column, IdField, LakeSchema, Source, SystemFields, names};

/// Collects the columns of a [`LakeSchema`].
#[derive(Clone, Debug)]
pub struct LakeSchemaBuilder {
    id_kind: IdKind,
    id_field: Option<String>,
    id_place: usize,
    columns: Vec<Column>,
}

impl LakeSchemaBuilder {
    pub(super) fn new(id_kind: IdKind) -> Self {
        LakeSchemaBuilder { id_kind, id_field: None, id_place: 0, columns: Vec::new() }
    }

    /// The field of a document that holds its id. The column `id` gives it back.
    #[must_use]
    pub fn id_field(mut self, name: &str) -> Self {
        self.id_field = Some(name.to_owned());
        self
    }

    /// How many columns' fields stand before the id in the usual document: none by default.
    #[must_use]
    pub fn id_place(mut self, place: usize) -> Self {
        self.id_place = place;
        self
    }

    /// Adds a column. Documents that have their fields in the order of the columns are stored best.
    #[must_use]
    pub fn column(mut self, column: Column) -> Self {
        self.columns.push(column);
        self
    }

    /// The schema.
    ///
    /// # Errors
    /// `InvalidInput` when two columns have one name, differ only by case, or when one is of the
    /// field that holds the id.
    pub fn build(self) -> Result<LakeSchema> {
        let place = self.id_place.min(self.columns.len());
        let id_field = self.id_field.map(|name| IdField { name, place });
        check_columns(id_field.as_ref(), &self.columns)?;
        let first = SystemFields::NEW.layout + 1;
        let columns = (first..).zip(self.columns).map(|(id, column)| column.with_field_id(id));
        LakeSchema::from_parts(self.id_kind, id_field, SystemFields::NEW, columns.collect())
    }
}

fn check_columns(id_field: Option<&IdField>, columns: &[Column]) -> Result<()> {
    let mut seen = HashSet::new();
    for column in columns {
        let name = column.name();
        if !seen.insert(names::fold(name)) {
            return Err(Error::invalid(format!(
                "two columns are named {name:?}, or differ only in upper and lower case"
            )));
        }
        let is_id = |id: &IdField| *column.source() == Source::Field(id.name.clone());
        if id_field.is_some_and(is_id) {
            return Err(Error::invalid(format!(
                "column {name:?}: the field holds the id, which is the column \"id\" already"
            )));
        }
    }
    Ok(())
}
