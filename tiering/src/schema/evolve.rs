//! A table's schema meets new documents: columns are added and widened, never dropped or renamed.

use std::collections::HashSet;

use headwater_primitives::Result;

use super::{Column, ColumnType, Inference, LakeSchema, names};

/// What new documents made of a schema.
#[derive(Clone, Debug)]
pub struct Evolution {
    /// The schema as it is now to be.
    pub schema: LakeSchema,
    /// The columns that came to it.
    pub added: Vec<Column>,
    /// The columns that got a wider type, by field id.
    pub widened: Vec<(i32, ColumnType)>,
}

impl Evolution {
    /// Whether the schema has changed at all.
    pub fn is_change(&self) -> bool {
        !self.added.is_empty() || !self.widened.is_empty()
    }
}

impl Inference {
    /// The schema for a table that has `schema`, and gets the documents that were seen.
    ///
    /// New fields become columns behind the others, as long as there may be more. `int` becomes
    /// `long`, `float` becomes `double`, and a decimal gets more digits where values need it. What
    /// fits none of this goes to `_rest`. `last_field_id` is the highest one that the table ever
    /// gave out.
    ///
    /// # Errors
    /// None that are known; what was seen is turned only into columns that can be.
    pub fn evolve(&self, schema: &LakeSchema, last_field_id: i32) -> Result<Evolution> {
        let mut columns = schema.columns().to_vec();
        let mut widened = Vec::new();
        for column in &mut columns {
            let seen = self.fields.iter().find(|field| column.field_name() == Some(&*field.name));
            if let Some(ty) = seen.and_then(|field| field.widened(column.ty())) {
                column.ty = ty;
                widened.push((column.field_id(), ty));
            }
        }
        let taken: HashSet<String> =
            columns.iter().map(|column| names::fold(column.name())).collect();
        let room = self.most_columns().saturating_sub(columns.len());
        let is_id = |column: &Column| {
            schema.id_field().is_some_and(|id| column.field_name() == Some(&id.name))
        };
        let new = self.columns(&taken, room).into_iter().filter(|column| !is_id(column));
        let added: Vec<Column> =
            (last_field_id + 1..).zip(new).map(|(id, new)| new.with_field_id(id)).collect();
        columns.extend(added.iter().cloned());
        let id_field = schema.id_field().cloned();
        let schema = LakeSchema::from_parts(schema.id_kind(), id_field, schema.system(), columns)?;
        Ok(Evolution { schema, added, widened })
    }
}
