//! NDJSON from stdin or a file, parsed on a thread of its own, in batches of bounded size.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use serde::de::DeserializeOwned;
use serde_json::error::Category;

use crate::failure::{Failure, Outcome};

/// A batch is handed on once its lines have so many bytes.
const BATCH_BYTES: usize = 1 << 20;
/// Or once it has so many lines.
const BATCH_LINES: usize = 1000;
/// Batches that wait to be taken.
const WAITING: usize = 2;
/// The longest line: a document of the largest size, with every character escaped.
const MAX_LINE: u64 = 64 << 20;

/// Where lines come from.
pub(crate) struct Input {
    reader: Box<dyn Read + Send>,
    /// The size in bytes, where it is known.
    pub(crate) size: Option<u64>,
}

/// A parsed line, with its number from 1 and its length.
pub(crate) struct Line<T> {
    pub(crate) number: u64,
    pub(crate) bytes: u64,
    pub(crate) value: T,
}

/// What the parsing thread sends.
enum Message<T> {
    /// Lines that came together.
    Lines(Vec<Line<T>>),
    /// There are no more, and why.
    End(Outcome),
}

/// Batches of lines, in order, and at last the failure if there was one.
pub(crate) struct Batches<T> {
    receiver: Receiver<Message<T>>,
    ended: bool,
}

impl Input {
    /// Opens `file`, or stdin when there is none or it is `-`.
    pub(crate) fn open(file: Option<&Path>) -> Outcome<Self> {
        let Some(path) = file.filter(|path| *path != Path::new("-")) else {
            return Ok(Input { reader: Box::new(io::stdin()), size: None });
        };
        let refused =
            |error: io::Error| Failure::new(format!("cannot read {}: {error}", path.display()));
        let file = File::open(path).map_err(refused)?;
        let metadata = file.metadata().map_err(refused)?;
        if metadata.is_dir() {
            return Err(Failure::new(format!(
                "cannot read {}: it is a folder, and a file of NDJSON is needed",
                path.display()
            )));
        }
        let size = metadata.is_file().then_some(metadata.len());
        Ok(Input { reader: Box::new(file), size })
    }

    /// Parses the lines on another thread. What has arrived is handed on before the thread waits for
    /// more, so a slow writer's lines do not lie about; a receiver that falls behind slows the
    /// thread down.
    pub(crate) fn batches<T: DeserializeOwned + Send + 'static>(self) -> Batches<T> {
        let (sender, receiver) = sync_channel(WAITING);
        let lines = Lines { reader: BufReader::with_capacity(BATCH_BYTES, self.reader), number: 0 };
        // Not joined: when the receiver is gone, the thread may still be waiting for a line.
        thread::spawn(move || lines.send(&sender));
        Batches { receiver, ended: false }
    }
}

impl<T> Iterator for Batches<T> {
    type Item = Outcome<Vec<Line<T>>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        match self.receiver.recv() {
            Ok(Message::Lines(lines)) => Some(Ok(lines)),
            Ok(Message::End(end)) => {
                self.ended = true;
                end.err().map(Err)
            }
            // Without the word that it is the end, it is none.
            Err(_) => {
                self.ended = true;
                Some(Err(Failure::new("reading the input broke off: put the rest again")))
            }
        }
    }
}

struct Lines {
    reader: BufReader<Box<dyn Read + Send>>,
    number: u64,
}

impl Lines {
    /// Sends everything. A receiver that is gone has had enough.
    fn send<T: DeserializeOwned>(mut self, sender: &SyncSender<Message<T>>) {
        let (mut batch, mut bytes) = (Vec::new(), 0);
        let end = loop {
            let full = bytes >= BATCH_BYTES || batch.len() >= BATCH_LINES;
            let would_wait = !self.reader.buffer().contains(&b'\n');
            if !batch.is_empty() && (full || would_wait) {
                bytes = 0;
                if sender.send(Message::Lines(std::mem::take(&mut batch))).is_err() {
                    return;
                }
            }
            match self.next() {
                Ok(Some(line)) => {
                    bytes += line.bytes as usize;
                    batch.push(line);
                }
                Ok(None) => break Ok(()),
                Err(failure) => break Err(failure),
            }
        };
        if !batch.is_empty() {
            let _ = sender.send(Message::Lines(batch));
        }
        let _ = sender.send(Message::End(end));
    }

    /// The next line that is not blank.
    fn next<T: DeserializeOwned>(&mut self) -> Outcome<Option<Line<T>>> {
        let mut text = Vec::new();
        let mut bytes = 0;
        loop {
            text.clear();
            self.number += 1;
            let read = (&mut self.reader).take(MAX_LINE + 1).read_until(b'\n', &mut text);
            let read = read.map_err(|error| Failure::at_line(error, self.number))? as u64;
            bytes += read;
            if read == 0 {
                return Ok(None);
            }
            if read > MAX_LINE {
                let message = format!("the line is longer than {MAX_LINE} bytes");
                return Err(Failure::at_line(message, self.number));
            }
            if !text.trim_ascii().is_empty() {
                let value = parse_object(text.trim_ascii_end())
                    .map_err(|why| Failure::at_line(why, self.number))?;
                return Ok(Some(Line { number: self.number, bytes, value }));
            }
        }
    }
}

/// Parses the object that a line is.
fn parse_object<T: DeserializeOwned>(text: &[u8]) -> Result<T, String> {
    // serde would take an array too, as the fields in their order.
    if text.trim_ascii_start().starts_with(b"[") {
        return Err("an array, and each line must be an object".to_owned());
    }
    parse(text)
}

/// Parses one JSON value; says where it goes wrong.
pub(crate) fn parse<T: DeserializeOwned>(text: &[u8]) -> Result<T, String> {
    serde_json::from_slice(text).map_err(|error| {
        let message = error.to_string();
        let what = message.rsplit_once(" at line ").map_or(&*message, |(what, _)| what);
        let wrong = match error.classify() {
            Category::Data => "not what is expected",
            _ => "not JSON",
        };
        let line = match error.line() {
            0 | 1 => String::new(),
            line => format!("line {line}, "),
        };
        format!("{wrong} at {line}column {}: {what}", error.column())
    })
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn numbers(text: &'static str) -> Vec<Result<u64, String>> {
        let input = Input { reader: Box::new(text.as_bytes()), size: None };
        let lines = input.batches::<Value>().flat_map(|batch| match batch {
            Ok(lines) => lines.into_iter().map(|line| Ok(line.number)).collect(),
            Err(Failure::Refused(why)) => vec![Err(why)],
            Err(Failure::OutputClosed) => Vec::new(),
        });
        lines.collect()
    }

    #[test]
    fn blank_lines_count_and_are_skipped() {
        assert_eq!(numbers("{}\n\n  \r\n{}"), [Ok(1), Ok(4)]);
        assert_eq!(numbers(""), []);
    }

    #[test]
    fn lines_before_a_bad_one_are_handed_on() {
        let found = numbers("{}\n{\"a\":}\n{}");
        let why = "not JSON at column 6: expected value (input line 2)";
        assert_eq!(found, [Ok(1), Err(why.to_owned())]);
    }
}
