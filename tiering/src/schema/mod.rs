//! The columns that a table of the lake has, and what each of them means for a document.

mod builder;
mod column;
mod column_type;
mod convert;
mod evolve;
mod infer;
mod names;
mod observed;
mod properties;
mod usual;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;

use arrow_schema::SchemaRef;
use headwater_primitives::{IdKind, Result};

pub use builder::LakeSchemaBuilder;
pub use column::{Column, Source};
pub use column_type::{ColumnType, Fraction, WholeNumbers};
pub use convert::{PARTITION_FIELD, day_of};
pub use evolve::Evolution;
pub use infer::Inference;
pub use properties::COLUMNS_PROPERTY;
pub(crate) use usual::UsualFields;

/// The column of the row's id.
pub const ID: &str = "id";
/// The column of the sequence of the row's last write.
pub const VERSION: &str = "_version";
/// The column of the commit time of the row's last write.
pub const WRITTEN: &str = "_written";
/// The column of the fields that no other column gives back exactly.
pub const REST: &str = "_rest";
/// The column of the order of a document's fields, where it is not the table's.
pub const LAYOUT: &str = "_layout";

/// The Iceberg field ids of the columns that every table has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SystemFields {
    /// Of [`ID`].
    pub id: i32,
    /// Of [`VERSION`].
    pub version: i32,
    /// Of [`WRITTEN`].
    pub written: i32,
    /// Of [`REST`].
    pub rest: i32,
    /// Of [`LAYOUT`].
    pub layout: i32,
}

impl SystemFields {
    /// Those of a new table, which begins with these columns.
    pub(crate) const NEW: SystemFields =
        SystemFields { id: 1, version: 2, written: 3, rest: 4, layout: 5 };
}

/// Where the document's own id stands in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdField {
    /// The field that holds the id.
    pub name: String,
    /// How many of the columns' fields stand before it in the usual document.
    pub place: usize,
}

/// The columns of a table: those that every table has, and those of the documents' own fields.
///
/// ```
/// use headwater_primitives::IdKind;
/// use headwater_tiering::schema::{Column, ColumnType, LakeSchema};
///
/// let schema = LakeSchema::builder(IdKind::Text)
///     .id_field("id")
///     .column(Column::field("price", "decimal(15,2)".parse()?)?)
///     .column(Column::path("city", "address.city", ColumnType::String)?)
///     .build()?;
/// assert_eq!(schema.columns().len(), 2);
/// # Ok::<(), headwater_primitives::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct LakeSchema {
    id_kind: IdKind,
    id_field: Option<IdField>,
    system: SystemFields,
    columns: Vec<Column>,
    /// The columns that give a field back, by the field's name.
    by_field: HashMap<String, usize>,
    /// The same by field id.
    by_id: HashMap<i32, usize>,
    arrow: SchemaRef,
}

/// What in a table stands for a field of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Slot {
    Id,
    Column(usize),
}

impl LakeSchema {
    /// Begins a schema of declared columns.
    pub fn builder(id_kind: IdKind) -> LakeSchemaBuilder {
        LakeSchemaBuilder::new(id_kind)
    }

    pub(crate) fn from_parts(
        id_kind: IdKind,
        id_field: Option<IdField>,
        system: SystemFields,
        columns: Vec<Column>,
    ) -> Result<Self> {
        let mut by_field = HashMap::new();
        let mut by_id = HashMap::new();
        for (index, column) in columns.iter().enumerate() {
            if let Some(name) = column.field_name() {
                by_field.insert(name.to_owned(), index);
                by_id.insert(column.field_id(), index);
            }
        }
        let iceberg = convert::to_iceberg(id_kind, system, &columns)?;
        let arrow = Arc::new(convert::to_arrow(&iceberg)?);
        Ok(LakeSchema { id_kind, id_field, system, columns, by_field, by_id, arrow })
    }

    /// Which ids the rows have.
    pub fn id_kind(&self) -> IdKind {
        self.id_kind
    }

    /// The field of a document that holds its id, if documents have one.
    pub fn id_field(&self) -> Option<&IdField> {
        self.id_field.as_ref()
    }

    /// The field ids of the columns that every table has.
    pub fn system(&self) -> SystemFields {
        self.system
    }

    /// The columns of the documents' own fields, in the table's order.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The table's columns as Arrow sees them, with Iceberg's field ids in their metadata.
    pub fn arrow(&self) -> &SchemaRef {
        &self.arrow
    }

    /// What stands for the field `name`.
    pub(crate) fn slot(&self, name: &str) -> Option<Slot> {
        match &self.id_field {
            Some(id) if id.name == name => Some(Slot::Id),
            _ => self.by_field.get(name).copied().map(Slot::Column),
        }
    }

    /// The slot with this field id.
    pub(crate) fn slot_of(&self, field_id: i64) -> Option<Slot> {
        let field_id = i32::try_from(field_id).ok()?;
        if field_id == self.system.id {
            return self.id_field.is_some().then_some(Slot::Id);
        }
        self.by_id.get(&field_id).copied().map(Slot::Column)
    }

    /// Where the slot stands in the usual document.
    pub(crate) fn place(&self, slot: Slot) -> usize {
        match (slot, &self.id_field) {
            (Slot::Id, Some(id)) => id.place,
            (Slot::Column(index), Some(id)) if index >= id.place => index + 1,
            (Slot::Column(index), _) => index,
            (Slot::Id, None) => 0,
        }
    }

    /// The slots in the order of the usual document.
    pub(crate) fn slots(&self) -> impl Iterator<Item = Slot> + '_ {
        let place = self.id_field.as_ref().map(|id| id.place);
        let fields =
            (0..self.columns.len()).filter(|index| self.columns[*index].field_name().is_some());
        let before = fields.clone().filter(move |index| place.is_none_or(|place| *index < place));
        let after = fields.filter(move |index| place.is_some_and(|place| *index >= place));
        before.map(Slot::Column).chain(place.map(|_| Slot::Id)).chain(after.map(Slot::Column))
    }

    /// The name of the slot's field.
    pub(crate) fn field_of(&self, slot: Slot) -> &str {
        let name = match slot {
            Slot::Id => self.id_field.as_ref().map(|id| id.name.as_str()),
            Slot::Column(index) => self.columns[index].field_name(),
        };
        name.unwrap_or_default()
    }
}
