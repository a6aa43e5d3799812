//! Documents to an Arrow batch, from JSONB straight into the builders.

use std::sync::Arc;

use arrow_array::builder::{Int64Builder, StringBuilder, TimestampMicrosecondBuilder};
use arrow_array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow_schema::SchemaRef;
use headwater_primitives::filter::Path;
use headwater_primitives::jsonb::{self, ObjectWriter, View};
use headwater_primitives::{Error, ErrorKind, RecordId, Result, Sequence, Timestamp};

use super::fit::Fit;
use super::layout::{self, Layout};
use super::takes::Takes;
use super::values::Values;
use crate::schema::{LakeSchema, Slot, Source, UsualFields};

/// How many columns every table begins with.
pub(super) const SYSTEM: usize = 5;

/// How many bytes one byte of a body may become in a column of text: an escaped control character.
const MAX_GROWTH: usize = 6;

/// Builds record batches of documents.
///
/// The cost of a row is a walk over its fields; a document that has its fields in the order of the
/// columns is not searched for.
///
/// ```
/// use std::sync::Arc;
///
/// use headwater_primitives::{IdKind, Sequence, Timestamp, jsonb};
/// use headwater_tiering::rows::{RowDecoder, RowEncoder};
/// use headwater_tiering::schema::{Column, ColumnType, LakeSchema};
///
/// let schema = LakeSchema::builder(IdKind::Integer)
///     .id_field("id")
///     .column(Column::field("name", ColumnType::String)?)
///     .build()?;
/// let schema = Arc::new(schema);
/// let body = jsonb::from_json_str(r#"{"id": 7, "name": "Ada", "tags": [1]}"#)?;
///
/// let mut encoder = RowEncoder::new(schema.clone())?;
/// encoder.push(&7.into(), Sequence(1), Timestamp(0), &body)?;
/// let batch = encoder.finish()?;
/// let row = RowDecoder::new(schema).rows(&batch)?.row(0)?;
/// assert_eq!(row.body, body);
/// # Ok::<(), headwater_primitives::Error>(())
/// ```
pub struct RowEncoder {
    schema: Arc<LakeSchema>,
    usual: UsualFields,
    takes: Takes,
    batches: SchemaRef,
    rows: usize,
    bytes: usize,
    rests: u64,
    key: Key,
    version: Int64Builder,
    written: TimestampMicrosecondBuilder,
    rest: StringBuilder,
    layout: StringBuilder,
    columns: Vec<Values>,
    copies: Vec<Copied>,
    scratch: Scratch,
}

enum Key {
    Integer(Int64Builder),
    Text(StringBuilder),
}

/// A column that copies the values at a path.
struct Copied {
    index: usize,
    path: Path,
    trial: Values,
}

/// What one row needs while it is taken apart.
#[derive(Default)]
struct Scratch {
    layout: Layout,
    /// What the first fields are: those up to the first one that is not where it usually is.
    slots: Vec<Slot>,
    /// The fields of `_rest`, with their names, as JSONB.
    rest: Vec<(Box<str>, Vec<u8>)>,
    rest_len: usize,
    object: Vec<u8>,
    text: String,
}

impl RowEncoder {
    /// An encoder for tables of this schema.
    ///
    /// # Errors
    /// `InvalidInput` for a decimal column that Arrow refuses.
    pub fn new(schema: Arc<LakeSchema>) -> Result<Self> {
        let takes = Takes::all(&schema);
        let batches = schema.arrow().clone();
        RowEncoder::taking(schema, takes, batches)
    }

    /// An encoder whose batches have only these columns of the schema, by their places in
    /// [`LakeSchema::arrow`]. The others are not built, as far as `_rest` does not need it.
    ///
    /// # Errors
    /// `InvalidInput` for a place that is none, and as [`new`](RowEncoder::new).
    pub fn projected(schema: Arc<LakeSchema>, places: &[usize]) -> Result<Self> {
        let batches = schema.arrow().project(places);
        let batches = batches.map_err(|error| Error::invalid(format!("a projection: {error}")))?;
        let takes = Takes::only(&schema, places);
        RowEncoder::taking(schema, takes, Arc::new(batches))
    }

    fn taking(schema: Arc<LakeSchema>, takes: Takes, batches: SchemaRef) -> Result<Self> {
        let columns: Vec<Values> =
            schema.columns().iter().map(Values::new).collect::<Result<_>>()?;
        let mut copies = Vec::new();
        for (index, column) in schema.columns().iter().enumerate() {
            if let Source::Path(path) = column.source()
                && takes.column(index)
            {
                let trial = Values::new(column)?;
                copies.push(Copied { index, path: path.clone(), trial });
            }
        }
        let key = match schema.id_kind() {
            headwater_primitives::IdKind::Integer => Key::Integer(Int64Builder::new()),
            headwater_primitives::IdKind::Text => Key::Text(StringBuilder::new()),
        };
        Ok(RowEncoder {
            usual: UsualFields::of(&schema)?,
            schema,
            takes,
            batches,
            rows: 0,
            bytes: 0,
            rests: 0,
            key,
            version: Int64Builder::new(),
            written: TimestampMicrosecondBuilder::new().with_timezone("+00:00"),
            rest: StringBuilder::new(),
            layout: StringBuilder::new(),
            columns,
            copies,
            scratch: Scratch::default(),
        })
    }

    /// The schema of the batches.
    pub fn schema(&self) -> &Arc<LakeSchema> {
        &self.schema
    }

    /// How many rows the next batch has so far.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// How many bytes the bodies and text ids of the next batch have so far.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// How many rows of the next batch so far have values that no column gives back, and `_rest` does.
    pub fn rests(&self) -> u64 {
        self.rests
    }

    /// Adds a row.
    ///
    /// # Errors
    /// `InvalidInput` when the id is of the other kind, or the body is empty, as that of a row is
    /// whose document is in the lake already; `TooLarge` when the batch would hold more than 340 MiB.
    /// Nothing was added then.
    pub fn push(
        &mut self,
        key: &RecordId,
        version: Sequence,
        written: Timestamp,
        body: &[u8],
    ) -> Result<()> {
        self.check(key, body)?;
        let version_value = i64::try_from(version.0)
            .map_err(|_| Error::invalid(format!("version {} is past 2^63", version.0)))?;
        match (&mut self.key, key) {
            (Key::Integer(keys), RecordId::Integer(id)) => keys.append_value(*id),
            (Key::Text(keys), RecordId::Text(id)) => {
                self.bytes += id.len();
                keys.append_value(id);
            }
            _ => return Err(self.wrong_kind(key)),
        }
        self.version.append_value(version_value);
        self.written.append_value(written.0);
        self.take_apart(key, body);
        self.rests += u64::from(self.scratch.rest_len > 0);
        self.rows += 1;
        self.bytes += body.len();
        Ok(())
    }

    fn check(&self, key: &RecordId, body: &[u8]) -> Result<()> {
        if key.kind() != self.schema.id_kind() {
            return Err(self.wrong_kind(key));
        }
        if body.is_empty() {
            return Err(Error::invalid(format!(
                "row {key} has an empty body: its document is in the lake already"
            )));
        }
        let text = match key {
            RecordId::Text(id) => id.len(),
            RecordId::Integer(_) => 0,
        };
        let grown = (self.bytes + body.len() + text).saturating_mul(MAX_GROWTH);
        if grown > i32::MAX as usize {
            return Err(Error::new(
                ErrorKind::TooLarge,
                format!(
                    "row {key} has {} bytes, and the batch {} so far: at most {} fit one batch",
                    body.len(),
                    self.bytes,
                    i32::MAX as usize / MAX_GROWTH
                ),
            ));
        }
        Ok(())
    }

    fn wrong_kind(&self, key: &RecordId) -> Error {
        let (is, should) = (key.kind().name(), self.schema.id_kind().name());
        Error::invalid(format!("row {key} has an id of kind {is}, and the table's are {should}"))
    }

    /// Puts the fields into columns, `_rest` and `_layout`.
    fn take_apart(&mut self, key: &RecordId, body: &[u8]) {
        let mut next = 0;
        let slots = &mut self.scratch.slots;
        slots.clear();
        let is_canonical = jsonb::is_canonical_object(body, |name| {
            let slot = self.usual.take(name, &mut next);
            slots.extend(slot);
            slot.is_some()
        });
        let document = View::parse(body).ok().filter(|view| view.kind() == jsonb::Kind::Object);
        self.scratch.layout.clear();
        self.scratch.rest_len = 0;
        let fields = document.iter().flat_map(|document| document.fields());
        for (place, (name, value)) in fields.enumerate() {
            let known = self.scratch.slots.get(place).copied();
            let mut slot = known.or_else(|| self.usual.take(name.bytes(), &mut next));
            if slot.is_none() {
                // A damaged name ends the document, whose body is kept as it is then.
                let Some(name) = name.as_str() else { break };
                slot = self.schema.slot(&name);
                if let Some(Slot::Column(index)) = slot {
                    next = self.usual.after(index);
                }
            }
            self.field(key, slot, name, value);
        }
        if let Some(document) = document {
            self.copy_paths(document);
        }
        match document {
            Some(_) if is_canonical => self.end_row(),
            _ => self.end_verbatim(body),
        }
    }

    fn field(&mut self, key: &RecordId, slot: Option<Slot>, name: View<'_>, value: View<'_>) {
        let decoded = || name.as_str().unwrap_or_default();
        if self.takes.layout() {
            let Scratch { layout, .. } = &mut self.scratch;
            match slot {
                Some(slot) => layout.slot(slot, &self.schema),
                // A name fails only where nothing can be encoded at all; the row is verbatim then.
                None => drop(layout.other(&decoded())),
            }
            if value.is_null() && slot != Some(Slot::Id) {
                layout.has_null();
            }
        }
        let is_taken = match slot {
            Some(Slot::Id) => self.takes.rest(),
            Some(Slot::Column(index)) => self.takes.column(index),
            None => self.takes.rest(),
        };
        if !is_taken || (value.is_null() && slot != Some(Slot::Id)) {
            return;
        }
        let fit = match slot {
            Some(Slot::Id) => Fit::exact_if(is_id(key, value)),
            Some(Slot::Column(index)) => {
                let column = &mut self.columns[index];
                // A second value of one name is in a body that is kept as it is.
                if column.len() > self.rows {
                    return;
                }
                column.pad(self.rows);
                column.append(value)
            }
            None => Fit::Not,
        };
        if fit != Fit::Exact && self.takes.rest() {
            self.scratch.push_rest(&decoded(), value);
        }
    }

    fn copy_paths(&mut self, document: View<'_>) {
        for copied in &mut self.copies {
            if let Some(value) = value_at(document, &copied.path) {
                let column = &mut self.columns[copied.index];
                column.pad(self.rows);
                column.append_exact(value, &mut copied.trial);
            }
        }
    }

    fn end_row(&mut self) {
        if self.takes.rest() {
            self.rest.append_option(self.scratch.rest());
        }
        if self.takes.layout() {
            self.layout.append_option(self.scratch.layout.finish(&self.schema));
        }
    }

    fn end_verbatim(&mut self, body: &[u8]) {
        // Never null, so that whoever prunes by statistics sees that columns do not say it all.
        if self.takes.rest() {
            self.rest.append_value(self.scratch.rest().unwrap_or("{}"));
        }
        if !self.takes.layout() {
            return;
        }
        let text = &mut self.scratch.text;
        text.clear();
        layout::write_verbatim(body, text);
        self.layout.append_value(text);
    }

    /// The batch of all rows that were added since the last one.
    ///
    /// # Errors
    /// `Corrupt` should the columns not fit the schema, which would be a fault of this crate.
    pub fn finish(&mut self) -> Result<RecordBatch> {
        let key: ArrayRef = match &mut self.key {
            Key::Integer(keys) => Arc::new(keys.finish()),
            Key::Text(keys) => Arc::new(keys.finish()),
        };
        let system: [ArrayRef; SYSTEM] = [
            key,
            Arc::new(self.version.finish()),
            Arc::new(self.written.finish()),
            Arc::new(self.rest.finish()),
            Arc::new(self.layout.finish()),
        ];
        let columns: Vec<Option<ArrayRef>> = (0..)
            .zip(&mut self.columns)
            .map(|(index, column)| self.takes.column(index).then(|| column.finish(self.rows)))
            .collect();
        let array = |place: &usize| match place.checked_sub(SYSTEM) {
            None => Some(system[*place].clone()),
            Some(index) => columns[index].clone(),
        };
        let arrays: Vec<ArrayRef> = self.takes.places().iter().filter_map(array).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(self.rows));
        self.rows = 0;
        self.bytes = 0;
        self.rests = 0;
        RecordBatch::try_new_with_options(self.batches.clone(), arrays, &options)
            .map_err(|error| Error::corrupt(format!("a batch of the lake: {error}")))
    }
}

impl Scratch {
    fn push_rest(&mut self, name: &str, value: View<'_>) {
        let (kept_name, kept) = match self.rest.get_mut(self.rest_len) {
            Some((kept_name, kept)) => (kept_name, kept),
            None => {
                self.rest.push(Default::default());
                let last = self.rest.len() - 1;
                let (kept_name, kept) = &mut self.rest[last];
                (kept_name, kept)
            }
        };
        if **kept_name != *name {
            *kept_name = name.into();
        }
        kept.clear();
        kept.extend_from_slice(value.bytes());
        self.rest_len += 1;
    }

    /// The JSON object of all fields that were pushed; none if there were none, or if their bytes are
    /// damaged.
    fn rest(&mut self) -> Option<&str> {
        if self.rest_len == 0 {
            return None;
        }
        self.object.clear();
        let mut object = ObjectWriter::new(&mut self.object);
        for (name, value) in &self.rest[..self.rest_len] {
            object.encoded(name, value);
        }
        object.finish();
        self.text.clear();
        jsonb::write_json(&self.object, &mut self.text).ok()?;
        Some(&self.text)
    }
}

fn is_id(key: &RecordId, value: View<'_>) -> bool {
    match key {
        RecordId::Integer(id) => value.as_i64() == Some(*id),
        RecordId::Text(id) => value.as_str().as_deref() == Some(id),
    }
}

/// The value at a path through objects only.
fn value_at<'a>(document: View<'a>, path: &Path) -> Option<View<'a>> {
    path.to_string().split('.').try_fold(document, |view, name| view.get(name))
}
