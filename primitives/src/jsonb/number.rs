//! Numbers: the four spellings that JSONB stores, read into the narrowest exact Rust number.

use super::damage::Damage;
use super::element::tag;
use super::string;

/// A JSON number. `Unsigned` holds only what does not fit an `i64`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Number {
    Int(i64),
    Unsigned(u64),
    Float(f64),
}

/// What SQLite's number elements mean. `None` where the payload breaks the grammar of its type.
#[inline]
pub(crate) fn parse(tag: u8, payload: &[u8]) -> Option<Number> {
    match tag {
        tag::INT => integer(payload),
        tag::FLOAT => float(payload),
        tag::INT5 => hexadecimal(payload),
        tag::FLOAT5 => float5(payload),
        _ => None,
    }
}

#[inline]
fn integer(payload: &[u8]) -> Option<Number> {
    let (negative, digits) = match payload {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    match digits {
        [] | [b'0', _, ..] => return None,
        _ => {}
    }
    if digits.len() > 18 {
        return long_integer(payload, digits);
    }
    let mut value = 0i64;
    for byte in digits {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value = value * 10 + i64::from(digit);
    }
    Some(Number::Int(if negative { -value } else { value }))
}

/// Beyond 64 bits an integer is what SQLite makes of it too: the nearest float.
#[inline(never)]
fn long_integer(payload: &[u8], digits: &[u8]) -> Option<Number> {
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let text = string::utf8(payload)?;
    if let Ok(value) = text.parse() {
        return Some(Number::Int(value));
    }
    if let Ok(value) = text.parse() {
        return Some(Number::Unsigned(value));
    }
    text.parse().ok().map(Number::Float)
}

#[inline]
fn float(payload: &[u8]) -> Option<Number> {
    if !is_float(payload) {
        return None;
    }
    let text = string::utf8(payload)?;
    text.parse().ok().map(Number::Float)
}

/// The payload of a FLOAT element read at single precision, so that it is rounded once.
pub(crate) fn single(payload: &[u8]) -> Result<f32, Damage> {
    if !is_float(payload) {
        return Err(Damage::Number);
    }
    let value = string::utf8(payload).and_then(|text| text.parse().ok());
    value.ok_or(Damage::Number)
}

fn float5(payload: &[u8]) -> Option<Number> {
    let (_, unsigned) = sign(payload);
    let (integral, rest) = digits(unsigned);
    let (fraction, rest) = match rest {
        [b'.', rest @ ..] => digits(rest),
        rest => (0, rest),
    };
    if integral + fraction == 0 || !is_exponent_or_end(rest) {
        return None;
    }
    string::utf8(payload)?.parse().ok().map(Number::Float)
}

fn hexadecimal(payload: &[u8]) -> Option<Number> {
    let (negative, unsigned) = sign(payload);
    let ([b'0', b'x' | b'X', digits @ ..], false) = (unsigned, unsigned.len() < 3) else {
        return None;
    };
    if !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let Ok(magnitude) = u64::from_str_radix(string::utf8(digits)?, 16) else {
        // SQLite prints such a literal as 9.0e999.
        return Some(Number::Float(if negative { f64::NEG_INFINITY } else { f64::INFINITY }));
    };
    Some(match (i64::try_from(magnitude), negative) {
        (Ok(value), false) => Number::Int(value),
        (Ok(value), true) => Number::Int(-value),
        (Err(_), false) => Number::Unsigned(magnitude),
        (Err(_), true) if magnitude == i64::MIN.unsigned_abs() => Number::Int(i64::MIN),
        (Err(_), true) => Number::Float(-(magnitude as f64)),
    })
}

/// Whether `payload` is a JSON number with a fraction, an exponent or both.
fn is_float(payload: &[u8]) -> bool {
    let unsigned = match payload {
        [b'-', rest @ ..] => rest,
        rest => rest,
    };
    let (integral, rest) = digits(unsigned);
    if integral == 0 || (integral > 1 && unsigned[0] == b'0') {
        return false;
    }
    match rest {
        [] => false,
        [b'.', rest @ ..] => {
            let (fraction, rest) = digits(rest);
            fraction > 0 && is_exponent_or_end(rest)
        }
        rest => is_exponent_or_end(rest),
    }
}

fn is_exponent_or_end(bytes: &[u8]) -> bool {
    let exponent = match bytes {
        [] => return true,
        [b'e' | b'E', b'+' | b'-', exponent @ ..] | [b'e' | b'E', exponent @ ..] => exponent,
        _ => return false,
    };
    matches!(digits(exponent), (1.., []))
}

/// How many digits `bytes` starts with, and what follows them.
fn digits(bytes: &[u8]) -> (usize, &[u8]) {
    let count = bytes.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(bytes.len());
    (count, &bytes[count..])
}

fn sign(bytes: &[u8]) -> (bool, &[u8]) {
    match bytes {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(tag: u8, cases: &[(&str, Option<Number>)]) {
        for (text, expected) in cases {
            assert_eq!(parse(tag, text.as_bytes()), *expected, "{text:?}");
        }
    }

    #[test]
    fn integers_keep_every_digit_that_64_bits_hold() {
        check(
            tag::INT,
            &[
                ("0", Some(Number::Int(0))),
                ("-0", Some(Number::Int(0))),
                ("-12", Some(Number::Int(-12))),
                ("9223372036854775807", Some(Number::Int(i64::MAX))),
                ("-9223372036854775808", Some(Number::Int(i64::MIN))),
                ("9223372036854775808", Some(Number::Unsigned(1 << 63))),
                ("18446744073709551615", Some(Number::Unsigned(u64::MAX))),
                ("18446744073709551616", Some(Number::Float(18446744073709551616.0))),
                ("-9223372036854775809", Some(Number::Float(-9223372036854775808.0))),
                ("", None),
                ("-", None),
                ("+1", None),
                ("01", None),
                ("1a", None),
                ("1234567890123456789x", None),
                ("1.0", None),
            ],
        );
    }

    #[test]
    fn floats_follow_the_json_grammar() {
        check(
            tag::FLOAT,
            &[
                ("1.5", Some(Number::Float(1.5))),
                ("-0.25e2", Some(Number::Float(-25.0))),
                ("1e3", Some(Number::Float(1000.0))),
                ("1E-1", Some(Number::Float(0.1))),
                ("1", None),
                ("1.", None),
                (".5", None),
                ("+1.5", None),
                ("01.5", None),
                ("1e", None),
                ("1.5x", None),
                ("inf", None),
                ("NaN", None),
            ],
        );
    }

    #[test]
    fn json5_numbers_are_read() {
        check(
            tag::INT5,
            &[
                ("0x1F", Some(Number::Int(31))),
                ("-0Xff", Some(Number::Int(-255))),
                ("0xffffffffffffffff", Some(Number::Unsigned(u64::MAX))),
                ("-0x8000000000000000", Some(Number::Int(i64::MIN))),
                ("0x10000000000000000", Some(Number::Float(f64::INFINITY))),
                ("0x", None),
                ("0xg", None),
                ("0x+1", None),
                ("12", None),
            ],
        );
        check(
            tag::FLOAT5,
            &[
                (".5", Some(Number::Float(0.5))),
                ("5.", Some(Number::Float(5.0))),
                ("-.5e1", Some(Number::Float(-5.0))),
                ("+1.5", Some(Number::Float(1.5))),
                (".", None),
                ("e1", None),
                ("Infinity", None),
            ],
        );
    }
}
