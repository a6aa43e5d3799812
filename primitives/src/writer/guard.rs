//! What a caller's own SQL may not do inside a group.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rusqlite::Connection;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};

use crate::error::Result;

/// Denies, while a caller's work runs, what would reach beyond the caller's own savepoint.
#[derive(Clone, Default)]
pub(crate) struct Guard(Arc<AtomicBool>);

impl Guard {
    /// Installs the guard on the write connection.
    pub(crate) fn install(connection: &mut Connection) -> Result<Guard> {
        let guard = Guard::default();
        let active = guard.0.clone();
        connection.authorizer(Some(move |context: AuthContext<'_>| {
            if active.load(Ordering::Relaxed) { judge(&context) } else { Authorization::Allow }
        }))?;
        // Once SQLite has rolled the group back (`ON CONFLICT ROLLBACK`), a caller that goes on would
        // commit each statement by itself.
        let active = guard.0.clone();
        connection.commit_hook(Some(move || active.load(Ordering::Relaxed)))?;
        Ok(guard)
    }

    /// Runs `work` with the guard up.
    pub(crate) fn around<T>(&self, work: impl FnOnce() -> T) -> T {
        self.0.store(true, Ordering::Relaxed);
        let result = work();
        self.0.store(false, Ordering::Relaxed);
        result
    }
}

fn judge(context: &AuthContext<'_>) -> Authorization {
    match context.action {
        AuthAction::Transaction { .. }
        | AuthAction::Savepoint { .. }
        | AuthAction::Attach { .. }
        | AuthAction::Detach { .. } => Authorization::Deny,
        // Asking is harmless; setting is not.
        AuthAction::Pragma { pragma_name, pragma_value } => {
            let reads = matches!(
                pragma_name,
                "table_info"
                    | "table_xinfo"
                    | "table_list"
                    | "index_list"
                    | "index_info"
                    | "foreign_key_list"
            );
            if reads || (pragma_value.is_none() && pragma_name == "data_version") {
                Authorization::Allow
            } else {
                Authorization::Deny
            }
        }
        _ => Authorization::Allow,
    }
}
