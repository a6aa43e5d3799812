//! Letting go of the embeddings that have moved to the warm tier.
//!
//! No event tells of a move, since no row has changed. An index that still has an embedding which has
//! moved answers the same: what moved is as near as it was. So this is for the memory alone, and may
//! come late: after the move, after an opening with older files, and on a follower when it looks.
//!
//! A search that asks the warm tier first and the graph afterwards could miss what moved in between, if
//! the graph had let go of it by then. [`SearchIndex::has_let_go_since`] tells.

use std::sync::atomic::Ordering;

use headwater_primitives::rusqlite::Connection;
use headwater_primitives::{Namespace, Result};

use super::SearchIndex;
use crate::warm::{self, Pointer, Warm};

impl SearchIndex {
    /// Takes out of the graph what has moved since the last call.
    ///
    /// Cost: when something has moved, a pass over the rows whose embeddings are elsewhere.
    pub(crate) fn let_go_of_moved(&self, namespace: &Namespace) -> Result<()> {
        let warm = Warm::of(namespace, &self.table);
        let Some(pointer) = warm.pointer(namespace, &self.table)? else { return Ok(()) };
        if pointer.moves == self.let_go.load(Ordering::SeqCst) {
            return Ok(());
        }
        let mut after = 0;
        while !self.is_stopping() {
            // What is staged again after this page was read waits for the feed, and stays.
            let mut feed = self.feed();
            let page = namespace.query(|sql| {
                let page = warm::rows_after(sql, &self.table, after)?;
                self.begin_to_let_go_in(sql).map(|()| page)
            })?;
            let Some((last, _)) = page.last() else {
                self.let_go.store(pointer.moves, Ordering::SeqCst);
                return Ok(());
            };
            after = *last;
            let gone = page.iter().filter(|(row, _)| self.graph.remove(*row as u64)).count();
            feed.unsaved += gone;
        }
        Ok(())
    }

    /// Whether the graph may have let go of what moved after the move `moves`.
    pub(crate) fn has_let_go_since(&self, moves: u64) -> bool {
        self.letting_go.load(Ordering::SeqCst) > moves
    }

    /// Says that embeddings may be missing in the graph which have moved by now.
    pub(super) fn begin_to_let_go(&self, namespace: &Namespace) -> Result<()> {
        let warm = Warm::of(namespace, &self.table);
        let Some(pointer) = warm.pointer(namespace, &self.table)? else { return Ok(()) };
        self.letting_go.fetch_max(pointer.moves, Ordering::SeqCst);
        Ok(())
    }

    /// The same, as `sql` sees it.
    pub(super) fn begin_to_let_go_in(&self, sql: &Connection) -> Result<()> {
        if let Some(pointer) = Pointer::load(sql, self.table.number)? {
            self.letting_go.fetch_max(pointer.moves, Ordering::SeqCst);
        }
        Ok(())
    }
}
