//! Whether a value is spelled as this crate spells it, so that JSON text gives the same bytes again.

use std::collections::HashSet;

use super::View;
use super::element::{self, MAX_DEPTH, tag};
use super::number::{self, Number};
use super::string;

/// Whether [`from_json_str`](super::from_json_str) of [`to_json`](super::to_json) of these bytes
/// gives exactly these bytes.
///
/// This holds for what this module encodes, except for values that nest 128 levels deep, for field
/// names that a map wrote twice, and for a few `f32` whose shortest digits are written in another
/// way than those of the same `f64`. It does not hold for damaged bytes, nor for what SQLite's own
/// functions spell otherwise, such as escaped text or `1.50`. One walk, without allocation unless an
/// object has more than 64 fields.
///
/// ```
/// use headwater_primitives::jsonb;
///
/// assert!(jsonb::is_canonical(&jsonb::from_json_str(r#"{"a":[1.5,"\n"]}"#)?));
/// assert!(!jsonb::is_canonical(b"\x451.50"));
/// # Ok::<(), headwater_primitives::Error>(())
/// ```
pub fn is_canonical(bytes: &[u8]) -> bool {
    match element::split(bytes) {
        Ok((view, rest)) => rest.is_empty() && is_canonical_view(view, MAX_DEPTH - 1),
        Err(_) => false,
    }
}

/// As [`is_canonical`], for an object of whose names the caller knows some.
///
/// `knows` is asked of the names in their order, each as the whole element that it is. It says yes only
/// to those that are canonical and did not come before; such names cost no more than the question. The
/// first one that it does not know has the whole object looked at.
pub fn is_canonical_object(bytes: &[u8], mut knows: impl FnMut(&[u8]) -> bool) -> bool {
    let Ok((object, [])) = element::split(bytes) else { return false };
    if object.tag() != tag::OBJECT || !has_shortest_header(object) {
        return false;
    }
    let mut rest = object.payload();
    while !rest.is_empty() {
        let Ok((name, after)) = element::split(rest) else { return false };
        if !knows(name.bytes()) {
            return is_canonical(bytes);
        }
        match element::split(after) {
            Ok((value, after)) if is_canonical_view(value, MAX_DEPTH - 2) => rest = after,
            _ => return false,
        }
    }
    true
}

fn is_canonical_view(view: View<'_>, levels: u8) -> bool {
    let payload = view.payload();
    has_shortest_header(view)
        && match view.tag() {
            tag::NULL | tag::TRUE | tag::FALSE => payload.is_empty(),
            tag::INT => is_canonical_integer(payload),
            tag::FLOAT => is_canonical_float(payload),
            tag::TEXT => !string::needs_escape(payload) && string::utf8(payload).is_some(),
            tag::TEXTRAW => string::needs_escape(payload) && string::utf8(payload).is_some(),
            tag::ARRAY => levels > 0 && are_canonical_elements(payload, levels - 1),
            tag::OBJECT => levels > 0 && are_canonical_fields(payload, levels - 1),
            _ => false,
        }
}

fn has_shortest_header(view: View<'_>) -> bool {
    let size = view.payload().len();
    let header = view.bytes().len() - size;
    match size {
        0..=11 => header == 1,
        12..=0xff => header == 2,
        0x100..=0xffff => header == 3,
        _ => header == 5 || (header == 9 && u32::try_from(size).is_err()),
    }
}

fn is_canonical_integer(payload: &[u8]) -> bool {
    match number::parse(tag::INT, payload) {
        Some(Number::Int(value)) => value != 0 || payload == b"0",
        Some(Number::Unsigned(_)) => true,
        _ => false,
    }
}

fn is_canonical_float(payload: &[u8]) -> bool {
    is_short_decimal(payload)
        || match number::parse(tag::FLOAT, payload) {
            Some(Number::Float(value)) if value.is_finite() => {
                zmij::Buffer::new().format_finite(value).as_bytes() == payload
            }
            _ => false,
        }
}

/// Plain digits around a point, with at most 15 digits in all and no superfluous zero: no two such
/// numbers are the same `f64`, so that these digits are the shortest of theirs.
fn is_short_decimal(payload: &[u8]) -> bool {
    let unsigned = payload.strip_prefix(b"-").unwrap_or(payload);
    if unsigned.len() > 16 {
        return false;
    }
    let Some(point) = unsigned.iter().position(|byte| *byte == b'.') else {
        return false;
    };
    let (whole, fraction) = (&unsigned[..point], &unsigned[point + 1..]);
    let all_digits = whole.iter().chain(fraction).all(u8::is_ascii_digit);
    // Below 0.1 the spelling may turn to an exponent.
    let has_plain_spelling = match whole {
        [] => false,
        [b'0'] => fraction == b"0" || fraction.first().is_some_and(|first| *first != b'0'),
        [first, ..] => *first != b'0',
    };
    let has_no_superfluous_zero = fraction == b"0" || fraction.last().is_some_and(|l| *l != b'0');
    all_digits && has_plain_spelling && has_no_superfluous_zero
}

fn are_canonical_elements(mut rest: &[u8], levels: u8) -> bool {
    while !rest.is_empty() {
        match element::split(rest) {
            Ok((view, after)) if is_canonical_view(view, levels) => rest = after,
            _ => return false,
        }
    }
    true
}

fn are_canonical_fields(fields: &[u8], levels: u8) -> bool {
    let mut names = Names::new(fields);
    let mut rest = fields;
    while !rest.is_empty() {
        let Ok((name, after)) = element::split(rest) else { return false };
        let Ok((value, after)) = element::split(after) else { return false };
        let is_text = matches!(name.tag(), tag::TEXT | tag::TEXTRAW);
        if !is_text
            || !is_canonical_view(name, levels)
            || names.occurred(name.payload())
            || !is_canonical_view(value, levels)
        {
            return false;
        }
        rest = after;
    }
    true
}

/// The names of an object that were met so far.
struct Names<'a> {
    fields: &'a [u8],
    count: usize,
    /// Which of 256 classes of names occurred.
    classes: [u64; 4],
    /// Every name, once there are many.
    many: HashSet<&'a [u8]>,
}

impl<'a> Names<'a> {
    const FEW: usize = 64;

    fn new(fields: &'a [u8]) -> Self {
        Names { fields, count: 0, classes: [0; 4], many: HashSet::new() }
    }

    /// Notes a name; whether it was noted before.
    fn occurred(&mut self, name: &'a [u8]) -> bool {
        let before = self.count;
        self.count += 1;
        if before >= Self::FEW {
            if self.many.is_empty() {
                self.many = self.noted(before).collect();
            }
            return !self.many.insert(name);
        }
        let class = class_of(name);
        let (word, bit) = (usize::from(class >> 6), 1 << (class & 63));
        let is_new = self.classes[word] & bit == 0;
        self.classes[word] |= bit;
        !is_new && self.noted(before).any(|noted| noted == name)
    }

    fn noted(&self, count: usize) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let mut rest = self.fields;
        std::iter::from_fn(move || {
            let (name, after) = element::split(rest).ok()?;
            let (_, after) = element::split(after).ok()?;
            rest = after;
            Some(name.payload())
        })
        .take(count)
    }
}

fn class_of(name: &[u8]) -> u8 {
    let hash = name
        .iter()
        .take(16)
        .fold(name.len() as u32, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193));
    (hash >> 24) as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jsonb::{from_json_str, properties, to_json, to_vec};
    use proptest::prelude::*;

    #[test]
    fn a_spelling_that_json_text_does_not_keep_is_not_canonical() {
        for bytes in [
            &b"\x23-0"[..],
            b"\x451.50",
            b"\x251.",
            b"\x651.5e10",
            b"\x551e999",
            b"\x641.50",
            b"\x540x1f",
            b"\x28\\n",
            b"\x1a\x61",
            b"\x17\"",
            b"\xc7\x01a",
            b"\xc3\x011",
            b"\x8c\x17a\x131\x17a\x131",
            b"\x2c\x131\x00",
            b"\x131\x00",
            b"",
        ] {
            assert!(!is_canonical(bytes), "{bytes:?}");
        }
    }

    #[test]
    fn a_name_that_occurs_twice_is_found_among_many() {
        let object = |names: Vec<String>| {
            let mut out = Vec::new();
            let mut writer = crate::jsonb::ObjectWriter::new(&mut out);
            names.iter().for_each(|name| writer.encoded(name, &[tag::NULL]));
            writer.finish();
            out
        };
        for count in [2, 30, 64, 65, 300] {
            let mut names: Vec<String> = (0..count).map(|n| format!("field {n}")).collect();
            assert!(is_canonical(&object(names.clone())), "{count}");
            for twin in [0, count / 2, count - 1] {
                names.push(names[twin].clone());
                assert!(!is_canonical(&object(names.clone())), "{twin} of {count}");
                names.pop();
            }
        }
    }

    #[test]
    fn values_may_nest_as_deep_as_json_text_can() {
        let nested = |levels: usize| {
            let mut bytes = to_vec(&0).unwrap();
            for _ in 0..levels {
                let mut outer = Vec::new();
                element::push(&mut outer, tag::ARRAY, &bytes);
                bytes = outer;
            }
            bytes
        };
        for (levels, expected) in [(1, true), (127, true), (128, false), (129, false)] {
            let bytes = nested(levels);
            assert_eq!(is_canonical(&bytes), expected, "{levels}");
            let again = to_json(&bytes).and_then(|text| from_json_str(&text));
            assert_eq!(again.is_ok_and(|again| again == bytes), expected, "{levels}");
        }
    }

    #[test]
    fn known_names_change_no_answer() {
        let nested = |levels: usize| {
            let mut value = vec![tag::ARRAY];
            for _ in 1..levels {
                let inner = std::mem::take(&mut value);
                element::push(&mut value, tag::ARRAY, &inner);
            }
            let mut object = Vec::new();
            let mut writer = crate::jsonb::ObjectWriter::new(&mut object);
            writer.encoded("a", &value);
            writer.finish();
            object
        };
        let (a, b) = (to_vec("a").unwrap(), to_vec("b").unwrap());
        let same = |bytes: &[u8]| {
            let mut known = [&a[..], &b[..]].into_iter();
            let by_name = is_canonical_object(bytes, |name| known.next() == Some(name));
            assert_eq!(by_name, is_canonical(bytes), "{bytes:?}");
            by_name
        };
        assert!(same(&from_json_str(r#"{"a":1,"b":[2.5],"c":{"d":null}}"#).unwrap()));
        assert!(same(&from_json_str(r#"{"c":1,"a":2}"#).unwrap()));
        assert!(same(&nested(126)) && !same(&nested(127)));
        // The last name twice, a float with a zero too many, a header too long.
        assert!(!same(b"\x8c\x17a\x131\x17a\x131"));
        assert!(!same(b"\x7c\x17a\x451.50") && !same(b"\xcc\x04\x17a\x131"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]

        #[test]
        fn canonical_bytes_are_those_that_json_text_keeps(bytes in properties::damaged()) {
            let again = to_json(&bytes).and_then(|text| from_json_str(&text));
            prop_assert_eq!(is_canonical(&bytes), again.is_ok_and(|again| again == bytes));
        }

        #[test]
        fn what_is_encoded_from_json_is_canonical(value in properties::json()) {
            prop_assert!(is_canonical(&to_vec(&value).unwrap()));
        }

        #[test]
        fn short_decimals_are_spelled_as_the_shortest_digits_are(
            digits in "-?(0|[1-9][0-9]{0,14})\\.[0-9]{1,14}",
        ) {
            let value: f64 = digits.parse().unwrap();
            let shortest = zmij::Buffer::new().format_finite(value) == digits;
            prop_assert_eq!(is_canonical_float(digits.as_bytes()), shortest);
        }
    }
}
