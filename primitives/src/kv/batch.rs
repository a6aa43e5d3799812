//! A batch: operations that apply together, and what they expect to find.

use crate::error::{Error, ErrorKind, Result};
use crate::kv::KvRead;

/// Operations for [`KvWrite::write_batch`](crate::kv::KvWrite::write_batch): all of them apply, or
/// none.
///
/// Expectations make a batch conditional, which is compare-and-set on backends that have no
/// transactions.
///
/// ```
/// use headwater_primitives::ErrorKind;
/// use headwater_primitives::kv::{Batch, KvRead, KvWrite, MemoryKv};
///
/// let kv = MemoryKv::new();
/// let mut batch = Batch::new();
/// batch.expect_absent(b"lock").put(b"lock", b"me").put(b"since", b"noon");
/// kv.write_batch(batch.clone())?;
///
/// let again = kv.write_batch(batch).unwrap_err();
/// assert_eq!(again.kind(), ErrorKind::Conflict);
/// # Ok::<(), headwater_primitives::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    operations: Vec<Operation>,
    expectations: Vec<Expectation>,
}

/// One change of a [`Batch`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Sets the value of a key.
    Put {
        /// The key.
        key: Vec<u8>,
        /// Its new value.
        value: Vec<u8>,
    },
    /// Removes a key, if it is there.
    Delete {
        /// The key.
        key: Vec<u8>,
    },
}

/// What must hold before a [`Batch`] applies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expectation {
    /// The key that is looked at.
    pub key: Vec<u8>,
    /// The value that it must have, or `None` where it must be absent.
    pub value: Option<Vec<u8>>,
}

impl Batch {
    /// A batch that does nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds: set the value of `key`.
    pub fn put(&mut self, key: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) -> &mut Self {
        self.operations.push(Operation::Put { key: key.into(), value: value.into() });
        self
    }

    /// Adds: remove `key`.
    pub fn delete(&mut self, key: impl Into<Vec<u8>>) -> &mut Self {
        self.operations.push(Operation::Delete { key: key.into() });
        self
    }

    /// Demands that `key` has exactly `value` before the batch applies.
    pub fn expect_value(
        &mut self,
        key: impl Into<Vec<u8>>,
        value: impl Into<Vec<u8>>,
    ) -> &mut Self {
        self.expectations.push(Expectation { key: key.into(), value: Some(value.into()) });
        self
    }

    /// Demands that `key` is absent before the batch applies.
    pub fn expect_absent(&mut self, key: impl Into<Vec<u8>>) -> &mut Self {
        self.expectations.push(Expectation { key: key.into(), value: None });
        self
    }

    /// The operations, in the order they apply.
    pub fn operations(&self) -> &[Operation] {
        &self.operations
    }

    /// What must hold before the batch applies.
    pub fn expectations(&self) -> &[Expectation] {
        &self.expectations
    }

    /// Whether the batch neither changes nor expects anything.
    pub fn is_empty(&self) -> bool {
        self.operations.is_empty() && self.expectations.is_empty()
    }

    /// Checks every expectation against `state`: what a backend calls before it applies the
    /// operations, in the same transaction.
    ///
    /// Cost: one `get` per expectation.
    ///
    /// # Errors
    /// [`Conflict`](ErrorKind::Conflict), naming the first key that does not hold what was
    /// expected, and the failures of the reads.
    pub fn check(&self, state: &dyn KvRead) -> Result<()> {
        for expected in &self.expectations {
            let found = state.get(&expected.key)?;
            if found != expected.value {
                return Err(mismatch(expected, found.is_some()));
            }
        }
        Ok(())
    }
}

fn mismatch(expected: &Expectation, present: bool) -> Error {
    let key = shown(&expected.key);
    let why = match (&expected.value, present) {
        (None, _) => "was expected to be absent, but has a value",
        (Some(_), false) => "was expected to have a value, but is absent",
        (Some(_), true) => "has another value than expected",
    };
    Error::new(
        ErrorKind::Conflict,
        format!("batch not applied: key {key} {why}; read it again and decide anew"),
    )
}

/// A key as error messages show it: printable, and never long.
pub(crate) fn shown(key: &[u8]) -> String {
    const SHOWN: usize = 48;
    match key.get(..SHOWN) {
        Some(head) if key.len() > SHOWN => {
            format!("\"{}…\" ({} bytes)", head.escape_ascii(), key.len())
        }
        _ => format!("\"{}\"", key.escape_ascii()),
    }
}
