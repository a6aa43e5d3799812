//! The object stores that are open in this process, by their root.
//!
//! Iceberg can serialize a table's storage, to ship the plan of a scan. A store cannot be
//! serialized, so only its root is, and whoever reads it finds the store here, if it is still open in
//! the process. The registry keeps no store open. Where two stores were opened for one root the later
//! one is found.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError, Weak};

use headwater_primitives::{Error, ErrorKind, Result};
use object_store::ObjectStore;

use super::root::LakeRoot;

type Stores = HashMap<LakeRoot, Weak<dyn ObjectStore>>;

static STORES: LazyLock<Mutex<Stores>> = LazyLock::new(Mutex::default);

pub(super) fn register(root: &LakeRoot, store: &Arc<dyn ObjectStore>) {
    let mut stores = STORES.lock().unwrap_or_else(PoisonError::into_inner);
    stores.retain(|_, store| store.strong_count() > 0);
    stores.insert(root.clone(), Arc::downgrade(store));
}

pub(super) fn find(root: &LakeRoot) -> Result<Arc<dyn ObjectStore>> {
    let stores = STORES.lock().unwrap_or_else(PoisonError::into_inner);
    stores.get(root).and_then(Weak::upgrade).ok_or_else(|| {
        Error::new(
            ErrorKind::NotFound,
            format!(
                "no store of the lake {root} is open in this process: open its namespace first"
            ),
        )
    })
}
