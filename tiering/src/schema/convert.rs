//! A schema as Iceberg and Arrow have it, and back.

use std::collections::HashMap;
use std::sync::Arc;

use headwater_primitives::{Error, ErrorKind, IdKind, Result, Timestamp};
use iceberg::arrow::schema_to_arrow_schema;
use iceberg::spec::{
    NestedField, NullOrder, PrimitiveType, Schema, SortDirection, SortField, SortOrder, Transform,
    Type, UnboundPartitionField, UnboundPartitionSpec,
};

use super::properties::Properties;
use super::{
    COLUMNS_PROPERTY, Column, ColumnType, ID, IdField, LAYOUT, LakeSchema, REST, SystemFields,
    VERSION, WRITTEN,
};

/// The name of the partition field.
pub const PARTITION_FIELD: &str = "_written_day";
/// Its id: the first of those that are for partition fields. Some catalogs do not give it themselves.
const PARTITION_FIELD_ID: i32 = 1000;

/// The day since 1970-01-01 in UTC, as Iceberg's transform `day` has it.
pub fn day_of(written: Timestamp) -> i32 {
    const MICROS_PER_DAY: i64 = 86_400_000_000;
    i32::try_from(written.0.div_euclid(MICROS_PER_DAY)).unwrap_or(i32::MAX)
}

impl LakeSchema {
    /// The schema as Iceberg has it, with `schema_id` 0.
    ///
    /// # Errors
    /// What Iceberg refuses, such as an invalid decimal.
    pub fn to_iceberg(&self) -> Result<Schema> {
        to_iceberg(self.id_kind, self.system, &self.columns)
    }

    /// What the schema in Iceberg does not say, as a property of the table: its key, which is
    /// [`COLUMNS_PROPERTY`], and its value.
    pub fn property(&self) -> (String, String) {
        (COLUMNS_PROPERTY.to_owned(), Properties::of(self).to_text())
    }

    /// The partitioning of new tables: the day of `_written`, named [`PARTITION_FIELD`].
    ///
    /// # Errors
    /// None that are known; Iceberg's builder may refuse.
    pub fn partition_spec(&self) -> Result<UnboundPartitionSpec> {
        let day = UnboundPartitionField::builder()
            .source_id(self.system.written)
            .field_id(PARTITION_FIELD_ID)
            .name(PARTITION_FIELD.to_owned())
            .transform(Transform::Day)
            .build();
        let spec = UnboundPartitionSpec::builder().with_spec_id(0);
        Ok(spec.add_partition_fields([day]).map_err(refused)?.build())
    }

    /// The order of the rows in each file: by id.
    ///
    /// # Errors
    /// None that are known; Iceberg's builder may refuse.
    pub fn sort_order(&self) -> Result<SortOrder> {
        let by_id = SortField {
            source_id: self.system.id,
            transform: Transform::Identity,
            direction: SortDirection::Ascending,
            null_order: NullOrder::First,
        };
        SortOrder::builder()
            .with_order_id(1)
            .with_sort_field(by_id)
            .build(&self.to_iceberg()?)
            .map_err(refused)
    }

    /// Reads a table's schema.
    ///
    /// # Errors
    /// `Unsupported` when the table is none of this kind: one of the columns that every table has
    /// is missing or has another type, or a column has a type that no [`ColumnType`] is stored as.
    /// `Corrupt` when the property does not fit the columns.
    pub fn from_iceberg(schema: &Schema, properties: &HashMap<String, String>) -> Result<Self> {
        let said = Properties::parse(properties.get(COLUMNS_PROPERTY).map(String::as_str))?;
        let (id, id_kind) = id_column(schema)?;
        let system = SystemFields {
            id,
            version: system_column(schema, VERSION, PrimitiveType::Long)?,
            written: system_column(schema, WRITTEN, PrimitiveType::Timestamptz)?,
            rest: system_column(schema, REST, PrimitiveType::String)?,
            layout: system_column(schema, LAYOUT, PrimitiveType::String)?,
        };
        let own = [system.id, system.version, system.written, system.rest, system.layout];
        let mut columns = Vec::new();
        for field in schema.as_struct().fields() {
            if !own.contains(&field.id) {
                columns.push(column_of(field, &said)?);
            }
        }
        let place = |place: usize| place.min(columns.len());
        let id_field = said.id.as_ref();
        let id_field =
            id_field.map(|id| IdField { name: id.field.clone(), place: place(id.place) });
        LakeSchema::from_parts(id_kind, id_field, system, columns)
    }
}

pub(super) fn to_iceberg(
    id_kind: IdKind,
    system: SystemFields,
    columns: &[Column],
) -> Result<Schema> {
    let id_type = match id_kind {
        IdKind::Integer => PrimitiveType::Long,
        IdKind::Text => PrimitiveType::String,
    };
    let mut fields = vec![
        NestedField::required(system.id, ID, Type::Primitive(id_type)),
        NestedField::required(system.version, VERSION, Type::Primitive(PrimitiveType::Long)),
        NestedField::required(system.written, WRITTEN, Type::Primitive(PrimitiveType::Timestamptz)),
        NestedField::optional(system.rest, REST, Type::Primitive(PrimitiveType::String)),
        NestedField::optional(system.layout, LAYOUT, Type::Primitive(PrimitiveType::String)),
    ];
    fields.extend(columns.iter().map(|column| {
        let ty = Type::Primitive(column.ty().to_iceberg());
        NestedField::optional(column.field_id(), column.name(), ty)
    }));
    Schema::builder()
        .with_schema_id(0)
        .with_fields(fields.into_iter().map(Arc::new))
        .build()
        .map_err(refused)
}

pub(super) fn to_arrow(schema: &Schema) -> Result<arrow_schema::Schema> {
    schema_to_arrow_schema(schema).map_err(refused)
}

fn id_column(schema: &Schema) -> Result<(i32, IdKind)> {
    match system_column(schema, ID, PrimitiveType::Long) {
        Ok(id) => Ok((id, IdKind::Integer)),
        Err(_) => Ok((system_column(schema, ID, PrimitiveType::String)?, IdKind::Text)),
    }
}

fn system_column(schema: &Schema, name: &str, expected: PrimitiveType) -> Result<i32> {
    let field = schema.field_by_name(name).ok_or_else(|| {
        unsupported(format!("the table has no column {name:?}, so it holds no documents"))
    })?;
    if *field.field_type == Type::Primitive(expected.clone()) {
        return Ok(field.id);
    }
    let found = &field.field_type;
    Err(unsupported(format!("column {name:?} is of type {found}, and has to be {expected}")))
}

fn column_of(field: &NestedField, said: &Properties) -> Result<Column> {
    let name = &field.name;
    let stored = field.field_type.as_primitive_type();
    let plain = stored.and_then(ColumnType::from_iceberg).ok_or_else(|| {
        let ty = &field.field_type;
        unsupported(format!("column {name:?} is of type {ty}, which no document's field has"))
    })?;
    let Some(said) = said.column(field.id) else {
        return Ok(Column::field(name, plain)?.with_field_id(field.id));
    };
    let ty = said.ty()?.unwrap_or(plain);
    if ty.to_iceberg() != plain.to_iceberg() {
        return Err(Error::corrupt(format!(
            "column {name:?} is {plain}, but the property {COLUMNS_PROPERTY} says {ty}"
        )));
    }
    let column = match &said.path {
        Some(path) => Column::path(name, path, ty)?,
        None => Column::field(name, ty)?,
    };
    Ok(column.whole_numbers(said.whole()?).with_field_id(field.id))
}

fn unsupported(message: String) -> Error {
    Error::new(ErrorKind::Unsupported, message)
}

fn refused(error: iceberg::Error) -> Error {
    Error::invalid(format!("the schema of a table of the lake: {error}")).with_source(error)
}
