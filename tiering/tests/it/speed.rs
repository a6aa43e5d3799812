//! How fast rows become files, for whoever asks: `--ignored`, in a release build.

use std::sync::Arc;
use std::time::Instant;

use headwater_primitives::{RecordId, Sequence};
use headwater_tiering::files::{FileReader, FooterCache};
use headwater_tiering::rows::RowEncoder;
use headwater_tiering::schema::LakeSchema;
use object_store::local::LocalFileSystem;

use crate::store;

/// Rows of each sort; `ROWS` and `LAKE` (a folder that is kept) may say otherwise.
fn count() -> i64 {
    std::env::var("ROWS").ok().and_then(|rows| rows.parse().ok()).unwrap_or(200_000)
}

fn encode(schema: &Arc<LakeSchema>, bodies: &[Vec<u8>]) -> f64 {
    let start = Instant::now();
    let mut encoder = RowEncoder::new(schema.clone()).unwrap();
    for (id, body) in (0i64..).zip(bodies) {
        let time = headwater_primitives::Timestamp(id);
        encoder.push(&RecordId::Integer(id), Sequence(id as u64), time, body).unwrap();
        if encoder.rows() == 8192 {
            encoder.finish().unwrap();
        }
    }
    start.elapsed().as_secs_f64()
}

async fn measure(name: &str, document: impl Fn(i64) -> Vec<u8>) {
    let kept = std::env::var("LAKE").ok();
    let folder = tempfile::tempdir().unwrap();
    let root = kept.map_or_else(|| folder.path().to_owned(), Into::into).join(name);
    std::fs::create_dir_all(&root).unwrap();
    let lake: Arc<LocalFileSystem> = Arc::new(LocalFileSystem::new_with_prefix(&root).unwrap());
    let count = count();
    let bodies: Vec<Vec<u8>> = (0..count).map(&document).collect();
    let schema = store::inferred(document);
    let rate = |seconds: f64| count as f64 / seconds / 1e3;

    println!("{name}: encode {:.0} k rows/s", rate(encode(&schema, &bodies)));
    let start = Instant::now();
    let files = store::write_all(lake.clone(), schema.clone(), &bodies).await;
    let seconds = start.elapsed().as_secs_f64();
    let bytes: u64 = files.iter().map(|file| file.bytes).sum();
    let json: usize = bodies.iter().map(Vec::len).sum();
    println!(
        "{name}: write {:.0} k rows/s, {:.1} bytes a row ({:.1} in JSONB), {} files",
        rate(seconds),
        bytes as f64 / count as f64,
        json as f64 / count as f64,
        files.len()
    );

    let footers = FooterCache::new(64 << 20);
    let mut gets = Vec::new();
    let mut scanned = 0;
    let start = Instant::now();
    for file in &files {
        let open = FileReader::open(
            lake.clone(),
            file.place.clone(),
            file.bytes,
            schema.clone(),
            &footers,
        );
        let reader = open.await.unwrap();
        let (rows, hash) = reader.content().await.unwrap();
        assert_eq!((rows, hash), (file.rows, file.hash));
        scanned += rows;
    }
    println!("{name}: read back {:.0} k rows/s", rate(start.elapsed().as_secs_f64()));
    assert_eq!(scanned as i64, count);
    for id in (0..count).step_by((count / 50).max(1) as usize) {
        for file in &files {
            let version = Sequence(id as u64);
            if !(file.min_version..=file.max_version).contains(&version) {
                continue;
            }
            let start = Instant::now();
            let (place, size) = (file.place.clone(), file.bytes);
            let reader = FileReader::open(lake.clone(), place, size, schema.clone(), &footers);
            let found = reader.await.unwrap().get(&RecordId::Integer(id), version).await.unwrap();
            gets.push(start.elapsed());
            assert_eq!(found.unwrap().body, bodies[id as usize]);
        }
    }
    gets.sort_unstable();
    println!("{name}: get median {:?}, max {:?}", gets[gets.len() / 2], gets[gets.len() - 1]);
    let nothing = FooterCache::new(0);
    let start = Instant::now();
    let (place, size) = (files[0].place.clone(), files[0].bytes);
    FileReader::open(lake.clone(), place, size, schema.clone(), &nothing).await.unwrap();
    println!("{name}: open without its footer {:?}", start.elapsed());
}

#[tokio::test]
#[ignore = "a measurement"]
async fn how_fast_rows_become_files() {
    measure("earthquakes", store::earthquake).await;
    measure("lineitem", store::lineitem).await;
}
