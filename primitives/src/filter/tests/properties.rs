//! What must hold for every document and every filter.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::generate::{document, filter, paths, scalars};
use super::{Database, matches, model};
use crate::filter::{Entries, Filter, Path, index_entries};
use crate::jsonb::{self, View};

fn entries(document: &Value, path: &str) -> Vec<Vec<u8>> {
    let body = jsonb::to_vec(document).unwrap();
    let mut out = Vec::new();
    index_entries(View::parse(&body).unwrap(), &Path::parse(path).unwrap(), &mut out).unwrap();
    out
}

/// Every match has an entry in the bounds; exact bounds hold matches only.
fn check_bounds(
    filter: &Filter,
    document: &Value,
    path: &str,
    entries_of: Entries,
) -> Result<(), TestCaseError> {
    let Some(bounds) = filter.bounds_with(path, entries_of) else {
        prop_assert!(!filter.is_exact_with(path, entries_of));
        return Ok(());
    };
    let entries = entries(document, path);
    if entries_of == Entries::One && entries.len() > 1 {
        return Ok(());
    }
    let covered = entries.iter().any(|entry| bounds.contains(entry));
    let matched = matches(filter, document);
    prop_assert!(covered || !matched, "{filter} matches {document} outside of {bounds:?}");
    if filter.is_exact_with(path, entries_of) {
        prop_assert_eq!(covered, matched, "{} is not exact on {}: {}", filter, path, document);
    }
    let starts: Vec<_> = bounds.ranges().iter().map(|range| format!("{:?}", range.start)).collect();
    prop_assert!(starts.windows(2).all(|pair| pair[0] != pair[1]));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, ..ProptestConfig::default() })]

    #[test]
    fn sql_and_memory_agree(
        filter in filter(),
        documents in prop::collection::vec(document(), 1..12),
    ) {
        let filter = Filter::from_value(&filter).unwrap();
        let in_memory: Vec<bool> = documents.iter().map(|document| matches(&filter, document)).collect();
        let in_sql = Database::new().answers(&filter, &documents);
        prop_assert_eq!(in_sql, in_memory, "{} on {:?}\n{}", filter, documents, filter.to_sql("b").text);
    }

    #[test]
    fn a_filter_reads_back_as_itself(filter in filter()) {
        let parsed = Filter::from_value(&filter).unwrap();
        prop_assert_eq!(&Filter::from_value(&parsed.to_value()).unwrap(), &parsed);
        prop_assert_eq!(&Filter::parse(&parsed.to_string()).unwrap(), &parsed);
    }

    #[test]
    fn the_text_as_given_means_what_the_model_says(
        filter in filter(),
        documents in prop::collection::vec(document(), 1..16),
    ) {
        let parsed = Filter::from_value(&filter).unwrap();
        for document in &documents {
            let expected = model::accepts(&filter, document);
            prop_assert_eq!(matches(&parsed, document), expected, "{} on {}", filter, document);
        }
    }

    #[test]
    fn a_negation_answers_the_opposite(filter in filter(), document in document()) {
        let filter = Filter::from_value(&filter).unwrap();
        let denied = !filter.clone();
        prop_assert_ne!(matches(&filter, &document), matches(&denied, &document));
        prop_assert_eq!(&Filter::from_value(&denied.to_value()).unwrap(), &denied);
        prop_assert!(!matches(&(filter.clone() & denied.clone()), &document));
        prop_assert!(matches(&(filter | denied), &document));
    }

    #[test]
    fn every_match_has_an_entry_within_the_bounds(
        filter in filter(),
        documents in prop::collection::vec(document(), 1..6),
    ) {
        let filter = Filter::from_value(&filter).unwrap();
        for document in &documents {
            for path in paths() {
                check_bounds(&filter, document, path, Entries::Many)?;
                check_bounds(&filter, document, path, Entries::One)?;
            }
        }
    }

    #[test]
    fn any_json_is_parsed_or_refused(text in json_like()) {
        if let Ok(filter) = Filter::parse(&text) {
            prop_assert_eq!(Filter::parse(&filter.to_string()).unwrap(), filter);
        }
    }
}

#[test]
fn every_pair_of_scalars_compares_alike_everywhere() {
    let database = Database::new();
    let values = scalars();
    let mut documents: Vec<Value> = values.iter().map(|value| json!({"a": value})).collect();
    documents.extend(values.iter().map(|value| json!({"a": ["other", value]})));
    for operand in &values {
        for operator in ["$eq", "$ne", "$gt", "$gte", "$lt", "$lte", "$in", "$nin"] {
            let listed = operator.ends_with("in");
            let operand = if listed { json!([operand, "z"]) } else { operand.clone() };
            let text = json!({"a": {operator: operand}});
            let filter = Filter::from_value(&text).unwrap();
            let in_sql = database.answers(&filter, &documents);
            for (document, in_sql) in documents.iter().zip(in_sql) {
                let expected = model::accepts(&text, document);
                assert_eq!(matches(&filter, document), expected, "{text} on {document}");
                assert_eq!(in_sql, expected, "in SQL: {text} on {document}");
                check_bounds(&filter, document, "a", Entries::Many).unwrap();
                check_bounds(&filter, document, "a", Entries::One).unwrap();
            }
        }
    }
}

/// Text made of the language's own words, mostly no filter.
fn json_like() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        prop::sample::select(vec![
            "{",
            "}",
            "[",
            "]",
            ":",
            ",",
            "\"a\"",
            "\"$gt\"",
            "\"$in\"",
            "\"$or\"",
            "\"$not\"",
            "\"$elemMatch\"",
            "\"$regex\"",
            "\"$options\"",
            "\"$type\"",
            "1",
            "-1.5",
            "null",
            "true",
            "\"a.b\"",
            "\"\"",
            "\"int\"",
            "{\"a\":1}",
            "[1]",
            "1e400",
            "\"\\u0000\"",
        ])
        .prop_map(str::to_owned),
        ".{0,3}",
    ];
    prop::collection::vec(word, 0..24).prop_map(|words| words.concat())
}
