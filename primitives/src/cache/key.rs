//! What rows are held under.

use std::hash::{Hash, Hasher};

/// The number of a table of rows, unique in its namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TableId(pub u32);

/// A row's key, borrowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RowKey<'a> {
    /// An integer key.
    Integer(i64),
    /// A text key.
    Text(&'a str),
}

impl<'a> RowKey<'a> {
    /// The bytes that do not fit a row's head.
    pub(super) fn text(self) -> &'a [u8] {
        match self {
            RowKey::Integer(_) => &[],
            RowKey::Text(key) => key.as_bytes(),
        }
    }
}

/// A key in all tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key<'a> {
    pub(super) table: TableId,
    pub(super) key: RowKey<'a>,
}

impl Hash for Key<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u32(self.table.0);
        match self.key {
            RowKey::Integer(key) => state.write_i64(key),
            RowKey::Text(key) => state.write(key.as_bytes()),
        }
    }
}
