//! What joins and sorts offer never takes rows away that count: neither where names of columns mislead, nor where
//! the offer is about what is computed.

use headwater_document::DocumentStore;
use headwater_primitives::Namespace;
use headwater_sql::{Sql, SqlOptions};
use headwater_tiering::{Policy, Tier};
use serde_json::{Value, json};

use crate::filters::Both;
use crate::support::rows;

fn table(count: u64, row: impl Fn(u64) -> Value) -> Vec<Value> {
    (0..count)
        .map(|id| {
            let mut row = row(id);
            row["id"] = json!(id);
            row
        })
        .collect()
}

fn options() -> SqlOptions {
    SqlOptions::new().batch_rows(16).partitions(2)
}

/// Lines of orders of customers, and payments, all with an `id`.
fn shop() -> Both {
    let tables = [
        ("lines", table(400, |id| json!({"order": 399 - id, "x": id % 7}))),
        ("orders", table(400, |id| json!({"customer": id % 40, "x": id % 11}))),
        ("customers", table(40, |id| json!({"name": format!("c{id}"), "x": id % 3}))),
        ("payments", table(9, |id| json!({"order": 390 + id}))),
    ];
    Both::of(&tables, &options())
}

#[test]
fn columns_of_one_name_are_told_apart() {
    let shop = shop();
    let joined =
        "lines l JOIN orders o ON l.\"order\" = o.id JOIN customers c ON o.customer = c.id";
    let statements = [
        (10, format!("SELECT l.id, o.id AS oid, c.name FROM {joined} ORDER BY oid LIMIT 10")),
        (
            10,
            format!(
                "SELECT l.id, o.id AS oid, c.id AS cid FROM {joined} ORDER BY cid, oid LIMIT 10"
            ),
        ),
        (7, format!("SELECT l.id, c.name, o.x FROM {joined} ORDER BY o.x DESC, l.id LIMIT 7")),
        (
            9,
            format!(
                "SELECT p.id AS pid, s.lid FROM payments p JOIN (SELECT l.id AS lid, o.id, c.name \
                 FROM {joined}) s ON p.\"order\" = s.id"
            ),
        ),
        (
            9,
            "SELECT p.id AS pid, l.id, o.id AS oid, c.name FROM customers c \
             JOIN (lines l JOIN orders o ON l.\"order\" = o.id) ON o.customer = c.id \
             JOIN payments p ON p.\"order\" = o.id"
                .into(),
        ),
    ];
    for (count, statement) in statements {
        assert_eq!(shop.check(&statement), count, "{statement}");
    }
}

#[test]
fn united_columns_are_told_apart() {
    let few = table(5, |id| json!({"k": id}));
    let t = table(300, |id| json!({"a": 100 + id, "b": id}));
    let both = Both::of(&[("c", few), ("t", t)], &options());
    let swapped = "(SELECT a, b FROM t UNION ALL SELECT DISTINCT b, a FROM t)";
    let joined = format!("SELECT c.k, x.a, x.b FROM c JOIN {swapped} x ON c.k = x.a");
    assert_eq!(both.check(&joined), 5);
    assert_eq!(both.check(&format!("SELECT a, b FROM {swapped} x ORDER BY a LIMIT 7")), 7);
}

#[test]
fn keys_of_a_semi_join_are_told_apart() {
    let edges = table(200, |id| match id % 2 {
        0 => json!({"src": id % 50, "dst": 100 + id}),
        _ => json!({"src": 100 + id - 1, "dst": (id - 1) % 50}),
    });
    let few = table(4, |id| json!({"k": id * 2}));
    let both = Both::of(&[("edges", edges), ("c", few)], &options());
    let mutual = "SELECT a.src, a.dst FROM edges a WHERE {} (SELECT 1 FROM edges b \
                  WHERE b.src = a.dst AND b.dst = a.src)";
    for (exists, count) in [("EXISTS", 16), ("NOT EXISTS", 0)] {
        let mutual = mutual.replace("{}", exists);
        let found = both.check(&format!("SELECT x.src FROM c JOIN ({mutual}) x ON c.k = x.src"));
        assert_eq!(found, count, "{exists}");
    }
}

#[test]
fn no_row_is_in_what_has_an_unknown_one() {
    let a = table(100, |id| json!({"k": id}));
    let b = table(60, |id| if id == 50 { json!({}) } else { json!({"k": id + 1000}) });
    let c = table(5, |id| json!({"k": id}));
    let both = Both::of(&[("a", a), ("b", b), ("c", c)], &options());
    let unknown = "SELECT k FROM a WHERE k NOT IN (SELECT k FROM b)";
    assert_eq!(both.check(&format!("SELECT x.k FROM c JOIN ({unknown}) x ON c.k = x.k")), 0);
    let known = format!("{unknown} OR k IS NULL");
    both.check(&format!("SELECT x.k FROM c JOIN ({known}) x ON c.k = x.k"));
}

#[test]
fn bounds_of_several_columns_are_of_all_rows() {
    let part = |from: u64, is_late: bool| {
        let row = |id: u64| match is_late {
            false => json!({"id": from + id, "a": 500 - id}),
            true => json!({"id": from + id, "a": id, "b": 700 + id * 37 % 200, "c": id + 5}),
        };
        (0..200).map(row).collect::<Vec<_>>()
    };
    let files = [vec![part(0, false), part(200, true), part(400, false), part(600, true)]];
    let both = Both::in_files(&[("t", files[0].clone())], &options());
    for bounds in [
        "min(b) AS l, max(a) AS h",
        "min(a) AS l, max(b + 1) AS h",
        "max(a) FILTER (WHERE b > 700) AS h, min(c) AS l",
        "min(c) AS l, min(b) AS m",
    ] {
        assert_eq!(both.check(&format!("SELECT {bounds} FROM t")), 1);
    }
}

#[test]
fn a_limit_inside_does_not_bring_deleted_rows_back() {
    let ns = Namespace::in_memory().unwrap();
    let store: DocumentStore = DocumentStore::open(&ns, "t").unwrap();
    let hand_off = || Tier::of(&ns).unwrap().hand_off(&store, Policy::All).wait().unwrap();
    for (from, a) in [(0, 1), (100, 500), (200, 1000)] {
        let rows: Vec<Value> = (0..30).map(|n| json!({"id": from + n, "a": a + n})).collect();
        store.bulk_insert(&rows).wait().unwrap();
        hand_off();
    }
    // Files are opened from the last one on, each while the one before it is read.
    let is_left = |id: i64| id % 100 >= if id / 100 == 1 { 29 } else { 20 };
    for id in (0..230).filter(|id| id % 100 < 30 && !is_left(*id)) {
        store.delete(id).wait().unwrap();
    }
    hand_off();
    let options = SqlOptions::new().batch_rows(4).partitions(1);
    let sql = Sql::open_with(&ns, options).unwrap();
    let first = "SELECT id FROM (SELECT * FROM t LIMIT 20) x ORDER BY a LIMIT 5";
    let found = rows(&sql, first);
    assert_eq!(found.len(), 5);
    assert!(found.iter().all(|row| is_left(row["id"].as_i64().unwrap())), "{found:?}");
}

#[test]
fn what_would_fail_on_rows_that_are_left_out_is_not_asked_of_them() {
    let t = table(500, |id| {
        let s = if id % 4 == 0 { json!(format!("{}", id % 40)) } else { json!("none") };
        json!({"a": id, "b": id % 2, "s": s, "kind": if id % 4 == 0 { "num" } else { "word" }})
    });
    let u = table(5, |id| json!({"k": id * 4}));
    let both = Both::of(&[("t", t), ("u", u)], &options());
    assert_eq!(both.check("SELECT id FROM t WHERE b <> 0 ORDER BY a / b LIMIT 5"), 5);
    assert_eq!(both.check("SELECT a / b AS q FROM t WHERE b <> 0 ORDER BY q DESC LIMIT 5"), 5);
    let cast = "CAST(t.s AS BIGINT) = u.k";
    assert!(both.check(&format!("SELECT t.id FROM t JOIN u ON {cast} WHERE t.kind = 'num'")) > 20);
}

#[test]
fn groups_of_one_status_keep_their_order() {
    let t = table(
        300,
        |id| json!({"status": (["open", "shut"][id as usize % 2]), "day": id % 7, "region": id % 3, "name": format!("a{}", id % 5)}),
    );
    let both = Both::in_files(&[("t", t.chunks(80).map(<[Value]>::to_vec).collect())], &options());
    for statement in [
        "SELECT status, day, count(*) AS c FROM t WHERE status = 'open' GROUP BY status, day \
         ORDER BY status, day",
        "SELECT region, day, count(*) AS c FROM t WHERE name LIKE 'a%' AND region = 2 \
         GROUP BY region, day ORDER BY region, day",
        "SELECT status, day, count(*) AS c, row_number() OVER (PARTITION BY status ORDER BY day) AS r \
         FROM t WHERE status = 'open' GROUP BY status, day",
        "SELECT status, name, count(*) AS c FROM t WHERE status = name OR status = 'shut' \
         GROUP BY name, status ORDER BY status, name",
    ] {
        assert!(both.check(statement) > 2, "{statement}");
    }
}
