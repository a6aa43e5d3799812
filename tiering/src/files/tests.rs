//! Files: written, read by key or as a whole, described, pruned, damaged.

use std::sync::Arc;

use futures_util::TryStreamExt;
use headwater_primitives::{ErrorKind, IdKind, RecordId, Sequence, Timestamp, jsonb};
use iceberg::spec::{DataContentType, Datum, Literal};
use object_store::ObjectStore;
use object_store::memory::InMemory;
use object_store::path::Path;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use uuid::Uuid;

use super::*;
use crate::rows::LakeRow;
use crate::schema::{Column, Inference, LakeSchema, day_of};

/// Small row groups and pages, so that a few hundred rows have several of each.
const SMALL: FileOptions = FileOptions {
    file_bytes: u64::MAX,
    row_group_rows: 100,
    row_group_bytes: 1 << 20,
    batch_rows: 32,
    batch_bytes: 1 << 20,
    page_rows: 20,
    zstd_level: 1,
};

struct Lake {
    store: Arc<dyn ObjectStore>,
    schema: Arc<LakeSchema>,
    footers: FooterCache,
    options: FileOptions,
}

impl Lake {
    fn new(schema: LakeSchema) -> Self {
        Lake {
            store: Arc::new(InMemory::new()),
            schema: Arc::new(schema),
            footers: FooterCache::new(1 << 20),
            options: SMALL,
        }
    }

    fn names(&self) -> FileNames {
        let folder = Path::from("lake/t");
        FileNames::new(folder, "memory:///lake/t", Sequence(0), Sequence(9), Uuid::from_u128(1))
    }

    fn writer(&self) -> FileWriter {
        let (store, schema) = (self.store.clone(), self.schema.clone());
        FileWriter::new(store, self.names(), schema, (0, 0), self.options).unwrap()
    }

    async fn write(&self, rows: &[LakeRow]) -> Vec<WrittenFile> {
        let mut writer = self.writer();
        for row in rows {
            writer.write(&row.key, row.version, row.written, &row.body).await.unwrap();
        }
        writer.finish().await.unwrap()
    }

    async fn open(&self, file: &WrittenFile) -> FileReader {
        let (store, schema) = (self.store.clone(), self.schema.clone());
        FileReader::open(store, file.place.clone(), file.bytes, schema, &self.footers)
            .await
            .unwrap()
    }

    async fn written(&self, rows: &[LakeRow]) -> FileReader {
        let files = self.write(rows).await;
        self.open(&files[0]).await
    }
}

fn schema() -> LakeSchema {
    let field = |name: &str, ty: &str| Column::field(name, ty.parse().unwrap()).unwrap();
    LakeSchema::builder(IdKind::Integer)
        .id_field("id")
        .column(field("n", "long"))
        .column(field("x", "double"))
        .column(field("s", "string"))
        .build()
        .unwrap()
}

fn row(id: i64, json: &str) -> LakeRow {
    LakeRow {
        key: RecordId::Integer(id),
        version: Sequence(1000 + id.unsigned_abs()),
        written: Timestamp(id),
        body: jsonb::from_json_str(json).unwrap().into(),
    }
}

/// Rows with the ids 0, 2, 4 and so on.
fn rows(count: i64) -> Vec<LakeRow> {
    let json =
        |id: i64| format!(r#"{{"id":{id},"n":{},"x":{}.5,"s":"row {id}"}}"#, id * 10, id % 7);
    (0..count).map(|n| row(n * 2, &json(n * 2))).collect()
}

async fn read_all(reader: &FileReader, scan: &Scan) -> Vec<(i64, LakeRow)> {
    let batches: Vec<ScanBatch> = reader.scan(scan).unwrap().try_collect().await.unwrap();
    let mut all = Vec::new();
    for batch in batches {
        let rows = reader.decoder().rows(&batch.rows).unwrap();
        for index in 0..rows.len() {
            all.push((batch.positions.value(index), rows.row(index).unwrap()));
        }
    }
    all
}

#[tokio::test]
async fn rows_come_back_in_order_with_their_positions_and_their_hash() {
    let lake = Lake::new(schema());
    let rows = rows(250);
    let files = lake.write(&rows).await;
    let [file] = &files[..] else { panic!("one file") };
    let reader = lake.open(file).await;
    let expected: Vec<_> = (0..).zip(rows.iter().cloned()).collect();
    assert_eq!(read_all(&reader, &Scan::default()).await, expected);
    assert_eq!(reader.content().await.unwrap(), (250, file.hash));
    assert_eq!((file.min_version, file.max_version), (Sequence(1000), Sequence(1498)));
    assert_eq!(reader.rows(), 250);
}

#[tokio::test]
async fn each_row_is_found_by_its_key_and_no_other() {
    let lake = Lake::new(schema());
    let rows = rows(250);
    let reader = lake.written(&rows).await;
    for row in &rows {
        assert_eq!(reader.get(&row.key, row.version).await.unwrap().as_ref(), Some(row));
    }
    for (id, version) in [(1, 1001), (10, 1011), (-2, 1002), (600, 1600), (199, 1199)] {
        assert_eq!(reader.get(&RecordId::Integer(id), Sequence(version)).await.unwrap(), None);
    }
    assert_eq!(reader.get(&"text".into(), Sequence(1000)).await.unwrap(), None);
}

#[tokio::test]
async fn text_ids_longer_than_statistics_keep_are_found() {
    let schema = LakeSchema::builder(IdKind::Text).id_field("id").build().unwrap();
    let lake = Lake::new(schema);
    let row = |n: i64| {
        let id = format!("{}{n:05}", "long ".repeat(30));
        let body = jsonb::to_vec(&serde_json::json!({"id": id})).unwrap().into();
        LakeRow { key: id.into(), version: Sequence(7), written: Timestamp(0), body }
    };
    let rows: Vec<LakeRow> = (0..250).map(row).collect();
    let reader = lake.written(&rows).await;
    for row in rows.iter().step_by(9) {
        assert_eq!(reader.get(&row.key, row.version).await.unwrap().as_ref(), Some(row));
    }
    let missing = row(250);
    assert_eq!(reader.get(&missing.key, missing.version).await.unwrap(), None);
}

#[tokio::test]
async fn deleted_rows_are_in_no_answer() {
    let lake = Lake::new(schema());
    let rows = rows(250);
    let deleted: Vec<u64> = vec![249, 0, 19, 20, 100, 101];
    let reader = lake.written(&rows).await.without(deleted.clone());
    let found = read_all(&reader, &Scan::default()).await;
    let expected: Vec<_> =
        (0..).zip(rows.clone()).filter(|(at, _)| !deleted.contains(&(*at as u64))).collect();
    assert_eq!(found, expected);
    for (at, row) in (0..).zip(&rows) {
        let found = reader.get(&row.key, row.version).await.unwrap();
        assert_eq!(found.is_none(), deleted.contains(&at), "{at}");
    }
    let wanted: Vec<_> = rows.iter().map(|row| (row.key.clone(), row.version)).collect();
    let positions = reader.positions(&wanted[18..22]).await.unwrap();
    assert_eq!(positions, [(0, 18), (3, 21)]);
    let all: Vec<u64> = (0..250).collect();
    assert!(read_all(&reader.without(all), &Scan::default()).await.is_empty());
}

#[tokio::test]
async fn files_roll_at_their_size_and_none_is_empty() {
    let mut lake = Lake::new(schema());
    lake.options.file_bytes = 2000;
    let rows = rows(1000);
    let files = lake.write(&rows).await;
    assert!(files.len() > 2);
    let mut all = Vec::new();
    for file in &files {
        let reader = lake.open(file).await;
        assert_eq!(reader.content().await.unwrap(), (file.rows, file.hash));
        all.extend(read_all(&reader, &Scan::default()).await.into_iter().map(|(_, row)| row));
    }
    assert_eq!(all, rows);
    assert!(lake.write(&[]).await.is_empty());
}

#[tokio::test]
async fn rows_out_of_place_are_refused() {
    let lake = Lake::new(schema());
    let mut writer = lake.writer();
    let [first, second] = [row(1, r#"{"id":1}"#), row(2, r#"{"id":2}"#)];
    let write = async |writer: &mut FileWriter, row: &LakeRow, version, written| {
        writer.write(&row.key, Sequence(version), written, &row.body).await
    };
    write(&mut writer, &second, 5, Timestamp(0)).await.unwrap();
    for (row, version, written) in [
        (&first, 9, Timestamp(0)),
        (&second, 5, Timestamp(0)),
        (&second, 9, Timestamp(86_400_000_000)),
        (&second, 9, Timestamp(-1)),
    ] {
        let error = write(&mut writer, row, version, written).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
    }
    write(&mut writer, &second, 6, Timestamp(0)).await.unwrap();
    assert_eq!(writer.finish().await.unwrap()[0].rows, 2);
}

#[tokio::test]
async fn a_file_is_described_as_its_footer_has_it() {
    let lake = Lake::new(schema());
    let mut some = rows(150);
    some[3] = row(6, r#"{"id":6,"n":"text","s":null}"#);
    let files = lake.write(&some).await;
    let file = &files[0];
    let data = &file.data_file;
    let ids = |name: &str| lake.schema.arrow().field_with_name(name).unwrap().clone();
    let id = |name: &str| ids(name).metadata()["PARQUET:field_id"].parse::<i32>().unwrap();
    assert_eq!(data.record_count(), 150);
    assert_eq!(data.file_size_in_bytes(), file.bytes);
    assert_eq!(data.file_path(), file.place.url);
    assert_eq!(data.partition().fields(), &[Some(Literal::date(0))]);
    assert_eq!(data.value_counts()[&id("n")], 150);
    assert_eq!(data.null_value_counts()[&id("n")], 1);
    assert_eq!(data.null_value_counts()[&id("_rest")], 149);
    assert_eq!(data.null_value_counts()[&id("_layout")], 149);
    assert_eq!(data.lower_bounds()[&id("id")], Datum::long(0i64));
    assert_eq!(data.upper_bounds()[&id("id")], Datum::long(298i64));
    assert_eq!(data.lower_bounds()[&id("x")], Datum::double(0.5));
    assert_eq!(data.upper_bounds()[&id("s")], Datum::string("row 98"));
    assert_eq!(data.lower_bounds()[&id("_written")], Datum::timestamptz_micros(0));
    assert!(!data.lower_bounds().contains_key(&id("_rest")));
    let offsets = data.split_offsets().unwrap();
    assert_eq!((offsets.len(), offsets[0]), (2, 4));
    let sum: u64 = data.column_sizes().values().sum();
    assert!(sum < file.bytes && sum > 0);
}

#[tokio::test]
async fn files_carry_field_ids_statistics_pages_and_a_bloom_filter() {
    let lake = Lake::new(schema());
    let files = lake.write(&rows(150)).await;
    let object = object_store::ObjectStoreExt::get(&*lake.store, &files[0].place.path).await;
    let bytes = object.unwrap().bytes().await.unwrap();
    let footer = ParquetRecordBatchReaderBuilder::try_new(bytes).unwrap();
    let metadata = footer.metadata();
    assert_eq!(metadata.num_row_groups(), 2);
    for group in metadata.row_groups() {
        assert!(group.column(0).bloom_filter_offset().is_some());
        for column in group.columns() {
            assert!(column.column_descr().self_type().get_basic_info().has_id());
            assert!(column.statistics().unwrap().null_count_opt().is_some());
            assert!(column.offset_index_offset().is_some());
        }
    }
    assert!(metadata.file_metadata().key_value_metadata().is_none());
}

#[tokio::test]
async fn a_damaged_or_missing_file_is_named() {
    let lake = Lake::new(schema());
    let files = lake.write(&rows(10)).await;
    let open = async |place: FilePlace, size: u64| {
        let (store, schema) = (lake.store.clone(), lake.schema.clone());
        FileReader::open(store, place, size, schema, &FooterCache::new(0)).await.unwrap_err()
    };
    let mut missing = files[0].place.clone();
    missing.path = Path::from("nowhere");
    assert_eq!(open(missing, 100).await.kind(), ErrorKind::NotFound);
    let error = open(files[0].place.clone(), files[0].bytes - 1).await;
    assert_eq!(error.kind(), ErrorKind::Corrupt);
    assert!(error.to_string().contains(&files[0].place.url), "{error}");
}

#[tokio::test]
async fn footers_stay_within_their_budget() {
    let mut lake = Lake::new(schema());
    let files = lake.write(&rows(10)).await;
    lake.open(&files[0]).await;
    let one = lake.footers.bytes();
    assert!(one > 0);
    lake.footers = FooterCache::new(one * 5 / 2);
    for _ in 0..5 {
        let mut place = files[0].place.clone();
        place.url.push_str(&Uuid::new_v4().to_string()[..1]);
        let (store, schema) = (lake.store.clone(), lake.schema.clone());
        FileReader::open(store, place, files[0].bytes, schema, &lake.footers).await.unwrap();
        assert!(lake.footers.bytes() <= one * 5 / 2);
    }
    assert!(lake.footers.bytes() > one);
}

#[tokio::test]
async fn position_deletes_come_back_by_file() {
    let lake = Lake::new(schema());
    let place = lake.names().next_deletes(0).unwrap();
    let options = FileOptions::default();
    let new =
        || PositionDeleteWriter::new(lake.store.clone(), place.clone(), (0, 0), &options).unwrap();
    assert!(new().finish().await.unwrap().is_none());
    let mut writer = new();
    for (url, position) in [("a", 3), ("a", 5), ("b", 1)] {
        writer.delete(url, position).await.unwrap();
    }
    for (url, position) in [("b", 1), ("a", 9)] {
        let error = writer.delete(url, position).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
    }
    let written = writer.finish().await.unwrap().unwrap();
    assert_eq!(written.data_file.content_type(), DataContentType::PositionDeletes);
    assert_eq!(written.data_file.record_count(), 3);
    assert_eq!(written.data_file.referenced_data_file(), None);
    let read = async |wanted: Option<&str>| {
        let (store, size) = (lake.store.clone(), written.bytes);
        read_position_deletes(store, &written.place, size, wanted).await.unwrap()
    };
    let all = [("a".to_owned(), vec![3, 5]), ("b".to_owned(), vec![1])];
    assert_eq!(read(None).await, all.into());
    assert_eq!(read(Some("b")).await, [("b".to_owned(), vec![1])].into());
}

#[tokio::test]
async fn a_file_of_an_older_schema_is_read_under_the_newer_one() {
    let mut lake = Lake::new(schema());
    let rows: Vec<_> = (1..100)
        .map(|id| row(id, &format!(r#"{{"id":{id},"new":[{id}],"n":{id},"x":null}}"#)))
        .collect();
    let files = lake.write(&rows).await;
    let mut inference = Inference::new(Some("id"));
    rows.iter().for_each(|row| inference.observe(&row.body).unwrap());
    lake.schema = Arc::new(inference.evolve(&lake.schema, 8).unwrap().schema);
    assert_eq!(lake.schema.columns().len(), 4);
    let reader = lake.open(&files[0]).await;
    assert_eq!(reader.content().await.unwrap(), (99, files[0].hash));
    assert_eq!(reader.get(&rows[7].key, rows[7].version).await.unwrap(), Some(rows[7].clone()));
}

#[test]
fn a_day_is_that_of_iceberg() {
    assert_eq!(day_of(Timestamp(86_399_999_999)), 0);
    assert_eq!(day_of(Timestamp(86_400_000_000)), 1);
}
