//! Figures as people read them.

use std::time::Duration;

/// `1,234,567`.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 package`, `2 packages`.
pub(crate) fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(number), if number == 1 { one } else { many })
}

/// `812 B`, `9.31 kB`, `125 MB`.
pub(crate) fn bytes(number: u64) -> String {
    scaled(number as f64, 1000.0, &["B", "kB", "MB", "GB", "TB"])
}

/// `57.0 µs`, `1.24 ms`, `3.10 s`.
pub(crate) fn time(time: Duration) -> String {
    scaled(time.as_secs_f64() * 1e9, 1000.0, &["ns", "µs", "ms", "s"])
}

/// How many in a second, to three digits: `22,100/s`.
pub(crate) fn rate(number: u64, time: Duration) -> String {
    let rate = number as f64 / time.as_secs_f64().max(1e-9);
    let step = 10_f64.powf(rate.log10().floor() - 2.0).max(1.0);
    format!("{}/s", count(((rate / step).round() * step) as u64))
}

/// Three digits and a unit; whole numbers of the smallest unit.
fn scaled(mut number: f64, step: f64, units: &[&str]) -> String {
    let mut unit = 0;
    while number >= 999.5 && unit + 1 < units.len() {
        number /= step;
        unit += 1;
    }
    let digits = match number {
        _ if unit == 0 => 0,
        small if small < 9.995 => 2,
        middle if middle < 99.95 => 1,
        _ => 0,
    };
    format!("{number:.digits$} {}", units[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_three_digits_and_a_unit() {
        assert_eq!([0, 999, 1000, 1234567].map(count), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!([7, 9_310, 999_700].map(bytes), ["7 B", "9.31 kB", "1.00 MB"]);
        let times = [700, 57_000, 1_240_000, 61_000_000_000].map(Duration::from_nanos).map(time);
        assert_eq!(times, ["700 ns", "57.0 µs", "1.24 ms", "61.0 s"]);
        assert_eq!(rate(22_123, Duration::from_secs(1)), "22,100/s");
        assert_eq!(rate(5, Duration::from_secs(2)), "3/s");
        assert_eq!(counted(1, "event", "events"), "1 event");
    }
}
