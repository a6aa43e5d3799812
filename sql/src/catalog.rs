//! The tables of a statement, by schema and name: those that its view of the namespace has.

use std::any::Any;
use std::collections::HashMap;
use std::fmt;
use std::ops::ControlFlow;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::catalog::{CatalogProvider, CatalogProviderList, SchemaProvider, TableProvider};
use datafusion::common::Span;
use datafusion::error::DataFusionError;
use datafusion::execution::session_state::SessionState;
use datafusion::sql::TableReference;
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{ObjectName, Spanned, visit_relations};
use headwater_cdc::Moment;
use headwater_document::collection_names;
use headwater_primitives::{Error, ErrorKind, Result, Snapshot, Timestamp};
use tokio::sync::Mutex;

use crate::error::{inward, outward, place_of};
use crate::session::{CATALOG, DOCUMENT};
use crate::sql::Sql;
use crate::table::DocumentTable;
use crate::view::View;

/// What a statement reads: a view of the namespace, or what was at a moment.
#[derive(Clone)]
pub(crate) struct Reading {
    pub(crate) sql: Sql,
    pub(crate) view: View,
    pub(crate) moment: Option<Moment>,
    /// Documents that end by now are not there.
    pub(crate) now: Timestamp,
}

/// The tables of one statement.
pub(crate) struct Context {
    reading: Reading,
    /// The names of each kind.
    known: Vec<(Kind, Vec<String>)>,
    /// Those that the statement has named.
    opened: Mutex<HashMap<(Kind, String), Arc<dyn TableProvider>>>,
}

/// Which store a table is of: its schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Kind {
    Document,
    #[cfg(feature = "vector")]
    Vector,
}

impl Kind {
    const ALL: &[Kind] = &[
        Kind::Document,
        #[cfg(feature = "vector")]
        Kind::Vector,
    ];

    fn name(self) -> &'static str {
        match self {
            Kind::Document => DOCUMENT,
            #[cfg(feature = "vector")]
            Kind::Vector => "vector",
        }
    }

    fn named(name: &str) -> Option<Kind> {
        Kind::ALL.iter().copied().find(|kind| kind.name() == name)
    }

    /// The names of its tables.
    fn tables(self, snapshot: &Snapshot<'_>) -> Result<Vec<String>> {
        match self {
            Kind::Document => collection_names(snapshot),
            #[cfg(feature = "vector")]
            Kind::Vector => headwater_vector::store_names(snapshot),
        }
    }

    async fn open(self, reading: &Reading, name: &str) -> Result<Arc<dyn TableProvider>> {
        Ok(match self {
            Kind::Document => Arc::new(DocumentTable::open(reading, name).await?),
            #[cfg(feature = "vector")]
            Kind::Vector => Arc::new(crate::table::VectorTable::open(reading, name).await?),
        })
    }
}

impl Context {
    pub(crate) async fn new(sql: &Sql, view: View, moment: Option<Moment>) -> Result<Arc<Context>> {
        let look = |snapshot: &Snapshot<'_>| {
            let tables = |kind: &Kind| Ok((*kind, kind.tables(snapshot)?));
            Kind::ALL.iter().map(tables).collect::<Result<_>>()
        };
        let known = view.ask(look).await?;
        let now = sql.0.namespace.clock().now();
        let reading = Reading { sql: sql.clone(), view, moment, now };
        Ok(Arc::new(Context { reading, known, opened: Mutex::default() }))
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.reading.now
    }

    fn names(&self, kind: Kind) -> &[String] {
        let known = self.known.iter().find(|(known, _)| *known == kind);
        known.map_or(&[], |(_, names)| names)
    }

    fn has(&self, kind: Kind, name: &str) -> bool {
        self.names(kind).iter().any(|known| known == name)
    }

    async fn table(&self, kind: Kind, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        if !self.has(kind, name) {
            return Ok(None);
        }
        let mut opened = self.opened.lock().await;
        let key = (kind, name.to_owned());
        if let Some(known) = opened.get(&key) {
            return Ok(Some(known.clone()));
        }
        let table = kind.open(&self.reading, name).await?;
        opened.insert(key, table.clone());
        Ok(Some(table))
    }
}

/// The tables of a statement, as DataFusion looks for them.
pub(crate) struct Tables {
    context: Arc<Context>,
}

impl Tables {
    pub(crate) fn new(context: Arc<Context>) -> Tables {
        Tables { context }
    }

    /// Refuses a statement that names a table which is not there.
    pub(crate) fn check(&self, state: &SessionState, statement: &Statement) -> Result<()> {
        let named = state.resolve_table_references(statement).map_err(inward)?;
        match named.iter().find(|table| !self.has(table)) {
            Some(missing) => Err(self.missing(missing, statement)),
            None => Ok(()),
        }
    }

    fn has(&self, table: &TableReference) -> bool {
        let is_ours = table.catalog().is_none_or(|catalog| catalog == CATALOG);
        match table.schema() {
            _ if !is_ours => false,
            Some("information_schema") => true,
            schema => {
                let kind = schema.map_or(Some(Kind::Document), Kind::named);
                kind.is_some_and(|kind| self.context.has(kind, table.table()))
            }
        }
    }

    fn missing(&self, table: &TableReference, statement: &Statement) -> Error {
        let place = place_in(statement, table).map(place_of);
        let place = place.map_or_else(String::new, |place| format!(" ({place})"));
        Error::new(
            ErrorKind::NotFound,
            format!(
                "table {:?} not found{place}; {}",
                table.to_string(),
                self.known(table.table())
            ),
        )
    }

    /// The tables that there are, those first whose names are like `name`.
    fn known(&self, name: &str) -> String {
        const MOST: usize = 10;
        let of = |(kind, names): &(Kind, Vec<String>)| {
            let full = |name: &String| match kind {
                Kind::Document => (name.clone(), name.clone()),
                #[cfg(feature = "vector")]
                kind => (name.clone(), format!("{}.{name}", kind.name())),
            };
            names.iter().map(full).collect::<Vec<_>>()
        };
        let mut known: Vec<(String, String)> = self.context.known.iter().flat_map(of).collect();
        if known.is_empty() {
            return "the namespace has no tables yet: its first document makes one".to_owned();
        }
        known
            .sort_by_cached_key(|(known, _)| distance(&name.to_lowercase(), &known.to_lowercase()));
        let more = match known.len().checked_sub(MOST) {
            Some(more) if more > 0 => format!(" and {more} more"),
            _ => String::new(),
        };
        let names: Vec<String> = known.into_iter().take(MOST).map(|(_, full)| full).collect();
        format!("there is {}{more}", names.join(", "))
    }
}

/// Where the statement names the table first.
fn place_in(statement: &Statement, table: &TableReference) -> Option<Span> {
    let statement = match statement {
        Statement::Explain(explain) => return place_in(&explain.statement, table),
        Statement::Statement(statement) => statement,
        _ => return None,
    };
    let found = visit_relations(&**statement, |name: &ObjectName| {
        let last = name.0.last().and_then(|part| part.as_ident());
        match last.is_some_and(|last| last.value == table.table()) {
            true => ControlFlow::Break(Span::try_from_sqlparser_span(name.span())),
            false => ControlFlow::Continue(()),
        }
    });
    match found {
        ControlFlow::Break(span) => span,
        ControlFlow::Continue(()) => None,
    }
}

/// How many letters have to be put in, taken out or changed to make one name of the other.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, letter) in one.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], at + 1);
        for (column, known) in other.iter().enumerate() {
            let changed = diagonal + usize::from(letter != *known);
            diagonal = row[column + 1];
            row[column + 1] = changed.min(row[column] + 1).min(diagonal + 1);
        }
    }
    row[other.len()]
}

impl CatalogProviderList for Tables {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn register_catalog(
        &self,
        _: String,
        _: Arc<dyn CatalogProvider>,
    ) -> Option<Arc<dyn CatalogProvider>> {
        None
    }

    fn catalog_names(&self) -> Vec<String> {
        vec![CATALOG.to_owned()]
    }

    fn catalog(&self, name: &str) -> Option<Arc<dyn CatalogProvider>> {
        let context = self.context.clone();
        (name == CATALOG).then(|| Arc::new(Schemas { context }) as _)
    }
}

struct Schemas {
    context: Arc<Context>,
}

impl CatalogProvider for Schemas {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn schema_names(&self) -> Vec<String> {
        Kind::ALL.iter().map(|kind| kind.name().to_owned()).collect()
    }

    fn schema(&self, name: &str) -> Option<Arc<dyn SchemaProvider>> {
        let (kind, context) = (Kind::named(name)?, self.context.clone());
        Some(Arc::new(OfKind { kind, context }))
    }
}

/// The tables of one kind.
struct OfKind {
    kind: Kind,
    context: Arc<Context>,
}

#[async_trait]
impl SchemaProvider for OfKind {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn table_names(&self) -> Vec<String> {
        self.context.names(self.kind).to_vec()
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>, DataFusionError> {
        self.context.table(self.kind, name).await.map_err(outward)
    }

    fn table_exist(&self, name: &str) -> bool {
        self.context.has(self.kind, name)
    }
}

macro_rules! shown_by_name {
    ($($type:ident)*) => {$(
        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($type)).finish_non_exhaustive()
            }
        }
    )*};
}

shown_by_name!(Reading Context Tables Schemas OfKind);

#[cfg(test)]
mod tests {
    use super::distance;

    #[test]
    fn names_are_as_far_apart_as_it_takes_to_type_one_for_the_other() {
        for (one, other, expected) in
            [("", "", 0), ("orders", "orders", 0), ("oders", "orders", 1), ("a", "bcd", 3)]
        {
            assert_eq!(distance(one, other), expected, "{one} {other}");
            assert_eq!(distance(other, one), expected, "{other} {one}");
        }
    }
}
