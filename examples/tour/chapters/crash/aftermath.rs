//! What is found when a database is opened whose process was killed.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::time::{Duration, Instant};

use headwater::Headwater;
use headwater::cdc::{ChangeLog, EventFilter, Op, Start};

use super::open;
use crate::Outcome;
use crate::model::{Review, SourceFile, all};

/// What was found after one kill.
pub(super) struct Aftermath {
    /// How long it took to open, recovery included.
    pub(super) opened: Duration,
    /// Reviews of this round.
    pub(super) reviews: u64,
    /// Acknowledged reviews that are not there.
    pub(super) lost: u64,
    /// Files whose count is not the number of their reviews.
    pub(super) half_done: u64,
    /// Whether each review has its event, and sequences have no gap.
    pub(super) log_is_whole: bool,
    pub(super) defects: Vec<String>,
}

impl Aftermath {
    pub(super) fn look(folder: &Path, round: usize, acknowledged: &[String]) -> Outcome<Aftermath> {
        let began = Instant::now();
        let db = open(folder)?;
        let opened = began.elapsed();
        let reviews = everything_reviewed(&db)?;
        let of_round = format!("{round}-");
        let found = Aftermath {
            opened,
            reviews: reviews.keys().filter(|id| id.starts_with(&of_round)).count() as u64,
            lost: acknowledged.iter().filter(|id| !reviews.contains_key(*id)).count() as u64,
            half_done: miscounted(&db, &reviews)?,
            log_is_whole: log_is_whole(db.changes(), &reviews)?,
            defects: db.verify()?,
        };
        db.close()?;
        Ok(found)
    }
}

/// The reviewed file by the review's id.
fn everything_reviewed(db: &Headwater) -> Outcome<HashMap<String, String>> {
    Ok(all::<Review>(db)?.into_iter().map(|review| (review.id, review.file)).collect())
}

fn miscounted(db: &Headwater, reviews: &HashMap<String, String>) -> Outcome<u64> {
    let mut counts: HashMap<&str, u64> = HashMap::new();
    for file in reviews.values() {
        *counts.entry(file).or_default() += 1;
    }
    let wrong = |file: &SourceFile| file.reviews != counts.get(&*file.id).copied().unwrap_or(0);
    Ok(all::<SourceFile>(db)?.into_iter().filter(wrong).count() as u64)
}

fn log_is_whole(changes: &ChangeLog, reviews: &HashMap<String, String>) -> Outcome<bool> {
    let mut told = HashSet::new();
    let mut next = 1;
    let mut log = changes.subscribe(Start::Beginning, EventFilter::all())?;
    while let Some(batch) = log.try_next_batch()? {
        for event in batch.events() {
            let event = event?;
            if event.sequence().0 != next {
                return Ok(false);
            }
            next += 1;
            if event.table() == Some("reviews") && event.op() == Some(Op::Create) {
                told.extend(event.key().map(|key| key.to_string()));
            }
        }
    }
    let all_told = told.len() == reviews.len() && told.iter().all(|id| reviews.contains_key(id));
    Ok(all_told && next == changes.head().0 + 1)
}
