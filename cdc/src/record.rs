//! The payload of one record of the change log: its bytes, written and read.
//!
//! A record is filed under a tag: `STORE/TABLE` for a change of a store's row, `event` for an event
//! that the application published. Numbers are LEB128 varints.
//!
//! ```text
//! byte 0   bits 0-2  what: 0 domain event, 1 create, 2 update, 3 delete
//!          bits 3-4  the key: 0 integer, 1 text, 2 JSONB          (0 in a domain event)
//!          bit 5     a before-image follows                       (0 in a domain event)
//!          bit 6     an after-image follows                       (0 in a domain event)
//!          bit 7     a row number follows the key                (0 in a domain event)
//!
//! a change:        key     integer: zigzag varint; text, JSONB: length, bytes
//!                  row     zigzag varint                         when bit 7 is set
//!                  before  length, JSONB                          when bit 5 is set
//!                  after   JSONB up to the end                    when bit 6 is set
//! a domain event:  type    length, UTF-8
//!                  data    JSONB up to the end
//! ```
//!
//! Of two images only the first has a length, and a lone before-image has none either: the last part
//! always runs to the end. What belongs to the whole transaction (timestamp, attributes) is stored
//! once in the segment, and `id`, `type` and `changedFields` of a change are derived.

use headwater_primitives::{Error, Result, varint};

use crate::change::{Change, KeyRef, Op};

/// The tag of events that the application published.
pub(crate) const EVENT_TAG: &str = "event";

const OP: u8 = 0b0000_0111;
const KEY_AT: u32 = 3;
const KEY: u8 = 0b11;
const BEFORE: u8 = 1 << 5;
const AFTER: u8 = 1 << 6;
const ROW: u8 = 1 << 7;

/// A record's payload, parsed where it lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Payload<'a> {
    /// A store changed a row.
    Change {
        op: Op,
        key: KeyRef<'a>,
        row: Option<i64>,
        before: Option<&'a [u8]>,
        after: Option<&'a [u8]>,
    },
    /// The application published something.
    Event { kind: &'a str, data: &'a [u8] },
}

/// Appends the payload of a store's change.
pub(crate) fn write_change(out: &mut Vec<u8>, change: &Change<'_>) -> Result<()> {
    let op = match change.op {
        Op::Create => 1,
        Op::Update => 2,
        Op::Delete => 3,
        Op::Read => {
            return Err(Error::invalid(
                "operation r belongs to snapshots: the change log records c, u and d",
            ));
        }
    };
    let key = match change.key {
        KeyRef::Integer(_) => 0,
        KeyRef::Text(_) => 1,
        KeyRef::Json(_) => 2,
    };
    let before = if change.before.is_some() { BEFORE } else { 0 };
    let after = if change.after.is_some() { AFTER } else { 0 };
    let row = if change.row.is_some() { ROW } else { 0 };
    out.push(op | (key << KEY_AT) | before | after | row);
    write_key(out, change.key);
    if let Some(row) = change.row {
        varint::write(out, zigzag(row));
    }
    if let Some(before) = change.before {
        if change.after.is_some() {
            varint::write(out, before.len() as u64);
        }
        out.extend_from_slice(before);
    }
    if let Some(after) = change.after {
        out.extend_from_slice(after);
    }
    Ok(())
}

/// Appends what comes before the data of a domain event.
pub(crate) fn write_event_head(out: &mut Vec<u8>, kind: &str) {
    out.push(0);
    varint::write(out, kind.len() as u64);
    out.extend_from_slice(kind.as_bytes());
}

impl<'a> Payload<'a> {
    /// Reads a payload. The JSONB inside is not looked at.
    #[inline]
    pub(crate) fn parse(payload: &'a [u8]) -> Result<Payload<'a>> {
        let Some((&head, mut rest)) = payload.split_first() else {
            return Err(Error::corrupt("an empty record"));
        };
        if head == 0 {
            let len = varint::read(&mut rest)?;
            let kind = text(varint::take(&mut rest, len)?)?;
            return Ok(Payload::Event { kind, data: rest });
        }
        let op = match head & OP {
            1 => Op::Create,
            2 => Op::Update,
            3 => Op::Delete,
            _ => return Err(unknown(head)),
        };
        let key = read_key(head >> KEY_AT & KEY, &mut rest)?;
        let row = match head & ROW {
            0 => None,
            _ => Some(unzigzag(varint::read(&mut rest)?)),
        };
        let (before, after) = match (head & BEFORE != 0, head & AFTER != 0) {
            (true, true) => {
                let len = varint::read(&mut rest)?;
                (Some(varint::take(&mut rest, len)?), Some(rest))
            }
            (true, false) => (Some(rest), None),
            (false, true) => (None, Some(rest)),
            (false, false) if rest.is_empty() => (None, None),
            (false, false) => return Err(Error::corrupt("a record goes on after its end")),
        };
        Ok(Payload::Change { op, key, row, before, after })
    }
}

/// Appends a key without its sort.
fn write_key(out: &mut Vec<u8>, key: KeyRef<'_>) {
    let bytes = match key {
        KeyRef::Integer(key) => return varint::write(out, zigzag(key)),
        KeyRef::Text(key) => key.as_bytes(),
        KeyRef::Json(key) => key,
    };
    varint::write(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

fn read_key<'a>(sort: u8, rest: &mut &'a [u8]) -> Result<KeyRef<'a>> {
    let number = varint::read(rest)?;
    match sort {
        0 => Ok(KeyRef::Integer(unzigzag(number))),
        1 => Ok(KeyRef::Text(text(varint::take(rest, number)?)?)),
        2 => Ok(KeyRef::Json(varint::take(rest, number)?)),
        _ => Err(Error::corrupt("a record has a key of an unknown sort")),
    }
}

fn text(bytes: &[u8]) -> Result<&str> {
    std::str::from_utf8(bytes).map_err(|_| Error::corrupt("a record holds text that is not UTF-8"))
}

fn unknown(head: u8) -> Error {
    Error::corrupt(format!("a record starts with {head:#04x}, which says nothing known"))
}

fn zigzag(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)) as u64
}

fn unzigzag(number: u64) -> i64 {
    (number >> 1) as i64 ^ -((number & 1) as i64)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::change::Store;

    fn change<'a>(
        op: Op,
        key: KeyRef<'a>,
        before: Option<&'a [u8]>,
        after: Option<&'a [u8]>,
    ) -> Change<'a> {
        Change { op, store: Store::Document, table: "customers", key, row: None, before, after }
    }

    #[test]
    fn a_change_is_as_long_as_the_format_says() {
        let mut out = Vec::new();
        let key = KeyRef::Text("ada");
        write_change(&mut out, &change(Op::Update, key, Some(&[0x17, 0x61]), Some(&[0x00])))
            .unwrap();
        assert_eq!(out, [0b0110_1010, 3, b'a', b'd', b'a', 2, 0x17, 0x61, 0x00]);
        out.clear();
        write_change(&mut out, &change(Op::Create, KeyRef::Integer(-1), None, Some(&[1]))).unwrap();
        assert_eq!(out, [0b0100_0001, 1, 1]);
        out.clear();
        let numbered = Change { row: Some(3), ..change(Op::Delete, key, Some(&[0x00]), None) };
        write_change(&mut out, &numbered).unwrap();
        assert_eq!(out, [0b1010_1011, 3, b'a', b'd', b'a', 6, 0x00]);
        assert!(write_change(&mut out, &change(Op::Read, key, None, None)).is_err());
    }

    #[test]
    fn a_domain_event_starts_with_zero() {
        let mut out = Vec::new();
        write_event_head(&mut out, "Paid");
        out.push(0x01);
        assert_eq!(out, [0, 4, b'P', b'a', b'i', b'd', 0x01]);
        assert_eq!(Payload::parse(&out).unwrap(), Payload::Event { kind: "Paid", data: &[0x01] });
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_change_comes_back_as_it_was(
            op in 0..3usize,
            number in any::<i64>(),
            text in ".{0,40}",
            sort in 0..3u8,
            row in any::<Option<i64>>(),
            before in proptest::option::of(proptest::collection::vec(any::<u8>(), 0..200)),
            after in proptest::option::of(proptest::collection::vec(any::<u8>(), 0..200)),
        ) {
            let key = match sort {
                0 => KeyRef::Integer(number),
                1 => KeyRef::Text(&text),
                _ => KeyRef::Json(text.as_bytes()),
            };
            let (op, before, after) = (Op::ALL[op], before.as_deref(), after.as_deref());
            let mut out = Vec::new();
            let written = Change { row, ..change(op, key, before, after) };
            write_change(&mut out, &written).unwrap();
            let read = Payload::Change { op, key, row, before, after };
            prop_assert_eq!(Payload::parse(&out).unwrap(), read);
        }

        #[test]
        fn garbage_is_refused_and_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            let _ = Payload::parse(&bytes);
        }
    }
}
