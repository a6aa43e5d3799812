//! Finding documents: a filter, an order, a page.

mod merge;
mod page;
mod plan;

pub use page::{Page, PageToken};

use std::marker::PhantomData;
use std::sync::Arc;

use headwater_cdc::Moment;
use headwater_primitives::filter::{Filter, Path};
use headwater_primitives::{Answer, Error, Read, Result, Sequence};
use serde_json::Value;

use crate::document::Document;
use crate::id::DocumentId;
use crate::jsonpath::JsonPath;
use crate::read::decode;
use crate::store::{Collection, DocumentStore};
use crate::written::Versioned;
use plan::Plan;

/// Which way a sort goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// Smallest first.
    #[default]
    Ascending,
    /// Largest first.
    Descending,
}

/// How many documents a page has when nothing is said.
const DEFAULT_LIMIT: usize = 100;

/// A query that is being described; [`run`](Find::run) makes it.
#[must_use = "a query finds nothing until it is run"]
pub struct Find<T = Value> {
    pub(crate) collection: Arc<Collection>,
    pub(crate) query: Query,
    error: Option<Error>,
    kind: PhantomData<fn() -> T>,
}

/// What is asked, whatever the documents' type.
#[derive(Clone)]
pub(crate) struct Query {
    pub(crate) filter: Filter,
    pub(crate) json_path: Option<JsonPath>,
    pub(crate) sort: Vec<(Path, String, Order)>,
    pub(crate) limit: usize,
    pub(crate) after: Option<PageToken>,
    pub(crate) as_of: Option<Moment>,
    projection: Option<Vec<Vec<String>>>,
}

impl<T: Document> DocumentStore<T> {
    /// Describes a query for the documents that `filter` matches. Without a sort they come in the
    /// order of their ids.
    ///
    /// ```
    /// use headwater_document::{DocumentStore, Order};
    /// use headwater_primitives::{Namespace, Result, filter::field};
    /// use serde_json::json;
    ///
    /// # fn main() -> Result<()> {
    /// let ns = Namespace::in_memory()?;
    /// let people: DocumentStore = DocumentStore::open(&ns, "people")?;
    /// people.bulk_insert(&[json!({"id": 1, "age": 36}), json!({"id": 2, "age": 17})]).wait()?;
    /// let adults = people.find(field("age").gte(18)).sort("age", Order::Descending).run().wait()?;
    /// assert_eq!(adults.documents[0].document["id"], 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn find(&self, filter: Filter) -> Find<T> {
        Find {
            collection: self.collection.clone(),
            error: filter.check().err(),
            query: Query {
                filter,
                json_path: None,
                sort: Vec::new(),
                limit: DEFAULT_LIMIT,
                after: None,
                as_of: None,
                projection: None,
            },
            kind: PhantomData,
        }
    }

    /// Describes a query for the documents in which the JSONPath (RFC 9535) `path` selects anything.
    pub fn find_path(&self, path: &str) -> Find<T> {
        let mut find = self.find(Filter::all());
        match JsonPath::parse(path) {
            Ok(path) => find.query.json_path = Some(path),
            Err(error) => find.error = Some(error),
        }
        find
    }

    /// How many documents there are.
    pub fn count(&self) -> Read<u64> {
        self.count_where(Filter::all())
    }

    /// How many documents `filter` matches.
    pub fn count_where(&self, filter: Filter) -> Read<u64> {
        self.find(filter).count()
    }
}

impl<T: Document> Find<T> {
    /// Sorts by the value at the dotted `path`: null, then booleans, numbers, text, arrays, objects;
    /// documents without it come first. Said twice, the second decides among equals.
    pub fn sort(mut self, path: &str, order: Order) -> Self {
        match Path::parse(path) {
            Ok(parsed) => self.query.sort.push((parsed, path.to_owned(), order)),
            Err(error) => self.error = self.error.or(Some(error)),
        }
        self
    }

    /// Requires also that the JSONPath (RFC 9535) `path` selects something.
    pub fn matching_path(mut self, path: &str) -> Self {
        match JsonPath::parse(path) {
            Ok(path) => self.query.json_path = Some(path),
            Err(error) => self.error = self.error.or(Some(error)),
        }
        self
    }

    /// At most `documents` on a page. Default: 100.
    pub fn limit(mut self, documents: usize) -> Self {
        self.query.limit = documents;
        self
    }

    /// The page after the one that gave `token`. Cost: that of the first page, however far it is.
    pub fn after(mut self, token: PageToken) -> Self {
        self.query.after = Some(token);
        self
    }

    /// Looks at the documents as they were at a time, or after a sequence. See
    /// [`DocumentStore::as_of`].
    pub fn as_of(mut self, moment: impl Into<Moment>) -> Self {
        self.query.as_of = Some(moment.into());
        self
    }

    /// How many documents the query finds, whatever its limit and page.
    pub fn count(self) -> Read<u64> {
        match self.error {
            Some(error) => Read::ready(Err(error)),
            None => Read::answered(move || count(self.collection, self.query)),
        }
    }

    /// Keeps only these dotted paths of each document.
    pub fn project<P: AsRef<str>>(mut self, paths: impl IntoIterator<Item = P>) -> Find<Value> {
        let mut projection = Vec::new();
        for path in paths {
            match Path::parse(path.as_ref()) {
                Ok(_) => projection.push(path.as_ref().split('.').map(str::to_owned).collect()),
                Err(error) => self.error = self.error.or(Some(error)),
            }
        }
        self.query.projection = Some(projection);
        Find {
            collection: self.collection,
            query: self.query,
            error: self.error,
            kind: PhantomData,
        }
    }

    /// Makes the query: one page of documents.
    pub fn run(self) -> Read<Page<T>> {
        if let Some(error) = self.error {
            return Read::ready(Err(error));
        }
        Read::answered(move || {
            let hot = planned(&self.collection, &self.query, |plan| {
                let mut documents = Vec::new();
                let next = plan.page(|id, version, body| {
                    documents.push(self.query.finish(id, version, body)?);
                    Ok(())
                })?;
                Ok(Page { documents, next })
            });
            match hot {
                Ok(Some(Found::Here(page))) => Answer::Now(Ok(page)),
                Ok(None) => Answer::Now(Ok(Page::empty())),
                Err(error) => Answer::Now(Err(error)),
                Ok(Some(Found::InPartsOnly)) => merge::page(&self.collection, self.query),
            }
        })
    }

    /// How SQLite would make the query: its plan, one step per line.
    ///
    /// # Errors
    /// `InvalidInput` for a malformed path; SQLite's errors.
    pub fn explain(self) -> Result<Vec<String>> {
        if let Some(error) = self.error {
            return Err(error);
        }
        let Some(table) = self.collection.table()? else { return Ok(Vec::new()) };
        Plan::new(&self.collection, table, &self.query)?.explain()
    }
}

impl Query {
    /// A document that the query found, as the caller wants it.
    fn finish<T: Document>(
        &self,
        id: DocumentId,
        version: Sequence,
        body: &[u8],
    ) -> Result<Versioned<T>> {
        let document = match &self.projection {
            Some(paths) => project(&decode::<Value>(body)?, paths)?,
            None => decode::<T>(body)?,
        };
        Ok(Versioned { id, version, document })
    }
}

fn count(collection: Arc<Collection>, query: Query) -> Answer<u64> {
    let hot =
        planned(&collection, &query, |plan| collection.namespace.query(|sql| plan.count(sql)));
    match hot {
        Ok(Some(Found::Here(count))) => Answer::Now(Ok(count)),
        Ok(None) => Answer::Now(Ok(0)),
        Err(error) => Answer::Now(Err(error)),
        Ok(Some(Found::InPartsOnly)) => merge::count(&collection, query),
    }
}

/// What a query over the hot tier comes to.
enum Found<R> {
    Here(R),
    /// Some of what it asks for is elsewhere: in the lake, or in the past.
    InPartsOnly,
}

/// Plans `query` and runs it; again when the plan's index has changed in between. `None` when there
/// is no such collection.
fn planned<R>(
    collection: &Collection,
    query: &Query,
    run: impl Fn(&Plan<'_>) -> Result<R>,
) -> Result<Option<Found<R>>> {
    loop {
        let Some(table) = collection.table()? else { return Ok(None) };
        if table.has_archived() || query.as_of.is_some() {
            return Ok(Some(Found::InPartsOnly));
        }
        let plan = Plan::new(collection, table, query)?;
        let result = run(&plan);
        if !plan.is_stale()? {
            return result.map(|result| Some(Found::Here(result)));
        }
    }
}

/// The parts of `document` at `paths`, in their places.
fn project<T: Document>(document: &Value, paths: &[Vec<String>]) -> Result<T> {
    let mut kept = Value::Object(serde_json::Map::new());
    for path in paths {
        keep(document, &mut kept, path);
    }
    let body = headwater_primitives::jsonb::to_vec(&kept)?;
    decode(&body)
}

fn keep(from: &Value, to: &mut Value, path: &[String]) {
    let Some((name, rest)) = path.split_first() else { return };
    let (Some(value), Value::Object(to)) = (from.get(name), to) else { return };
    if rest.is_empty() {
        to.insert(name.clone(), value.clone());
    } else if value.is_object() {
        let inner = to.entry(name.clone()).or_insert_with(|| Value::Object(Default::default()));
        keep(value, inner, rest);
    }
}
