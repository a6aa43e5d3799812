//! `headwater events`: the change log, and what is added to it.

use std::path::Path;
use std::time::Duration;

use headwater::cdc::{Batch, Debezium, EventFilter, Start, UnifiedEvent};
use headwater::lake::Tier;
use headwater::{Headwater, Sequence};
use serde_json::Value;

use crate::arguments::{EventQuery, Format};
use crate::database;
use crate::failure::Outcome;
use crate::interrupt::Interrupt;
use crate::output::{Output, table};

/// How long a follower waits before it looks whether the user wants to stop.
const PATIENCE: Duration = Duration::from_millis(100);
/// The events that share a table on a terminal.
const TABLE_ROWS: usize = 200;

pub(crate) fn run(path: &Path, query: EventQuery) -> Outcome {
    let interrupt = query.follow.then(Interrupt::listen);
    let db = database::read(path)?;
    if db.namespace().query(Tier::archives_events)? {
        // From here on the log goes back into the lake.
        Tier::of(db.namespace())?;
    }
    let mut printer = Printer {
        output: Output::stdout(),
        format: query.format,
        follow: query.follow,
        left: query.limit.unwrap_or(u64::MAX),
        rows: Vec::new(),
    };
    let start = query.from.map_or(Start::Beginning, |sequence| Start::At(Sequence(sequence)));
    match interrupt {
        Some(interrupt) => follow(&db, start, filter(query), &mut printer, &interrupt)?,
        None => show(&db, start, filter(query), &mut printer)?,
    }
    printer.finish()
}

fn filter(query: EventQuery) -> EventFilter {
    let mut filter = EventFilter::all();
    if let Some(store) = query.store {
        filter = filter.store(store);
    }
    if let Some(table) = query.table {
        filter = filter.table(table);
    }
    query.op.into_iter().fold(filter, EventFilter::op)
}

/// What is there now; what is committed meanwhile is not waited for.
fn show(db: &Headwater, start: Start, filter: EventFilter, printer: &mut Printer) -> Outcome {
    let mut subscription = db.changes().subscribe(start, filter)?;
    let head = db.changes().head();
    while printer.left > 0
        && let Some(batch) = subscription.try_next_batch()?
    {
        printer.batch(&batch, head)?;
        if batch.position().sequence >= head {
            break;
        }
    }
    Ok(())
}

/// What is there and what comes, until enough is seen or the user stops.
fn follow(
    db: &Headwater,
    start: Start,
    filter: EventFilter,
    printer: &mut Printer,
    interrupt: &Interrupt,
) -> Outcome {
    let mut subscription = db.changes().subscribe(start, filter)?;
    while printer.left > 0 && !interrupt.is_asked() {
        if let Some(batch) = subscription.next_batch_wait(PATIENCE)? {
            printer.batch(&batch, Sequence(u64::MAX))?;
            printer.output.flush()?;
        }
    }
    Ok(())
}

struct Printer {
    output: Output,
    format: Option<Format>,
    follow: bool,
    left: u64,
    /// Rows for the next table, on a terminal.
    rows: Vec<Vec<String>>,
}

impl Printer {
    /// Prints the events of `batch` up to `last`, and up to the limit.
    fn batch(&mut self, batch: &Batch, last: Sequence) -> Outcome {
        for event in batch.events() {
            let event = event?;
            if self.left == 0 || event.sequence() > last {
                break;
            }
            self.event(&event)?;
            self.left -= 1;
        }
        Ok(())
    }

    fn event(&mut self, event: &UnifiedEvent) -> Outcome {
        // A table cannot grow row by row, so a follower prints lines even to a terminal.
        let as_table = self.output.is_terminal() && self.format.is_none() && !self.follow;
        match self.format {
            Some(Format::Debezium) => self.output.json(&Debezium(event)),
            _ if as_table => {
                self.rows.push(row(event)?);
                if self.rows.len() >= TABLE_ROWS { self.table() } else { Ok(()) }
            }
            _ => self.output.json(event),
        }
    }

    fn table(&mut self) -> Outcome {
        let header = ["sequence", "time", "type", "table", "key", "changed"].map(str::to_owned);
        let rows = std::mem::take(&mut self.rows);
        self.output.text(&table::rows(header, rows))
    }

    fn finish(mut self) -> Outcome {
        if !self.rows.is_empty() {
            self.table()?;
        }
        self.output.finish()
    }
}

fn row(event: &UnifiedEvent) -> Outcome<Vec<String>> {
    let table = match (event.store(), event.table()) {
        (Some(store), Some(table)) => format!("{store}/{table}"),
        _ => String::new(),
    };
    let what = match event.changed_fields()? {
        Some(fields) => fields.join(", "),
        None => event.data_value()?.as_ref().map_or_else(String::new, table::cell),
    };
    Ok(vec![
        event.sequence().to_string(),
        event.timestamp().to_string(),
        event.event_type().to_owned(),
        table,
        event.key().map_or_else(String::new, |key| table::cell(&Value::String(key.to_string()))),
        what,
    ])
}
