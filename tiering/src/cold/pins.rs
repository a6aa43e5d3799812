//! Which states of tables are being read, so that their files stay.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The metadata files that views are reading from, with how many do.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pins(Arc<Mutex<BTreeMap<String, usize>>>);

/// Keeps the files of one state of a table for as long as it lives.
#[derive(Debug)]
pub(crate) struct Pin {
    pins: Pins,
    location: String,
}

impl Pins {
    /// Keeps what the metadata file at `location` reaches.
    pub(crate) fn pin(&self, location: &str) -> Pin {
        *self.lock().entry(location.to_owned()).or_default() += 1;
        Pin { pins: self.clone(), location: location.to_owned() }
    }

    /// The metadata files that are being read from.
    pub(crate) fn pinned(&self) -> Vec<String> {
        self.lock().keys().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pin {
    pub(crate) fn location(&self) -> &str {
        &self.location
    }
}

impl Drop for Pin {
    fn drop(&mut self) {
        let mut pins = self.pins.lock();
        if let Some(count) = pins.get_mut(&self.location) {
            *count -= 1;
            if *count == 0 {
                pins.remove(&self.location);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_pinned_until_its_last_reader_ends() {
        let pins = Pins::default();
        let readers = [pins.pin("a"), pins.pin("a"), pins.pin("b")];
        assert_eq!(pins.pinned(), ["a", "b"]);
        let [one, other, _b] = readers;
        drop(one);
        assert_eq!(pins.pinned(), ["a", "b"]);
        drop(other);
        assert_eq!(pins.pinned(), ["b"]);
    }
}
