//! The order of a document's fields: whether it is the table's, and how it is written when not.

use std::fmt::Write as _;

use headwater_primitives::Result;
use headwater_primitives::jsonb;

use crate::schema::{LakeSchema, Slot};

/// Follows the fields of one document after the other, and writes down their order where it is not
/// the table's.
#[derive(Default)]
pub(super) struct Layout {
    /// The ids of the fields so far, while their order is the table's.
    usual: Vec<i32>,
    /// The JSON array so far without its end, once it is not.
    text: String,
    /// The least place that the next slot may have.
    next_place: usize,
    has_id: bool,
    is_usual: bool,
    name: Vec<u8>,
}

impl Layout {
    /// Begins with a new document.
    pub(super) fn clear(&mut self) {
        self.usual.clear();
        self.text.clear();
        self.next_place = 0;
        self.has_id = false;
        self.is_usual = true;
    }

    /// The next field has a column, or is the id.
    pub(super) fn slot(&mut self, slot: Slot, schema: &LakeSchema) {
        let place = schema.place(slot);
        self.is_usual &= place >= self.next_place;
        self.next_place = place + 1;
        self.has_id |= slot == Slot::Id;
        let field_id = match slot {
            Slot::Id => schema.system().id,
            Slot::Column(index) => schema.columns()[index].field_id(),
        };
        match self.is_usual {
            true => self.usual.push(field_id),
            false => self.push(field_id),
        }
    }

    /// The next field has neither. It may get a column one day, so its place is written down.
    pub(super) fn other(&mut self, name: &str) -> Result<()> {
        self.is_usual = false;
        self.write_usual();
        self.separate();
        self.name.clear();
        jsonb::append(&mut self.name, name)?;
        jsonb::write_json(&self.name, &mut self.text)
    }

    /// The last field is null, which neither a column nor `_rest` says.
    pub(super) fn has_null(&mut self) {
        self.is_usual = false;
    }

    /// The JSON array, if there has to be one.
    pub(super) fn finish(&mut self, schema: &LakeSchema) -> Option<&str> {
        let has_its_id = self.has_id || schema.id_field().is_none();
        if self.is_usual && has_its_id {
            return None;
        }
        self.write_usual();
        self.text.push_str(if self.text.is_empty() { "[]" } else { "]" });
        Some(&self.text)
    }

    fn push(&mut self, field_id: i32) {
        self.write_usual();
        self.separate();
        self.text.push_str(itoa::Buffer::new().format(field_id));
    }

    /// Writes down what was kept because it might not have to be.
    fn write_usual(&mut self) {
        let usual = std::mem::take(&mut self.usual);
        for field_id in &usual {
            self.separate();
            self.text.push_str(itoa::Buffer::new().format(*field_id));
        }
        self.usual = usual;
        self.usual.clear();
    }

    fn separate(&mut self) {
        self.text.push(if self.text.is_empty() { '[' } else { ',' });
    }
}

/// All bytes of a body that columns cannot give back, as a JSON text.
pub(super) fn write_verbatim(body: &[u8], out: &mut String) {
    out.push('"');
    for byte in body {
        // Writing to a String does not fail.
        let _ = write!(out, "{byte:02x}");
    }
    out.push('"');
}

/// The body that [`write_verbatim`] wrote.
pub(super) fn read_verbatim(layout: &str) -> Option<Vec<u8>> {
    let digits = layout.strip_prefix('"')?.strip_suffix('"')?.as_bytes();
    let (pairs, []) = digits.as_chunks::<2>() else { return None };
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect()
}
