//! Iceberg's `Catalog` trait, method by method.

use std::collections::HashMap;

use iceberg::{Catalog, ErrorKind, NamespaceIdent, TableCreation, TableIdent};

use crate::support::{Found, creation};
use crate::support::{Lake, document, open, orders, scan};

fn names(parts: &[&str]) -> NamespaceIdent {
    NamespaceIdent::from_strs(parts).unwrap()
}

fn properties(pairs: &[(&str, &str)]) -> HashMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn namespaces_are_made_listed_changed_and_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let (_ns, catalog) = open(folder.path());
    for parts in [&["a"][..], &["a", "x"], &["a", "y"], &["a_", "z"], &["b"]] {
        catalog.create_namespace(&names(parts), HashMap::new()).await.unwrap();
    }
    let top = catalog.list_namespaces(None).await.unwrap();
    assert_eq!(top, [names(&["a"]), names(&["a_"]), names(&["b"])]);
    let below = catalog.list_namespaces(Some(&names(&["a"]))).await.unwrap();
    assert_eq!(below, [names(&["a", "x"]), names(&["a", "y"])]);

    let b = names(&["b"]);
    assert!(catalog.get_namespace(&b).await.unwrap().properties().is_empty());
    let wanted = properties(&[("owner", "ada"), ("tier", "cold")]);
    catalog.update_namespace(&b, wanted.clone()).await.unwrap();
    assert_eq!(catalog.get_namespace(&b).await.unwrap().properties(), &wanted);
    let fewer = properties(&[("owner", "bob")]);
    catalog.update_namespace(&b, fewer.clone()).await.unwrap();
    assert_eq!(catalog.get_namespace(&b).await.unwrap().properties(), &fewer);

    catalog.drop_namespace(&b).await.unwrap();
    assert!(!catalog.namespace_exists(&b).await.unwrap());
    assert!(catalog.namespace_exists(&names(&["a_"])).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn each_refusal_has_the_kind_that_engines_look_for() {
    let folder = tempfile::tempdir().unwrap();
    let lake = Lake::new(folder.path()).await;
    let catalog = &lake.catalog;
    let (none, no_table) = (names(&["none"]), TableIdent::new(document(), "none".to_owned()));
    let elsewhere = TableIdent::new(none.clone(), "orders".to_owned());
    let again = catalog.create_namespace(&document(), HashMap::new()).await.unwrap_err();
    assert_eq!(again.kind(), ErrorKind::NamespaceAlreadyExists);
    let refusals = [
        (catalog.get_namespace(&none).await.unwrap_err(), ErrorKind::NamespaceNotFound),
        (
            catalog.update_namespace(&none, HashMap::new()).await.unwrap_err(),
            ErrorKind::NamespaceNotFound,
        ),
        (catalog.drop_namespace(&none).await.unwrap_err(), ErrorKind::NamespaceNotFound),
        (catalog.drop_namespace(&document()).await.unwrap_err(), ErrorKind::PreconditionFailed),
        (catalog.list_namespaces(Some(&none)).await.unwrap_err(), ErrorKind::NamespaceNotFound),
        (catalog.list_tables(&none).await.unwrap_err(), ErrorKind::NamespaceNotFound),
        (
            catalog.create_table(&none, creation("orders")).await.unwrap_err(),
            ErrorKind::NamespaceNotFound,
        ),
        (
            catalog.create_table(&document(), creation("orders")).await.unwrap_err(),
            ErrorKind::TableAlreadyExists,
        ),
        (catalog.load_table(&no_table).await.unwrap_err(), ErrorKind::TableNotFound),
        (catalog.drop_table(&no_table).await.unwrap_err(), ErrorKind::TableNotFound),
        (catalog.purge_table(&no_table).await.unwrap_err(), ErrorKind::TableNotFound),
        (catalog.rename_table(&no_table, &orders()).await.unwrap_err(), ErrorKind::TableNotFound),
        (
            catalog.rename_table(&orders(), &elsewhere).await.unwrap_err(),
            ErrorKind::NamespaceNotFound,
        ),
        (catalog.namespace_exists(&names(&["a.b"])).await.unwrap_err(), ErrorKind::DataInvalid),
    ];
    for (at, (error, kind)) in refusals.into_iter().enumerate() {
        assert_eq!(error.kind(), kind, "refusal {at}: {error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_are_listed_renamed_and_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let lake = Lake::new(folder.path()).await;
    let catalog = &lake.catalog;
    let other = TableIdent::new(document(), "archive".to_owned());
    catalog.create_table(&document(), creation("archive")).await.unwrap();
    assert_eq!(catalog.list_tables(&document()).await.unwrap(), [other.clone(), orders()]);
    let taken = catalog.rename_table(&orders(), &other).await.unwrap_err();
    assert_eq!(taken.kind(), ErrorKind::TableAlreadyExists);

    let renamed = TableIdent::new(document(), "sales".to_owned());
    let before = catalog.load_table(&orders()).await.unwrap();
    catalog.rename_table(&orders(), &renamed).await.unwrap();
    let after = catalog.load_table(&renamed).await.unwrap();
    assert_eq!(before.metadata().uuid(), after.metadata().uuid());
    assert_eq!(after.identifier(), &renamed);
    assert!(!catalog.table_exists(&orders()).await.unwrap());

    catalog.drop_table(&renamed).await.unwrap();
    let file = after.metadata_location().unwrap();
    assert!(catalog.file_io().exists(file).await.unwrap(), "a drop leaves the files");
    let back = catalog.register_table(&orders(), file.to_owned()).await.unwrap();
    assert_eq!(back.metadata().uuid(), before.metadata().uuid());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_purge_takes_the_files_along() {
    let folder = tempfile::tempdir().unwrap();
    let lake = Lake::new(folder.path()).await;
    let file = lake.data(0..10, 0).await;
    let table = lake.commit(|new| new.add_data([file.clone()])).await;
    lake.catalog.purge_table(&orders()).await.unwrap();
    let io = lake.catalog.file_io();
    for gone in [file.file_path(), table.metadata_location().unwrap()] {
        assert!(!io.exists(gone).await.unwrap(), "{gone}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_goes_where_its_namespace_says_but_never_outside_of_the_lake() {
    let folder = tempfile::tempdir().unwrap();
    let (_ns, catalog) = open(folder.path());
    let root = catalog.lake().root().to_string();
    let inside = format!("{root}/elsewhere");
    catalog.create_namespace(&names(&["in"]), properties(&[("location", &inside)])).await.unwrap();
    let made = catalog.create_table(&names(&["in"]), creation("t")).await.unwrap();
    assert_eq!(made.metadata().location(), format!("{inside}/t"));
    let file = made.metadata_location().unwrap();
    assert!(file.starts_with(&format!("{inside}/t/metadata/00000-")), "{file}");

    let outside = TableCreation { location: Some("s3://other/t".to_owned()), ..creation("out") };
    let error = catalog.create_table(&names(&["in"]), outside).await.unwrap_err();
    assert!(error.to_string().contains("s3://other/t"), "{error}");
    assert_eq!(catalog.list_tables(&names(&["in"])).await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_is_there_after_the_namespace_was_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    let lake = Lake::new(folder.path()).await;
    let file = lake.data(0..100, 0).await;
    lake.commit(|new| new.add_data([file])).await;
    let Lake { ns, catalog, .. } = lake;
    drop(catalog);
    ns.close().unwrap();
    let (_ns, catalog) = open(folder.path());
    let table = catalog.load(&orders()).await.unwrap();
    assert_eq!(scan(&table, None).await, Found::of(0..100));
}
