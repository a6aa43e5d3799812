//! Dates and times as text, in the one spelling that a column gives back.
//!
//! Days are counted in the proleptic Gregorian calendar as in Howard Hinnant's "chrono-Compatible
//! Low-Level Date Algorithms".

use crate::schema::Fraction;

const SECONDS_PER_DAY: i64 = 86_400;
const MICROS_PER_SECOND: i64 = 1_000_000;

/// The days since 1970-01-01 that `2026-01-31` means; years have four digits.
pub(crate) fn parse_date(text: &[u8]) -> Option<i32> {
    let [y0, y1, y2, y3, b'-', m0, m1, b'-', d0, d1] = text else { return None };
    let year = number(&[*y0, *y1, *y2, *y3])?;
    let (month, day) = (number(&[*m0, *m1])?, number(&[*d0, *d1])?);
    let is_valid = (1..=12).contains(&month) && (1..=days_in(year, month)).contains(&day);
    is_valid.then(|| days_from_civil(year, month, day))
}

/// The date as text; nothing outside the years 0 to 9999.
pub(crate) fn write_date(days: i32, out: &mut String) -> Option<()> {
    let (year, month, day) = civil_from_days(days);
    if !(0..=9999).contains(&year) {
        return None;
    }
    push_digits(out, year, 4);
    out.push('-');
    push_digits(out, month, 2);
    out.push('-');
    push_digits(out, day, 2);
    Some(())
}

/// The microseconds since 1970-01-01T00:00:00Z, if `text` is spelled as [`write_time`] spells it.
pub(crate) fn parse_time(text: &[u8], fraction: Fraction) -> Option<i64> {
    let (date, rest) = text.split_at_checked(10)?;
    let days = parse_date(date)?;
    let [b'T', h0, h1, b':', m0, m1, b':', s0, s1, rest @ .., b'Z'] = rest else { return None };
    let (hours, minutes) = (number(&[*h0, *h1])?, number(&[*m0, *m1])?);
    let seconds = number(&[*s0, *s1])?;
    if hours > 23 || minutes > 59 || seconds > 59 {
        return None;
    }
    let micros = parse_fraction(rest, fraction)?;
    let in_day = i64::from(hours * 3600 + minutes * 60 + seconds);
    Some((i64::from(days) * SECONDS_PER_DAY + in_day) * MICROS_PER_SECOND + i64::from(micros))
}

fn parse_fraction(text: &[u8], fraction: Fraction) -> Option<i32> {
    let digits = match text {
        [] => &[][..],
        [b'.', digits @ ..] if !digits.is_empty() => digits,
        _ => return None,
    };
    let is_spelled_so = match fraction {
        Fraction::Shortest => digits.last() != Some(&b'0'),
        Fraction::Digits(count) => digits.len() == usize::from(count),
    };
    if digits.len() > 6 || !is_spelled_so {
        return None;
    }
    let scale = 10i32.pow(6 - digits.len() as u32);
    Some(number(digits)? * scale)
}

/// The time as text; nothing outside the years 0 to 9999, nor where the fraction does not fit.
pub(crate) fn write_time(micros: i64, fraction: Fraction, out: &mut String) -> Option<()> {
    let seconds = micros.div_euclid(MICROS_PER_SECOND);
    let rest = micros.rem_euclid(MICROS_PER_SECOND) as i32;
    let days = i32::try_from(seconds.div_euclid(SECONDS_PER_DAY)).ok()?;
    let in_day = seconds.rem_euclid(SECONDS_PER_DAY) as i32;
    write_date(days, out)?;
    for (separator, value) in [('T', in_day / 3600), (':', in_day / 60 % 60), (':', in_day % 60)] {
        out.push(separator);
        push_digits(out, value, 2);
    }
    let (mut value, mut digits) = (rest, 6);
    while digits > 0 && needs_no(value, digits, fraction) {
        (value, digits) = (value / 10, digits - 1);
    }
    if digits > 0 {
        out.push('.');
        push_digits(out, value, digits);
    }
    out.push('Z');
    let is_whole = rest == value * 10i32.pow(6 - digits as u32);
    is_whole.then_some(())
}

/// Whether the last of `digits` digits is to be left out.
fn needs_no(value: i32, digits: usize, fraction: Fraction) -> bool {
    match fraction {
        Fraction::Shortest => value % 10 == 0,
        Fraction::Digits(wanted) => digits > usize::from(wanted),
    }
}

fn number(digits: &[u8]) -> Option<i32> {
    digits.iter().try_fold(0, |value, byte| {
        byte.is_ascii_digit().then(|| value * 10 + i32::from(byte - b'0'))
    })
}

fn push_digits(out: &mut String, mut value: i32, count: usize) {
    let mut digits = [b'0'; 6];
    for digit in digits[..count].iter_mut().rev() {
        *digit = b'0' + (value % 10) as u8;
        value /= 10;
    }
    digits[..count].iter().for_each(|digit| out.push(char::from(*digit)));
}

fn days_in(year: i32, month: i32) -> i32 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn days_from_civil(year: i32, month: i32, day: i32) -> i32 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

fn civil_from_days(days: i32) -> (i32, i32, i32) {
    let days = i64::from(days) + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year as i32, month as i32, day as i32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use headwater_primitives::Timestamp;

    #[test]
    fn every_date_of_four_digit_years_comes_back() {
        let (first, last) =
            (parse_date(b"0000-01-01").unwrap(), parse_date(b"9999-12-31").unwrap());
        assert_eq!((first, last), (-719_528, 2_932_896));
        let mut text = String::new();
        for days in (first..=last).step_by(7).chain([last, 0, -1]) {
            text.clear();
            write_date(days, &mut text).unwrap();
            assert_eq!(parse_date(text.as_bytes()), Some(days), "{text}");
        }
        assert_eq!(write_date(last + 1, &mut text), None);
        assert_eq!(write_date(first - 1, &mut text), None);
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for text in
            ["2026-02-29", "1900-02-29", "2026-13-01", "2026-00-01", "2026-1-01", "2026-01-00"]
        {
            assert_eq!(parse_date(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn times_mean_what_the_clock_says() {
        for micros in [0, -1, 1, 1_700_000_000_123_456, -62_167_219_200_000_000] {
            let expected = Timestamp(micros).to_string();
            let mut text = String::new();
            write_time(micros, Fraction::Digits(6), &mut text).unwrap();
            assert_eq!(text, expected);
            assert_eq!(parse_time(text.as_bytes(), Fraction::Digits(6)), Some(micros));
        }
    }

    #[test]
    fn only_the_columns_own_spelling_is_taken() {
        let time = |text: &str, fraction| parse_time(text.as_bytes(), fraction);
        let shortest = Fraction::Shortest;
        assert_eq!(time("1970-01-01T00:00:01Z", shortest), Some(1_000_000));
        assert_eq!(time("1970-01-01T00:00:00.25Z", shortest), Some(250_000));
        assert_eq!(time("1970-01-01T00:00:00.250Z", Fraction::Digits(3)), Some(250_000));
        for text in [
            "1970-01-01T00:00:00.Z",
            "1970-01-01T00:00:00.250Z",
            "1970-01-01T00:00:00.1234567Z",
            "1970-01-01T24:00:00Z",
            "1970-01-01T00:00:60Z",
            "1970-01-01t00:00:00Z",
            "1970-01-01T00:00:00+00:00",
            "1970-01-01T00:00:00",
            "1970-01-01",
            "",
        ] {
            assert_eq!(time(text, shortest), None, "{text}");
        }
        assert_eq!(time("1970-01-01T00:00:00Z", Fraction::Digits(3)), None);
    }
}
