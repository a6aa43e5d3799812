//! Schema changes, and reading files that were written before them.

use headwater_tiering::SchemaChange;
use iceberg::spec::PrimitiveType;

use crate::support::{Found, Lake, scan};

#[tokio::test(flavor = "multi_thread")]
async fn a_new_column_is_null_in_old_files() {
    let folder = tempfile::tempdir().unwrap();
    let lake = Lake::new(folder.path()).await;
    let old = lake.data(0..10, 0).await;
    let table = lake.commit(|new| new.add_data([old])).await;
    let mut change = SchemaChange::of(table.metadata());
    assert_eq!(change.add("points", PrimitiveType::Long).unwrap(), 5);
    lake.make(change.prepare().unwrap()).await;
    let new = lake.data(10..20, 0).await;
    let table = lake.commit(|snapshot| snapshot.add_data([new])).await;
    assert_eq!(scan(&table, None).await, Found::of(0..20));
    let schema = table.metadata().current_schema();
    assert_eq!((schema.schema_id(), schema.highest_field_id()), (1, 5));
    let snapshot = table.metadata().current_snapshot().unwrap();
    assert_eq!(snapshot.schema_id(), Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_column_widens_as_iceberg_allows_and_not_otherwise() {
    use PrimitiveType::{Decimal, Double, Float, Int, Long, String as Text};
    let folder = tempfile::tempdir().unwrap();
    let lake = Lake::new(folder.path()).await;
    let table = lake.load().await;
    let mut change = SchemaChange::of(table.metadata());
    change.add("count", Int).unwrap();
    change.add("share", Float).unwrap();
    change.add("price", Decimal { precision: 9, scale: 2 }).unwrap();
    let table = lake.make(change.prepare().unwrap()).await;

    let mut change = SchemaChange::of(table.metadata());
    change.widen("count", Long).unwrap();
    change.widen("share", Double).unwrap();
    change.widen("price", Decimal { precision: 12, scale: 2 }).unwrap();
    let refused = [
        ("count", Text),
        ("share", Float),
        ("price", Decimal { precision: 18, scale: 3 }),
        ("price", Decimal { precision: 9, scale: 2 }),
        ("none", Long),
    ];
    for (column, kind) in refused {
        let error = change.widen(column, kind).unwrap_err();
        assert!(error.to_string().contains(column), "{error}");
    }
    assert!(change.add("COUNT", Long).is_err(), "a name that differs by case only");
    let table = lake.make(change.prepare().unwrap()).await;
    let schema = table.metadata().current_schema();
    let kind = |name| schema.field_by_name(name).unwrap().field_type.to_string();
    assert_eq!(["count", "share", "price"].map(kind), ["long", "double", "decimal(12, 2)"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_change_is_no_commit_and_a_change_of_an_old_schema_is_a_conflict() {
    let folder = tempfile::tempdir().unwrap();
    let lake = Lake::new(folder.path()).await;
    let table = lake.load().await;
    assert!(SchemaChange::of(table.metadata()).prepare().unwrap().updates.is_empty());
    let change = |name: &str| {
        let mut change = SchemaChange::of(table.metadata());
        change.add(name, PrimitiveType::Long).unwrap();
        change.prepare().unwrap()
    };
    let (first, second) = (change("a"), change("b"));
    lake.make(first).await;
    let late = lake
        .catalog
        .commit_with(&lake.table, second.requirements, second.updates, |_| Ok(()))
        .await;
    assert_eq!(late.unwrap_err().kind(), headwater_primitives::ErrorKind::Conflict);
}
