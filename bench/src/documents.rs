//! Orders of a web shop, about 500 bytes each, the same ones for the same seed.

use serde::{Deserialize, Serialize};

use headwater_document::primitives::jsonb;

use crate::Outcome;

/// A purchase order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Order {
    pub(crate) id: u64,
    pub(crate) number: String,
    pub(crate) customer: Customer,
    pub(crate) placed_at: String,
    pub(crate) status: String,
    pub(crate) currency: String,
    pub(crate) lines: Vec<OrderLine>,
    pub(crate) total: f64,
    pub(crate) shipping: Address,
    pub(crate) gift: bool,
    pub(crate) delivery_note: String,
}

/// Who ordered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Customer {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) email: String,
}

/// What was ordered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct OrderLine {
    pub(crate) sku: String,
    pub(crate) title: String,
    pub(crate) quantity: u32,
    pub(crate) price: f64,
}

/// Where it goes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Address {
    pub(crate) street: String,
    pub(crate) postcode: String,
    pub(crate) city: String,
    pub(crate) country: String,
}

/// An order and the bytes that every system stores for it.
#[derive(Debug, Clone)]
pub(crate) struct Document {
    pub(crate) order: Order,
    pub(crate) bytes: Vec<u8>,
}

impl Document {
    /// The `id`-th document; needs no other one, so a stream of them needs no memory.
    pub(crate) fn nth(id: u64) -> Outcome<Self> {
        let order = order(id);
        let bytes = jsonb::to_vec(&order)?;
        Ok(Self { order, bytes })
    }

    /// The documents with these ids.
    pub(crate) fn range(ids: std::ops::Range<u64>) -> Outcome<Vec<Self>> {
        ids.map(Self::nth).collect()
    }
}

const SEED: u64 = 0x4865_6164_7761_7465;
const FIRST: [&str; 12] = [
    "Ada",
    "Björn",
    "Chiara",
    "Dmitri",
    "Emeka",
    "Fatima",
    "Grace",
    "Hiro",
    "Ines",
    "Jamal",
    "Katarína",
    "Lena",
];
const LAST: [&str; 12] = [
    "Almeida",
    "Berg",
    "Costa",
    "Dubois",
    "Eriksen",
    "Fischer",
    "Garcia",
    "Haddad",
    "Ito",
    "Jovanović",
    "Kowalska",
    "Lindqvist",
];
const PRODUCTS: [&str; 16] = [
    "Mechanical keyboard, tactile switches",
    "USB-C cable, braided, 2 m",
    "Cast iron skillet 26 cm",
    "Merino hiking socks, 3 pairs",
    "Pour-over coffee dripper, ceramic",
    "Trail running vest 8 l",
    "Noise cancelling headphones",
    "Linen duvet cover 140 x 200",
    "LED desk lamp, dimmable",
    "Stainless steel water bottle 750 ml",
    "Bamboo cutting board, large",
    "Wireless charger 15 W",
    "Wool blanket, herringbone",
    "Notebook A5, dotted, 192 pages",
    "Bicycle floor pump with gauge",
    "Rain jacket, three layers",
];
const STREETS: [&str; 8] = [
    "Rosenweg",
    "Rue des Lilas",
    "Harbour Road",
    "Via Garibaldi",
    "Kongens gate",
    "Calle Mayor",
    "Mill Lane",
    "Lange Straat",
];
const CITIES: [(&str, &str); 8] = [
    ("Hamburg", "DE"),
    ("Lyon", "FR"),
    ("Bristol", "GB"),
    ("Torino", "IT"),
    ("Bergen", "NO"),
    ("Zaragoza", "ES"),
    ("Graz", "AT"),
    ("Gent", "BE"),
];
const STATUSES: [&str; 5] = ["placed", "paid", "packed", "shipped", "delivered"];
const NOTES: [&str; 6] = [
    "Please leave it with the neighbours on the ground floor if nobody is at home.",
    "The bell does not work, so call when you are at the gate; the dog is friendly.",
    "Deliver between nine and noon, the office is closed in the afternoon on Fridays.",
    "Use the entrance in the yard, third staircase, and mind the low ceiling there.",
    "No signature needed; put it into the box beside the garage and close the lid.",
    "Fragile: it is a present, so no invoice in the parcel and no logo on it please.",
];
const CURRENCIES: [&str; 3] = ["EUR", "GBP", "NOK"];

fn order(id: u64) -> Order {
    let mut random = Random(SEED ^ id.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    let lines: Vec<OrderLine> = (0..2).map(|_| line(&mut random)).collect();
    let cents: f64 = lines.iter().map(|line| line.price * 100.0 * f64::from(line.quantity)).sum();
    let (first, last) = (random.pick(&FIRST), random.pick(&LAST));
    let (city, country) = random.pick(&CITIES);
    Order {
        id,
        number: format!("SO-2026-{id:08}"),
        customer: Customer {
            id: random.below(50_000),
            name: format!("{first} {last}"),
            email: format!("{first}.{last}{}@example.org", random.below(1000)).to_lowercase(),
        },
        placed_at: placed_at(&mut random),
        status: random.pick(&STATUSES).to_owned(),
        currency: random.pick(&CURRENCIES).to_owned(),
        lines,
        total: cents.round() / 100.0,
        shipping: Address {
            street: format!("{} {}", random.pick(&STREETS), random.below(180) + 1),
            postcode: format!("{:05}", random.below(100_000)),
            city: city.to_owned(),
            country: country.to_owned(),
        },
        gift: random.below(10) == 0,
        delivery_note: random.pick(&NOTES).to_owned(),
    }
}

fn line(random: &mut Random) -> OrderLine {
    let title = random.pick(&PRODUCTS);
    OrderLine {
        sku: format!("{}-{:05}", title[..3].to_uppercase(), random.below(100_000)),
        title: title.to_owned(),
        quantity: random.below(4) as u32 + 1,
        price: (random.below(20_000) + 100) as f64 / 100.0,
    }
}

fn placed_at(random: &mut Random) -> String {
    let (month, day) = (random.below(12) + 1, random.below(28) + 1);
    let (hour, minute, second) = (random.below(24), random.below(60), random.below(60));
    format!("2026-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// SplitMix64 (Steele, Lea and Flood, 2014): small, fast, and good enough for test data.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u64) as usize]
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_about_500_bytes_and_repeatable() -> Outcome<()> {
        let documents = Document::range(0..2000)?;
        let mean = documents.iter().map(|one| one.bytes.len()).sum::<usize>() / documents.len();
        assert!((470..=530).contains(&mean), "the mean is {mean} bytes");
        assert_eq!(Document::nth(1234)?.bytes, documents[1234].bytes);
        Ok(())
    }
}
