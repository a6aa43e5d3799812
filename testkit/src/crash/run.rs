//! The parent's side of a crash run: starts the child, reads its acknowledgements, ends it.

use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::process::{self, ExitStatus};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Instant;

use super::{Crash, FAIL_LOG, FAIL_POINT, Kill, MARK};

/// How a child ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum End {
    /// By SIGKILL.
    Killed,
    /// By `abort`, as fail points do.
    Aborted,
    /// By itself, with this exit code (-1 where another signal ended it).
    Exited(i32),
}

/// What is known after the child has ended.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Outcome {
    /// Everything that was acknowledged, in the order of arrival.
    pub acks: Vec<String>,
    /// How the child ended.
    pub end: End,
    /// What it wrote to stderr.
    pub stderr: String,
}

pub(super) fn run(crash: &Crash) -> io::Result<Outcome> {
    let mut command = crash.command();
    let log = tempfile::NamedTempFile::new()?;
    if let Some(point) = &crash.fail_point {
        command.env(FAIL_POINT, point).env(FAIL_LOG, log.path());
    }
    let mut process = command.spawn().map_err(|error| {
        io::Error::new(error.kind(), format!("cannot start {}: {error}", crash.program.display()))
    })?;
    let stdout = process.stdout.take().map(acknowledgements);
    let stderr = process.stderr.take().map(|pipe| thread::spawn(move || text(pipe)));

    let mut acks = Vec::new();
    let ended = stdout.is_none_or(|stdout| follow(crash, &mut process, &stdout, &mut acks));
    if !ended {
        process.kill()?;
    }
    let status = process.wait()?;
    let stderr = stderr.and_then(|thread| thread.join().ok()).unwrap_or_default();
    if !ended {
        let (limit, acks) = (crash.limit, acks.len());
        let message =
            format!("still running after {limit:?} and {acks} acknowledgements: {stderr}");
        return Err(io::Error::new(io::ErrorKind::TimedOut, message));
    }
    if let Some(point) = &crash.fail_point {
        check_fired(point, log.path(), &stderr)?;
    }
    Ok(Outcome { acks, end: end(status), stderr })
}

/// Collects acknowledgements until the child closes its stdout, and kills it when it is time to.
/// False when the time limit came first.
fn follow(
    crash: &Crash,
    process: &mut process::Child,
    stdout: &Receiver<String>,
    acks: &mut Vec<String>,
) -> bool {
    let deadline = Instant::now() + crash.limit;
    let mut kill = crash.kill;
    loop {
        if let Some(Kill { delay, .. }) = kill.take_if(|kill| kill.acks <= acks.len() as u64) {
            thread::sleep(delay);
            // It may have ended meanwhile; then there is nothing to kill.
            let _ = process.kill();
        }
        let left = deadline.saturating_duration_since(Instant::now());
        match stdout.recv_timeout(left) {
            Ok(ack) => acks.push(ack),
            Err(RecvTimeoutError::Disconnected) => return true,
            Err(RecvTimeoutError::Timeout) => return false,
        }
    }
}

/// Reads lines until the pipe is closed and passes on the acknowledgements. A line without an end
/// was cut by the kill and is not one.
fn acknowledgements(pipe: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        let mut pipe = BufReader::new(pipe);
        let mut line = Vec::new();
        while pipe.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
            if let Some(ack) = acknowledgement(&line)
                && sender.send(ack).is_err()
            {
                return;
            }
            line.clear();
        }
    });
    receiver
}

/// The acknowledgement in a line of output, if it holds a whole one.
pub(crate) fn acknowledgement(line: &[u8]) -> Option<String> {
    let line = line.strip_suffix(b"\n")?;
    let start = line.iter().position(|byte| *byte == MARK)?;
    Some(String::from_utf8_lossy(&line[start + 1..]).into_owned())
}

fn text(mut pipe: impl Read) -> String {
    let mut bytes = Vec::new();
    // What was read before an error is worth showing all the same.
    let _ = pipe.read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

fn check_fired(point: &str, log: &Path, stderr: &str) -> io::Result<()> {
    let name = point.split(':').next().unwrap_or(point);
    let fired = std::fs::read_to_string(log)?;
    if fired.lines().any(|line| line == name) {
        return Ok(());
    }
    Err(io::Error::other(format!("the fail point {point} never fired: {stderr}")))
}

#[cfg(unix)]
fn end(status: ExitStatus) -> End {
    use std::os::unix::process::ExitStatusExt;

    const SIGABRT: i32 = 6;
    const SIGKILL: i32 = 9;
    match status.signal() {
        Some(SIGKILL) => End::Killed,
        Some(SIGABRT) => End::Aborted,
        _ => End::Exited(status.code().unwrap_or(-1)),
    }
}

#[cfg(not(unix))]
fn end(status: ExitStatus) -> End {
    End::Exited(status.code().unwrap_or(-1))
}
