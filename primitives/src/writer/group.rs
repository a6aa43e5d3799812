//! Group commit: many callers' work, each in its own savepoint, one COMMIT, then all are told.

use std::any::Any;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rusqlite::{Connection, Statement};

use super::guard::Guard;
use super::{Queue, Request, Scope, Transaction, Work, WriteOptions, Writer};
use crate::connection;
use crate::durability::Durability;
use crate::error::{Error, ErrorKind, Result};
use crate::namespace::Shared;
use crate::segment::{Compressor, GroupLogs};
use crate::time::Timestamp;

/// A group takes no more members than this, so that its first caller does not wait for ever.
const MAX_MEMBERS: usize = 1024;

/// The writer thread's own state.
pub(crate) struct GroupCommitter {
    shared: Arc<Shared>,
    queue: Arc<Queue>,
    guard: Guard,
    logs: RefCell<GroupLogs>,
    fences: RefCell<Vec<u32>>,
    last_time: Timestamp,
    synchronous: Durability,
    /// Whether the hot tier says, durably, that commits may be lost at a power cut.
    marked_unsynced: bool,
    pace: Pace,
}

type Member = (WriteOptions, Box<dyn Work>);

/// The statements that only the writer itself may run, prepared once.
struct Control<'c> {
    begin: Statement<'c>,
    commit: Statement<'c>,
    rollback: Statement<'c>,
    savepoint: Statement<'c>,
    release: Statement<'c>,
    undo: Statement<'c>,
}

impl<'c> Control<'c> {
    fn new(connection: &'c Connection) -> Result<Self> {
        Ok(Control {
            begin: connection.prepare("BEGIN IMMEDIATE")?,
            commit: connection.prepare("COMMIT")?,
            rollback: connection.prepare("ROLLBACK")?,
            savepoint: connection.prepare("SAVEPOINT caller")?,
            release: connection.prepare("RELEASE caller")?,
            undo: connection.prepare("ROLLBACK TO caller")?,
        })
    }
}

/// Decides how long a group waits for company: callers that were just told tend to come back.
#[derive(Default)]
struct Pace {
    last_members: usize,
    commit: Duration,
}

impl Pace {
    fn expect(&self) -> Option<(usize, Duration)> {
        (self.last_members > 1).then_some((self.last_members, self.commit / 2))
    }

    fn record(&mut self, members: usize, commit: Duration) {
        self.last_members = members;
        self.commit = (self.commit * 7 + commit.min(Duration::from_millis(2))) / 8;
    }
}

impl GroupCommitter {
    pub(crate) fn new(
        shared: Arc<Shared>,
        queue: Arc<Queue>,
        connection: &mut Connection,
        last_time: Timestamp,
    ) -> Result<Self> {
        let guard = Guard::install(connection)?;
        Ok(GroupCommitter {
            shared,
            queue,
            guard,
            logs: RefCell::new(GroupLogs::new(Arc::new(Compressor::default()))),
            fences: RefCell::new(Vec::new()),
            last_time,
            synchronous: Durability::Sync,
            marked_unsynced: false,
            pace: Pace::default(),
        })
    }

    /// Commits groups until the queue is closed and empty.
    pub(crate) fn run(mut self, connection: &Connection) {
        Writer::mark_current_thread();
        let mut control = match Control::new(connection) {
            Ok(control) => control,
            Err(error) => return self.shared.quarantine(&error),
        };
        let mut waiting = VecDeque::new();
        loop {
            if waiting.is_empty() {
                match self.queue.take_all() {
                    Some(requests) => waiting = requests,
                    None => break,
                }
            }
            if let Some((expected, patience)) = self.pace.expect()
                && waiting.len() < expected
            {
                self.queue.wait_for(expected - waiting.len(), patience);
                waiting.append(&mut self.queue.take_ready());
            }
            let mut members = Vec::with_capacity(waiting.len().min(MAX_MEMBERS));
            let mut checkpoint = false;
            while members.len() < MAX_MEMBERS
                && let Some(request) = waiting.pop_front()
            {
                match request {
                    Request::Write(options, work) => members.push((options, work)),
                    Request::Checkpoint => checkpoint = true,
                }
            }
            if !members.is_empty() {
                self.commit_group(connection, &mut control, &mut members);
            }
            if self.shared.background.take_restart_due() || checkpoint {
                // Best effort: the checkpointer looks again.
                let _ = self.shared.restart_log(connection);
            }
        }
    }

    fn commit_group(
        &mut self,
        connection: &Connection,
        control: &mut Control<'_>,
        members: &mut [Member],
    ) {
        if let Some(error) = self.shared.quarantined() {
            for (_, work) in members.iter_mut() {
                work.fail(error.duplicate());
            }
        } else if let Err(error) = self.write_group(connection, control, members) {
            if !connection.is_autocommit() {
                let _ = control.rollback.execute([]);
            }
            self.logs.borrow_mut().begin_group(self.last_time);
            self.fences.borrow_mut().clear();
            self.shared.quarantine_after(&error);
            for (_, work) in members.iter_mut() {
                work.fail(group_error(&error));
            }
        }
        for (_, work) in members.iter_mut() {
            // A result that nobody waits for is dropped here, and that is the caller's code too.
            let _ = catch_unwind(AssertUnwindSafe(|| work.acknowledge()));
        }
    }

    fn write_group(
        &mut self,
        connection: &Connection,
        control: &mut Control<'_>,
        members: &mut [Member],
    ) -> Result<()> {
        let durability = self.strictest(members);
        let mark = durability == Durability::Os && !self.marked_unsynced && !self.shared.volatile;
        self.set_synchronous(connection, if mark { Durability::Sync } else { durability })?;
        self.last_time = self.last_time.max(self.shared.clock.now());
        self.logs.borrow_mut().begin_group(self.last_time);
        control.begin.execute([])?;
        if mark {
            connection::set_meta(connection, "unsynced", 1)?;
        }
        for (index, member) in members.iter_mut().enumerate() {
            if let Err(lost) = self.run_member(connection, control, member) {
                let error = Error::new(
                    ErrorKind::GroupAborted,
                    format!("the commit group was lost when one of its members ran: {lost}"),
                )
                .with_source(lost.duplicate());
                // The member at fault keeps its own error; the others may simply try again.
                let (before, rest) = members.split_at_mut(index);
                if !rest[0].1.has_failed() {
                    rest[0].1.fail(lost);
                }
                return self.fail_others(connection, control, before, &mut rest[1..], error);
            }
        }
        self.logs.borrow_mut().write(connection)?;
        let number = self.shared.cache.fence_group(&mut self.fences.borrow_mut());
        crate::fail::point("commit.before")?;
        let started = Instant::now();
        control.commit.execute([])?;
        self.pace.record(members.len(), started.elapsed());
        let _ = crate::fail::point("commit.after");
        self.marked_unsynced |= mark;
        self.shared.cache.publish(number);
        self.logs.borrow_mut().publish();
        Ok(())
    }

    fn fail_others(
        &mut self,
        connection: &Connection,
        control: &mut Control<'_>,
        before: &mut [Member],
        after: &mut [Member],
        error: Error,
    ) -> Result<()> {
        if !connection.is_autocommit() {
            control.rollback.execute([])?;
        }
        self.logs.borrow_mut().begin_group(self.last_time);
        self.fences.borrow_mut().clear();
        for (_, work) in before.iter_mut().chain(after) {
            work.fail(error.duplicate());
        }
        Ok(())
    }

    /// Runs one member. `Err` means that the whole group is gone.
    fn run_member(
        &mut self,
        connection: &Connection,
        control: &mut Control<'_>,
        (options, work): &mut Member,
    ) -> Result<()> {
        let savepoint = options.scope == Scope::Savepoint;
        if savepoint {
            control.savepoint.execute([])?;
        }
        let changes = connection.total_changes();
        let fences = self.fences.borrow().len();
        self.logs.borrow_mut().begin_unit(options.attributes.encode());
        let transaction = Transaction {
            connection,
            logs: &self.logs,
            fences: &self.fences,
            cache: &self.shared.cache,
            ids: &self.shared.ids,
            options,
            now: self.last_time,
        };
        let run = || catch_unwind(AssertUnwindSafe(|| work.run(&transaction)));
        let mut succeeded = match self.guard.around(run) {
            Ok(succeeded) => succeeded,
            Err(panic) => {
                work.fail(panicked(panic.as_ref()));
                false
            }
        };
        if connection.is_autocommit() {
            let lost = Error::new(
                ErrorKind::GroupAborted,
                "SQLite rolled the whole commit group back \
                 (a full disk, an I/O error, or ON CONFLICT ROLLBACK)",
            );
            // A constraint would be broken again: only other causes are worth another try.
            if !connection::broke_constraint(connection) {
                work.fail(lost.duplicate());
            }
            return Err(lost);
        }
        if succeeded && connection::has_deferred_violations(connection) {
            work.fail(Error::new(
                ErrorKind::ForeignKey,
                "a deferred foreign key does not hold at the end of the transaction",
            ));
            succeeded = false;
        }
        if succeeded && let Some(error) = self.logs.borrow_mut().take_failure() {
            work.fail(error);
            succeeded = false;
        }
        if succeeded {
            if savepoint {
                control.release.execute([])?;
            }
            return self.logs.borrow_mut().keep_unit(connection);
        }
        self.logs.borrow_mut().drop_unit();
        self.fences.borrow_mut().truncate(fences);
        if savepoint {
            control.undo.execute([])?;
            control.release.execute([])?;
        } else if connection.total_changes() != changes {
            return Err(Error::new(
                ErrorKind::GroupAborted,
                "work that asked for no savepoint failed after it had changed rows",
            ));
        }
        Ok(())
    }

    fn strictest(&self, members: &[Member]) -> Durability {
        let default = self.shared.durability;
        let asked = members.iter().map(|(options, _)| options.durability.unwrap_or(default));
        asked.max().unwrap_or(default)
    }

    fn set_synchronous(&mut self, connection: &Connection, durability: Durability) -> Result<()> {
        if self.shared.volatile || self.synchronous == durability {
            return Ok(());
        }
        connection::set_synchronous(connection, durability)?;
        self.synchronous = durability;
        Ok(())
    }
}

/// What a member is told when its group could not be committed.
fn group_error(error: &Error) -> Error {
    if connection::is_sync_failure(error) {
        return Error::new(
            ErrorKind::Io,
            format!(
                "a sync failed: whether this write is there shows when the namespace is reopened: \
                 {error}"
            ),
        )
        .with_source(error.duplicate());
    }
    match error.kind() {
        ErrorKind::Corrupt | ErrorKind::ReadOnly | ErrorKind::GroupAborted => error.duplicate(),
        _ => Error::new(
            ErrorKind::GroupAborted,
            format!("the commit group was lost, nothing of it was written: {error}"),
        )
        .with_source(error.duplicate()),
    }
}

fn panicked(panic: &(dyn Any + Send)) -> Error {
    let message = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".to_owned());
    Error::new(ErrorKind::Panicked, format!("the transaction's closure panicked: {message}"))
}
