//! A scan in pages: bounded memory, and no cursor held open between two of them.

use std::vec;

use crate::error::Result;
use crate::kv::{Direction, Entry, KeyRange};

/// The first page is small, since many scans want only a few entries; each next one is larger.
const FIRST_PAGE: usize = 16;
const LARGEST_PAGE: usize = 512;

/// A page ends early once its keys and values reach this size.
pub(crate) const PAGE_BYTES: usize = 1 << 20;

/// Some entries of a range, in scan order.
pub(crate) struct Page {
    pub(crate) entries: Vec<Entry>,
    /// Whether the range may hold more after them.
    pub(crate) more: bool,
}

/// Iterates over a range by asking `fetch` for at most so many entries from where it stands.
pub(crate) struct Pages<F> {
    fetch: F,
    /// What is not yet fetched, or `None` once all is.
    rest: Option<KeyRange>,
    direction: Direction,
    size: usize,
    page: vec::IntoIter<Entry>,
}

impl<F> Pages<F>
where
    F: FnMut(&KeyRange, Direction, usize) -> Result<Page>,
{
    pub(crate) fn new(range: KeyRange, direction: Direction, fetch: F) -> Self {
        let rest = (!range.is_empty()).then_some(range);
        Self { fetch, rest, direction, size: FIRST_PAGE, page: Vec::new().into_iter() }
    }

    /// Fetches the next page of `rest`. On an error the scan is over.
    fn turn(&mut self, rest: KeyRange) -> Result<()> {
        let Page { entries, more } = (self.fetch)(&rest, self.direction, self.size)?;
        self.size = (self.size * 4).min(LARGEST_PAGE);
        if let (true, Some((last, _))) = (more, entries.last()) {
            self.rest = Some(rest.after(last, self.direction));
        }
        self.page = entries.into_iter();
        Ok(())
    }
}

impl<F> Iterator for Pages<F>
where
    F: FnMut(&KeyRange, Direction, usize) -> Result<Page>,
{
    type Item = Result<Entry>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(entry) = self.page.next() {
            return Some(Ok(entry));
        }
        let rest = self.rest.take()?;
        match self.turn(rest) {
            Ok(()) => self.page.next().map(Ok),
            Err(error) => Some(Err(error)),
        }
    }
}
