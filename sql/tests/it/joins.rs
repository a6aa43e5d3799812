//! Joins are put in an order that spares rows, and give what they would in any other.

use headwater_document::DocumentStore;
use headwater_sql::Sql;
use headwater_tiering::Policy;
use serde_json::{Value, json};

use crate::support::{Fixture, column, rows};

/// Buyers, their orders, and the items of these.
fn shop() -> Fixture {
    let items: Vec<Value> = (0..240)
        .map(|n| json!({"id": n, "order": n * 7 % 60, "quantity": n * 31 % 17, "kind": n % 3}))
        .collect();
    let shop = Fixture::of("items", &items);
    let fill = |name: &str, documents: Vec<Value>| {
        let store: DocumentStore = DocumentStore::open(&shop.ns, name).unwrap();
        store.bulk_insert(&documents).wait().unwrap();
    };
    fill("orders", (0..60).map(|n| json!({"id": n, "buyer": n % 13, "kind": n % 3})).collect());
    fill("buyers", (0..13).map(|n| json!({"id": n, "name": format!("b{n}")})).collect());
    shop.hand_off(Policy::KeepRows(100));
    shop
}

/// The lines of a statement's logical plan.
fn plan(sql: &Sql, statement: &str) -> Vec<String> {
    let plan = rows(sql, &format!("EXPLAIN {statement}"));
    plan[0]["plan"].as_str().unwrap().lines().map(str::to_owned).collect()
}

/// How deep in a plan the first line is that begins with these words.
#[track_caller]
fn depth(plan: &[String], words: &str) -> usize {
    let found = plan.iter().find(|line| line.trim_start().starts_with(words));
    let line = found.unwrap_or_else(|| panic!("no {words:?} in {plan:#?}"));
    line.len() - line.trim_start().len()
}

#[test]
fn groups_that_were_chosen_are_joined_with_the_table_that_has_their_keys() {
    let shop = shop();
    let large = "SELECT \"order\" FROM items GROUP BY \"order\" HAVING sum(quantity) > 38";
    let from = "SELECT b.name, o.id, i.id AS item FROM buyers b, orders o, items i";
    let joined = "b.id = o.buyer AND o.id = i.\"order\"";
    let chosen = format!("{from} WHERE o.id IN ({large}) AND {joined} ORDER BY item");
    let also = format!("{from}, ({large}) l WHERE l.\"order\" = o.id AND {joined} ORDER BY item");
    let found = shop.rows(&chosen);
    assert_eq!(found, shop.rows(&also));
    assert!(!found.is_empty() && found.len() < 200, "{}", found.len());
    let plan = plan(&shop.sql, &chosen);
    assert!(depth(&plan, "LeftSemi Join") > depth(&plan, "Inner Join") + 2, "{plan:#?}");
}

#[test]
fn groups_with_keys_of_two_tables_are_joined_after_these() {
    let shop = shop();
    let large =
        "SELECT \"order\", kind FROM items GROUP BY \"order\", kind HAVING sum(quantity) > 30";
    let chosen = format!(
        "SELECT i.id FROM orders o, items i \
         WHERE EXISTS (SELECT 1 FROM ({large}) l WHERE l.\"order\" = o.id AND l.kind = i.kind) \
         AND o.id = i.\"order\" ORDER BY i.id"
    );
    let also = format!(
        "SELECT i.id FROM orders o, items i, ({large}) l \
         WHERE l.\"order\" = o.id AND l.kind = i.kind AND o.id = i.\"order\" ORDER BY i.id"
    );
    let also = column(&shop.rows(&also), "id");
    assert!(!also.is_empty());
    assert_eq!(column(&shop.rows(&chosen), "id"), also);
}
