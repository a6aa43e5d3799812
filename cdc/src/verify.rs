//! Checking the stored log.

use headwater_primitives::rusqlite::Connection;
use headwater_primitives::{Attributes, Error, Record, Result, jsonb};

use crate::change::KeyRef;
use crate::event::store_of;
use crate::log::ChangeLog;
use crate::record::{EVENT_TAG, Payload};

impl ChangeLog {
    /// Checks everything that `connection` sees of the change log: segments, their order, and that
    /// each record decodes. Returns one line per defect, naming the segment and the event.
    ///
    /// # Errors
    /// SQLite's errors; damage is not an error here, it is the answer.
    pub fn verify(&self, connection: &Connection) -> Result<Vec<String>> {
        self.segments().verify_with(connection, |record| {
            check(record).map_err(|error| error.context(format!("event {}", record.sequence)))
        })
    }
}

fn check(record: &Record<'_>) -> Result<()> {
    Attributes::decode(record.unit.meta)?;
    if record.unit.index >= record.unit.total {
        return Err(Error::corrupt(format!(
            "it has place {} in a transaction of {} events",
            record.unit.index, record.unit.total
        )));
    }
    match Payload::parse(record.payload)? {
        Payload::Event { data, .. } if **record.tag == *EVENT_TAG => valid("data", data),
        Payload::Event { .. } => {
            Err(Error::corrupt(format!("a domain event is filed under {:?}", record.tag)))
        }
        Payload::Change { key, before, after, .. } => {
            store_of(record.tag)?;
            if let KeyRef::Json(key) = key {
                valid("key", key)?;
            }
            before.map_or(Ok(()), |before| valid("before", before))?;
            after.map_or(Ok(()), |after| valid("after", after))
        }
    }
}

fn valid(what: &str, bytes: &[u8]) -> Result<()> {
    jsonb::validate(bytes).map_err(|error| error.context(what))
}
