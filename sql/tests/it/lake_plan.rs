//! A statement's plan over the lake's files, run by an engine that knows nothing of this namespace.

use headwater_document::DocumentStore;
use headwater_primitives::ErrorKind;
use headwater_sql::datafusion::prelude::SessionContext;
use headwater_tiering::{Policy, Tier};
use serde_json::{Value, json};

use crate::support::{Fixture, batch_objects, sorted};

const STATEMENT: &str = "SELECT s.city, count(*) AS sales, sum(s.total) AS total, max(c.country) AS country \
    FROM sales s JOIN \"a/b c\" AS c ON c.name = s.city \
    WHERE s.total > (SELECT avg(total) FROM sales) GROUP BY s.city ORDER BY s.city";

fn sale(n: i64) -> Value {
    let city = ["Basel", "Bern", "Chur"][n as usize % 3];
    json!({"id": n, "city": city, "total": n * n % 977})
}

/// Two collections, all of them in the lake.
fn moved() -> (Fixture, DocumentStore) {
    let fixture = Fixture::of("sales", &(0..3_000).map(sale).collect::<Vec<_>>());
    let cities: DocumentStore = DocumentStore::open(&fixture.ns, "a/b c").unwrap();
    let countries = ["Basel", "Bern", "Chur"].map(|name| json!({"name": name, "country": "CH"}));
    cities.bulk_insert(&countries).wait().unwrap();
    fixture.hand_off(Policy::All);
    Tier::of(&fixture.ns).unwrap().hand_off(&cities, Policy::All).wait().unwrap();
    (fixture, cities)
}

fn elsewhere(fixture: &Fixture, text: &str) -> Vec<Value> {
    let plan = fixture.sql.query(text).lake_plan().wait().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let batches = runtime.block_on(async {
        let engine = SessionContext::new();
        engine.execute_logical_plan(plan.logical_plan().clone()).await?.collect().await
    });
    batches.unwrap().iter().flat_map(batch_objects).collect()
}

#[test]
fn a_plan_of_the_lake_gives_what_the_statement_gives_here() {
    let (fixture, _) = moved();
    let rows = elsewhere(&fixture, STATEMENT);
    assert_eq!(rows.len(), 3);
    assert_eq!(rows, fixture.rows(STATEMENT));
    // A later hand-off adds a column that the first files do not have.
    fixture.store.insert(&json!({"id": 3_000, "city": "Chur", "note": "late"})).wait().unwrap();
    fixture.hand_off(Policy::All);
    let all = "SELECT * FROM sales";
    assert_eq!(sorted(elsewhere(&fixture, all)), sorted(fixture.rows(all)));
}

#[test]
fn an_id_in_a_field_of_another_name_has_both() {
    let fixture = Fixture::of("sales", &[sale(1)]);
    let typed: DocumentStore<Typed> = DocumentStore::open(&fixture.ns, "typed").unwrap();
    typed.insert(&Typed { number: 7 }).wait().unwrap();
    Tier::of(&fixture.ns).unwrap().hand_off(&typed, Policy::All).wait().unwrap();
    let text = "SELECT id, number FROM typed";
    assert_eq!(elsewhere(&fixture, text), [json!({"id": 7, "number": 7})]);
}

#[derive(serde::Serialize, serde::Deserialize)]
struct Typed {
    number: i64,
}

impl headwater_document::Document for Typed {
    fn collection() -> &'static str {
        "typed"
    }

    fn id_kind() -> Option<headwater_primitives::IdKind> {
        Some(headwater_primitives::IdKind::Integer)
    }

    fn id_field() -> &'static str {
        "number"
    }

    fn document_id(&self) -> headwater_primitives::Result<Option<headwater_document::DocumentId>> {
        Ok(Some(self.number.into()))
    }
}

#[test]
fn what_is_not_all_in_the_lake_is_refused_and_says_what_to_do() {
    let (fixture, cities) = moved();
    let refused = |text: &str| fixture.sql.query(text).lake_plan().wait().unwrap_err();
    fixture.store.insert(&sale(3_000)).wait().unwrap();
    let error = refused(STATEMENT);
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert!(error.to_string().contains("rows in the hot tier (1): hand them off"), "{error}");
    fixture.hand_off(Policy::All);
    fixture.store.delete(5).wait().unwrap();
    let error = refused(STATEMENT);
    assert!(error.to_string().contains("compact it first"), "{error}");
    fixture.hand_off(Policy::All);
    assert!(refused(STATEMENT).to_string().contains("compact it first"));
    Tier::of(&fixture.ns).unwrap().compact(&fixture.store).wait().unwrap();
    assert_eq!(elsewhere(&fixture, STATEMENT), fixture.rows(STATEMENT));

    let text = "SELECT count(*) FROM \"a/b c\"";
    let past = fixture.sql.query(text).as_of(headwater_primitives::Sequence(1)).lake_plan().wait();
    assert_eq!(past.unwrap_err().kind(), ErrorKind::Unsupported);
    assert_eq!(refused("SELECT * FROM information_schema.tables").kind(), ErrorKind::Unsupported);
    drop(cities);
}
