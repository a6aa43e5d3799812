//! JSONPath against the RFC 9535 compliance suite: in memory, and through SQL on stored documents.

use std::collections::BTreeMap;

use headwater_document::primitives::{ErrorKind, Namespace};
use headwater_document::{DocumentStore, JsonPath};
use headwater_testkit::dataset;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::support::{memory, refused};

#[derive(Deserialize)]
struct Suite {
    tests: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    selector: String,
    #[serde(default)]
    document: Value,
    result: Option<Vec<Value>>,
    /// Where RFC 9535 leaves the order open: the results that are right.
    #[serde(default)]
    results: Vec<Vec<Value>>,
    #[serde(default)]
    invalid_selector: bool,
}

impl Case {
    fn accepts(&self, found: &[Value]) -> bool {
        self.result.iter().chain(&self.results).any(|right| right == found)
    }

    fn finds_anything(&self) -> bool {
        self.result.iter().chain(&self.results).any(|right| !right.is_empty())
    }
}

fn suite() -> Option<Vec<Case>> {
    let text = std::fs::read_to_string(dataset("conformance-json")?.join("jsonpath-cts.json"));
    Some(serde_json::from_str::<Suite>(&text.unwrap()).unwrap().tests)
}

#[test]
fn the_compliance_suite_is_answered_right_or_refused() {
    let Some(cases) = suite() else { return };
    assert_eq!(cases.len(), 703);
    let (mut right, mut unsupported, mut wrong) = (0, Vec::new(), Vec::new());
    for case in &cases {
        match JsonPath::parse(&case.selector) {
            Err(_) if case.invalid_selector => right += 1,
            Err(error) => unsupported.push(format!("{}: {error}", case.name)),
            Ok(_) if case.invalid_selector => {
                wrong.push(format!("{}: {:?} was accepted", case.name, case.selector));
            }
            Ok(path) => {
                let found: Vec<Value> = path.query(&case.document).into_iter().cloned().collect();
                if case.accepts(&found) {
                    right += 1;
                } else {
                    wrong.push(format!("{}: {:?} found {found:?}", case.name, case.selector));
                }
            }
        }
    }
    let share = f64::from(right) * 100.0 / cases.len() as f64;
    println!("JSONPath: {right} of {} cases right ({share:.2} %)", cases.len());
    println!("refused though valid: {unsupported:#?}");
    assert!(wrong.is_empty(), "answered wrong: {wrong:#?}");
    assert!(share >= 98.0, "{share:.2} % is less than 98 %");
}

#[test]
fn the_compliance_suite_holds_through_sql_on_stored_documents() {
    let Some(cases) = suite() else { return };
    let (_ns, store) = memory("suite");
    // Documents of the suite may be arrays or scalars, so each is stored under a field.
    let mut ids = BTreeMap::new();
    for case in cases.iter().filter(|case| !case.invalid_selector) {
        let next = ids.len();
        ids.entry(case.document.to_string()).or_insert((next, &case.document));
    }
    let stored: Vec<Value> =
        ids.values().map(|(id, document)| json!({"id": id, "v": document})).collect();
    store.bulk_insert(&stored).wait().unwrap();

    let mut held = 0;
    for case in cases.iter().filter(|case| !case.invalid_selector) {
        // A second `$` would speak of the stored document and not of the suite's.
        let Some(rest) = case.selector.strip_prefix('$').filter(|rest| !rest.contains('$')) else {
            continue;
        };
        let selector = format!("$.v{rest}");
        let Ok(path) = JsonPath::parse(&selector) else { continue };
        let expected: Vec<u64> = stored
            .iter()
            .filter(|document| !path.query(document).is_empty())
            .map(|document| document["id"].as_u64().unwrap())
            .collect();
        let found = find(&store, &selector);
        assert_eq!(sorted(&found), sorted(&expected), "{}: {selector}", case.name);
        let own = ids[&case.document.to_string()].0 as u64;
        assert_eq!(found.contains(&own), case.finds_anything(), "{}: {selector}", case.name);
        held += 1;
    }
    assert!(held > 400, "only {held} cases were tried");
}

fn find(store: &DocumentStore, selector: &str) -> Vec<u64> {
    let page = store.find_path(selector).limit(1_000).run().wait().unwrap();
    page.documents.iter().map(|found| found.document["id"].as_u64().unwrap()).collect()
}

fn sorted(ids: &[u64]) -> Vec<u64> {
    let mut ids = ids.to_vec();
    ids.sort_unstable();
    ids
}

#[test]
fn names_beyond_ascii_and_odd_names_lead_to_their_documents() {
    let (_ns, store) = memory("names");
    let names = [
        "a",
        "aä",
        "ä",
        "a_1",
        "_",
        "1a",
        "0",
        "a b",
        "",
        "'",
        "\"",
        "\\",
        "a.b",
        "a\u{0}b",
        "\u{1f600}",
        "#-1",
        "\n",
        "/",
        "[0]",
        "$",
        "a\u{301}",
    ];
    for (id, name) in names.iter().enumerate() {
        store.insert(&json!({"id": id, "in": {*name: null}})).wait().unwrap();
    }
    for (id, name) in names.iter().enumerate() {
        let quoted = format!("$.in[{}]", Value::from(*name));
        assert_eq!(find(&store, &quoted), [id as u64], "{quoted}");
        if name.starts_with(|c: char| c.is_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '\u{301}')
        {
            assert_eq!(find(&store, &format!("$.in.{name}")), [id as u64], "{name}");
        }
    }
}

#[test]
fn indexes_count_from_both_ends_and_never_reach_into_objects() {
    let (_ns, store) = memory("lists");
    for (id, value) in
        [json!([1]), json!([1, null]), json!([]), json!({"0": 1, "-1": 1}), json!("text")]
            .into_iter()
            .enumerate()
    {
        store.insert(&json!({"id": id, "v": value})).wait().unwrap();
    }
    for (selector, expected) in [
        ("$.v[0]", vec![0, 1]),
        ("$.v[1]", vec![1]),
        ("$.v[-1]", vec![0, 1]),
        ("$.v[-2]", vec![1]),
        ("$.v[2]", vec![]),
        ("$.v['0']", vec![3]),
        ("$.v['-1']", vec![3]),
        ("$.v[ 0 ]", vec![0, 1]),
        ("$.v[9007199254740991]", vec![]),
        ("$.v[0, 1]", vec![0, 1]),
        ("$.v[0:]", vec![0, 1]),
        ("$.v[*]", vec![0, 1, 3]),
        ("$", vec![0, 1, 2, 3, 4]),
        ("$..*", vec![0, 1, 2, 3, 4]),
        ("$.v[?@ == null]", vec![1]),
        ("$[?@ == $.id]", vec![0, 1, 2, 3, 4]),
        ("$.missing", vec![]),
        ("$.missing[0].deep[*]", vec![]),
    ] {
        assert_eq!(find(&store, selector), expected, "{selector}");
    }
}

#[test]
fn a_page_of_a_path_query_goes_on_where_it_ended() {
    let (_ns, store) = memory("pages");
    let documents: Vec<Value> = (0..50)
        .map(|id| json!({"id": id, "tags": if id % 3 == 0 { json!(["x"]) } else { json!([]) }}))
        .collect();
    store.bulk_insert(&documents).wait().unwrap();
    let (mut found, mut token) = (Vec::new(), None);
    loop {
        let mut query = store.find_path("$.tags[?@ == 'x']").limit(4);
        if let Some(token) = token.take() {
            query = query.after(token);
        }
        let page = query.run().wait().unwrap();
        found.extend(page.documents.iter().map(|found| found.document["id"].as_u64().unwrap()));
        assert!(found.len() <= 50, "the pages go round in circles");
        match page.next {
            Some(next) => token = Some(next),
            None => break,
        }
    }
    assert_eq!(found, (0..50).step_by(3).collect::<Vec<u64>>());
}

#[test]
fn a_malformed_path_is_refused_with_its_position_wherever_it_is_said() {
    let ns = Namespace::in_memory().unwrap();
    let store: DocumentStore = DocumentStore::open(&ns, "empty").unwrap();
    for bad in [
        "",
        "a",
        "$.",
        "$[",
        "$['a",
        "$.a b",
        "$[01]",
        "$[?@.a ==]",
        "$..",
        " $",
        "$ ",
        "$.a[?f(@)]",
    ] {
        let message = refused(JsonPath::parse(bad), ErrorKind::InvalidInput);
        assert!(
            message.contains("at character") && message.contains(&format!("{bad:?}")),
            "{message}"
        );
        let found = store.find_path(bad).run().wait();
        assert_eq!(refused(found.map(drop), ErrorKind::InvalidInput), message);
        refused(store.find_path(bad).explain(), ErrorKind::InvalidInput);
    }
}
