//! A lake in a temporary folder, files of rows for it, and what a scan finds.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use arrow_array::TimestampMicrosecondArray;
use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type};
use arrow_array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
use futures_util::TryStreamExt;
use headwater_primitives::Namespace;
use headwater_tiering::{LakeRoot, LakeStorage, NewSnapshot, Prepared, SqliteCatalog};
use iceberg::arrow::schema_to_arrow_schema;
use iceberg::io::FileIO;
use iceberg::spec::{
    DataContentType, DataFile, Literal, NestedField, PrimitiveType, Schema, Struct, Transform,
    Type, UnboundPartitionSpec,
};
use iceberg::table::Table;
use iceberg::writer::file_writer::{FileWriter, FileWriterBuilder, ParquetWriterBuilder};
use iceberg::{Catalog, NamespaceIdent, Runtime, TableCreation, TableIdent};
use object_store::local::LocalFileSystem;
use parquet::file::properties::WriterProperties;

/// 2026-01-01T00:00:00Z, in microseconds and in days since the epoch.
pub(crate) const NEW_YEAR: i64 = 1_767_225_600_000_000;
pub(crate) const NEW_YEAR_DAY: i32 = 20_454;
const DAY_MICROS: i64 = 86_400_000_000;

/// A namespace with a lake, and one table `document.orders` in it.
pub(crate) struct Lake {
    pub(crate) ns: Namespace,
    pub(crate) catalog: SqliteCatalog,
    pub(crate) table: TableIdent,
}

pub(crate) fn document() -> NamespaceIdent {
    NamespaceIdent::new("document".to_owned())
}

pub(crate) fn orders() -> TableIdent {
    TableIdent::new(document(), "orders".to_owned())
}

/// The catalog of the namespace in `folder`, whose lake is `folder/lake`.
pub(crate) fn open(folder: &Path) -> (Namespace, SqliteCatalog) {
    let ns = Namespace::open(folder).unwrap();
    let lake = storage(&folder.join("lake"));
    let catalog = SqliteCatalog::open(&ns, lake, Runtime::current()).unwrap();
    (ns, catalog)
}

pub(crate) fn storage(folder: &Path) -> LakeStorage {
    std::fs::create_dir_all(folder).unwrap();
    let store = LocalFileSystem::new_with_prefix(folder).unwrap();
    LakeStorage::new(LakeRoot::of_folder(folder).unwrap(), Arc::new(store))
}

impl Lake {
    pub(crate) async fn new(folder: &Path) -> Lake {
        let (ns, catalog) = open(folder);
        catalog.create_namespace(&document(), HashMap::new()).await.unwrap();
        catalog.create_table(&document(), creation("orders")).await.unwrap();
        Lake { ns, catalog, table: orders() }
    }

    pub(crate) async fn load(&self) -> Table {
        self.catalog.load(&self.table).await.unwrap()
    }

    /// Commits the snapshot that `fill` makes of an empty one.
    pub(crate) async fn commit(&self, fill: impl FnOnce(NewSnapshot) -> NewSnapshot) -> Table {
        let table = self.load().await;
        let prepared = fill(self.catalog.new_snapshot(&table)).write().await.unwrap();
        self.make(prepared).await
    }

    pub(crate) async fn make(&self, prepared: Prepared) -> Table {
        let Prepared { requirements, updates, .. } = prepared;
        self.catalog.commit_with(&self.table, requirements, updates, |_| Ok(())).await.unwrap()
    }

    /// A data file of the rows `ids` of one day, written but not committed.
    pub(crate) async fn data(&self, ids: std::ops::Range<i64>, day: i32) -> DataFile {
        let table = self.load().await;
        write_rows(&table, ids, day).await
    }

    /// A file of position deletes for `data`, written but not committed.
    pub(crate) async fn deletes(&self, data: &DataFile, positions: &[i64]) -> DataFile {
        let table = self.load().await;
        write_deletes(&table, data, positions).await
    }
}

pub(crate) fn creation(name: &str) -> TableCreation {
    let spec = UnboundPartitionSpec::builder()
        .add_partition_field(4, "_written_day", Transform::Day)
        .unwrap()
        .build();
    TableCreation::builder().name(name.to_owned()).schema(schema()).partition_spec(spec).build()
}

pub(crate) fn schema() -> Schema {
    let optional = |id, name, kind| NestedField::optional(id, name, Type::Primitive(kind));
    let required = |id, name, kind| NestedField::required(id, name, Type::Primitive(kind));
    Schema::builder()
        .with_fields(vec![
            required(1, "id", PrimitiveType::Long).into(),
            optional(2, "amount", PrimitiveType::Double).into(),
            optional(3, "name", PrimitiveType::String).into(),
            required(4, "_written", PrimitiveType::Timestamptz).into(),
        ])
        .build()
        .unwrap()
}

pub(crate) async fn write_rows(table: &Table, ids: std::ops::Range<i64>, day: i32) -> DataFile {
    let ids: Vec<i64> = ids.collect();
    let schema = table.metadata().current_schema().clone();
    let arrow = Arc::new(schema_to_arrow_schema(&schema).unwrap());
    let columns = arrow.fields().iter().map(|field| column(field.name(), &ids, day));
    let batch = RecordBatch::try_new(arrow.clone(), columns.collect()).unwrap();
    let partition = Struct::from_iter([Some(Literal::int(NEW_YEAR_DAY + day))]);
    let location = format!(
        "{}/data/_written_day={day}/{}.parquet",
        table.metadata().location(),
        uuid::Uuid::new_v4()
    );
    write_file(table.file_io(), schema, &batch, &location, DataContentType::Data, partition).await
}

/// Row `id` has the amount `id / 2` and the name `row-id`; columns that came later are the id.
fn column(name: &str, ids: &[i64], day: i32) -> ArrayRef {
    match name {
        "amount" => Arc::new(Float64Array::from_iter_values(ids.iter().map(|id| *id as f64 / 2.0))),
        "name" => Arc::new(StringArray::from_iter_values(ids.iter().map(|id| format!("row-{id}")))),
        "_written" => {
            let at = NEW_YEAR + i64::from(day) * DAY_MICROS;
            let times = TimestampMicrosecondArray::from_iter_values(ids.iter().map(|id| at + id));
            Arc::new(times.with_timezone("+00:00"))
        }
        _ => Arc::new(Int64Array::from(ids.to_vec())),
    }
}

pub(crate) async fn write_deletes(table: &Table, data: &DataFile, positions: &[i64]) -> DataFile {
    let required = |id, name, kind| NestedField::required(id, name, Type::Primitive(kind));
    let schema = Schema::builder()
        .with_fields(vec![
            required(2_147_483_546, "file_path", PrimitiveType::String).into(),
            required(2_147_483_545, "pos", PrimitiveType::Long).into(),
        ])
        .build()
        .unwrap();
    let arrow = Arc::new(schema_to_arrow_schema(&schema).unwrap());
    let paths = StringArray::from_iter_values(positions.iter().map(|_| data.file_path()));
    let positions = Int64Array::from(positions.to_vec());
    let batch = RecordBatch::try_new(arrow, vec![Arc::new(paths), Arc::new(positions)]).unwrap();
    let location =
        format!("{}/data/{}-deletes.parquet", table.metadata().location(), uuid::Uuid::new_v4());
    let (io, partition) = (table.file_io(), data.partition().clone());
    let content = DataContentType::PositionDeletes;
    write_file(io, Arc::new(schema), &batch, &location, content, partition).await
}

async fn write_file(
    io: &FileIO,
    schema: Arc<Schema>,
    batch: &RecordBatch,
    location: &str,
    content: DataContentType,
    partition: Struct,
) -> DataFile {
    let builder = ParquetWriterBuilder::new(WriterProperties::default(), schema);
    let mut writer = builder.build(io.new_output(location).unwrap()).await.unwrap();
    writer.write(batch).await.unwrap();
    let mut files = writer.close().await.unwrap();
    files.pop().unwrap().content(content).partition(partition).build().unwrap()
}

/// What a scan of a table or one of its snapshots finds.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Found {
    pub(crate) ids: Vec<i64>,
    pub(crate) amount: f64,
}

impl Found {
    pub(crate) fn of(ids: impl IntoIterator<Item = i64>) -> Found {
        let mut ids: Vec<i64> = ids.into_iter().collect();
        ids.sort_unstable();
        Found { amount: ids.iter().map(|id| *id as f64 / 2.0).sum(), ids }
    }
}

/// The rows of `table` at a snapshot, or now.
pub(crate) async fn scan(table: &Table, snapshot: Option<i64>) -> Found {
    let mut scan = table.scan().select(["id", "amount"]);
    if let Some(id) = snapshot {
        scan = scan.snapshot_id(id);
    }
    let batches = scan.build().unwrap().to_arrow().await.unwrap();
    let batches: Vec<RecordBatch> = batches.try_collect().await.unwrap();
    let mut found = Found::default();
    for batch in &batches {
        found.ids.extend(batch.column(0).as_primitive::<Int64Type>().values());
        found.amount += batch.column(1).as_primitive::<Float64Type>().values().iter().sum::<f64>();
    }
    found.ids.sort_unstable();
    found
}
