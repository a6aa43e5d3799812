//! The first byte of every element. They are stored, so they never change.

pub(super) const NULL: u8 = 0x08;
pub(super) const FALSE: u8 = 0x10;
pub(super) const TRUE: u8 = 0x11;
pub(super) const NEGATIVE: u8 = 0x20;
pub(super) const ZERO: u8 = 0x21;
pub(super) const POSITIVE: u8 = 0x22;
pub(super) const NAN: u8 = 0x23;
pub(super) const BYTES: u8 = 0x30;
pub(super) const TEXT: u8 = 0x38;
pub(super) const TIMESTAMP: u8 = 0x40;
pub(super) const TUPLE: u8 = 0x50;
pub(super) const OBJECT: u8 = 0x58;

/// Ends a tuple or an object; below every tag, so that the shorter one of two sorts first.
pub(super) const END: u8 = 0x00;
/// After a zero byte: the bytes or the text end here.
pub(super) const STOP: u8 = 0x01;
/// After a zero byte: it belongs to the content.
pub(super) const ESCAPED: u8 = 0xff;
