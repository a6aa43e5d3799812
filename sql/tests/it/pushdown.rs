//! Filters that are pushed down find what they would find if they were not.

use headwater_document::Uniqueness;
use headwater_tiering::schema::Column;
use headwater_tiering::{Policy, Tier};
use serde_json::{Value, json};

use crate::support::Fixture;

/// Documents of which no two are of one mould: missing, null, of other types, on the edges.
fn odd() -> Fixture {
    let values = [
        json!(1),
        json!(2),
        json!(2.5),
        json!(-7),
        json!(9_007_199_254_740_993_i64),
        json!(i64::MAX),
        json!(null),
        json!("2"),
        json!([2, 3]),
        json!({"a": 2}),
        json!(true),
        json!(1e300),
        json!(2.0),
    ];
    let days = [
        json!("2026-01-31"),
        json!("2026-02-01"),
        json!("0001-01-01"),
        json!(null),
        json!("soon"),
        json!("2026-1-31"),
        json!(20260131),
        json!("9999-12-31"),
    ];
    let texts = [
        json!(""),
        json!("a"),
        json!("ab"),
        json!("ä"),
        json!("Z"),
        json!(null),
        json!(5),
        json!(["a"]),
    ];
    let prices = [
        json!(0.05),
        json!(0.06),
        json!(0.07),
        json!(7),
        json!(0.055),
        json!(-0.01),
        json!(null),
        json!("0.05"),
        json!(99_999_999.99),
    ];
    let flags = [json!(true), json!(false), json!(null), json!("true"), json!(1)];
    let documents: Vec<Value> = (0..360_usize)
        .map(|n| {
            let mut document = json!({"id": n});
            let fields = [
                ("v", &values[..]),
                ("day", &days),
                ("text", &texts),
                ("price", &prices),
                ("flag", &flags),
            ];
            for (at, (name, choices)) in fields.into_iter().enumerate() {
                // Each field is missing now and then.
                if !(n + at).is_multiple_of(11) {
                    document[name] = choices[(n * (at + 3) + n / 7) % choices.len()].clone();
                }
            }
            // Mostly of one type, so that the columns have one.
            document["long"] = json!(n as i64 * 3 - 500);
            document["double"] = json!(n as f64 / 8.0 + 0.0625);
            if n.is_multiple_of(40) {
                document["long"] = values[n / 40 % values.len()].clone();
                document["double"] = values[(n / 40 + 3) % values.len()].clone();
            }
            document["name"] =
                if n.is_multiple_of(50) { json!(n) } else { json!(format!("n{:03}", n % 90)) };
            document["sometimes"] =
                if n.is_multiple_of(3) { json!(n % 2 == 0) } else { json!(null) };
            document
        })
        .collect();
    Fixture::of("odd", &documents)
}

const FILTERS: &[&str] = &[
    "long > 100",
    "long >= 100 AND long < 400",
    "long = 1",
    "long <> 1",
    "100 > long",
    "long IN (1, -500, 7, 100)",
    "long NOT IN (1, 7)",
    "long BETWEEN 40 AND 90",
    "long NOT BETWEEN 40 AND 90",
    "long IS NULL",
    "long IS NOT NULL",
    "long > 100.5",
    "long = 9007199254740993",
    "long > 9007199254740992",
    "double > 10.5",
    "double = 2.0625",
    "double < 2",
    "double >= 9007199254740992.0",
    "double = 2",
    "double IS NULL",
    "double <= 1e300",
    "double > 44 OR double < 1",
    "NOT (double > 1)",
    "name = 'n007'",
    "name > 'n080'",
    "name <= 'n003'",
    "name LIKE 'n00%'",
    "name LIKE 'n_07'",
    "name LIKE 'n007'",
    "name LIKE '%7'",
    "name LIKE ''",
    r"name LIKE 'n\_07'",
    "name NOT LIKE 'n0%'",
    "NOT (name LIKE 'n_07')",
    "name ILIKE 'N00%'",
    "name LIKE 'n00%' OR long = 7",
    "name IN ('n001', 'n002', 'x')",
    "name IS NULL",
    "name >= '' AND name < 'n01'",
    "sometimes",
    "NOT sometimes",
    "sometimes = true",
    "sometimes IS NULL",
    "sometimes IS NOT NULL",
    "sometimes IS TRUE",
    "id = 17",
    "id IN (3, 5, 900)",
    "id > 350",
    "id = 17 AND long > 0",
    "id = 3 OR id = 4",
    "id = 3 OR long = 7",
    "id <> 3",
    "long > 100 AND name = 'n007'",
    "long > 900 OR name = 'n007'",
    "long > 500 OR length(name) = 2",
    "long > 500 AND length(name) = 4",
    "long + 1 > 500",
    "_version > 200 AND long < 0",
    "_version = 20",
    "_rest IS NOT NULL",
    "_rest IS NULL AND long > 200",
];

/// Those on columns that are only of their types once they are declared.
const TYPED: &[&str] = &[
    "day > DATE '2026-01-31'",
    "day = DATE '2026-01-31'",
    "day <= DATE '0001-01-01'",
    "day IN (DATE '9999-12-31')",
    "day BETWEEN DATE '2026-01-01' AND DATE '2026-01-31'",
    "day IS NULL",
    "day IS NOT NULL",
    "price >= 0.05 AND price <= 0.06",
    "price = 0.07",
    "price BETWEEN 0.06 - 0.01 AND 0.06 + 0.01",
    "price < 0",
    "price = 99999999.99",
    "price > 7",
    "price <> 7",
    "price IN (0.05, 7)",
    "text = ''",
    "text > 'Z'",
    "text <= 'ab'",
    "text = 'ä'",
    "text IS NULL",
    "flag",
    "NOT flag",
    "flag IS NOT NULL",
    "v = 2",
    "v > 2",
    "v IS NOT NULL",
    "v < 9007199254740993",
];

#[track_caller]
fn check(odd: &Fixture, filters: &[&str], tier: &str) {
    for filter in filters {
        let pushed = odd.rows(&format!("SELECT id FROM odd WHERE {filter} ORDER BY id"));
        let kept = odd.rows(&format!("SELECT id, ({filter}) AS hit FROM odd ORDER BY id"));
        let kept: Vec<Value> = kept
            .iter()
            .filter(|row| row["hit"] == true)
            .map(|row| json!({"id": row["id"]}))
            .collect();
        assert_eq!(pushed, kept, "{filter}, {tier}");
        let count = odd.rows(&format!("SELECT count(*) AS n FROM odd WHERE {filter}"));
        assert_eq!(count[0]["n"], kept.len(), "{filter}, {tier}");
    }
}

fn hand_off(odd: &Fixture, policy: Policy) {
    let mut moving = Tier::of(&odd.ns).unwrap().hand_off(&odd.store, policy);
    let declared = [
        ("day", "date"),
        ("price", "decimal(10,2)"),
        ("text", "string"),
        ("flag", "bool"),
        ("v", "double"),
    ];
    for (name, ty) in declared {
        moving = moving.column(Column::field(name, ty.parse().unwrap()).unwrap());
    }
    moving.wait().unwrap();
}

#[test]
fn a_filter_that_is_pushed_down_finds_what_it_finds_above() {
    let odd = odd();
    check(&odd, FILTERS, "hot");
    odd.store.create_index("name", Uniqueness::Many).unwrap().wait().unwrap();
    odd.store.create_index("long", Uniqueness::Many).unwrap().wait().unwrap();
    check(&odd, FILTERS, "hot, by indexes");
    hand_off(&odd, Policy::KeepRows(180));
    for filters in [FILTERS, TYPED] {
        check(&odd, filters, "half and half");
    }
    for id in [3, 17, 100] {
        odd.store.delete(id).wait().unwrap();
    }
    odd.store.merge_patch(5, &json!({"long": 7, "name": "n007", "price": 0.05})).wait().unwrap();
    for filters in [FILTERS, TYPED] {
        check(&odd, filters, "with tombstones");
    }
    hand_off(&odd, Policy::All);
    for filters in [FILTERS, TYPED] {
        check(&odd, filters, "cold");
    }
}

fn plan(odd: &Fixture, filter: &str) -> String {
    let rows = odd.rows(&format!("EXPLAIN SELECT id FROM odd WHERE {filter}"));
    rows.iter().map(|row| row["plan"].as_str().unwrap_or_default()).collect()
}

#[test]
fn what_the_store_can_say_reaches_it() {
    let odd = odd();
    let cases = [
        ("long > 100 AND length(name) = 4", r#"{"long":{"$gt":100}}"#),
        ("name IN ('a', 'b')", r#""name""#),
        ("id = 17", "ids=1"),
        ("sometimes", r#"{"sometimes":true}"#),
    ];
    for (filter, expected) in cases {
        let plan = plan(&odd, filter);
        assert!(plan.contains("HotExec") && plan.contains(expected), "{filter}: {plan}");
    }
    let unsaid = plan(&odd, "length(name) = 4");
    assert!(unsaid.contains("HotExec: filter={}"), "{unsaid}");
}

#[test]
fn files_that_cannot_match_are_not_in_the_plan() {
    let odd = odd();
    hand_off(&odd, Policy::All);
    assert!(plan(&odd, "_version > 5").contains("DataSourceExec"));
    for filter in [
        "_version > 1000000",
        "id > 5000",
        "_written < TIMESTAMP '2001-01-01T00:00:00Z'",
        "price > 100000000",
    ] {
        let plan = plan(&odd, filter);
        assert!(!plan.contains("DataSourceExec"), "{filter}: {plan}");
    }
    assert!(!plan(&odd, "id = 3").contains("HotExec"), "no row is hot");
}
