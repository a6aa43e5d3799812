//! A row checked and encoded at the call, before anything is queued.

use headwater_primitives::jsonb::{self, Kind, ObjectWriter, View};
use headwater_primitives::rusqlite::types::{ToSqlOutput, ValueRef};
use headwater_primitives::{Error, ErrorKind, RecordId, Result};

use crate::embedding::Embedding;
use crate::image::image;
use crate::record::{Embedded, RowFields};
use crate::table::{Table, place};
use crate::warm::Generation;

/// The largest row: embedding, text and metadata together, as they are stored.
pub const MAX_ROW_BYTES: usize = 16 << 20;

/// A row, ready to be written.
pub(crate) struct Encoded {
    /// `None`: generate one.
    pub(crate) id: Option<RecordId>,
    pub(crate) embedding: Option<Embedding>,
    /// The generation of an embedding that stays in the warm tier, whose numbers may be here or not.
    pub(crate) warm: Option<Generation>,
    pub(crate) text: Option<Box<str>>,
    /// A JSONB object.
    pub(crate) metadata: Vec<u8>,
    /// What events show; empty until the id is known.
    pub(crate) image: Vec<u8>,
}

impl Encoded {
    pub(crate) fn new<T: Embedded>(table: &Table, row: &T) -> Result<Self> {
        let encode = || {
            let embedding = row.embedding().map(|values| Embedding::new(&table.options, values));
            let (id, embedding) = (row.record_id()?, embedding.transpose()?);
            let metadata = metadata_of(&T::fields(), &jsonb::to_vec(row)?)?;
            Encoded::of_parts(table, id, embedding, row.text(), metadata)
        };
        encode().map_err(|error| error.context(place(&table.name)))
    }

    /// The row of these parts, of which the embedding has been checked.
    pub(crate) fn of_parts(
        table: &Table,
        id: Option<RecordId>,
        embedding: Option<Embedding>,
        text: Option<&str>,
        metadata: Vec<u8>,
    ) -> Result<Self> {
        let lacking = |part| {
            Err(Error::invalid(format!(
                "a row with {part}, and the type of this store has no such field"
            )))
        };
        if embedding.is_some() && table.fields.embedding.is_none() {
            return lacking("an embedding");
        }
        if text.is_some() && table.fields.text.is_none() {
            return lacking("a text");
        }
        let text = text.map(Into::into);
        let mut row = Encoded { id, embedding, warm: None, text, metadata, image: Vec::new() };
        match row.id.take() {
            Some(id) => {
                row.settle(table, &id)?;
                row.id = Some(id);
            }
            None => row.check_size()?,
        }
        Ok(row)
    }

    /// Completes the row with what depends on its id.
    pub(crate) fn settle(&mut self, table: &Table, id: &RecordId) -> Result<()> {
        if table.fields.metadata.is_none() {
            self.metadata = with_id(&table.fields, id, std::mem::take(&mut self.metadata))?;
        }
        self.check_size()?;
        let embedding = self.embedding.as_ref().map(|embedding| embedding.json.as_slice());
        self.image = image(&table.fields, id, embedding, self.text.as_deref(), &self.metadata)?;
        Ok(())
    }

    /// The embedding as its column has it.
    pub(crate) fn column(&self) -> ToSqlOutput<'_> {
        match (self.warm, self.blob()) {
            (Some(Generation(generation)), _) => ToSqlOutput::Owned(generation.into()),
            (None, blob) => ToSqlOutput::Borrowed(blob.map_or(ValueRef::Null, ValueRef::Blob)),
        }
    }

    fn blob(&self) -> Option<&[u8]> {
        self.embedding.as_ref().map(|embedding| embedding.blob.as_slice())
    }

    /// Bytes that it takes in memory, nearly.
    pub(crate) fn bytes(&self) -> usize {
        self.image.len() + self.stored_bytes()
    }

    fn stored_bytes(&self) -> usize {
        let embedding = self.blob().map_or(0, <[u8]>::len);
        embedding + self.text.as_ref().map_or(0, |text| text.len()) + self.metadata.len()
    }

    fn check_size(&self) -> Result<()> {
        let bytes = self.stored_bytes();
        if bytes > MAX_ROW_BYTES {
            return Err(Error::new(
                ErrorKind::TooLarge,
                format!("a row of {bytes} bytes; the limit is {MAX_ROW_BYTES}"),
            ));
        }
        Ok(())
    }
}

/// The metadata in a value's JSON form.
fn metadata_of(fields: &RowFields<&'static str>, json: &[u8]) -> Result<Vec<u8>> {
    let view = View::parse(json)?;
    if view.kind() != Kind::Object {
        return Err(Error::invalid("a row is a JSON object"));
    }
    let mut out = Vec::with_capacity(256);
    if let Some(name) = fields.metadata {
        match view.get(name) {
            Some(metadata) => out.extend_from_slice(metadata.bytes()),
            None => ObjectWriter::new(&mut out).finish(),
        }
        check_metadata(&out)?;
        return Ok(out);
    }
    let mut metadata = ObjectWriter::new(&mut out);
    for (name, value) in view.entries() {
        if Some(&*name) != fields.embedding && Some(&*name) != fields.text {
            metadata.encoded(&name, value.bytes());
        }
    }
    metadata.finish();
    Ok(out)
}

/// Refuses metadata that is no object.
pub(crate) fn check_metadata(metadata: &[u8]) -> Result<()> {
    match View::parse(metadata)?.kind() {
        Kind::Object => Ok(()),
        kind => Err(Error::invalid(format!(
            "metadata is a JSON object, and this is {}",
            match kind {
                Kind::Null => "null",
                Kind::Bool => "a boolean",
                Kind::Integer | Kind::Float => "a number",
                Kind::Text => "a string",
                Kind::Array | Kind::Object => "an array",
            }
        ))),
    }
}

/// `metadata` with `id` in the field that the store has it in.
fn with_id(fields: &RowFields, id: &RecordId, metadata: Vec<u8>) -> Result<Vec<u8>> {
    let view = View::parse(&metadata)?;
    for part in [&fields.embedding, &fields.text].into_iter().flatten() {
        if view.get(part).is_some() {
            return Err(Error::invalid(format!(
                "metadata with the field {part:?}, which this store keeps beside the metadata"
            )));
        }
    }
    let Some(there) = view.get(&fields.id) else {
        let mut out = Vec::with_capacity(metadata.len() + 64);
        let mut object = ObjectWriter::new(&mut out);
        object.field(&fields.id, id)?;
        object.fields_of(view);
        object.finish();
        return Ok(out);
    };
    let same = match id {
        RecordId::Integer(id) => there.as_i64() == Some(*id),
        RecordId::Text(id) => there.as_str().is_some_and(|there| *there == **id),
    };
    if !same {
        return Err(Error::invalid(format!(
            "the field {:?} is {there:?}, and the row's id is {id}: ids stay, and are written as \
             they are",
            fields.id
        )));
    }
    Ok(metadata)
}
