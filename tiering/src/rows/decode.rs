//! Arrow batches to documents.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Int64Type, TimestampMicrosecondType};
use arrow_array::{
    Array, ArrayRef, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow_cast::cast;
use arrow_schema::{DataType, Field, SchemaRef};
use bytes::Bytes;
use headwater_primitives::jsonb::{self, FieldName, Kind, ObjectWriter, View};
use headwater_primitives::{Error, IdKind, RecordId, Result, Sequence, Timestamp};
use parquet::arrow::PARQUET_FIELD_ID_META_KEY;

use super::LakeRow;
use super::held::Held;
use super::layout;
use crate::schema::{LakeSchema, Slot};

/// Restores documents from batches of a table, also from files of an older schema: what a batch has
/// no column for is null in it.
#[derive(Clone, Debug)]
pub struct RowDecoder {
    schema: Arc<LakeSchema>,
}

impl RowDecoder {
    /// A decoder for tables whose schema is now this one.
    pub fn new(schema: Arc<LakeSchema>) -> Self {
        RowDecoder { schema }
    }

    /// The rows of a batch. Columns are found by their field ids, or by name where the batch has none.
    ///
    /// # Errors
    /// `Corrupt` when `id`, `_version` or `_written` is missing, or a column has a type that cannot
    /// become that of the schema.
    pub fn rows(&self, batch: &RecordBatch) -> Result<Rows> {
        let arrays = Arrays { batch, schema: batch.schema() };
        let wanted = self.schema.arrow().fields();
        let system = |index: usize| {
            arrays.find(&wanted[index])?.ok_or_else(|| {
                Error::corrupt(format!("the batch has no column {:?}", wanted[index].name()))
            })
        };
        let key = match self.schema.id_kind() {
            IdKind::Integer => Keys::Integer(system(0)?.as_primitive::<Int64Type>().clone()),
            IdKind::Text => Keys::Text(system(0)?.as_string::<i32>().clone()),
        };
        let text = |index: usize| -> Result<Option<StringArray>> {
            Ok(arrays.find(&wanted[index])?.map(|array| array.as_string::<i32>().clone()))
        };
        let mut columns = Vec::with_capacity(self.schema.columns().len());
        for (column, field) in self.schema.columns().iter().zip(&wanted[5..]) {
            let held = match column.field_name() {
                Some(name) => arrays.find(field)?.and_then(|array| Held::new(name, column, &array)),
                None => None,
            };
            columns.push(held);
        }
        Ok(Rows {
            schema: self.schema.clone(),
            len: batch.num_rows(),
            key,
            version: system(1)?.as_primitive::<Int64Type>().clone(),
            written: system(2)?.as_primitive::<TimestampMicrosecondType>().clone(),
            rest: text(3)?,
            layout: text(4)?,
            columns,
            id: FieldName::new(self.schema.id_field().map_or("", |id| id.name.as_str())),
            usual: self.schema.slots().collect(),
        })
    }
}

/// The columns of a batch, looked up for a schema.
struct Arrays<'a> {
    batch: &'a RecordBatch,
    schema: SchemaRef,
}

impl Arrays<'_> {
    /// The array of the column that `wanted` describes, as an array of the wanted type.
    fn find(&self, wanted: &Field) -> Result<Option<ArrayRef>> {
        let id = field_id(wanted);
        let has_ids = self.schema.fields().iter().any(|field| field_id(field).is_some());
        let index = self.schema.fields().iter().position(|field| match has_ids {
            true => field_id(field) == id,
            false => field.name() == wanted.name(),
        });
        let Some(array) = index.map(|index| self.batch.column(index)) else {
            return Ok(None);
        };
        let ty = wanted.data_type();
        if array.data_type() == ty {
            return Ok(Some(array.clone()));
        }
        let refused = |why: &str| {
            let found = array.data_type();
            Error::corrupt(format!("column {:?} is {found}, not {ty}: {why}", wanted.name()))
        };
        if !may_become(array.data_type(), ty) {
            return Err(refused("no type of a table turns into that"));
        }
        cast(array, ty).map(Some).map_err(|error| refused(&error.to_string()))
    }
}

fn field_id(field: &Field) -> Option<&String> {
    field.metadata().get(PARQUET_FIELD_ID_META_KEY)
}

/// Whether values of type `from` are values of type `to` without any loss.
fn may_become(from: &DataType, to: &DataType) -> bool {
    use DataType::{
        Decimal128, Float32, Float64, Int32, Int64, LargeUtf8, Timestamp, Utf8, Utf8View,
    };
    match (from, to) {
        (Int32, Int64) | (Float32, Float64) | (LargeUtf8 | Utf8View, Utf8) => true,
        (Decimal128(from, scale), Decimal128(to, kept)) => from <= to && scale == kept,
        (Timestamp(from, Some(_)), Timestamp(to, Some(_))) => from == to,
        _ => false,
    }
}

/// The rows of one batch.
#[derive(Debug)]
pub struct Rows {
    schema: Arc<LakeSchema>,
    len: usize,
    key: Keys,
    version: Int64Array,
    written: TimestampMicrosecondArray,
    rest: Option<StringArray>,
    layout: Option<StringArray>,
    columns: Vec<Option<Held>>,
    /// The name of the id's field.
    id: FieldName,
    /// The fields of the usual document, in its order.
    usual: Vec<Slot>,
}

#[derive(Debug)]
enum Keys {
    Integer(Int64Array),
    Text(StringArray),
}

impl Rows {
    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The id of the row at `index`.
    ///
    /// # Panics
    /// Like those below when there is no such row.
    pub fn key(&self, index: usize) -> RecordId {
        match &self.key {
            Keys::Integer(keys) => RecordId::Integer(keys.value(index)),
            Keys::Text(keys) => RecordId::Text(keys.value(index).into()),
        }
    }

    /// The version of the row at `index`.
    pub fn version(&self, index: usize) -> Sequence {
        Sequence(self.version.value(index).cast_unsigned())
    }

    /// The commit time of the row at `index`.
    pub fn written(&self, index: usize) -> Timestamp {
        Timestamp(self.written.value(index))
    }

    /// The row at `index`, with its document.
    ///
    /// # Errors
    /// `Corrupt` when `_rest` or `_layout` does not hold what this crate writes.
    pub fn row(&self, index: usize) -> Result<LakeRow> {
        let mut body = Vec::with_capacity(256);
        self.body(index, &mut body)?;
        Ok(LakeRow {
            key: self.key(index),
            version: self.version(index),
            written: self.written(index),
            body: Bytes::from(body),
        })
    }

    /// Appends the document of the row at `index` to `out`, as JSONB.
    ///
    /// # Errors
    /// As [`row`](Self::row); `out` is then left with part of it.
    pub fn body(&self, index: usize, out: &mut Vec<u8>) -> Result<()> {
        self.restore(index, out)
            .map_err(|error| error.context(format_args!("row {} in the lake", self.key(index))))
    }

    fn restore(&self, index: usize, out: &mut Vec<u8>) -> Result<()> {
        let layout = text_at(self.layout.as_ref(), index);
        if let Some(layout) = layout.filter(|layout| layout.starts_with('"')) {
            out.extend(layout::read_verbatim(layout).ok_or_else(|| wrong("_layout", layout))?);
            return Ok(());
        }
        let rest = text_at(self.rest.as_ref(), index).map(jsonb::from_json_str).transpose()?;
        let rest = rest.as_deref().map(View::parse).transpose()?;
        let document = Restoring { rows: self, index, rest };
        match layout {
            Some(layout) => document.in_order(layout, out),
            None => document.in_usual_order(out),
        }
    }
}

fn text_at(array: Option<&StringArray>, index: usize) -> Option<&str> {
    array.filter(|array| array.is_valid(index)).map(|array| array.value(index))
}

fn wrong(column: &str, text: &str) -> Error {
    let start: String = text.chars().take(80).collect();
    Error::corrupt(format!("{column} holds {start:?}, which is none of ours"))
}

/// One row on its way back to a document.
struct Restoring<'a> {
    rows: &'a Rows,
    index: usize,
    rest: Option<View<'a>>,
}

impl Restoring<'_> {
    fn in_usual_order(&self, out: &mut Vec<u8>) -> Result<()> {
        let schema = &self.rows.schema;
        let mut object = ObjectWriter::new(out);
        for slot in &self.rows.usual {
            self.slot(*slot, &mut object)?;
        }
        for (name, value) in self.rest.iter().flat_map(|rest| rest.entries()) {
            if schema.slot(&name).is_none() {
                object.encoded(&name, value.bytes());
            }
        }
        object.finish();
        Ok(())
    }

    fn in_order(&self, layout: &str, out: &mut Vec<u8>) -> Result<()> {
        let fields = jsonb::from_json_str(layout)?;
        let fields = View::parse(&fields)?;
        if fields.kind() != Kind::Array {
            return Err(wrong("_layout", layout));
        }
        let schema = &self.rows.schema;
        let mut object = ObjectWriter::new(out);
        for field in fields.elements() {
            let is_written = match (field.as_i64(), field.as_str()) {
                (Some(field_id), _) => {
                    let slot = schema.slot_of(field_id).ok_or_else(|| wrong("_layout", layout))?;
                    self.slot(slot, &mut object)? || null(schema.field_of(slot), &mut object)?
                }
                (None, Some(name)) => match self.rest.and_then(|rest| rest.get(&name)) {
                    Some(value) => encoded(&name, value, &mut object),
                    None => null(&name, &mut object)?,
                },
                (None, None) => false,
            };
            if !is_written {
                return Err(wrong("_layout", layout));
            }
        }
        object.finish();
        Ok(())
    }

    /// Writes the field of the slot, if the row has a value for it.
    fn slot(&self, slot: Slot, object: &mut ObjectWriter<'_>) -> Result<bool> {
        if let Some(rest) = self.rest {
            let name = self.rows.schema.field_of(slot);
            if let Some(value) = rest.get(name) {
                return Ok(encoded(name, value, object));
            }
        }
        match (slot, &self.rows.key) {
            (Slot::Id, Keys::Integer(keys)) => {
                object.named(&self.rows.id, &keys.value(self.index))?;
                Ok(true)
            }
            (Slot::Id, Keys::Text(keys)) => {
                object.named(&self.rows.id, keys.value(self.index))?;
                Ok(true)
            }
            (Slot::Column(column), _) => match &self.rows.columns[column] {
                Some(held) => held.write(self.index, object),
                None => Ok(false),
            },
        }
    }
}

fn encoded(name: &str, value: View<'_>, object: &mut ObjectWriter<'_>) -> bool {
    object.encoded(name, value.bytes());
    true
}

fn null(name: &str, object: &mut ObjectWriter<'_>) -> Result<bool> {
    object.field(name, &())?;
    Ok(true)
}
