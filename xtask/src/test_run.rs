//! Runs of `cargo test`: each built once, their output passed on line by line and counted per crate.
//!
//! What shares its features is one cargo call, since cargo resolves features for the packages it is
//! given: a call per crate would build the same dependencies again and again.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, PipeReader, Write};
use std::path::Path;
use std::process::{Child, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::cargo;
use crate::line::Line;
use crate::outcome::{Failure, Outcome};
use crate::tally::Tally;

/// How long to listen on after cargo has ended: a process that a test left behind may hold the
/// pipe open for ever.
const AFTER_THE_END: Duration = Duration::from_secs(1);

/// What to run.
pub(crate) struct Plan {
    /// Arguments for cargo: the scope and the profile.
    pub(crate) cargo: Vec<String>,
    /// Arguments for each test program.
    pub(crate) harness: Vec<String>,
    /// Variables for the tests.
    pub(crate) environment: Vec<(&'static str, String)>,
}

impl Plan {
    /// What cargo is given, and nothing else.
    pub(crate) fn of(cargo: Vec<String>) -> Self {
        Plan { cargo, harness: Vec::new(), environment: Vec::new() }
    }
}

/// Builds, runs, prints the table and the last line `N passed, N failed, N skipped`.
pub(crate) fn run(plans: &[Plan]) -> Outcome<()> {
    let started = Instant::now();
    let mut owners = HashMap::new();
    for plan in plans {
        let Some(built) = build(plan)? else {
            println!("\nthe tests do not build\n0 passed, 1 failed, 0 skipped");
            return Err(Failure::Reported);
        };
        owners.extend(built);
    }
    let mut tally = Tally::new(owners, started.elapsed());
    let mut succeeded = true;
    for plan in plans {
        let status = execute(plan, &mut tally)?;
        tally.finish(status.success());
        succeeded &= status.success();
    }
    print!("{tally}");
    if succeeded && tally.failed() == 0 { Ok(()) } else { Err(Failure::Reported) }
}

/// Builds every test program; returns which package each one belongs to, by file name.
fn build(plan: &Plan) -> Outcome<Option<HashMap<String, String>>> {
    let mut command = cargo::command(["test", "--no-run"]);
    command.args(["--message-format", "json-render-diagnostics"]).args(&plan.cargo);
    let output = command.stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        return Ok(None);
    }
    let names: HashMap<String, String> =
        cargo::packages()?.into_iter().map(|package| (package.id, package.name)).collect();
    let mut owners = HashMap::new();
    for line in output.stdout.split(|byte| *byte == b'\n').filter(|line| line.starts_with(b"{")) {
        let message: Value = serde_json::from_slice(line)?;
        let file = message["executable"].as_str().map(Path::new).and_then(Path::file_name);
        let owner = message["package_id"].as_str().and_then(|id| names.get(id));
        if let (Some(file), Some(owner)) = (file, owner) {
            owners.insert(file.to_string_lossy().into_owned(), owner.clone());
        }
    }
    Ok(Some(owners))
}

/// Runs the tests; cargo's headings and the programs' results share one pipe, so they keep their
/// order.
fn execute(plan: &Plan, tally: &mut Tally) -> Outcome<ExitStatus> {
    let (reader, writer) = std::io::pipe()?;
    let mut command = cargo::command(["test", "--no-fail-fast"]);
    command.args(&plan.cargo).arg("--").args(&plan.harness);
    command.env("CARGO_TERM_COLOR", "never").envs(plan.environment.iter().cloned());
    command.stdout(writer.try_clone()?).stderr(writer);
    let mut child = command.spawn()?;
    // The command still owns the writing end, which would keep the pipe open.
    drop(command);
    listen(&mut child, &lines(reader), tally)
}

fn listen(child: &mut Child, lines: &Receiver<Vec<u8>>, tally: &mut Tally) -> Outcome<ExitStatus> {
    let mut ended: Option<Instant> = None;
    loop {
        match lines.recv_timeout(AFTER_THE_END / 4) {
            Ok(line) => {
                let mut terminal = std::io::stdout().lock();
                terminal.write_all(&line)?;
                terminal.flush()?;
                tally.record(&Line::parse(&String::from_utf8_lossy(&line)));
            }
            Err(RecvTimeoutError::Disconnected) => return Ok(child.wait()?),
            Err(RecvTimeoutError::Timeout) => {}
        }
        match (child.try_wait()?, ended) {
            (Some(_), None) => ended = Some(Instant::now()),
            (Some(status), Some(at)) if at.elapsed() > AFTER_THE_END => return Ok(status),
            _ => {}
        }
    }
}

/// Reads on a thread of its own, so that waiting for a line can time out.
fn lines(reader: PipeReader) -> Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::sync_channel(1024);
    std::thread::spawn(move || {
        let mut reader = BufReader::new(reader);
        loop {
            let mut line = Vec::new();
            match reader.read_until(b'\n', &mut line) {
                Ok(read) if read > 0 => {
                    if sender.send(line).is_err() {
                        return;
                    }
                }
                _ => return,
            }
        }
    });
    receiver
}
