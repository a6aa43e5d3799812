//! Which events a subscriber wants to see.

use headwater_primitives::Result;

use crate::change::{KeyRef, Op, Store};
use crate::event::UnifiedEvent;
use crate::record::{EVENT_TAG, Payload};

/// Which events a subscriber wants to see. Said twice, a condition of one sort widens (`table("a")`
/// or `table("b")`); conditions of different sorts narrow each other down.
///
/// ```
/// use headwater_cdc::{EventFilter, Op, Store};
///
/// let filter = EventFilter::all().store(Store::Document).table("customers").op(Op::Delete);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventFilter {
    stores: Vec<Store>,
    tables: Vec<Box<str>>,
    ops: Vec<Op>,
    key_prefixes: Vec<Box<str>>,
    types: Vec<Box<str>>,
}

/// What a record's tag alone says.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum TagMatch {
    Never,
    Always,
    /// The record itself must be looked at.
    Sometimes,
}

impl EventFilter {
    /// Every event.
    pub fn all() -> EventFilter {
        EventFilter::default()
    }

    /// Changes of this store.
    #[must_use]
    pub fn store(mut self, store: Store) -> Self {
        self.stores.push(store);
        self
    }

    /// Changes of this table, whichever store it is in.
    #[must_use]
    pub fn table(mut self, table: impl Into<Box<str>>) -> Self {
        self.tables.push(table.into());
        self
    }

    /// Changes of this kind.
    #[must_use]
    pub fn op(mut self, op: Op) -> Self {
        self.ops.push(op);
        self
    }

    /// Changes of rows whose key is a text that starts with `prefix`.
    #[must_use]
    pub fn key_prefix(mut self, prefix: impl Into<Box<str>>) -> Self {
        self.key_prefixes.push(prefix.into());
        self
    }

    /// Events of this type: `Customer.created`, or `cdc.insert`.
    #[must_use]
    pub fn event_type(mut self, event_type: impl Into<Box<str>>) -> Self {
        self.types.push(event_type.into());
        self
    }

    /// Whether nothing is hidden.
    pub(crate) fn passes_all(&self) -> bool {
        !self.wants_changes() && self.types.is_empty()
    }

    /// Whether there is a condition that only a store's change can meet.
    fn wants_changes(&self) -> bool {
        !(self.stores.is_empty()
            && self.tables.is_empty()
            && self.ops.is_empty()
            && self.key_prefixes.is_empty())
    }

    pub(crate) fn match_tag(&self, tag: &str) -> TagMatch {
        if tag == EVENT_TAG {
            return match (self.wants_changes(), self.types.is_empty()) {
                (true, _) => TagMatch::Never,
                (false, true) => TagMatch::Always,
                (false, false) => TagMatch::Sometimes,
            };
        }
        let (store, table) = tag.split_once('/').unwrap_or((tag, ""));
        let store_matches =
            self.stores.is_empty() || self.stores.iter().any(|wanted| wanted.name() == store);
        let table_matches =
            self.tables.is_empty() || self.tables.iter().any(|wanted| **wanted == *table);
        if !store_matches || !table_matches {
            TagMatch::Never
        } else if self.ops.is_empty() && self.key_prefixes.is_empty() && self.types.is_empty() {
            TagMatch::Always
        } else {
            TagMatch::Sometimes
        }
    }

    /// Whether the record matches, given that its tag does not say.
    pub(crate) fn match_payload(&self, payload: &[u8]) -> Result<bool> {
        Ok(match Payload::parse(payload)? {
            Payload::Event { kind, .. } => self.matches_type(kind),
            Payload::Change { op, key, .. } => self.matches_change(op, key),
        })
    }

    /// Whether it shows `event`.
    pub fn passes(&self, event: &UnifiedEvent) -> bool {
        let tag = event.tag();
        match self.match_tag(tag) {
            TagMatch::Always => true,
            TagMatch::Never => false,
            TagMatch::Sometimes => match (event.op(), event.key()) {
                (Some(op), Some(key)) => self.matches_change(op, key),
                _ => self.matches_type(event.event_type()),
            },
        }
    }

    fn matches_change(&self, op: Op, key: KeyRef<'_>) -> bool {
        (self.ops.is_empty() || self.ops.contains(&op))
            && (self.types.is_empty() || self.matches_type(op.event_type()))
            && (self.key_prefixes.is_empty() || self.matches_key(key))
    }

    fn matches_type(&self, event_type: &str) -> bool {
        self.types.iter().any(|wanted| **wanted == *event_type)
    }

    fn matches_key(&self, key: KeyRef<'_>) -> bool {
        match key {
            KeyRef::Text(key) => self.key_prefixes.iter().any(|prefix| key.starts_with(&**prefix)),
            KeyRef::Integer(_) | KeyRef::Json(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_decides_where_it_can() {
        let documents = EventFilter::all().store(Store::Document).table("a").table("b");
        assert!(documents.match_tag("document/b") == TagMatch::Always);
        assert!(documents.match_tag("document/c") == TagMatch::Never);
        assert!(documents.match_tag("graph/a") == TagMatch::Never);
        assert!(documents.match_tag(EVENT_TAG) == TagMatch::Never);
        assert!(documents.op(Op::Update).match_tag("document/a") == TagMatch::Sometimes);
        assert!(EventFilter::all().match_tag(EVENT_TAG) == TagMatch::Always);
        assert!(EventFilter::all().passes_all());
        assert!(!EventFilter::all().event_type("Paid").passes_all());
    }
}
