//! Tables that other engines wrote: the reference answers, or a refusal that names the feature.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, Decimal128Type};
use futures_util::TryStreamExt;
use headwater_primitives::{Error, ErrorKind, Namespace, Result};
use headwater_testkit::dataset;
use headwater_tiering::{FileSet, LakeRoot, LakeStorage, SqliteCatalog, from_iceberg};
use iceberg::table::Table;
use iceberg::{Catalog, Runtime, TableIdent};
use object_store::local::LocalFileSystem;

use crate::support::document;

/// What a table is expected to give.
enum Answer {
    Rows(usize),
    /// The kind of the refusal, and a word in it.
    Refused(ErrorKind, &'static str),
}

use Answer::{Refused, Rows};

/// Below the folder that the tables' relative locations start from: the table, its metadata file and the
/// answer of the engine that wrote it.
const PERSISTENT: &[(&str, &str, Answer)] = &[
    (
        "case_sensitive_names/default.db/case_sensitive_names",
        "00001-a7a3a44c-4aac-4619-bebd-11be37b27351",
        Rows(3),
    ),
    // Iceberg's reader cannot fill a column of maps that an older file lacks.
    (
        "column_mapping/warehouse/default.db/my_table",
        "00001-75643dae-a7a7-46ae-ab30-ea80d3793f3f",
        Refused(ErrorKind::Io, "column type Map"),
    ),
    ("custom_write_paths", "00000-acdf842e-3a9d-4b9b-ad87-daf785831925", Rows(0)),
    ("equality_deletes/warehouse/mydb/mytable", "v7", Rows(2)),
    ("expression_filter", "00001-19739cda-f528-4429-84cc-377ffdd24c75", Rows(3)),
    ("is_null_is_not_null", "00001-43ceeb9a-cd0d-4556-b1e2-513b5bf88ff8", Rows(8)),
    ("null_stats/default/test_nulls", "00003-9d6a621e-8a72-4190-a880-f6ca02e32b86", Rows(9)),
    // Its manifests have the sizes of other files than those that are there.
    ("partition_bool", "v2", Refused(ErrorKind::Io, "Failed to load Parquet metadata")),
    ("uuid", "00001-43fda1f4-1c96-4376-ad16-91beb71d0759", Rows(10)),
    (
        "legacy_bare_deletion_vector/warehouse/default/legacy_bare_deletion_vector",
        "00002-legacy-bare-dv",
        Refused(ErrorKind::Unsupported, "deletion vectors"),
    ),
    ("generated_bounds", "v1", Refused(ErrorKind::InvalidInput, "fake-bucket")),
];

/// The same for tables whose locations start one folder further down.
const LINEITEM: &[(&str, &str, Answer)] = &[
    ("lineitem_iceberg", "v1", Rows(60_175)),
    ("lineitem_iceberg", "v2", Rows(51_793)),
    ("lineitem_iceberg_gz", "v2.gz", Rows(111_968)),
];

/// The catalog of a new namespace over the files below `folder`, whose tables have relative locations.
async fn catalog(folder: &Path) -> SqliteCatalog {
    let ns = Namespace::in_memory().unwrap();
    let root = LakeRoot::of_folder(folder).unwrap().taking_relative();
    let store = LocalFileSystem::new_with_prefix(folder).unwrap();
    let lake = LakeStorage::new(root, Arc::new(store));
    let catalog = SqliteCatalog::open(&ns, lake, Runtime::current()).unwrap();
    catalog.create_namespace(&document(), HashMap::new()).await.unwrap();
    catalog
}

async fn register(catalog: &SqliteCatalog, name: &str, file: &str) -> Result<Table> {
    let name = TableIdent::new(document(), name.to_owned());
    let file = format!("{}/{file}.metadata.json", catalog.lake().root());
    catalog.register_table(&name, file).await.map_err(from_iceberg)
}

async fn read(table: &Table, columns: Option<&[&str]>) -> Result<Vec<RecordBatch>> {
    FileSet::load(table, None).await?.check_readable()?;
    let scan = match columns {
        Some(columns) => table.scan().select(columns),
        None => table.scan(),
    };
    let batches = scan.build().map_err(from_iceberg)?.to_arrow().await.map_err(from_iceberg)?;
    batches.try_collect().await.map_err(from_iceberg)
}

async fn check(catalog: &SqliteCatalog, prefix: &str, tables: &[(&str, &str, Answer)]) {
    let mut wrong = Vec::new();
    for (at, (name, file, answer)) in tables.iter().enumerate() {
        let file = format!("{prefix}{name}/metadata/{file}");
        let found = async {
            let table = register(catalog, &format!("t{at}"), &file).await?;
            let batches = read(&table, None).await?;
            Ok::<_, Error>(batches.iter().map(RecordBatch::num_rows).sum::<usize>())
        };
        match (found.await, answer) {
            (Ok(found), Rows(expected)) if found == *expected => {}
            (Err(error), Refused(kind, word))
                if error.kind() == *kind && error.to_string().contains(word) => {}
            (found, _) => wrong.push(format!("{file}: {found:?}")),
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_of_other_engines_give_their_answers_or_say_what_is_missing() {
    let Some(folder) = dataset("iceberg-reference") else { return };
    check(&catalog(&folder).await, "data/persistent/", PERSISTENT).await;
    check(&catalog(&folder.join("data/persistent/iceberg")).await, "", LINEITEM).await;
}

/// TPC-H's query 6, whose answer on this table is known: 1077536.9101.
#[tokio::test(flavor = "multi_thread")]
async fn query_6_over_the_reference_table_gives_the_known_revenue() {
    let Some(folder) = dataset("iceberg-reference") else { return };
    let catalog = catalog(&folder.join("data/persistent/iceberg")).await;
    let file = "lineitem_iceberg/metadata/v2";
    let table = register(&catalog, "lineitem", file).await.unwrap();
    // In the schema's order: iceberg 0.10 puts values under the wrong names in any other.
    let columns = ["l_quantity", "l_extendedprice", "l_discount", "l_shipdate"];
    let year_1994 = 8766..9131;
    let mut revenue = 0;
    for batch in read(&table, Some(&columns)).await.unwrap() {
        let column = |name: &str| batch.column_by_name(name).unwrap();
        let decimal = |name: &str| column(name).as_primitive::<Decimal128Type>().values();
        let (price, discount) = (decimal("l_extendedprice"), decimal("l_discount"));
        let quantity = decimal("l_quantity");
        let shipped = column("l_shipdate").as_primitive::<Date32Type>().values();
        for row in 0..batch.num_rows() {
            let wanted = year_1994.contains(&shipped[row])
                && (5..=7).contains(&discount[row])
                && quantity[row] < 2400;
            revenue += if wanted { price[row] * discount[row] } else { 0 };
        }
    }
    assert_eq!(revenue, 10_775_369_101);
}
