//! The fields of the usual document, by their names as they are stored.

use headwater_primitives::{Result, jsonb};

use super::{LakeSchema, Slot};

/// How many fields a document may lack before the next one, for that one to be expected.
const AHEAD: usize = 4;

/// The fields that columns or the id stand for, in the order that documents mostly have them in.
#[derive(Clone, Debug)]
pub(crate) struct UsualFields {
    fields: Vec<(Box<[u8]>, Slot)>,
    /// The place of each column's field.
    places: Vec<usize>,
}

impl UsualFields {
    /// Those of a table.
    ///
    /// # Errors
    /// None that are known: names of fields can be encoded.
    pub(crate) fn of(schema: &LakeSchema) -> Result<UsualFields> {
        let mut fields = Vec::new();
        let mut places = vec![0; schema.columns().len()];
        for (place, slot) in schema.slots().enumerate() {
            fields.push((jsonb::to_vec(schema.field_of(slot))?.into(), slot));
            if let Slot::Column(index) = slot {
                places[index] = place;
            }
        }
        Ok(UsualFields { fields, places })
    }

    /// The place after the field of a column.
    pub(crate) fn after(&self, column: usize) -> usize {
        self.places[column] + 1
    }

    /// The slot of the field with this stored name, if it is among the next ones from place `next` on,
    /// which then is the place after it.
    pub(crate) fn take(&self, name: &[u8], next: &mut usize) -> Option<Slot> {
        let ahead = self.fields.iter().skip(*next).take(AHEAD);
        let (skipped, slot) = ahead.enumerate().find_map(|(skipped, (stored, slot))| {
            (**stored == *name).then_some((skipped, *slot))
        })?;
        *next += skipped + 1;
        Some(slot)
    }
}
