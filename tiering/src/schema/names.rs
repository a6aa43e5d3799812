//! Which names columns may have.

use headwater_primitives::{Error, Result};

use super::convert::PARTITION_FIELD;
use super::{ID, LAYOUT, REST, VERSION, WRITTEN};

/// The most bytes of a name: what several engines allow.
const MAX_BYTES: usize = 255;

/// What every table has, and what Iceberg's readers call their own columns.
const RESERVED: [&str; 13] = [
    ID,
    VERSION,
    WRITTEN,
    REST,
    LAYOUT,
    PARTITION_FIELD,
    "_file",
    "_pos",
    "_deleted",
    "_spec_id",
    "_partition",
    "_row_id",
    "_last_updated_sequence_number",
];

/// Whether a column may have this name, as far as other columns do not matter.
pub(super) fn is_allowed(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= MAX_BYTES
        && !name.chars().any(|character| character == '.' || character.is_control())
        && !RESERVED.contains(&fold(name).as_str())
}

pub(super) fn check(name: &str) -> Result<()> {
    if is_allowed(name) {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "no column can be named {name:?}: a name has 1 to {MAX_BYTES} bytes, no dot, no control \
         character, and is none of {}",
        RESERVED.join(", ")
    )))
}

/// The name as engines see it that do not tell upper from lower case.
pub(super) fn fold(name: &str) -> String {
    name.to_lowercase()
}
