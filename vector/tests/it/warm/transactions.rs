//! Transactions and rows whose embeddings are in the warm tier.

use headwater_vector::Demote;
use headwater_vector::primitives::{ErrorKind, Result};

use super::support::{demote, embedding, filled, nearest, row};
use crate::support::{defects, refused};

#[test]
fn a_transaction_says_what_it_needs_and_succeeds_once_that_is_fetched() {
    let (ns, store) = filled(20);
    demote(&store, Demote::all());
    let within = store.clone();
    let update = move || {
        let within = within.clone();
        move |tx: &headwater_vector::primitives::Transaction<'_>| -> Result<_> {
            let found = within.within(tx).get(3)?;
            within.within(tx).update(4, |row| row.text = Some("moss".to_owned()))?;
            Ok(found)
        }
    };
    let refused_once: Result<_> = ns.transaction(update()).wait();
    assert!(refused_once.as_ref().is_err_and(headwater_vector::primitives::Error::is_retryable));
    refused(refused_once, ErrorKind::NotFetched, &["row 3", "`prefetch`"]);
    store.prefetch([3, 4]).wait().unwrap();
    assert_eq!(ns.transaction(update()).wait().unwrap(), Some(row(3)));
    assert_eq!(store.get(4).wait().unwrap().unwrap().embedding, Some(embedding(4)));
    assert_eq!(store.index_stats().wait().unwrap().vectors, 0);
    assert_eq!(defects(&ns), Vec::<String>::new());
}

#[test]
fn a_transaction_that_needs_no_embedding_needs_nothing_fetched() {
    let (ns, store) = filled(20);
    demote(&store, Demote::all());
    let within = store.clone();
    ns.transaction(move |tx| -> Result<()> {
        let rows = within.within(tx);
        rows.set_text(1, Some("moss"))?;
        rows.set_embedding(2, Some(&embedding(200)))?;
        rows.put(&row(3))?;
        rows.delete(4)?;
        Ok(())
    })
    .wait()
    .unwrap();
    assert_eq!(nearest(&store, 200, 1), [2.into()]);
    assert_eq!(nearest(&store, 0, 100).len(), 19);
    assert_eq!(defects(&ns), Vec::<String>::new());
}
