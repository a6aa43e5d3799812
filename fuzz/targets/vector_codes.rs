//! Arbitrary bytes as a table of vector codes: refused, or one that can be scanned and saved again.
#![no_main]

use headwater_vector::quantize::Codes;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = Codes::load(bytes);
    if let Ok(codes) = Codes::load(&sealed(bytes)) {
        assert_eq!(codes.save(), sealed(&codes.save()));
        let query = vec![1.0; codes.dimensions()];
        let found = codes.scan(&query, 10, |_| true).unwrap();
        assert!(found.iter().all(|candidate| codes.contains(candidate.slot)));
    }
});

/// `bytes` with magic, version and checksum in their places, so that what follows them is read.
fn sealed(bytes: &[u8]) -> Vec<u8> {
    let mut sealed = bytes.to_vec();
    sealed.resize(sealed.len().max(24), 0);
    sealed[..5].copy_from_slice(b"HWVQ\x01");
    let crc = crc32c::crc32c_append(crc32c::crc32c(&sealed[..20]), &sealed[24..]);
    sealed[20..24].copy_from_slice(&crc.to_le_bytes());
    sealed
}
