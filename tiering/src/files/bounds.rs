//! Parquet's statistics of a column chunk as Iceberg's bounds.

use iceberg::spec::{Datum, PrimitiveLiteral, PrimitiveType};
use parquet::file::statistics::Statistics;

/// How many characters of a text a bound has, as Iceberg's own writers do by default.
const SHORT_TEXT: usize = 16;

/// A value that is not above any in the chunk.
pub(super) fn lower(statistics: &Statistics, ty: &PrimitiveType) -> Option<Datum> {
    datum(statistics, statistics.min_bytes_opt()?, ty)
}

/// A value that is not below any in the chunk.
pub(super) fn upper(statistics: &Statistics, ty: &PrimitiveType) -> Option<Datum> {
    datum(statistics, statistics.max_bytes_opt()?, ty)
}

/// Numbers are stored alike by both; a decimal is big-endian in Iceberg, whatever Parquet has it in.
fn datum(statistics: &Statistics, bytes: &[u8], ty: &PrimitiveType) -> Option<Datum> {
    let big_endian: Vec<u8>;
    let bytes = match (ty, statistics) {
        (PrimitiveType::Decimal { .. }, Statistics::Int32(_) | Statistics::Int64(_)) => {
            big_endian = bytes.iter().rev().copied().collect();
            &big_endian
        }
        _ => bytes,
    };
    Datum::try_from_bytes(bytes, ty.clone()).ok()
}

/// A text of a few characters that is not above this one.
pub(super) fn shorten_lower(datum: Datum) -> Datum {
    match long_text(&datum) {
        Some(text) => Datum::string(text.chars().take(SHORT_TEXT).collect::<String>()),
        None => datum,
    }
}

/// A text of a few characters that is not below this one, if there is one.
pub(super) fn shorten_upper(datum: Datum) -> Option<Datum> {
    let Some(text) = long_text(&datum) else {
        return Some(datum);
    };
    let mut text: String = text.chars().take(SHORT_TEXT).collect();
    while let Some(last) = text.pop() {
        let next = match last {
            '\u{D7FF}' => Some('\u{E000}'),
            other => char::from_u32(other as u32 + 1),
        };
        if let Some(next) = next {
            text.push(next);
            return Some(Datum::string(text));
        }
    }
    None
}

fn long_text(datum: &Datum) -> Option<&str> {
    match datum.literal() {
        PrimitiveLiteral::String(text) if text.chars().nth(SHORT_TEXT).is_some() => Some(text),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_bound_still_bounds() {
        for text in ["", "short", &"é".repeat(16), &"z".repeat(40), &"\u{D7FF}".repeat(17)] {
            let datum = Datum::string(text);
            assert!(shorten_lower(datum.clone()) <= datum, "{text}");
            assert!(shorten_upper(datum.clone()).unwrap() >= datum, "{text}");
        }
        assert_eq!(shorten_upper(Datum::string("\u{10FFFF}".repeat(17))), None);
    }
}
