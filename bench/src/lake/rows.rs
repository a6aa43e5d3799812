//! The rows that move: orders of a shop, a few hundred bytes each, the same in every run.

use serde_json::{Value, json};

const CITIES: [&str; 12] = [
    "Amsterdam",
    "Bergen",
    "Catania",
    "Dundee",
    "Essen",
    "Faro",
    "Gdansk",
    "Haarlem",
    "Izmir",
    "Jena",
    "Kiel",
    "Lyon",
];
const WORDS: [&str; 16] = [
    "please", "leave", "it", "at", "the", "back", "door", "gift", "wrap", "call", "before",
    "fragile", "second", "floor", "no", "bell",
];

/// The order number `id`.
pub(super) fn order(id: u64) -> Value {
    let mut state = id.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5851_f42d_4c95_7f2d;
    let mut draw = |below: u64| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let note: Vec<&str> = (0..draw(12)).map(|_| WORDS[draw(16) as usize]).collect();
    json!({
        "id": id,
        "customer": format!("c-{:06}", draw(200_000)),
        "city": CITIES[draw(12) as usize],
        "day": format!("2026-{:02}-{:02}", 1 + draw(12), 1 + draw(28)),
        "price": draw(1_000_000) as f64 / 100.0,
        "quantity": 1 + draw(20),
        "paid": draw(10) > 0,
        "note": note.join(" "),
    })
}
