//! One read connection and the read transaction that it may have open.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::{Connection, OpenFlags};

use super::views::Moment;
use crate::connection;
use crate::error::Result;

// Worded as callers do not word theirs, which could get these statements from the cache otherwise.
const BEGIN: &str = "BEGIN DEFERRED TRANSACTION";
const ROLLBACK: &str = "ROLLBACK TRANSACTION";

/// A pooled read connection.
pub(super) struct Reader {
    pub(super) connection: Connection,
    /// Set to end what the connection is at.
    pub(super) ended: Arc<AtomicBool>,
    /// The moment whose state an open read transaction shows.
    pub(super) view: Option<Moment>,
    /// The moment of the read before.
    pub(super) seen: Option<Moment>,
    /// Whether transaction control is allowed: while this code speaks, not the caller's.
    controls: Arc<AtomicBool>,
}

impl Reader {
    pub(super) fn open(path: &Path, vfs: Option<&str>, flags: OpenFlags) -> Result<Self> {
        let mut connection = connection::open(path, vfs, flags)?;
        connection.execute_batch("PRAGMA query_only = ON; PRAGMA cache_size = -16384;")?;
        let ended = Arc::new(AtomicBool::new(false));
        let seen = ended.clone();
        connection.progress_handler(1000, Some(move || seen.load(Ordering::Relaxed)))?;
        let controls = Arc::new(AtomicBool::new(false));
        let allowed = controls.clone();
        // A caller's BEGIN would work or not, as the connection has no view open or has one; its
        // COMMIT would end a view that is not its own. Savepoints work either way.
        connection.authorizer(Some(move |context: AuthContext<'_>| match context.action {
            AuthAction::Transaction { .. } if !allowed.load(Ordering::Relaxed) => {
                Authorization::Deny
            }
            _ => Authorization::Allow,
        }))?;
        Ok(Reader { connection, ended, view: None, seen: None, controls })
    }

    /// Opens a read transaction and touches the database, which is what fixes the view.
    pub(super) fn begin(&self) -> Result<()> {
        self.control(BEGIN)?;
        let fixed = self
            .connection
            .prepare_cached("SELECT 1 FROM headwater LIMIT 1")
            .and_then(|mut statement| statement.query([])?.next().map(drop));
        if let Err(error) = fixed {
            let _ = self.control(ROLLBACK);
            return Err(error.into());
        }
        Ok(())
    }

    /// Ends the read transaction.
    pub(super) fn end(&self) -> Result<()> {
        self.control(ROLLBACK)
    }

    /// Ends the view that is kept, if one is.
    pub(super) fn end_view(&mut self) -> Result<()> {
        if self.view.take().is_some() {
            self.end()?;
        }
        Ok(())
    }

    fn control(&self, statement: &str) -> Result<()> {
        self.controls.store(true, Ordering::Relaxed);
        let prepared = self.connection.prepare_cached(statement);
        let done = prepared.and_then(|mut statement| statement.execute([]));
        self.controls.store(false, Ordering::Relaxed);
        Ok(done.map(drop)?)
    }
}
