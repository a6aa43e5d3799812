//! Statements give over files of the lake, where filters work on columns and take what joins offer, what they
//! give over hot rows.

use headwater_document::DocumentStore;
use headwater_primitives::Namespace;
use headwater_sql::{Sql, SqlOptions};
use headwater_tiering::{Policy, Tier};
use serde_json::{Value, json};

use crate::support::{rows, sorted};

/// The same rows twice: hot, and in the lake.
pub(crate) struct Both {
    hot: Sql,
    cold: Sql,
}

impl Both {
    pub(crate) fn of(tables: &[(&str, Vec<Value>)], options: &SqlOptions) -> Both {
        let files: Vec<_> = tables.iter().map(|(name, rows)| (*name, vec![rows.clone()])).collect();
        Both::in_files(&files, options)
    }

    /// With each of a table's files.
    pub(crate) fn in_files(tables: &[(&str, Vec<Vec<Value>>)], options: &SqlOptions) -> Both {
        let filled = |is_cold: bool| {
            let ns = Namespace::in_memory().unwrap();
            for (name, files) in tables {
                let store: DocumentStore = DocumentStore::open(&ns, name).unwrap();
                for documents in files {
                    store.bulk_insert(documents).wait().unwrap();
                    if is_cold {
                        Tier::of(&ns).unwrap().hand_off(&store, Policy::All).wait().unwrap();
                    }
                }
            }
            ns
        };
        let [hot, cold] =
            [false, true].map(|is_cold| Sql::open_with(&filled(is_cold), options.clone()).unwrap());
        Both { hot, cold }
    }

    /// Checks that a statement gives the same over both, and how many rows it gives.
    #[track_caller]
    pub(crate) fn check(&self, statement: &str) -> usize {
        let (hot, cold) = (rows(&self.hot, statement), rows(&self.cold, statement));
        assert_eq!(sorted(cold), sorted(hot.clone()), "{statement}");
        hot.len()
    }

    /// The plan over the lake, with what its parts did.
    pub(crate) fn analyzed(&self, statement: &str) -> String {
        let plan = rows(&self.cold, &format!("EXPLAIN ANALYZE {statement}"));
        plan.iter().map(|row| row["plan"].as_str().unwrap()).collect()
    }
}

/// Rows some of whose keys are missing, at `n` and at `t`.
fn keyed(count: usize, step: usize) -> Vec<Value> {
    let row = |place: usize| {
        let key = place * step % 41;
        let mut row =
            json!({"id": place, "x": place * 13 % 97, "f": (place % 9) as f64 / 4.0 + 0.125});
        if !key.is_multiple_of(11) {
            row["n"] = json!(key);
        }
        if !key.is_multiple_of(7) {
            row["t"] = json!(format!("{}{}", "t".repeat(key % 3 * 9 + 1), key % 13));
        }
        row
    };
    (0..count).map(row).collect()
}

fn both() -> Both {
    let tables = [("a", keyed(90, 3)), ("b", keyed(70, 5))];
    Both::of(&tables, &SqlOptions::new().batch_rows(16).partitions(2))
}

const CONDITIONS: [&str; 12] = [
    "true",
    "a.x > 20",
    "a.t = 't3'",
    "a.t IN ('t1', 't5', 'tttttttttt6') AND a.x < 80",
    "a.t LIKE 't_' AND a.x < 50",
    "a.t NOT IN ('t1', 't9') OR a.n = 3",
    "a.t IS NULL",
    "a.t <> 't2' AND a.t >= 't' AND a.x BETWEEN 10 AND 60 AND a.f < 1.5",
    "upper(a.t) = 'T4' AND a.n IS NOT NULL",
    "a.x < 40 AND a.t || 'x' > 't5'",
    "a.t = a.t AND a.x <> 4",
    "'t4' < a.t AND (a.t LIKE '%1' OR length(a.t) > 5)",
];

#[test]
fn joins_of_every_kind() {
    let both = both();
    let keys =
        ["a.n = b.n", "a.t = b.t", "a.n = b.n AND a.t = b.t", "(a.n IS NOT DISTINCT FROM b.n)"];
    let joins =
        ["JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN", "LEFT SEMI JOIN", "LEFT ANTI JOIN"];
    let (mut found, mut kind) = (0, 0);
    for join in joins {
        let only = join.ends_with("I JOIN");
        let columns = if only { "a.id" } else { "a.id, a.t, b.id AS other, b.t AS u" };
        for key in keys {
            kind += 1;
            for condition in CONDITIONS.iter().skip(kind % 3).step_by(3) {
                let from = format!("a {join} b ON {key} AND b.x < 50");
                found += both.check(&format!("SELECT {columns} FROM {from} WHERE {condition}"));
            }
        }
    }
    assert!(found > 2_000, "{found}");
}

#[test]
fn groups_orders_and_what_is_inside_others() {
    let both = both();
    for (place, condition) in CONDITIONS.iter().enumerate() {
        let statements = [
            "SELECT a.t, count(*) AS c, sum(a.x) AS s FROM a WHERE {} GROUP BY a.t",
            "SELECT a.t, a.n, max(a.t) AS m, count(DISTINCT a.t) AS c FROM a WHERE {} GROUP BY a.t, a.n",
            "SELECT a.t, a.n, sum(a.x) AS s FROM a WHERE {} GROUP BY ROLLUP (a.t, a.n)",
            "SELECT DISTINCT upper(a.t) AS u FROM a WHERE {}",
            "SELECT min(a.t) AS l, max(a.t) AS h, min(a.x) AS lx, count(*) AS c FROM a WHERE {}",
            "SELECT a.x FROM a WHERE {} ORDER BY a.x DESC, a.id LIMIT 5",
            "SELECT a.t FROM a WHERE {} ORDER BY a.t LIMIT 7",
            "SELECT a.id, g.c FROM a JOIN (SELECT n, count(*) AS c, min(t) AS t FROM b GROUP BY n) g \
             ON a.n = g.n AND a.x < 9 WHERE {}",
            "SELECT a.id, g.c FROM a JOIN (SELECT x, t, count(*) AS c FROM b GROUP BY t, x) g \
             ON a.t = g.t AND a.x < 9 WHERE {}",
            "SELECT a.id, g.id AS o FROM a JOIN (SELECT * FROM b ORDER BY id LIMIT 9) g ON a.n = g.n WHERE {}",
            "SELECT a.id, g.r FROM a JOIN (SELECT n, t, row_number() OVER (PARTITION BY n ORDER BY id) \
             AS r FROM b) g ON a.n = g.n AND a.t = g.t WHERE {}",
            "SELECT a.id, g.t FROM a JOIN (SELECT n, t FROM b UNION ALL SELECT x, t FROM a) g ON a.n = g.n \
             AND a.id < 9 WHERE {}",
            "SELECT a.id FROM a WHERE {} AND a.x > (SELECT avg(b.x) FROM b WHERE b.t = a.t)",
            "SELECT a.id FROM a WHERE {} AND a.n NOT IN (SELECT n FROM b WHERE n IS NOT NULL AND x < 50)",
            "SELECT a.n FROM a WHERE {} INTERSECT SELECT n FROM b",
            "SELECT a.n FROM a WHERE {} EXCEPT SELECT n FROM b",
        ];
        for statement in statements.iter().skip(place % 2).step_by(2) {
            both.check(&statement.replace("{}", condition));
        }
    }
}

#[test]
fn a_filter_takes_what_a_join_offers() {
    let many: Vec<Value> =
        (0..600).map(|n| json!({"id": n, "k": n % 200, "t": format!("t{n}")})).collect();
    let few: Vec<Value> = (0..40).map(|n| json!({"id": n, "k": n, "kind": n % 8})).collect();
    let both = Both::of(&[("many", many), ("few", few)], &SqlOptions::new().partitions(2));
    let rows_of = |plan: &str, table: &str| {
        let lines: Vec<&str> = plan.lines().collect();
        let scan = lines.iter().position(|line| line.contains(&format!("document/{table}/")));
        let filter = lines[scan.unwrap_or_else(|| panic!("{plan}")) - 1];
        assert!(filter.contains("LakeFilterExec") && filter.contains("offers=1"), "{plan}");
        let rows = filter.split("output_rows=").nth(1).and_then(|rest| rest.split(',').next());
        rows.unwrap().parse::<usize>().unwrap()
    };
    // Of two parts of a join, one may begin just before the other says what both offer.
    let kept =
        |statement| (0..20).map(|_| rows_of(&both.analyzed(statement), "many")).min().unwrap();
    let joined = "SELECT m.t FROM few f JOIN many m ON f.k = m.k WHERE f.kind = 3";
    assert_eq!(both.check(joined), 15);
    assert_eq!(kept(joined), 15);
    let grouped = "SELECT f.id, g.c FROM few f JOIN (SELECT count(*) AS c, k FROM many GROUP BY k) g \
                   ON f.k = g.k WHERE f.kind = 3";
    assert_eq!(both.check(grouped), 5);
    assert_eq!(kept(grouped), 15);
}

#[test]
fn a_statement_that_refers_to_itself_takes_no_offers() {
    let tree = (0..200).map(|n| json!({"id": n, "parent": (n - 1) / 3})).collect();
    let few = (0..40).map(|n| json!({"id": n, "k": n * 3, "kind": n % 8})).collect();
    let tables = [("tree", tree), ("few", few)];
    let both = Both::of(&tables, &SqlOptions::new().partitions(2));
    let joined = "SELECT t.id FROM few f JOIN tree t ON f.k = t.id WHERE f.kind = 3";
    assert!(both.analyzed(joined).contains("offers="));
    let below = "WITH RECURSIVE below AS (SELECT id FROM tree WHERE id = 1 UNION ALL \
                 SELECT t.id FROM below b JOIN tree t ON t.parent = b.id)";
    let joined = format!("{below} {joined} AND t.id IN (SELECT id FROM below)");
    assert_eq!(both.check(&joined), 1);
    let plan = both.analyzed(&joined);
    assert!(!plan.contains("offers="), "{plan}");
}

#[test]
fn offers_of_a_join_in_parts() {
    let rows_of = |count: u64, step: u64| -> Vec<Value> {
        (0..count).map(|n| json!({"id": n, "k": n * step, "v": n % 50})).collect()
    };
    let tables = [("large", rows_of(9000, 3)), ("other", rows_of(6000, 5))];
    for parts in [2, 3] {
        // Sides of more than a thirty-second part of the memory are cut into parts.
        let options = SqlOptions::new().memory_bytes(2 << 20).partitions(parts);
        let both = Both::of(&tables, &options);
        let joined = "SELECT l.id, o.v FROM other o JOIN large l ON o.k = l.k";
        let plan = both.analyzed(joined);
        assert!(plan.contains("mode=Partitioned") && plan.contains("offers=1"), "{plan}");
        assert_eq!(both.check(joined), 1800);
    }
}
