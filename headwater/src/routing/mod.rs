//! Which store a type is kept in, and what each store does with its types.

#[cfg(feature = "document")]
mod document;
#[cfg(feature = "vector")]
mod vector;

use headwater_primitives::filter::Filter;
use headwater_primitives::{Commit, Read, Result};

use crate::database::Headwater;
use crate::transaction::Transaction;

/// A type that one of the stores keeps. Derive it: `#[derive(Store)]` with `#[store(document)]`.
///
/// The derive also implements the store's own trait, such as
/// [`Document`](crate::document::Document). A type that has that one from elsewhere is routed after
/// `impl Store for T { type Model = model::Document; }`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is kept in no store of Headwater",
    label = "no store is known for this type",
    note = "derive `headwater::Store` for it and say which store keeps it, as in \
            `#[store(document)]`"
)]
pub trait Store: Sized + 'static {
    /// The store, by its marker in [`model`](crate::model).
    type Model;
}

/// Values that the store `M` writes one by one, each under its own key.
pub trait Keyed<M>: Sized {
    /// What a write returns.
    type Written: Send + 'static;

    /// Behind [`HeadwaterBuilder::with`](crate::HeadwaterBuilder::with): opens the type's store.
    ///
    /// # Errors
    /// The store's.
    fn open(db: &Headwater) -> Result<()>;

    /// Behind [`Headwater::insert`].
    fn insert(&self, db: &Headwater) -> Commit<Self::Written>;

    /// Behind [`Headwater::put`].
    fn put(&self, db: &Headwater) -> Commit<Self::Written>;

    /// Behind [`Transaction::insert`].
    ///
    /// # Errors
    /// The store's.
    fn insert_within(&self, tx: &Transaction<'_>) -> Result<Self::Written>;

    /// Behind [`Transaction::put`].
    ///
    /// # Errors
    /// The store's.
    fn put_within(&self, tx: &Transaction<'_>) -> Result<Self::Written>;
}

/// What can be the key of a `T` in the store `M`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the key of a `{T}`",
    label = "not a key of its store"
)]
pub trait Key<T: Keyed<M>, M>: Sized {
    /// Behind [`Headwater::get`].
    fn get(self, db: &Headwater) -> Read<Option<T>>;

    /// Behind [`Headwater::delete`].
    fn delete(self, db: &Headwater) -> Commit<Option<T::Written>>;

    /// Behind [`Transaction::get`].
    ///
    /// # Errors
    /// The store's.
    fn get_within(self, tx: &Transaction<'_>) -> Result<Option<T>>;

    /// Behind [`Transaction::delete`].
    ///
    /// # Errors
    /// The store's.
    fn delete_within(self, tx: &Transaction<'_>) -> Result<Option<T::Written>>;
}

/// Values that the store `M` finds by a filter.
pub trait Filtered<M>: Sized {
    /// The query, to be given an order and a limit.
    type Find;

    /// Behind [`Headwater::find`].
    ///
    /// # Errors
    /// What opening the store failed with.
    fn find(db: &Headwater, filter: Filter) -> Result<Self::Find>;
}
