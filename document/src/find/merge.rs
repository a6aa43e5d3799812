//! Finding documents where some are in the lake: both sides in the query's order, merged.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use bytes::Bytes;
use headwater_primitives::filter::key_of;
use headwater_primitives::jsonb::{self, View as Json};
use headwater_primitives::rusqlite::Connection;
use headwater_primitives::{Answer, Error, Result, Sequence};
use serde_json::Value;

use super::plan::Plan;
use super::{Order, Page, PageToken, Query};
use crate::as_of::{self, Past};
use crate::cold::View;
use crate::document::Document;
use crate::id::DocumentId;
use crate::store::Collection;

/// Up to so many documents that an index names are fetched one by one; past that the lake is scanned.
const MAX_FETCHED: usize = 1024;

/// The page of `query` over both tiers, or of the past.
pub(super) fn page<T: Document>(collection: &Arc<Collection>, query: Query) -> Answer<Page<T>> {
    if query.limit == 0 {
        return Answer::Now(Ok(Page::empty()));
    }
    let query = Arc::new(query);
    let begun = Sides::of(collection, &query, |plan, sql, past| {
        let mut best = Best::new(query.clone());
        let _ = plan.rows(sql, |place, version, body| {
            if !past.is_some_and(|past| past.knows(&place.id)) {
                best.offer(place, version, body);
            }
            Ok(ControlFlow::Continue(()))
        })?;
        for (id, body) in past.iter().flat_map(|past| past.documents()) {
            if let Some(place) = query.place(id, body) {
                best.offer(place, Sequence::ZERO, body);
            }
        }
        Ok(best)
    });
    fold(begun, Best::new(query.clone()), &query, |best: &mut Best, id, version, body| {
        if let Some(place) = best.query.place(&id, body) {
            best.offer(place, version, body);
        }
    })
    .and_then(Best::finish)
}

/// How many documents `query` finds in both tiers, or in the past.
pub(super) fn count(collection: &Arc<Collection>, query: Query) -> Answer<u64> {
    let query = Arc::new(Query { limit: usize::MAX, after: None, ..query });
    if query.as_of.is_none() && query.filter.is_all() && query.json_path.is_none() {
        // The rows of archived documents are in the hot tier too.
        return Answer::Now(count_rows(collection));
    }
    let begun = Sides::of(collection, &query, |plan, sql, past| {
        let mut count = 0;
        let _ = plan.rows(sql, |place, _, _| {
            count += u64::from(!past.is_some_and(|past| past.knows(&place.id)));
            Ok(ControlFlow::Continue(()))
        })?;
        let past = past.iter().flat_map(|past| past.documents());
        Ok(count + past.filter(|(_, body)| query.matches(body)).count() as u64)
    });
    let matches = query.clone();
    fold(begun, 0, &query, move |count: &mut u64, _, _, body| {
        *count += u64::from(matches.matches(body));
    })
}

fn count_rows(collection: &Collection) -> Result<u64> {
    let Some(table) = collection.table()? else { return Ok(0) };
    let select =
        format!("SELECT count(*) FROM {} WHERE expires IS NULL OR expires > ?", table.sql.table);
    let now = collection.namespace.clock().now();
    collection.namespace.query(|sql| {
        let count: i64 = sql.prepare_cached(&select)?.query_row([now.0], |row| row.get(0))?;
        Ok(count as u64)
    })
}

/// What was found in the hot tier, and where to look on.
struct Sides<S> {
    found: S,
    past: Option<Arc<Past>>,
    lake: Option<InLake>,
}

/// The lake's side of a query.
struct InLake {
    view: View,
    /// The documents that an index names, where there is one.
    named: Option<Vec<(DocumentId, Sequence)>>,
}

impl<S> Sides<S> {
    /// Looks at the hot tier by `look`, at one state of it.
    fn of(
        collection: &Arc<Collection>,
        query: &Query,
        look: impl FnOnce(&Plan<'_>, &Connection, Option<&Past>) -> Result<S>,
    ) -> Result<Option<Sides<S>>> {
        let Some(table) = collection.table()? else { return Ok(None) };
        collection.namespace.snapshot(|snapshot| {
            let sql = snapshot.sql();
            // Read inside the snapshot: what is written meanwhile has the snapshot's state before it.
            let past = match query.as_of {
                Some(moment) => {
                    let after = as_of::sequence_at(collection, sql, moment)?;
                    Some(Arc::new(Past::since(collection, after, None)?))
                }
                None => None,
            };
            // Rows of the hot tier that count no more must not take the place of others.
            let more = past.as_ref().map_or(0, |past| past.len());
            let query = Query { limit: query.limit.saturating_add(more), ..query.clone() };
            let plan = Plan::new(collection, table, &query)?;
            let lake = match table.has_archived() {
                true => Some(InLake {
                    view: View::whole(&collection.namespace, sql, &table.name)?,
                    named: plan.archived(sql, MAX_FETCHED)?,
                }),
                false => None,
            };
            let found = look(&plan, sql, past.as_deref())?;
            Ok(Some(Sides { found, past, lake }))
        })
    }
}

/// Hands what the lake has to `each`, on top of what was found in the hot tier.
fn fold<S: Send + 'static>(
    begun: Result<Option<Sides<S>>>,
    nothing: S,
    query: &Arc<Query>,
    mut each: impl FnMut(&mut S, DocumentId, Sequence, &[u8]) + Send + 'static,
) -> Answer<S> {
    match begun {
        Err(error) => Answer::Now(Err(error)),
        Ok(None) => Answer::Now(Ok(nothing)),
        Ok(Some(Sides { found, lake: None, .. })) => Answer::Now(Ok(found)),
        Ok(Some(Sides { found, past, lake: Some(lake) })) => {
            let query = query.clone();
            Answer::Later(Box::pin(async move {
                let each = move |state: &mut S, id: DocumentId, version: Sequence, body: &[u8]| {
                    if !past.as_ref().is_some_and(|past| past.knows(&id)) {
                        each(state, id, version, body);
                    }
                };
                cold(&lake.view, &query, lake.named, found, each).await
            }))
        }
    }
}

/// Hands the lake's documents to `each`: those that `named` gives, else all that could match.
async fn cold<S: Send + 'static>(
    view: &View,
    query: &Query,
    named: Option<Vec<(DocumentId, Sequence)>>,
    mut state: S,
    mut each: impl FnMut(&mut S, DocumentId, Sequence, &[u8]) + Send + 'static,
) -> Result<S> {
    let Some(named) = named else {
        return view
            .fold(&query.filter, state, move |state, id, version, body| {
                each(state, id, version, body);
                Ok(())
            })
            .await;
    };
    let bodies = view.fetch(named.clone()).await?;
    for ((id, version), body) in named.into_iter().zip(bodies) {
        let body: Bytes = body.ok_or_else(|| {
            Error::corrupt(format!(
                "document {id} at version {version} is neither in the hot tier nor in the lake"
            ))
        })?;
        each(&mut state, id, version, &body);
    }
    Ok(state)
}

impl Query {
    /// Whether the document `body` is one that the query is for, wherever it stands.
    fn matches(&self, body: &[u8]) -> bool {
        let Ok(document) = Json::parse(body) else { return false };
        self.filter.matches(document)
            && self.json_path.as_ref().is_none_or(|path| {
                jsonb::from_slice::<Value>(body).is_ok_and(|body| !path.query(&body).is_empty())
            })
    }

    /// Where the document stands in the query's order, if it is on this page or a later one.
    fn place(&self, id: &DocumentId, body: &[u8]) -> Option<PageToken> {
        if !self.matches(body) {
            return None;
        }
        let document = Json::parse(body).ok()?;
        let sort = self.sort.iter().map(|(path, ..)| key_of(document, path).unwrap_or_default());
        let place = PageToken { sort: sort.collect(), id: id.clone() };
        let begins = self.after.as_ref().is_none_or(|after| self.order(&place, after).is_gt());
        begins.then_some(place)
    }

    /// Which of two places comes first.
    fn order(&self, one: &PageToken, other: &PageToken) -> Ordering {
        let directed = |ordering: Ordering, order: Order| match order {
            Order::Ascending => ordering,
            Order::Descending => ordering.reverse(),
        };
        let sorts = self.sort.iter().zip(one.sort.iter().zip(&other.sort));
        sorts
            .map(|((.., order), (one, other))| directed(one.cmp(other), *order))
            .find(|ordering| ordering.is_ne())
            .unwrap_or_else(|| {
                let last = self.sort.last().map_or(Order::Ascending, |(.., order)| *order);
                directed(one.id.cmp(&other.id), last)
            })
    }
}

/// The first documents in the query's order of those that were offered: one more than its limit.
struct Best {
    query: Arc<Query>,
    kept: BTreeMap<Ranked, (Sequence, Box<[u8]>)>,
}

/// A place that knows the order it is in.
struct Ranked {
    query: Arc<Query>,
    place: PageToken,
}

impl Best {
    fn new(query: Arc<Query>) -> Self {
        Best { query, kept: BTreeMap::new() }
    }

    fn offer(&mut self, place: PageToken, version: Sequence, body: &[u8]) {
        let ranked = Ranked { query: self.query.clone(), place };
        let most = self.query.limit.saturating_add(1);
        if self.kept.len() == most && self.kept.last_key_value().is_some_and(|(l, _)| ranked > *l) {
            return;
        }
        self.kept.insert(ranked, (version, body.into()));
        if self.kept.len() > most {
            self.kept.pop_last();
        }
    }

    fn finish<T: Document>(mut self) -> Result<Page<T>> {
        let mut next = None;
        if self.kept.len() > self.query.limit {
            self.kept.pop_last();
            next = self.kept.last_key_value().map(|(last, _)| last.place.clone());
        }
        let documents = self
            .kept
            .into_iter()
            .map(|(ranked, (version, body))| self.query.finish(ranked.place.id, version, &body))
            .collect::<Result<_>>()?;
        Ok(Page { documents, next })
    }
}

impl Ord for Ranked {
    fn cmp(&self, other: &Self) -> Ordering {
        self.query.order(&self.place, &other.place)
    }
}

impl PartialOrd for Ranked {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Ranked {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Ranked {}
