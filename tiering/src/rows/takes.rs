//! Which columns an encoder builds.

use super::encode::SYSTEM;
use crate::schema::LakeSchema;

/// The places of `_rest` and `_layout` among a table's columns.
const REST: usize = 3;
const LAYOUT: usize = 4;

/// Which columns an encoder builds, and which of them its batches have.
pub(super) struct Takes {
    places: Vec<usize>,
    /// By the index of the column among those of the documents' own fields.
    columns: Vec<bool>,
    rest: bool,
    layout: bool,
}

impl Takes {
    pub(super) fn all(schema: &LakeSchema) -> Takes {
        let columns = schema.columns().len();
        Takes {
            places: (0..SYSTEM + columns).collect(),
            columns: vec![true; columns],
            rest: true,
            layout: true,
        }
    }

    pub(super) fn only(schema: &LakeSchema, places: &[usize]) -> Takes {
        let rest = places.contains(&REST);
        // Whether a value goes to `_rest` shows only when its column has tried to hold it.
        let is_built = |column: usize| rest || places.contains(&(SYSTEM + column));
        Takes {
            places: places.to_vec(),
            columns: (0..schema.columns().len()).map(is_built).collect(),
            rest,
            layout: places.contains(&LAYOUT),
        }
    }

    /// The columns of the batches, in their order.
    pub(super) fn places(&self) -> &[usize] {
        &self.places
    }

    pub(super) fn column(&self, index: usize) -> bool {
        self.columns[index]
    }

    pub(super) fn rest(&self) -> bool {
        self.rest
    }

    pub(super) fn layout(&self) -> bool {
        self.layout
    }
}
