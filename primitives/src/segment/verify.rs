//! Checking a log: every defect is named, and none hides another.

use rusqlite::Connection;

use super::reader::{Record, Segment};
use super::{SegmentLog, first_of, row_id};
use crate::error::{Error, Result};
use crate::sequence::Sequence;

impl SegmentLog {
    /// Checks every segment that `connection` sees and returns one line per defect.
    ///
    /// # Errors
    /// SQLite's errors; damage is not an error here, it is the answer.
    pub fn verify(&self, connection: &Connection) -> Result<Vec<String>> {
        self.verify_with(connection, |_| Ok(()))
    }

    /// [`verify`](Self::verify) that also runs `check` on every record; its error is one more
    /// defect, and ends the check of that segment.
    ///
    /// # Errors
    /// SQLite's errors.
    pub fn verify_with(
        &self,
        connection: &Connection,
        mut check: impl FnMut(&Record<'_>) -> Result<()>,
    ) -> Result<Vec<String>> {
        let log = self.state().id();
        let mut found = Vec::new();
        let Sequence(next) = self.head_in(connection)?.next();
        // Where the next segment must begin; unknown behind one that cannot be read.
        let mut expected = Some(self.start_in(connection)?.0);
        let mut units = Units::default();
        let mut statement = connection
            .prepare("SELECT id, data FROM segments WHERE id >= ? AND id < ? ORDER BY id")?;
        let mut rows = statement.query((row_id(log, 0), row_id(log + 1, 0)))?;
        while let Some(row) = rows.next()? {
            let first = first_of(row.get(0)?);
            found.extend(self.gap(expected, first));
            if expected != Some(first) {
                units = Units::default();
            }
            let data = row.get_ref(1)?.as_blob().unwrap_or_default();
            let checked = Segment::decode(data).and_then(|mut segment| {
                if segment.first().0 != first {
                    return Err(Error::corrupt("its header names another sequence"));
                }
                self.resolve_totals(connection, &mut segment)?;
                for record in segment.records() {
                    let record = record?;
                    units.follow(&record)?;
                    check(&record)?;
                }
                Ok(segment.last().next().0)
            });
            expected = match checked {
                Ok(next) => Some(next),
                Err(error) => {
                    found.push(self.at(first, error).to_string());
                    None
                }
            };
        }
        found.extend(self.gap(expected, next));
        if let (Some(_), Err(error)) = (expected, units.end()) {
            found.push(self.at(next, error).to_string());
        }
        Ok(found)
    }

    fn gap(&self, expected: Option<u64>, first: u64) -> Option<String> {
        let expected = expected.filter(|expected| *expected != first)?;
        Some(if expected < first {
            let last = first - 1;
            format!("log {:?}: sequences {expected} to {last} are missing", self.name())
        } else {
            let last = expected - 1;
            format!("log {:?}: sequences {first} to {last} are there twice", self.name())
        })
    }
}

/// Follows units from record to record.
#[derive(Default)]
struct Units {
    /// The first sequence, the total, and the records seen, of the current one.
    current: Option<(u64, u32, u32)>,
}

impl Units {
    fn follow(&mut self, record: &Record<'_>) -> Result<()> {
        let unit = record.unit;
        if unit.index == 0 {
            self.end()?;
        } else if let Some(current) = self.current
            && current != (unit.first.0, unit.total, unit.index)
        {
            return Err(broken(current.0));
        }
        self.current = Some((unit.first.0, unit.total, unit.index + 1));
        Ok(())
    }

    /// The current unit must be whole.
    fn end(&self) -> Result<()> {
        match self.current {
            Some((first, total, seen)) if total != seen => Err(broken(first)),
            _ => Ok(()),
        }
    }
}

fn broken(first: u64) -> Error {
    Error::corrupt(format!(
        "the unit at sequence {first} has another number of records than it says"
    ))
}
