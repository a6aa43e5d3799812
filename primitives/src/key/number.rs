//! Numbers of all three Rust kinds in one exact order.
//!
//! A number other than zero is `±1.fraction × 2^exponent`. That form is unique, whichever type the
//! number came in, and comparing (exponent, fraction) compares magnitudes. 64 bits of precision cover
//! `u64` and `f64` both.

use super::tag;
use super::value::Value;

/// Added to the exponent, so that the smallest subnormal has a positive one.
const BIAS: i32 = 1075;
/// The exponent of infinity: above every finite one.
const INFINITE: u16 = 0xfff;
/// The groups of 7 bits that hold an exponent of 12 bits and a fraction of 63.
const MOST_GROUPS: u32 = 11;
const GROUP: u32 = 7;
/// Where the exponent lies in the 77 bits of all groups.
const EXPONENT_SHIFT: u32 = MOST_GROUPS * GROUP - 12;
/// Where the fraction's 63 bits lie below it.
const FRACTION_SHIFT: u32 = EXPONENT_SHIFT - 63;

#[inline]
pub(super) fn append_i64(out: &mut Vec<u8>, value: i64) {
    append_integer(out, value.unsigned_abs(), value < 0);
}

#[inline]
pub(super) fn append_u64(out: &mut Vec<u8>, value: u64) {
    append_integer(out, value, false);
}

fn append_integer(out: &mut Vec<u8>, magnitude: u64, negative: bool) {
    if magnitude == 0 {
        return out.push(tag::ZERO);
    }
    let zeros = magnitude.leading_zeros();
    append(out, negative, (63 - zeros as i32 + BIAS) as u16, fraction(magnitude << zeros));
}

pub(super) fn append_f64(out: &mut Vec<u8>, value: f64) {
    if value == 0.0 {
        return out.push(tag::ZERO);
    }
    if value.is_nan() {
        return out.push(tag::NAN);
    }
    let negative = value < 0.0;
    if value.is_infinite() {
        return append(out, negative, INFINITE, 0);
    }
    let bits = value.to_bits();
    let stored = (bits >> 52 & 0x7ff) as i32;
    let mantissa = bits & ((1 << 52) - 1);
    let (exponent, fraction) = if stored == 0 {
        let zeros = mantissa.leading_zeros();
        (63 - zeros as i32 - 1074, fraction(mantissa << zeros))
    } else {
        (stored - 1023, mantissa << 11)
    };
    append(out, negative, (exponent + BIAS) as u16, fraction);
}

/// The bits below the leading one.
fn fraction(significand: u64) -> u64 {
    significand & (u64::MAX >> 1)
}

/// Writes the groups up to the last one that is not zero, but at least the first.
fn append(out: &mut Vec<u8>, negative: bool, exponent: u16, fraction: u64) {
    let bits = u128::from(exponent) << EXPONENT_SHIFT | u128::from(fraction) << FRACTION_SHIFT;
    let count = (MOST_GROUPS * GROUP - bits.trailing_zeros()).div_ceil(GROUP);
    let complement = if negative { 0xff } else { 0 };
    let mut encoded = [0; MOST_GROUPS as usize + 1];
    encoded[0] = if negative { tag::NEGATIVE } else { tag::POSITIVE };
    for group in 1..=count {
        let more = u8::from(group < count);
        let byte = (bits >> ((MOST_GROUPS - group) * GROUP)) as u8 & 0x7f;
        encoded[group as usize] = (byte << 1 | more) ^ complement;
    }
    out.extend_from_slice(&encoded[..=count as usize]);
}

/// Reads what [`append`] wrote after the tag: the number, and what follows it. `None` where no
/// number of ours has such bytes.
pub(super) fn read(tag: u8, bytes: &[u8]) -> Option<(Value, &[u8])> {
    let complement = if tag == tag::NEGATIVE { 0xff } else { 0 };
    let mut bits = 0u128;
    for group in 1..=MOST_GROUPS {
        let byte = bytes.get(group as usize - 1)? ^ complement;
        bits |= u128::from(byte >> 1) << ((MOST_GROUPS - group) * GROUP);
        if byte & 1 == 0 {
            let value = number(bits, tag == tag::NEGATIVE)?;
            // A last group of zeros would be a second spelling of the same number.
            let spelt_once = byte != 0;
            return spelt_once.then_some((value, &bytes[group as usize..]));
        }
    }
    None
}

fn number(bits: u128, negative: bool) -> Option<Value> {
    if bits & ((1 << FRACTION_SHIFT) - 1) != 0 {
        return None;
    }
    let exponent = (bits >> EXPONENT_SHIFT) as u16;
    let fraction = fraction((bits >> FRACTION_SHIFT) as u64);
    if exponent == INFINITE {
        let infinity = if negative { f64::NEG_INFINITY } else { f64::INFINITY };
        return (fraction == 0).then_some(Value::Float(infinity));
    }
    let exponent = i32::from(exponent) - BIAS;
    integer(exponent, fraction, negative).or_else(|| float(exponent, fraction, negative))
}

fn integer(exponent: i32, fraction: u64, negative: bool) -> Option<Value> {
    let shift = 63u32.checked_sub(u32::try_from(exponent).ok()?)?;
    let significand = fraction | 1 << 63;
    if significand.trailing_zeros() < shift {
        return None;
    }
    let magnitude = significand >> shift;
    match (i64::try_from(magnitude), negative) {
        (Ok(value), false) => Some(Value::Int(value)),
        (Ok(value), true) => Some(Value::Int(-value)),
        (Err(_), false) => Some(Value::Unsigned(magnitude)),
        (Err(_), true) if magnitude == i64::MIN.unsigned_abs() => Some(Value::Int(i64::MIN)),
        (Err(_), true) => None,
    }
}

fn float(exponent: i32, fraction: u64, negative: bool) -> Option<Value> {
    let significand = fraction | 1 << 63;
    let bits = match exponent {
        -1022..=1023 if fraction & 0x7ff == 0 => ((exponent + 1023) as u64) << 52 | fraction >> 11,
        -1074..=-1023 => {
            let shift = (-1011 - exponent) as u32;
            (significand.trailing_zeros() >= shift).then(|| significand >> shift)?
        }
        _ => return None,
    };
    Some(Value::Float(f64::from_bits(bits | u64::from(negative) << 63)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(append: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
        let mut out = Vec::new();
        append(&mut out);
        out
    }

    #[test]
    fn numbers_sort_exactly_across_types() {
        let float = |value: f64| encoded(|out| append_f64(out, value));
        let int = |value: i64| encoded(|out| append_i64(out, value));
        let unsigned = |value: u64| encoded(|out| append_u64(out, value));
        let ascending = [
            float(f64::NEG_INFINITY),
            float(f64::MIN),
            float(-18446744073709551616.0),
            int(i64::MIN),
            int(i64::MIN + 1),
            int(-9007199254740993),
            float(-9007199254740992.0),
            int(-9007199254740991),
            float(-1.5),
            int(-1),
            float(-f64::MIN_POSITIVE),
            float(-5e-324),
            int(0),
            float(5e-324),
            float(1e-323),
            float(f64::MIN_POSITIVE),
            float(0.1),
            int(1),
            float(1.0 + f64::EPSILON),
            int(2),
            int(9007199254740992),
            int(9007199254740993),
            float(9007199254740994.0),
            int(i64::MAX - 1),
            int(i64::MAX),
            float(9223372036854775808.0),
            unsigned((1 << 63) + 1),
            unsigned(u64::MAX),
            float(18446744073709551616.0),
            float(f64::MAX),
            float(f64::INFINITY),
            float(f64::NAN),
        ];
        for (place, pair) in ascending.windows(2).enumerate() {
            assert!(pair[0] < pair[1], "{place}: {:x?} {:x?}", pair[0], pair[1]);
        }
    }

    #[test]
    fn equal_numbers_have_equal_bytes() {
        for value in [0i64, 1, -1, 3, 1000, 1 << 52, i64::MIN, -(1 << 53)] {
            let int = encoded(|out| append_i64(out, value));
            assert_eq!(int, encoded(|out| append_f64(out, value as f64)), "{value}");
        }
        assert_eq!(encoded(|out| append_f64(out, -0.0)), encoded(|out| append_i64(out, 0)));
        let past_i64 = encoded(|out| append_u64(out, 1 << 63));
        assert_eq!(past_i64, encoded(|out| append_f64(out, 9223372036854775808.0)));
    }

    #[test]
    fn small_integers_are_short() {
        let len = |value| encoded(|out| append_i64(out, value)).len();
        assert_eq!((len(0), len(1), len(100), len(-1000)), (1, 3, 4, 4));
        assert!(len(i64::MAX) <= 12);
    }
}
