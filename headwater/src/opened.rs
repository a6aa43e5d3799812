//! The typed stores that are open: each is opened once, at its first use.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use headwater_primitives::Result;

/// Open stores by the type of their handle.
#[derive(Default)]
pub(crate) struct Opened(RwLock<HashMap<TypeId, Box<dyn Any + Send + Sync>>>);

impl Opened {
    /// The open store of type `S`, if there is one.
    pub(crate) fn get<S: Clone + Send + Sync + 'static>(&self) -> Option<S> {
        let opened = self.0.read().unwrap_or_else(PoisonError::into_inner);
        opened.get(&TypeId::of::<S>()).and_then(|store| store.downcast_ref::<S>()).cloned()
    }

    /// The open store of type `S`; opened by `open` when there is none. Two first uses at once may
    /// both open it, which is only work done twice.
    pub(crate) fn get_or_open<S: Clone + Send + Sync + 'static>(
        &self,
        open: impl FnOnce() -> Result<S>,
    ) -> Result<S> {
        if let Some(store) = self.get() {
            return Ok(store);
        }
        let store = open()?;
        let mut opened = self.0.write().unwrap_or_else(PoisonError::into_inner);
        opened.insert(TypeId::of::<S>(), Box::new(store.clone()));
        Ok(store)
    }
}
