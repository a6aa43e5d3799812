//! Decimals: the digits of a JSON number as an integer of fixed scale, and back.

use std::fmt::Write as _;

/// What the digits of a JSON number are in a decimal column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Parsed {
    /// The number times ten to the power of the scale.
    pub(super) unscaled: i128,
    /// Whether there is nothing but zeros after the point.
    pub(super) is_whole: bool,
    /// Whether this is `-0` or `-0.0`, which no decimal is.
    pub(super) is_negative_zero: bool,
}

/// Reads plain digits; nothing for exponents, for more places than the scale has, and for more
/// digits than the precision allows.
pub(super) fn parse(text: &[u8], precision: u8, scale: u8) -> Option<Parsed> {
    let (negative, unsigned) = match text {
        [b'-', rest @ ..] => (true, rest),
        rest => (false, rest),
    };
    let point = unsigned.iter().position(|byte| *byte == b'.').unwrap_or(unsigned.len());
    let (whole, fraction) = (&unsigned[..point], unsigned.get(point + 1..).unwrap_or_default());
    let fraction = match fraction {
        b"0" => &[],
        fraction => fraction,
    };
    let missing = usize::from(scale).checked_sub(fraction.len())?;
    let mut magnitude = 0i128;
    for byte in whole.iter().chain(fraction).chain(std::iter::repeat_n(&b'0', missing)) {
        let digit = byte.is_ascii_digit().then(|| i128::from(byte - b'0'))?;
        magnitude = magnitude.checked_mul(10)?.checked_add(digit)?;
    }
    if magnitude >= 10i128.pow(precision.into()) {
        return None;
    }
    let unscaled = if negative { -magnitude } else { magnitude };
    let is_negative_zero = negative && magnitude == 0;
    Some(Parsed { unscaled, is_whole: fraction.is_empty(), is_negative_zero })
}

/// Whether the decimal is a whole number.
pub(super) fn is_whole(unscaled: i128, scale: u8) -> bool {
    unscaled % 10i128.pow(scale.into()) == 0
}

/// The whole number, without what is after the point.
pub(super) fn whole(unscaled: i128, scale: u8) -> i128 {
    unscaled / 10i128.pow(scale.into())
}

/// The number as a float: the one nearest to its digits.
pub(crate) fn to_f64(unscaled: i128, scale: u8) -> f64 {
    let power = 10u128.pow(scale.into());
    let magnitude = unscaled.unsigned_abs();
    let sign = if unscaled < 0 { "-" } else { "" };
    let mut text = String::with_capacity(44);
    let (whole, fraction) = (magnitude / power, magnitude % power);
    // Writing to a String does not fail, and digits with a point are a float.
    let _ = write!(text, "{sign}{whole}.{fraction:0width$}", width = usize::from(scale.max(1)));
    text.parse().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unscaled(text: &str, precision: u8, scale: u8) -> Option<i128> {
        parse(text.as_bytes(), precision, scale).map(|parsed| parsed.unscaled)
    }

    #[test]
    fn digits_become_an_integer_of_the_columns_scale() {
        assert_eq!(unscaled("12.5", 15, 2), Some(1250));
        assert_eq!(unscaled("-12.55", 4, 2), Some(-1255));
        assert_eq!(unscaled("7", 3, 2), Some(700));
        assert_eq!(unscaled("7.0", 1, 0), Some(7));
        assert_eq!(unscaled("99.99", 4, 2), Some(9999));
        for (text, precision, scale) in
            [("100.0", 4, 2), ("0.125", 15, 2), ("1e3", 15, 2), ("1.5e2", 15, 2), ("0.5", 15, 0)]
        {
            assert_eq!(unscaled(text, precision, scale), None, "{text}");
        }
        let most = "9".repeat(38);
        assert_eq!(unscaled(&most, 38, 0), most.parse().ok());
        assert_eq!(unscaled(&most, 38, 1), None);
    }

    #[test]
    fn a_decimal_is_the_float_of_its_digits() {
        assert_eq!(to_f64(-1255, 2), -12.55);
        assert_eq!(to_f64(5, 3), 0.005);
        assert_eq!(to_f64(7, 0), 7.0);
        assert_eq!(to_f64(10i128.pow(38) - 1, 38), 1.0);
    }
}
