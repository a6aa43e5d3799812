//! The Iceberg REST catalog that some tests talk to.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::skipped;

/// A warehouse of a test's own.
#[derive(Clone, Debug)]
pub struct Warehouse {
    /// Where the catalog is.
    pub uri: String,
    /// What the warehouse is called.
    pub name: String,
}

/// A new warehouse for `name` in the catalog at `$HEADWATER_REST`. Without one it prints that the test is
/// skipped and returns `None`.
///
/// # Panics
/// When there is none and `CI=true`.
pub fn rest(name: &str) -> Option<Warehouse> {
    let Ok(uri) = std::env::var("HEADWATER_REST") else {
        skipped("HEADWATER_REST names no Iceberg catalog; `cargo xtask test` starts one");
        return None;
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    Some(Warehouse { uri, name: format!("{name}-{}-{now}", std::process::id()) })
}

impl Warehouse {
    /// Makes the next commit fail: `busy` before it is made, `silent` after that, without saying so, `proxied`
    /// then as well, with the answer of `busy`, `refused` in place of it, `late` before it is made, so that
    /// `arrive` makes it. `expire` ends all tokens.
    ///
    /// # Panics
    /// When the catalog does not answer.
    pub fn fault(&self, kind: &str) {
        let address = self.uri.trim_start_matches("http://");
        let mut stream = TcpStream::connect(address).expect("the catalog listens");
        let path = format!("/faults/{}/{kind}", self.name);
        let head = "HTTP/1.0\r\nHost: localhost\r\nContent-Length: 0";
        write!(stream, "POST {path} {head}\r\n\r\n").expect("the catalog reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("the catalog answers");
        assert!(answer.contains(" 200 "), "{answer}");
    }
}
