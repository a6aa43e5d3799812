//! Seeded generators: documents as applications have them, and arbitrary ones for property tests.

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde_json::{Map, Number, Value, json};

use crate::Rng;

/// An endless stream of orders with nested customers, addresses and lines: about 500 bytes of JSON
/// each, with an `id` that counts from `ord-0000000`. The seed fixes every byte.
///
/// ```
/// let first: Vec<_> = headwater_testkit::documents(1).take(2).collect();
/// assert_eq!(first, headwater_testkit::documents(1).take(2).collect::<Vec<_>>());
/// assert_eq!(first[1]["id"], "ord-0000001");
/// ```
pub fn documents(seed: u64) -> impl Iterator<Item = Value> {
    let mut rng = Rng::new(seed);
    (0_u64..).map(move |number| order(number, &mut rng))
}

const FIRST: [&str; 10] =
    ["Ana", "Bo", "Chloé", "Dmitri", "Elif", "Farah", "Goran", "Hana", "Ines", "Jürgen"];
const LAST: [&str; 10] = [
    "Okafor",
    "Lindqvist",
    "Moreau",
    "Petrov",
    "Yılmaz",
    "Haddad",
    "Novak",
    "Sato",
    "Costa",
    "Weiß",
];
const CITIES: [(&str, &str); 8] = [
    ("Lisboa", "PT"),
    ("Lyon", "FR"),
    ("Malmö", "SE"),
    ("Kraków", "PL"),
    ("Oulu", "FI"),
    ("Graz", "AT"),
    ("Leeds", "GB"),
    ("Osaka", "JP"),
];
const STREETS: [&str; 6] =
    ["Harbour Road", "Mill Lane", "Station Street", "Elm Row", "High Street", "Quay"];
const STATUS: [&str; 5] = ["new", "paid", "packed", "shipped", "returned"];
const TAGS: [&str; 6] = ["gift", "express", "wholesale", "first-order", "fragile", "pickup"];
const GOODS: [&str; 8] = [
    "kettle",
    "desk lamp",
    "notebook",
    "wool blanket",
    "tea pot",
    "bicycle bell",
    "chess set",
    "ruler",
];

fn order(number: u64, rng: &mut Rng) -> Value {
    let lines: Vec<Value> = (0..1 + rng.below(3)).map(|_| line(rng)).collect();
    let total: i64 = lines.iter().filter_map(|line| line["cents"].as_i64()).sum();
    let mut tags: Vec<&str> = (0..rng.below(3)).map(|_| *rng.pick(&TAGS)).collect();
    tags.dedup();
    let mut order = json!({
        "id": format!("ord-{number:07}"),
        "status": rng.pick(&STATUS),
        "placedAt": date(rng),
        "customer": customer(rng),
        "lines": lines,
        "totalCents": total,
        "discount": rng.below(30) as f64 / 100.0,
        "paid": rng.chance(70),
        "tags": tags,
    });
    if rng.chance(20) {
        order["note"] = json!("Please ring twice; the bell is quiet.");
    }
    if rng.chance(10) {
        order["shippedAt"] = Value::Null;
    }
    order
}

fn customer(rng: &mut Rng) -> Value {
    let (first, last) = (rng.pick(&FIRST), rng.pick(&LAST));
    let (city, country) = rng.pick(&CITIES);
    let id = rng.below(10_000);
    json!({
        "id": format!("cus-{id:05}"),
        "name": format!("{first} {last}"),
        "email": format!("customer{id}@example.com"),
        "address": {
            "street": format!("{} {}", 1 + rng.below(120), rng.pick(&STREETS)),
            "city": city,
            "country": country,
            "location": [rng.below(1800) as f64 / 10.0 - 90.0, rng.below(3600) as f64 / 10.0 - 180.0],
        },
    })
}

fn line(rng: &mut Rng) -> Value {
    let (quantity, cents) = (1 + rng.below(5), 199 + rng.below(9_000));
    json!({
        "sku": format!("sku-{:04}", rng.below(2_000)),
        "name": rng.pick(&GOODS),
        "quantity": quantity,
        "cents": quantity * cents,
    })
}

fn date(rng: &mut Rng) -> String {
    let (month, day) = (1 + rng.below(12), 1 + rng.below(28));
    let (hour, minute) = (rng.below(24), rng.below(60));
    format!("2025-{month:02}-{day:02}T{hour:02}:{minute:02}:00Z")
}

/// Any JSON value, up to four levels deep: all integers of 64 bits, all finite floats, text beyond
/// ASCII, empty arrays and objects. Numbers and keys repeat often enough to compare equal.
pub fn arb_value() -> impl Strategy<Value = Value> {
    arb_scalar().prop_recursive(3, 24, 5, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(Value::Array),
            btree_map(arb_key(), inner, 0..5).prop_map(object),
        ]
    })
}

/// Any JSON object, with an `"id"` of text in front of up to six other fields.
pub fn arb_document() -> impl Strategy<Value = Value> {
    (0_u32..1_000, btree_map(arb_key(), arb_value(), 0..6)).prop_map(|(id, mut fields)| {
        fields.insert("id".to_owned(), Value::String(format!("doc-{id}")));
        object(fields)
    })
}

/// Null, a boolean, a number or a text.
pub fn arb_scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        1 => Just(Value::Null),
        1 => any::<bool>().prop_map(Value::Bool),
        3 => (-3_i64..4).prop_map(Value::from),
        1 => any::<i64>().prop_map(Value::from),
        1 => any::<u64>().prop_map(Value::from),
        2 => (-6_i32..7).prop_map(|halves| float(f64::from(halves) / 2.0)),
        1 => proptest::num::f64::NORMAL.prop_map(float),
        3 => arb_text().prop_map(Value::String),
    ]
}

/// A field name from a small pool, so that random filters and random documents meet; now and then
/// an arbitrary one, with dots, quotes or nothing in it.
pub fn arb_key() -> impl Strategy<Value = String> {
    let pool = ["a", "b", "c", "name", "tags", "ä", "0"].map(str::to_owned).to_vec();
    prop_oneof![9 => proptest::sample::select(pool), 1 => arb_text()]
}

/// A short text: letters, escapes, quotes, combining marks and characters beyond 16 bits.
pub fn arb_text() -> impl Strategy<Value = String> {
    let some =
        ['a', 'b', 'B', 'z', ' ', '.', '$', '"', '\\', '\0', '\n', '\u{301}', 'ß', '语', '🦀'];
    let character = prop_oneof![8 => proptest::sample::select(some.to_vec()), 1 => any::<char>()];
    vec(character, 0..6).prop_map(String::from_iter)
}

fn float(value: f64) -> Value {
    Number::from_f64(value).map_or(Value::Null, Value::Number)
}

fn object(fields: std::collections::BTreeMap<String, Value>) -> Value {
    Value::Object(Map::from_iter(fields))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{arb_document, documents};

    proptest! {
        #[test]
        fn an_arbitrary_document_is_an_object_with_an_id(document in arb_document()) {
            prop_assert!(document.is_object() && document["id"].is_string());
        }
    }

    #[test]
    fn documents_take_about_500_bytes() {
        let bytes: usize = documents(3).take(1_000).map(|order| order.to_string().len()).sum();
        assert!((450..550).contains(&(bytes / 1_000)), "{}", bytes / 1_000);
    }
}
