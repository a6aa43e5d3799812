//! What a caller says about a write: how durable, on whose behalf, and why.

use std::sync::Arc;

use crate::durability::Durability;
use crate::error::{Error, Result};
use crate::segment::varint;

/// How the writer isolates one caller's work from the rest of its group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Scope {
    /// In a savepoint of its own: any work can be undone.
    #[default]
    Savepoint,
    /// In none: the work runs at most one SQL statement that changes rows, and appends to logs only
    /// after that has succeeded, so SQLite undoes it alone. Saves the savepoint's page copies.
    Statement,
}

/// What a caller says about a write.
#[derive(Clone, Debug, Default)]
pub struct WriteOptions {
    /// What the acknowledgement promises; the namespace's default when absent.
    pub durability: Option<Durability>,
    /// Who and why, kept with every event of the write.
    pub attributes: Attributes,
    /// How the work is isolated.
    pub scope: Scope,
}

impl WriteOptions {
    /// Options with `durability` and nothing else said.
    pub fn durability(durability: Durability) -> Self {
        WriteOptions { durability: Some(durability), ..WriteOptions::default() }
    }
}

/// Who wrote, and why; stored once per transaction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attributes {
    /// What the write belongs to, such as a request or an order.
    pub correlation_id: Option<Arc<str>>,
    /// The event that made somebody write this.
    pub causation_id: Option<Arc<str>>,
    /// On whose behalf.
    pub actor: Option<Arc<str>>,
    /// Which program or service.
    pub source: Option<Arc<str>>,
}

impl Attributes {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let fields = [&self.correlation_id, &self.causation_id, &self.actor, &self.source];
        if fields.iter().all(|field| field.is_none()) {
            return Vec::new();
        }
        let mut out = Vec::new();
        for field in fields {
            match field {
                None => out.push(0),
                Some(text) => {
                    varint::write(&mut out, text.len() as u64 + 1);
                    out.extend_from_slice(text.as_bytes());
                }
            }
        }
        out
    }

    /// Reads what a unit's `meta` holds.
    ///
    /// # Errors
    /// `Corrupt` when the bytes are not attributes.
    pub fn decode(mut meta: &[u8]) -> Result<Attributes> {
        if meta.is_empty() {
            return Ok(Attributes::default());
        }
        let mut field = || -> Result<Option<Arc<str>>> {
            match varint::read(&mut meta)? {
                0 => Ok(None),
                len => std::str::from_utf8(varint::take(&mut meta, len - 1)?)
                    .map(|text| Some(Arc::from(text)))
                    .map_err(|_| Error::corrupt("a transaction's attribute is not UTF-8")),
            }
        };
        Ok(Attributes {
            correlation_id: field()?,
            causation_id: field()?,
            actor: field()?,
            source: field()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_come_back_as_they_were() {
        let none = Attributes::default();
        assert!(none.encode().is_empty());
        assert_eq!(Attributes::decode(&[]).unwrap(), none);
        let some = Attributes { actor: Some("ada".into()), source: Some("".into()), ..none };
        assert_eq!(Attributes::decode(&some.encode()).unwrap(), some);
        assert!(Attributes::decode(&[9, 9]).is_err());
    }
}
