//! Crash runs: a child process that reports what was acknowledged until it is killed.
//!
//! A test re-executes its own binary, as one test of libtest or nextest. Parent and child are the
//! same function:
//!
//! ```no_run
//! use headwater_testkit::crash::{self, Crash, Kill};
//!
//! // #[test]
//! fn an_acknowledged_write_survives_kill_9() {
//!     if let Some(child) = crash::child() {
//!         for id in 0_u64.. {
//!             // write `id` durably below `child.directory()`, then:
//!             child.ack(id);
//!         }
//!     }
//!     for seed in 0..50 {
//!         let directory = tempfile::tempdir().unwrap();
//!         let crash = Crash::of(an_acknowledged_write_survives_kill_9, "writer", directory.path());
//!         let outcome = crash.kill(Kill::seeded(seed, 200)).run().unwrap();
//!         for id in outcome.acks {
//!             // it is there
//!         }
//!     }
//! }
//! ```

use std::ffi::{OsStr, OsString};
use std::fmt::Display;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::Rng;

mod run;

pub(crate) use self::run::acknowledgement;
pub use self::run::{End, Outcome};

const SCENARIO: &str = "HEADWATER_CRASH_CHILD";
const DIRECTORY: &str = "HEADWATER_CRASH_DIRECTORY";
const FAIL_POINT: &str = "HEADWATER_FAIL_POINT";
const FAIL_LOG: &str = "HEADWATER_FAIL_LOG";

/// Starts an acknowledgement, since libtest writes to the same stream and not always whole lines.
pub(crate) const MARK: u8 = 0x1e;

/// This process as a child of a crash run.
#[derive(Clone, Debug)]
pub struct Child {
    scenario: String,
    directory: PathBuf,
}

/// The child's side: `Some` when a [`Crash`] started this process.
pub fn child() -> Option<Child> {
    let scenario = std::env::var(SCENARIO).ok()?;
    let directory = std::env::var_os(DIRECTORY).unwrap_or_default().into();
    Some(Child { scenario, directory })
}

impl Child {
    /// The name that the parent gave this run.
    pub fn scenario(&self) -> &str {
        &self.scenario
    }

    /// The directory that parent and child share.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Reports one acknowledgement: one line, in one `write`, past all buffers. Safe from many
    /// threads. A line is up to 4,000 bytes and has no line break.
    ///
    /// # Panics
    /// When the parent is gone.
    pub fn ack(&self, what: impl Display) {
        let line = format!("{}{what}\n", char::from(MARK));
        let mut out = io::stdout().lock();
        if let Err(error) = out.write_all(line.as_bytes()).and_then(|()| out.flush()) {
            panic!("the parent no longer listens: {error}");
        }
    }
}

/// When to kill: `delay` after the acknowledgement number `acks`, or after the start when it is 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kill {
    /// Acknowledgements to wait for.
    pub acks: u64,
    /// Time to wait after the last of them.
    pub delay: Duration,
}

impl Kill {
    /// Right after the `acks`th acknowledgement.
    pub fn after_acks(acks: u64) -> Self {
        Self { acks, delay: Duration::ZERO }
    }

    /// Some time after the start, most of which a test binary needs to start at all.
    pub fn after(delay: Duration) -> Self {
        Self { acks: 0, delay }
    }

    /// A random moment: after 1 to `most_acks` acknowledgements and 0 to 3 ms. The seed fixes these
    /// two numbers, not what the child has done by then.
    pub fn seeded(seed: u64, most_acks: u64) -> Self {
        let mut rng = Rng::new(seed);
        let acks = 1 + rng.below(most_acks.max(1));
        Self { acks, delay: Duration::from_micros(rng.below(3_000)) }
    }
}

/// A crash run to be: which program, what it is told, and how it ends.
#[derive(Clone, Debug)]
pub struct Crash {
    program: PathBuf,
    arguments: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
    kill: Option<Kill>,
    fail_point: Option<String>,
    limit: Duration,
}

impl Crash {
    /// Re-executes this test binary for the single test function `test`, which finds `scenario` and
    /// `directory` in [`child`]. `test` must be a named function, not a closure.
    pub fn of<T, R>(test: T, scenario: &str, directory: &Path) -> Self
    where
        T: Fn() -> R,
    {
        let name = std::any::type_name_of_val(&test);
        // The path within the crate is what libtest calls the test.
        let name = name.split_once("::").map_or(name, |(_, within)| within);
        let program = std::env::current_exe().unwrap_or_default();
        Self::program(program, scenario, directory).arguments([
            "--exact",
            name,
            "--nocapture",
            "--include-ignored",
            "--test-threads=1",
        ])
    }

    /// Runs another program, such as an example; it may use [`child`] too.
    pub fn program(program: impl Into<PathBuf>, scenario: &str, directory: &Path) -> Self {
        let run = Self {
            program: program.into(),
            arguments: Vec::new(),
            environment: Vec::new(),
            kill: None,
            fail_point: None,
            limit: Duration::from_secs(120),
        };
        run.environment(SCENARIO, scenario).environment(DIRECTORY, directory)
    }

    /// Adds arguments.
    pub fn arguments(mut self, arguments: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// Sets a variable of the child's environment.
    pub fn environment(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.environment.push((name.as_ref().to_owned(), value.as_ref().to_owned()));
        self
    }

    /// Kills the child (SIGKILL on Unix). Without it the child must end by itself.
    pub fn kill(mut self, kill: Kill) -> Self {
        self.kill = Some(kill);
        self
    }

    /// Arms a fail point, `NAME`, `NAME:NTH` or `NAME:NTH:error`. The run fails when it never fires.
    pub fn fail_point(mut self, point: impl Into<String>) -> Self {
        self.fail_point = Some(point.into());
        self
    }

    /// How long the child may take, 120 s unless told. Past it the run fails.
    pub fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Runs the child to its end.
    ///
    /// # Errors
    /// When the child does not start, takes longer than the limit (its stderr is in the message), or
    /// the armed fail point never fired.
    pub fn run(self) -> io::Result<Outcome> {
        run::run(&self)
    }

    /// The command that starts the child, its stdout and stderr to be read.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }
}

#[cfg(test)]
mod tests;
