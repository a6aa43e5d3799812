//! Named places where a test can end the process, to see what a crash there leaves behind.

use std::io::Write;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::{Error, ErrorKind, Result};

struct Armed {
    name: String,
    nth: u64,
    error: bool,
    hits: AtomicU64,
}

/// Passes the fail point `name`.
///
/// `HEADWATER_FAIL_POINT=NAME[:NTH]` aborts the process at the `NTH` passing (from 1), after a line
/// with the name was added to the file `HEADWATER_FAIL_LOG`; `NAME[:NTH]:error` returns an error
/// instead. Costs one load when nothing is armed.
///
/// # Errors
/// `Io`, only when armed so.
pub fn point(name: &str) -> Result<()> {
    static ARMED: OnceLock<Option<Armed>> = OnceLock::new();
    match ARMED.get_or_init(armed) {
        Some(armed) if armed.name == name => fire(armed),
        _ => Ok(()),
    }
}

fn armed() -> Option<Armed> {
    let text = std::env::var("HEADWATER_FAIL_POINT").ok()?;
    let mut parts = text.split(':');
    let name = parts.next()?.to_owned();
    let rest: Vec<&str> = parts.collect();
    let nth = rest.iter().find_map(|part| part.parse().ok()).unwrap_or(1);
    Some(Armed { name, nth, error: rest.contains(&"error"), hits: AtomicU64::new(0) })
}

fn fire(armed: &Armed) -> Result<()> {
    if armed.hits.fetch_add(1, Ordering::SeqCst) + 1 != armed.nth {
        return Ok(());
    }
    if let Ok(path) = std::env::var("HEADWATER_FAIL_LOG") {
        let file = std::fs::OpenOptions::new().create(true).append(true).open(path);
        let _ = file.and_then(|mut file| writeln!(file, "{}", armed.name));
    }
    if armed.error {
        return Err(Error::new(ErrorKind::Io, format!("fail point {} fired", armed.name)));
    }
    std::process::abort()
}
