//! Strings: which of them need an escape, and what the escaped ones mean.

use std::borrow::Cow;

use super::element::tag;

/// Whether JSON has to escape one of these bytes.
#[inline]
pub(crate) fn needs_escape(bytes: &[u8]) -> bool {
    let (words, rest) = bytes.as_chunks::<8>();
    if words.iter().any(|word| word_needs_escape(u64::from_le_bytes(*word))) {
        return true;
    }
    match bytes.last_chunk::<8>() {
        Some(tail) => word_needs_escape(u64::from_le_bytes(*tail)),
        None => rest.iter().any(|byte| byte_needs_escape(*byte)),
    }
}

#[inline]
pub(crate) fn byte_needs_escape(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

/// Whether every byte that needs an escape stands behind a backslash, or is one.
pub(crate) fn is_escaped(bytes: &[u8]) -> bool {
    let mut bytes = bytes.iter();
    while let Some(byte) = bytes.next() {
        if *byte == b'\\' {
            bytes.next();
        } else if byte_needs_escape(*byte) {
            return false;
        }
    }
    true
}

/// Eight bytes at once: a subtraction borrows into the high bit of a byte below its limit.
#[inline]
fn word_needs_escape(word: u64) -> bool {
    const ONES: u64 = u64::MAX / 0xff;
    let control = word.wrapping_sub(ONES * 0x20) & !word;
    let quote = word ^ (ONES * b'"' as u64);
    let backslash = word ^ (ONES * b'\\' as u64);
    let quote = quote.wrapping_sub(ONES) & !quote;
    let backslash = backslash.wrapping_sub(ONES) & !backslash;
    (control | quote | backslash) & (ONES << 7) != 0
}

/// The type of a text element that holds `text` as it is.
#[inline]
pub(crate) fn text_tag(text: &str) -> u8 {
    if needs_escape(text.as_bytes()) { tag::TEXTRAW } else { tag::TEXT }
}

/// As `str::from_utf8`, but quicker for the short ASCII text that documents are full of.
#[inline]
#[allow(unsafe_code)]
pub(crate) fn utf8(bytes: &[u8]) -> Option<&str> {
    if is_ascii(bytes) {
        // SAFETY: ASCII is UTF-8.
        Some(unsafe { str::from_utf8_unchecked(bytes) })
    } else {
        str::from_utf8(bytes).ok()
    }
}

#[inline]
fn is_ascii(bytes: &[u8]) -> bool {
    const HIGH: u64 = (u64::MAX / 0xff) << 7;
    if let Some(tail) = bytes.last_chunk::<8>() {
        let (words, _) = bytes.as_chunks::<8>();
        let joined = words
            .iter()
            .fold(u64::from_le_bytes(*tail), |joined, word| joined | u64::from_le_bytes(*word));
        joined & HIGH == 0
    } else if let (Some(head), Some(tail)) = (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        (u32::from_le_bytes(*head) | u32::from_le_bytes(*tail)) & HIGH as u32 == 0
    } else {
        bytes.iter().fold(0, |joined, byte| joined | byte) < 0x80
    }
}

/// The text of a text element. `None` where it is not text, not UTF-8, or has a broken escape.
#[inline]
pub(crate) fn decode(tag: u8, payload: &[u8]) -> Option<Cow<'_, str>> {
    match tag {
        tag::TEXT | tag::TEXTRAW => utf8(payload).map(Cow::Borrowed),
        tag::TEXTJ => unescape(payload, json_escape),
        tag::TEXT5 => unescape(payload, json5_escape),
        _ => None,
    }
}

/// Reads what stands after a backslash into the text, and returns what follows it.
type Escape = for<'a> fn(&'a [u8], &mut String) -> Option<&'a [u8]>;

#[inline(never)]
fn unescape(payload: &[u8], escape: Escape) -> Option<Cow<'_, str>> {
    let text = utf8(payload)?;
    let Some((mut plain, mut rest)) = text.split_once('\\') else {
        return Some(Cow::Borrowed(text));
    };
    let mut out = String::with_capacity(text.len());
    loop {
        out.push_str(plain);
        let after = escape(rest.as_bytes(), &mut out)?;
        let tail = rest.get(rest.len() - after.len()..)?;
        (plain, rest) = match tail.split_once('\\') {
            Some(parts) => parts,
            None => {
                out.push_str(tail);
                return Some(Cow::Owned(out));
            }
        };
    }
}

fn json_escape<'a>(bytes: &'a [u8], out: &mut String) -> Option<&'a [u8]> {
    let (kind, rest) = bytes.split_first()?;
    out.push(match kind {
        b'"' | b'\\' | b'/' => char::from(*kind),
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => return unicode_escape(rest, out),
        _ => return None,
    });
    Some(rest)
}

fn json5_escape<'a>(bytes: &'a [u8], out: &mut String) -> Option<&'a [u8]> {
    let (character, rest) = match bytes {
        [b'\'', rest @ ..] => ('\'', rest),
        [b'v', rest @ ..] => ('\u{b}', rest),
        [b'0', rest @ ..] => ('\0', rest),
        [b'x', high, low, rest @ ..] => (char::from_u32(hex(&[*high, *low])?)?, rest),
        // A backslash joins the line to the next one, whichever of the line ends it has.
        [b'\r', b'\n', rest @ ..] | [b'\r' | b'\n', rest @ ..] => return Some(rest),
        [0xe2, 0x80, 0xa8 | 0xa9, rest @ ..] => return Some(rest),
        _ => return json_escape(bytes, out),
    };
    out.push(character);
    Some(rest)
}

/// Four hexadecimal digits, or two such groups that are a surrogate pair. A lone surrogate is no
/// character, so it is refused.
fn unicode_escape<'a>(bytes: &'a [u8], out: &mut String) -> Option<&'a [u8]> {
    let (digits, rest) = bytes.split_at_checked(4)?;
    let first = hex(digits)?;
    let (code, rest) = match (first, rest) {
        (0xd800..=0xdbff, [b'\\', b'u', tail @ ..]) => {
            let (digits, rest) = tail.split_at_checked(4)?;
            let second = hex(digits)?.checked_sub(0xdc00).filter(|low| *low < 0x400)?;
            (0x10000 + ((first - 0xd800) << 10) + second, rest)
        }
        _ => (first, rest),
    };
    out.push(char::from_u32(code)?);
    Some(rest)
}

fn hex(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |value, digit| Some(value * 16 + char::from(*digit).to_digit(16)?))
}

/// Appends `text` as a JSON string, quotes included.
pub(crate) fn write_quoted(text: &str, out: &mut String) {
    out.push('"');
    let mut rest = text;
    while needs_escape(rest.as_bytes()) {
        let Some(at) = rest.bytes().position(byte_needs_escape) else {
            break;
        };
        let (plain, tail) = rest.split_at(at);
        out.push_str(plain);
        let mut characters = tail.chars();
        if let Some(character) = characters.next() {
            write_escape(character, out);
        }
        rest = characters.as_str();
    }
    out.push_str(rest);
    out.push('"');
}

fn write_escape(character: char, out: &mut String) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let short = match character {
        '"' | '\\' => character,
        '\u{8}' => 'b',
        '\u{c}' => 'f',
        '\n' => 'n',
        '\r' => 'r',
        '\t' => 't',
        _ => {
            let code = character as usize;
            out.push_str("\\u00");
            out.push(char::from(HEX[code >> 4 & 0xf]));
            out.push(char::from(HEX[code & 0xf]));
            return;
        }
    };
    out.push('\\');
    out.push(short);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_position_of_a_string_is_checked_for_escapes() {
        for len in 0..40 {
            let plain = "é~ /x".repeat(len);
            assert_eq!(text_tag(&plain), tag::TEXT);
            for at in 0..len {
                for byte in [0, 0x1f, b'"', b'\\'] {
                    let mut bytes = vec![b'a'; len];
                    bytes[at] = byte;
                    assert!(needs_escape(&bytes), "{byte} at {at} of {len}");
                }
            }
        }
    }

    #[test]
    fn every_position_of_a_text_is_checked_for_utf8() {
        for len in 0..40 {
            let mut bytes = vec![b'a'; len];
            assert_eq!(utf8(&bytes), str::from_utf8(&bytes).ok());
            for at in 0..len {
                bytes[at] = 0xff;
                assert_eq!(utf8(&bytes), None, "{at} of {len}");
                bytes[at] = b'a';
            }
            bytes.extend_from_slice("é".as_bytes());
            assert_eq!(utf8(&bytes), str::from_utf8(&bytes).ok());
        }
    }

    #[test]
    fn json_escapes_are_read() {
        let read = |text: &'static str| decode(tag::TEXTJ, text.as_bytes());
        assert_eq!(read("plain").unwrap(), "plain");
        assert_eq!(read(r#"a\"\\\/\b\f\n\r\tz"#).unwrap(), "a\"\\/\u{8}\u{c}\n\r\tz");
        assert_eq!(read(r"\u00e9\ud83d\ude00é").unwrap(), "é😀é");
        for broken in [r"\", r"\x41", r"\u12", r"\ud83d", r"\ud83dx", r"\ud83d\u0041", r"\ude00"] {
            assert_eq!(read(broken), None, "{broken}");
        }
    }

    #[test]
    fn json5_escapes_are_read() {
        let read = |text: &'static str| decode(tag::TEXT5, text.as_bytes());
        assert_eq!(read(r"\x41\'\v\0\n").unwrap(), "A'\u{b}\0\n");
        assert_eq!(read("a\\\nb\\\r\nc\\\u{2028}d").unwrap(), "abcd");
        assert_eq!(read(r"\x4"), None);
    }

    #[test]
    fn what_is_quoted_reads_back() {
        let text = "é\0\u{1f}\"\\/\n\u{7f}plain text after it";
        let mut out = String::new();
        write_quoted(text, &mut out);
        assert_eq!(serde_json::from_str::<String>(&out).unwrap(), text);
    }
}
