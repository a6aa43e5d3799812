//! Arbitrary bytes as a segment: refused, or read to the end.
#![no_main]

use headwater_document::primitives::{Attributes, Segment, SegmentHeader};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = SegmentHeader::parse(bytes);
    if let Ok(segment) = Segment::decode(bytes) {
        for record in segment.records().flatten() {
            let _ = Attributes::decode(record.unit.meta);
        }
    }
});
