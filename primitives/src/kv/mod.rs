//! Ordered key-value stores: one small set of traits, and the backends that ship with the framework.
//!
//! A key-value store keeps byte keys in byte order. What may be done with one is split by who holds
//! it:
//!
//! | trait | held by | offers |
//! |---|---|---|
//! | [`KvRead`] | stores, snapshots, transactions | `get`, `scan` |
//! | [`KvWrite`] | stores, transactions | `put`, `delete`, `write_batch` |
//! | [`OrderedKv`] | stores | snapshots, transactions, `compact`, `close`, capabilities |
//!
//! Code that takes a `&dyn KvWrite` therefore runs on a bare store and inside an open transaction,
//! where it reads its own writes. [`KvReadExt`] and [`OrderedKvExt`] add the conveniences for
//! callers; a backend implements only the three traits above.
//!
//! | backend | durable | stands on |
//! |---|---|---|
//! | [`MemoryKv`] | no | a persistent tree in memory |
//! | [`SqliteKv`] | yes | one table of a [`Namespace`](crate::Namespace) |
//!
//! What a backend cannot do is an [`Unsupported`] error, and is listed in its [`Capabilities`].
//!
//! These traits are below the stores: a write through them emits no event. A store that stands on
//! them appends its events to the same transaction.
//!
//! ```
//! use headwater_primitives::kv::{Direction, KeyRange, KvRead, KvWrite, MemoryKv, OrderedKvExt};
//!
//! let kv = MemoryKv::new();
//! kv.put(b"apple", b"red")?;
//! kv.put(b"banana", b"yellow")?;
//!
//! let moved = kv.transaction(|tx| {
//!     let color = tx.get(b"apple")?;
//!     tx.delete(b"apple")?;
//!     tx.put(b"cherry", color.as_deref().unwrap_or(b"unknown"))?;
//!     Ok(color.is_some())
//! })?;
//! assert!(moved);
//!
//! let last = kv.scan(KeyRange::all(), Direction::Backward).next().transpose()?;
//! assert_eq!(last, Some((b"cherry".to_vec(), b"red".to_vec())));
//! # Ok::<(), headwater_primitives::Error>(())
//! ```

mod batch;
mod capabilities;
mod ext;
mod memory;
mod pages;
mod range;
mod sqlite;
mod traits;

pub use batch::{Batch, Expectation, Operation};
pub use capabilities::{Capabilities, Feature, Unsupported};
pub use ext::{KvReadExt, OrderedKvExt};
pub use memory::MemoryKv;
pub use range::{Direction, KeyRange};
pub use sqlite::{KvSnapshot, KvTransaction, SqliteKv};
pub use traits::{Entries, Entry, KvRead, KvWrite, OrderedKv, SnapshotWork, TransactionWork};
