//! What a child asked of the kernel, in order, as `strace` saw it: shows that a sync came before an
//! acknowledgement, which no test from inside the process can.

use std::collections::HashMap;
use std::io::{self, ErrorKind};
use std::process::{Command, Stdio};

use crate::crash::{Crash, acknowledgement};

const CALLS: &str = "trace=fsync,fdatasync,pwrite64,write,openat,close";

/// One system call that succeeded. Order is that of completion, except that output counts from its
/// start: an acknowledgement must not even begin before its sync is done.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// `fsync` or `fdatasync` of the file at this path.
    Synced(String),
    /// `write` or `pwrite64` to the file at this path.
    Written(String),
    /// `openat` of this path.
    Opened(String),
    /// `close` of the file at this path.
    Closed(String),
    /// What [`Child::ack`](crate::crash::Child::ack) reported.
    Ack(String),
    /// Any other line on stdout or stderr.
    Line(String),
}

/// Runs a child to its own end under `strace` and returns its system calls. Acknowledgements are cut
/// at 512 bytes.
///
/// # Errors
/// When `strace` is missing or may not trace, or the child fails.
pub fn trace(crash: &Crash) -> io::Result<Vec<Event>> {
    let log = tempfile::NamedTempFile::new()?;
    let child = crash.command();
    let mut command = Command::new("strace");
    command.args(["-f", "-y", "-s", "512", "-e", CALLS, "-e", "signal=none", "-o"]);
    command.arg(log.path()).arg("--").arg(child.get_program()).args(child.get_args());
    command.envs(child.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let output = command.stdin(Stdio::null()).output().map_err(|error| match error.kind() {
        ErrorKind::NotFound => {
            io::Error::new(ErrorKind::NotFound, "strace is missing: `cargo xtask test` installs it")
        }
        kind => io::Error::new(kind, format!("cannot start strace: {error}")),
    })?;
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr);
        return Err(io::Error::other(format!(
            "the traced child failed, {}: {stderr}",
            output.status
        )));
    }
    Ok(parse(&std::fs::read_to_string(log.path())?))
}

/// The acknowledgements that came too early. `group` names the commit group of an acknowledgement;
/// before the first one of the nth group, at least n syncs of a file that ends in `suffix` must be
/// complete. Pass the events after the setup: syncs from before would count for later groups.
pub fn acks_before_sync(
    events: &[Event],
    suffix: &str,
    group: impl Fn(&str) -> String,
) -> Vec<String> {
    let (mut syncs, mut groups, mut early) = (0_usize, Vec::new(), Vec::new());
    for event in events {
        match event {
            Event::Synced(path) if path.ends_with(suffix) => syncs += 1,
            Event::Ack(ack) => {
                let name = group(ack);
                if !groups.contains(&name) {
                    groups.push(name);
                }
                if syncs < groups.len() {
                    early.push(ack.clone());
                }
            }
            _ => {}
        }
    }
    early
}

/// Reads the output of `strace -f -y -o`.
fn parse(log: &str) -> Vec<Event> {
    let mut unfinished: HashMap<&str, String> = HashMap::new();
    let mut output = Output::default();
    let mut events = Vec::new();
    for line in log.lines() {
        let Some((thread, call)) = line.trim_start().split_once(' ') else {
            continue;
        };
        let call = call.trim_start();
        if let Some(start) = call.strip_suffix(" <unfinished ...>") {
            output.push(start, &mut events);
            unfinished.insert(thread, start.to_owned());
        } else if let Some((_, rest)) =
            call.strip_prefix("<... ").and_then(|c| c.split_once("resumed>"))
        {
            let whole = unfinished.remove(thread).unwrap_or_default() + rest;
            events.extend(completed(&whole));
        } else {
            output.push(call, &mut events);
            events.extend(completed(call));
        }
    }
    events
}

/// The event of a file's call, if it succeeded: `name(FD</path>, …) = RESULT`.
fn completed(call: &str) -> Option<Event> {
    let (name, rest) = call.split_once('(')?;
    let (_, result) = rest.rsplit_once(" = ")?;
    if result.starts_with('-') || result.starts_with('?') {
        return None;
    }
    let path = |text: &str| Some(text.split_once('<')?.1.split_once('>')?.0.to_owned());
    match name {
        "openat" => path(result).map(Event::Opened),
        "fsync" | "fdatasync" => path(rest).map(Event::Synced),
        "close" => path(rest).map(Event::Closed),
        "write" | "pwrite64" if is_output(rest).is_none() => path(rest).map(Event::Written),
        _ => None,
    }
}

/// The text that follows the file descriptor, when that is stdout or stderr.
fn is_output(arguments: &str) -> Option<&str> {
    let (fd, rest) = arguments.split_once('<')?;
    (fd == "1" || fd == "2").then_some(rest)
}

/// Lines that are put together from writes to stdout and stderr.
#[derive(Default)]
struct Output(Vec<u8>);

impl Output {
    fn push(&mut self, call: &str, events: &mut Vec<Event>) {
        let text = call.strip_prefix("write(").and_then(is_output);
        let Some((_, quoted)) = text.and_then(|text| text.split_once('"')) else {
            return;
        };
        self.0.extend(unquoted(quoted));
        while let Some(end) = self.0.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.0.drain(..=end).collect();
            events.push(acknowledgement(&line).map_or_else(
                || Event::Line(String::from_utf8_lossy(&line[..end]).into_owned()),
                Event::Ack,
            ));
        }
    }
}

/// The bytes of a C string literal, up to its closing quote.
fn unquoted(text: &str) -> Vec<u8> {
    let mut bytes = text.bytes().peekable();
    let mut out = Vec::new();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => break,
            b'\\' => match bytes.next() {
                Some(b'n') => out.push(b'\n'),
                Some(b't') => out.push(b'\t'),
                Some(b'r') => out.push(b'\r'),
                Some(b'v') => out.push(0x0b),
                Some(b'f') => out.push(0x0c),
                Some(first @ b'0'..=b'7') => {
                    let mut value = u32::from(first - b'0');
                    for _ in 0..2 {
                        let Some(digit) = bytes.next_if(|b| (b'0'..=b'7').contains(b)) else {
                            break;
                        };
                        value = value * 8 + u32::from(digit - b'0');
                    }
                    out.push(value as u8);
                }
                Some(other) => out.push(other),
                None => break,
            },
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests;
