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
use iceberg::io::FileIO;
use iceberg::scan::FileScanTask;
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

/// Iceberg 0.10 does not take the metadata.
const METADATA: Answer = Refused(ErrorKind::Corrupt, "TableMetadataEnum");

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
    // Iceberg's reader knows no defaults of times, nor any inside of a column.
    (
        "add_columns_with_defaults/default.db/add_columns_with_defaults",
        "00003-3f1801a5-7dfb-4072-b14a-39cd12f9279b",
        Refused(ErrorKind::Io, "target column type Time64"),
    ),
    (
        "add_columns_with_defaults_in_struct/default.db/add_columns_with_defaults_in_struct",
        "00003-21a957f9-c2ee-431a-9d18-bf257b561198",
        Refused(ErrorKind::Io, "number of arrays for StructArray"),
    ),
    ("big_query_error", "v1749025517", Refused(ErrorKind::Corrupt, "schema is required")),
    ("equality_delete_cross_partition/warehouse/ns/t", "vfinal", METADATA),
    ("equality_delete_extra_column/warehouse/ns/t", "vfinal", METADATA),
    ("equality_deletes/warehouse/mydb/mytable_partitioned", "v6", Rows(3)),
    ("hive_partitioned_table", "v4", Rows(6)),
    (
        "iceberg_v1_deprecated/default/legacy_v1",
        "v2",
        Refused(ErrorKind::Corrupt, "only manifest list is supported"),
    ),
    (
        "iceberg_v1_repro/repro/merch_v1",
        "00004-v3-upgraded-v1-null-counts",
        Refused(ErrorKind::Corrupt, "conversion with avro"),
    ),
    (
        "map_stats/default.db/map_stats",
        "00002-0e059d4b-e5e8-41af-a763-76cbf3a3d0bc",
        Refused(ErrorKind::InvalidInput, "outside of the lake"),
    ),
    ("name_mapping/warehouse_1/mydb/t1", "v7", Rows(10_000)),
    ("partition_bigint", "v2", Rows(2)),
    // Columns that are in the partition alone: the reader makes them of numbers, texts, dates and booleans.
    ("partition_binary", "v2", Refused(ErrorKind::Io, "target column type LargeBinary")),
    ("partition_bool", "v2", Rows(2)),
    ("partition_decimal_bigint", "v2", Rows(10)),
    ("partition_decimal_hugeint", "v2", Rows(15)),
    ("partition_decimal_integer", "v2", Rows(3)),
    ("partition_decimal_smallint", "v2", Rows(2)),
    ("partition_double", "v2", Rows(2)),
    (
        "partition_fixed_length_binary/default.db/partition_fixed_length_binary",
        "00001-b4b3d6d2-cac2-4480-952e-0e4b3b88b5d7",
        Refused(ErrorKind::Io, "target column type FixedSizeBinary"),
    ),
    ("partition_float", "v2", Rows(2)),
    ("partition_integer", "v2", Rows(2)),
    (
        "partition_time/default.db/partition_time",
        "00001-44546aa6-1ee5-48c5-9e3b-bc6c0bc0a60c",
        Refused(ErrorKind::Io, "target column type Time64"),
    ),
    (
        "partition_timestamp/default.db/partition_timestamp",
        "00001-0c9938a5-103e-4185-b46d-331368ae4db7",
        Refused(ErrorKind::Io, "declared as non-nullable"),
    ),
    (
        "partition_timestamptz/default.db/partition_timestamptz",
        "00001-ffeadb58-2a9e-46ba-8b4f-f363f05de68c",
        Refused(ErrorKind::Io, "declared as non-nullable"),
    ),
    ("timestamptz_ns", "v1", METADATA),
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
    ("lineitem_iceberg_gz_no_hint", "v2.gz", Rows(111_968)),
    ("lineitem_iceberg_no_hint", "v2", Rows(51_793)),
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
    let tasks = scan.build().map_err(from_iceberg)?.plan_files().await.map_err(from_iceberg)?;
    // Some files were written anew by another hand, and their manifests have the sizes of the old ones.
    let io = table.file_io().clone();
    let sized = tasks.and_then(move |task| sized(io.clone(), task));
    let read = table.reader_builder().build().read(Box::pin(sized)).map_err(from_iceberg)?;
    read.stream().try_collect().await.map_err(from_iceberg)
}

/// The task with the sizes that its files have.
async fn sized(io: FileIO, mut task: FileScanTask) -> iceberg::Result<FileScanTask> {
    let bytes = io.new_input(&task.data_file_path)?.metadata().await?.size;
    (task.file_size_in_bytes, task.length) = (bytes, bytes);
    for delete in &mut task.deletes {
        delete.file_size_in_bytes = io.new_input(&delete.file_path)?.metadata().await?.size;
    }
    Ok(task)
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
