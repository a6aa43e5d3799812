//! The process that is killed, and the one that kills it.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{self, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use headwater::{Error, ErrorKind, Headwater};

use super::open;
use crate::Outcome;
use crate::arguments::WRITE_UNTIL_KILLED;
use crate::model::{Review, SourceFile, all};

const WRITERS: usize = 16;

/// What is known of a process that was killed.
pub(super) struct Killed {
    /// The ids of the reviews that were reported as written.
    pub(super) acknowledged: Vec<String>,
    /// From the first of them to the last.
    pub(super) wrote: Duration,
}

/// Starts this program again to write, and kills it some time after so many acknowledgements.
pub(super) fn run_and_kill(
    folder: &Path,
    round: usize,
    (after, later): (usize, Duration),
) -> Outcome<Killed> {
    let mut child = Command::new(std::env::current_exe()?)
        .arg(WRITE_UNTIL_KILLED)
        .arg(folder)
        .arg(round.to_string())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut lines = BufReader::new(child.stdout.take().ok_or("the child has no output")?);
    let mut acknowledged = Vec::new();
    let mut began = None;
    let read = loop {
        match read_line(&mut lines) {
            Ok(Some(line)) => acknowledged.push(line),
            ended => break ended,
        }
        began.get_or_insert_with(Instant::now);
        if acknowledged.len() == after {
            thread::sleep(later);
            child.kill()?;
        }
    };
    let wrote = began.map(|began| began.elapsed()).unwrap_or_default();
    // Does nothing to a child that has ended.
    let _ = child.kill();
    let status = child.wait()?;
    read?;
    if acknowledged.len() < after {
        return Err(format!("the child ended by itself, too early: {status}").into());
    }
    Ok(Killed { acknowledged, wrote })
}

/// One line; `None` at the end, where half a line may stand that is no acknowledgement.
fn read_line(lines: &mut impl BufRead) -> std::io::Result<Option<String>> {
    let mut line = String::new();
    lines.read_line(&mut line)?;
    Ok(line.strip_suffix('\n').map(str::to_owned))
}

/// Writes reviews from many threads and prints the id of each one that is safe. Never ends.
pub(crate) fn write_until_killed(folder: &Path, round: &str) -> Outcome {
    let db = open(folder)?;
    let files: Vec<String> = all::<SourceFile>(&db)?.into_iter().map(|file| file.id).collect();
    thread::scope(|scope| {
        for writer in 0..WRITERS {
            let (db, files) = (&db, &files);
            scope.spawn(move || {
                if let Err(error) = write(db, files, round, writer) {
                    eprintln!("tour: writer {writer}: {error}");
                    process::exit(1);
                }
            });
        }
    });
    Ok(())
}

fn write(db: &Headwater, files: &[String], round: &str, writer: usize) -> Outcome {
    for number in 0.. {
        let file = files[(writer * 31 + number) % files.len()].clone();
        let review = Review { id: format!("{round}-{writer:02}-{number:06}"), file };
        let id = review.id.clone();
        db.transaction(move |tx| add(tx, &review)).wait()?;
        let mut out = std::io::stdout().lock();
        out.write_all(format!("{id}\n").as_bytes())?;
        out.flush()?;
    }
    Ok(())
}

/// Two documents that belong together.
fn add(tx: &headwater::Transaction<'_>, review: &Review) -> headwater::Result<()> {
    let Some(mut file) = tx.get::<SourceFile>(&*review.file)? else {
        return Err(Error::new(ErrorKind::NotFound, format!("there is no file {}", review.file)));
    };
    file.reviews += 1;
    tx.insert(review)?;
    tx.put(&file)?;
    Ok(())
}
