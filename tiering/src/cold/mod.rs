//! The lake's side of a table, as it is read: which files, which rows of them count.

mod files;
mod fold;
mod names;
mod pins;
mod table;
mod view;

pub use files::{ColdFile, ColdFiles, CountedRows};
pub(crate) use fold::fold_all;
pub(crate) use names::unescape;
pub(crate) use pins::{Pin, Pins};
pub(crate) use table::{ColdTable, ColdTables, table_ident};
pub use view::ColdView;
