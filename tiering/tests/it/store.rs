//! Tables and rows that the tests write.

use std::sync::Arc;

use headwater_primitives::{IdKind, RecordId, Sequence, Timestamp, jsonb};
use headwater_tiering::files::{FileNames, FileOptions, FileWriter, WrittenFile};
use headwater_tiering::schema::{Inference, LakeSchema};
use object_store::ObjectStore;
use object_store::path::Path;
use uuid::Uuid;

pub(crate) fn names() -> FileNames {
    let attempt = Uuid::from_u128(1);
    FileNames::new(Path::from("t"), "file:///t", Sequence(0), Sequence(9), attempt)
}

pub(crate) fn writer(store: Arc<dyn ObjectStore>, schema: Arc<LakeSchema>) -> FileWriter {
    FileWriter::new(store, names(), schema, (0, 0), FileOptions::default()).unwrap()
}

/// The schema that the first hundred documents give.
pub(crate) fn inferred(document: impl Fn(i64) -> Vec<u8>) -> Arc<LakeSchema> {
    let mut inference = Inference::new(Some("id"));
    (0..100).for_each(|id| inference.observe(&document(id)).unwrap());
    Arc::new(inference.schema(IdKind::Integer).unwrap())
}

pub(crate) async fn write(
    writer: &mut FileWriter,
    ids: std::ops::Range<i64>,
    document: impl Fn(i64) -> Vec<u8>,
) {
    for id in ids {
        let body = document(id);
        let version = Sequence(id.unsigned_abs());
        writer.write(&RecordId::Integer(id), version, Timestamp(id), &body).await.unwrap();
    }
}

pub(crate) async fn write_all(
    store: Arc<dyn ObjectStore>,
    schema: Arc<LakeSchema>,
    bodies: &[Vec<u8>],
) -> Vec<WrittenFile> {
    let mut writer = writer(store, schema);
    for (id, body) in (0i64..).zip(bodies) {
        let version = Sequence(id.unsigned_abs());
        writer.write(&RecordId::Integer(id), version, Timestamp(id), body).await.unwrap();
    }
    writer.finish().await.unwrap()
}

fn mix(id: i64, salt: u64) -> u64 {
    let mut z = id.cast_unsigned().wrapping_add(salt).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A row as a feed of earthquakes has it: many nulls, floats, short texts.
pub(crate) fn earthquake(id: i64) -> Vec<u8> {
    let n = |salt: u64, below: u64| mix(id, salt) % below;
    let mag = n(1, 80) as f64 / 10.0;
    let felt = (n(2, 10) == 0).then(|| n(3, 500));
    let places = ["Alaska", "CA", "Nevada", "Puerto Rico", "Hawaii", "Japan region"];
    let place = places[n(4, 6) as usize];
    jsonb::to_vec(&serde_json::json!({
        "id": id,
        "mag": mag,
        "place": format!("{} km {} of {place}", n(5, 200), ["N", "SSE", "W"][n(6, 3) as usize]),
        "time": 1_700_000_000_000u64 + n(7, 10_000_000_000),
        "updated": 1_700_000_000_000u64 + n(8, 10_000_000_000),
        "tz": null,
        "url": format!("https://earthquake.example/event/{:08x}", mix(id, 9) as u32),
        "felt": felt,
        "cdi": felt.map(|felt| felt as f64 / 100.0),
        "alert": null,
        "status": if n(10, 4) == 0 { "automatic" } else { "reviewed" },
        "tsunami": u8::from(n(11, 100) == 0),
        "sig": n(12, 1000),
        "net": (["ak", "ci", "nc", "us"][n(13, 4) as usize]),
        "code": format!("{:08x}", mix(id, 9) as u32),
        "nst": (n(14, 3) > 0).then(|| n(15, 100)),
        "dmin": (n(16, 3) > 0).then(|| n(17, 100_000) as f64 / 10_000.0),
        "rms": n(18, 150) as f64 / 100.0,
        "gap": (n(19, 3) > 0).then(|| n(20, 360)),
        "magType": (["ml", "md", "mb"][n(21, 3) as usize]),
        "type": "earthquake",
        "longitude": n(22, 3_600_000) as f64 / 10_000.0 - 180.0,
        "latitude": n(23, 1_800_000) as f64 / 10_000.0 - 90.0,
        "depth": n(24, 60_000) as f64 / 100.0,
    }))
    .unwrap()
}

/// A row of TPC-H's `lineitem`, with an id.
pub(crate) fn lineitem(id: i64) -> Vec<u8> {
    let n = |salt: u64, below: u64| mix(id, salt) % below;
    let date = |salt: u64| {
        format!("199{}-{:02}-{:02}", 2 + n(salt, 7), 1 + n(salt + 100, 12), 1 + n(salt + 200, 28))
    };
    let instructions = ["DELIVER IN PERSON", "COLLECT COD", "NONE", "TAKE BACK RETURN"];
    let modes = ["REG AIR", "AIR", "RAIL", "SHIP", "TRUCK", "MAIL", "FOB"];
    let words = ["quickly", "final", "deposits", "sleep", "furiously", "even", "requests", "above"];
    let comment: Vec<&str> = (0..2 + n(1, 5)).map(|w| words[n(30 + w, 8) as usize]).collect();
    jsonb::to_vec(&serde_json::json!({
        "id": id,
        "l_orderkey": id / 4 + 1,
        "l_partkey": 1 + n(2, 200_000),
        "l_suppkey": 1 + n(3, 10_000),
        "l_linenumber": id % 4 + 1,
        "l_quantity": (1 + n(4, 50)) as f64,
        "l_extendedprice": (90_000 + n(5, 10_000_000)) as f64 / 100.0,
        "l_discount": n(6, 11) as f64 / 100.0,
        "l_tax": n(7, 9) as f64 / 100.0,
        "l_returnflag": (["A", "N", "R"][n(8, 3) as usize]),
        "l_linestatus": (["O", "F"][n(9, 2) as usize]),
        "l_shipdate": date(10),
        "l_commitdate": date(11),
        "l_receiptdate": date(12),
        "l_shipinstruct": instructions[n(13, 4) as usize],
        "l_shipmode": modes[n(14, 7) as usize],
        "l_comment": comment.join(" "),
    }))
    .unwrap()
}
