//! When each version was committed, as the change log knows it.

use std::ops::Range;

use headwater_cdc::ChangeLog;
use headwater_primitives::rusqlite::Connection;
use headwater_primitives::{Result, Sequence, Timestamp};

use crate::table::Versions;

/// Bytes of the log that are read in one view.
const CHUNK: usize = 4 << 20;
/// Past so many steps a timeline is thinned to one step a minute, which keeps each day right.
const STEPS: usize = 1 << 20;
const MINUTE: i64 = 60_000_000;

/// Commit times of a range of versions.
#[derive(Debug)]
pub struct Timeline {
    /// Where a time begins to hold: first sequence, time.
    steps: Vec<(Sequence, Timestamp)>,
}

impl Timeline {
    /// The times of `versions`. A version that retention has taken out of the log counts as written
    /// when the log's first one was.
    ///
    /// Cost: a page for each segment of the log in the range, and decoding those of several times.
    ///
    /// # Errors
    /// `Corrupt`, naming a segment that is damaged; SQLite's errors.
    pub fn of(log: &ChangeLog, sql: &Connection, versions: Versions) -> Result<Timeline> {
        Timeline::read(versions, |timeline, range| timeline.take(log, sql, range))
    }

    /// As [`of`](Self::of), with a view of its own for each part of the log, so that none is open for long.
    pub(crate) fn in_parts(log: &ChangeLog, versions: Versions) -> Result<Timeline> {
        let namespace = log.namespace();
        Timeline::read(versions, |timeline, range| {
            namespace.query(|sql| timeline.take(log, sql, range))
        })
    }

    fn read(
        versions: Versions,
        mut take: impl FnMut(&mut Timeline, (Sequence, Sequence)) -> Result<Option<Sequence>>,
    ) -> Result<Timeline> {
        let mut timeline = Timeline { steps: Vec::new() };
        let mut from = Some(versions.after.next());
        while let Some(start) = from.filter(|start| *start <= versions.upto) {
            from = take(&mut timeline, (start, versions.upto))?;
        }
        Ok(timeline)
    }

    /// Takes in a part of the log in this range. What comes after it; `None` at the log's end.
    fn take(
        &mut self,
        log: &ChangeLog,
        sql: &Connection,
        range: (Sequence, Sequence),
    ) -> Result<Option<Sequence>> {
        log.segments().times_in(sql, range, CHUNK, |sequence, time| self.add(sequence, time))
    }

    fn add(&mut self, sequence: Sequence, time: Timestamp) {
        if self.steps.last().is_none_or(|(_, last)| *last < time) {
            self.steps.push((sequence, time));
        }
        if self.steps.len() > STEPS {
            self.steps.dedup_by_key(|(_, time)| time.0.div_euclid(MINUTE));
        }
    }

    /// When `version` was committed.
    pub fn time_of(&self, version: Sequence) -> Timestamp {
        self.lookups().time_of(version)
    }

    /// Looks up many versions, of which one and the next are often of one time.
    pub(crate) fn lookups(&self) -> Lookups<'_> {
        Lookups { timeline: self, found: Timestamp(0), versions: Sequence(0)..Sequence(0) }
    }
}

/// Commit times of versions, each where the last one was, or else searched for.
pub(crate) struct Lookups<'a> {
    timeline: &'a Timeline,
    found: Timestamp,
    /// The versions that were committed at the time that was found last.
    versions: Range<Sequence>,
}

impl Lookups<'_> {
    pub(crate) fn time_of(&mut self, version: Sequence) -> Timestamp {
        if !self.versions.contains(&version) {
            let steps = &self.timeline.steps;
            let after = steps.partition_point(|(first, _)| *first <= version);
            let end = steps.get(after).map_or(Sequence(u64::MAX), |(first, _)| *first);
            let first = after.checked_sub(1).map_or(Sequence(0), |step| steps[step].0);
            // Before the first step its time holds as well.
            let time = steps.get(after.saturating_sub(1)).map_or(Timestamp(0), |(_, time)| *time);
            (self.versions, self.found) = (first..end, time);
        }
        self.found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_has_the_time_of_the_last_step_before_it() {
        let mut timeline = Timeline { steps: Vec::new() };
        for (sequence, time) in [(5, 100), (6, 100), (9, 250)] {
            timeline.add(Sequence(sequence), Timestamp(time));
        }
        let times = [1, 5, 8, 9, 20].map(|version| timeline.time_of(Sequence(version)).0);
        assert_eq!(times, [100, 100, 100, 250, 250]);
        let mut lookups = timeline.lookups();
        let times = [9, 20, 8, 1, 5, 9].map(|version| lookups.time_of(Sequence(version)).0);
        assert_eq!(times, [250, 250, 100, 100, 100, 250]);
    }
}
