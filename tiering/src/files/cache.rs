//! Footers of Parquet files, kept within a budget of bytes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use parquet::arrow::arrow_reader::ArrowReaderMetadata;

/// Keeps footers, with their page indexes, so that a file that is read again costs no read of its
/// footer. Shared by all readers; cheap to clone.
///
/// Those used longest ago go first. A footer larger than the budget is not kept.
#[derive(Clone, Debug)]
pub struct FooterCache {
    state: Arc<Mutex<State>>,
    budget: usize,
}

/// A footer as the readers need it.
#[derive(Clone, Debug)]
pub(super) struct Footer {
    pub(super) plain: ArrowReaderMetadata,
    /// The same with a column of row numbers.
    pub(super) numbered: ArrowReaderMetadata,
}

impl Footer {
    fn bytes(&self) -> usize {
        self.plain.metadata().memory_size()
    }
}

#[derive(Debug, Default)]
struct State {
    footers: HashMap<Box<str>, Kept>,
    bytes: usize,
    clock: u64,
}

#[derive(Debug)]
struct Kept {
    footer: Footer,
    bytes: usize,
    used: u64,
}

impl FooterCache {
    /// A cache of at most `budget` bytes.
    pub fn new(budget: usize) -> Self {
        FooterCache { state: Arc::default(), budget }
    }

    /// How many bytes it holds now.
    pub fn bytes(&self) -> usize {
        self.locked(|state| state.bytes)
    }

    pub(super) fn get(&self, url: &str) -> Option<Footer> {
        self.locked(|state| {
            state.clock += 1;
            let now = state.clock;
            let kept = state.footers.get_mut(url)?;
            kept.used = now;
            Some(kept.footer.clone())
        })
    }

    pub(super) fn put(&self, url: &str, footer: &Footer) {
        let bytes = footer.bytes() + url.len();
        if bytes > self.budget {
            return;
        }
        self.locked(|state| {
            state.clock += 1;
            let kept = Kept { footer: footer.clone(), bytes, used: state.clock };
            state.bytes += bytes;
            if let Some(replaced) = state.footers.insert(url.into(), kept) {
                state.bytes -= replaced.bytes;
            }
            while state.bytes > self.budget {
                state.drop_oldest();
            }
        });
    }

    fn locked<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl State {
    fn drop_oldest(&mut self) {
        let oldest = self.footers.iter().min_by_key(|(_, kept)| kept.used);
        let Some(url) = oldest.map(|(url, _)| url.clone()) else {
            self.bytes = 0;
            return;
        };
        if let Some(dropped) = self.footers.remove(&url) {
            self.bytes -= dropped.bytes;
        }
    }
}
