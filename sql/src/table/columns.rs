//! The columns that a statement sees of a table, and where each one is among the lake's.

use std::sync::Arc;

use arrow_schema::{Field, Schema, SchemaRef};
use headwater_tiering::schema::{ID, LAYOUT, LakeSchema, REST, VERSION, WRITTEN};

/// The columns of a table: `id`, those of the documents' fields, `_version`, `_written`, `_rest`. Where
/// documents hold their id in a field of another name, that is a column too.
pub(crate) struct Columns {
    lake: Arc<LakeSchema>,
    schema: SchemaRef,
    /// The place of each column in [`LakeSchema::arrow`].
    places: Vec<usize>,
    /// The column that is the id under the field's name.
    alias: Option<usize>,
}

impl Columns {
    pub(crate) fn new(lake: Arc<LakeSchema>) -> Columns {
        let arrow = lake.arrow();
        let place = |name: &str| arrow.index_of(name).unwrap_or_default();
        let (id, last) = (place(ID), [VERSION, WRITTEN, REST].map(place));
        let own = arrow.fields().iter().enumerate();
        let own = own.filter(|(_, field)| {
            ![ID, VERSION, WRITTEN, REST, LAYOUT].contains(&field.name().as_str())
        });
        let mut columns: Vec<(usize, String)> = vec![(id, ID.to_owned())];
        let alias = lake.id_field().map(|id| id.name.as_str()).filter(|name| *name != ID);
        columns.extend(alias.map(|name| (id, name.to_owned())));
        columns.extend(own.map(|(place, field)| (place, field.name().clone())));
        columns.extend(last.map(|place| (place, arrow.field(place).name().clone())));
        let fields = columns.iter().map(|(place, name)| {
            // Of the past nobody knows the version, so all but the id may be null.
            Field::new(name, arrow.field(*place).data_type().clone(), *place != id)
        });
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        let places = columns.iter().map(|(place, _)| *place).collect();
        let alias = alias.map(|_| 1);
        Columns { lake, schema, places, alias }
    }

    /// What a statement sees.
    pub(crate) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// The columns that files have: without the id under another name.
    pub(crate) fn stored(&self) -> SchemaRef {
        let Some(alias) = self.alias else { return self.schema.clone() };
        let fields = self.schema.fields().iter().enumerate().filter(|(column, _)| *column != alias);
        Arc::new(Schema::new(fields.map(|(_, field)| field.clone()).collect::<Vec<_>>()))
    }

    /// What each column is called in files, and here.
    pub(crate) fn named(&self) -> impl Iterator<Item = (&str, &str)> {
        let fields = self.schema.fields().iter().enumerate();
        fields.map(|(column, field)| {
            let stored = if self.alias == Some(column) { ID } else { field.name().as_str() };
            (stored, field.name().as_str())
        })
    }

    /// What hot rows are encoded to.
    pub(crate) fn lake(&self) -> &Arc<LakeSchema> {
        &self.lake
    }

    /// The places of these columns among the lake's.
    pub(crate) fn places(&self, projection: &[usize]) -> Vec<usize> {
        projection.iter().map(|column| self.places[*column]).collect()
    }

    /// The column that files do not have under its name, being the id.
    pub(crate) fn alias(&self) -> Option<usize> {
        self.alias
    }

    /// Whether `name` is a column of the id.
    pub(crate) fn is_id(&self, name: &str) -> bool {
        name == ID || self.alias.is_some_and(|alias| self.schema.field(alias).name() == name)
    }
}
