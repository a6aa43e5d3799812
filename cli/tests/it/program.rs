//! Running the built program.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// A database folder that goes away, and the program to be run on it.
pub(crate) struct Database {
    folder: TempDir,
}

/// What a run of the program left behind.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Database {
    /// An empty folder; nothing is in it yet.
    pub(crate) fn new() -> Self {
        Database { folder: tempfile::tempdir().unwrap() }
    }

    /// Where the database is.
    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("shop.hw")
    }

    /// A file beside the database, for input.
    pub(crate) fn file(&self, name: &str, content: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    /// The program on this database, not started yet.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_headwater"));
        command.arg("--db").arg(self.path()).args(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// The program, started.
    pub(crate) fn start(&self, arguments: &[&str]) -> Child {
        self.command(arguments).spawn().unwrap()
    }

    /// Runs the program without input.
    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        self.run_with(arguments, "")
    }

    /// Runs the program with `input` on stdin.
    pub(crate) fn run_with(&self, arguments: &[&str], input: &str) -> Run {
        let mut child = self.start(arguments);
        let mut stdin = child.stdin.take().unwrap();
        let input = input.to_owned();
        let writer = std::thread::spawn(move || {
            // The program may end before it has read everything.
            let _ = stdin.write_all(input.as_bytes());
        });
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap();
        Run::of(output)
    }

    /// Puts documents, which must work.
    pub(crate) fn put(&self, name: &str, documents: &str) {
        self.run_with(&["document", "put", name], documents).succeeded();
    }

    /// Runs the program, which must work, and reads its output as NDJSON.
    pub(crate) fn lines(&self, arguments: &[&str]) -> Vec<Value> {
        json_lines(&self.run(arguments).succeeded().out)
    }
}

impl Run {
    pub(crate) fn of(output: Output) -> Self {
        Run {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Done: code 0, and nothing on stderr.
    pub(crate) fn succeeded(self) -> Self {
        assert_eq!((self.code, self.err.as_str()), (Some(0), ""), "{self:?}");
        self
    }

    /// Refused: code 1, and one line on stderr, which is returned without its prefix.
    pub(crate) fn refused(self) -> String {
        assert_eq!(self.code, Some(1), "{self:?}");
        assert_eq!(self.err.lines().count(), 1, "{self:?}");
        self.err.trim_end().strip_prefix("headwater: ").unwrap().to_owned()
    }
}

/// Each line of `text` as JSON.
pub(crate) fn json_lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Whether the folder holds anything.
pub(crate) fn is_there(path: &Path) -> bool {
    path.exists()
}
