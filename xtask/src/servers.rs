//! Servers that tests talk to: started on a free port of loopback, ended with the run; and the Python
//! that tests run.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use crate::cargo;
use crate::outcome::{Failure, Outcome};
use crate::python;

/// How long a server may take until it listens.
const START: Duration = Duration::from_secs(120);

/// The bucket that the tests find in the S3 server.
const BUCKET: &str = "headwater";

/// The packages whose tests talk to the S3 server.
const USERS: [&str; 4] =
    ["headwater-objects", "headwater-tiering", "headwater-document", "headwater-vector"];

/// The packages whose tests talk to an Iceberg REST catalog.
const CATALOG_USERS: [&str; 3] = ["headwater-tiering", "headwater-document", "headwater-cli"];

/// The packages whose tests read the lake with Python.
const READERS: [&str; 2] = ["headwater-tiering", "headwater-document"];

/// The servers of a test run; dropping them ends them.
pub(crate) struct Servers {
    running: Vec<Server>,
    /// The Python that reads the lake.
    python: Option<PathBuf>,
}

impl Servers {
    /// Starts what the tests of `package` talk to, or those of all packages.
    pub(crate) fn start(package: Option<&str>) -> Outcome<Self> {
        let needed = |by: &[&str]| package.is_none_or(|package| by.contains(&package));
        let python = if needed(&READERS) { Some(python::TESTS.python()?) } else { None };
        let mut running = Vec::new();
        if needed(&USERS) {
            running.push(s3()?);
        }
        if needed(&CATALOG_USERS) {
            running.push(catalog()?);
        }
        Ok(Self { running, python })
    }

    /// The variables by which the tests find them.
    pub(crate) fn environment(&self) -> Vec<(&'static str, String)> {
        let servers = self.running.iter().map(|server| (server.variable, server.address()));
        let python =
            self.python.iter().map(|python| ("HEADWATER_PYTHON", python.display().to_string()));
        servers.chain(python).collect()
    }
}

/// Amazon S3, as moto answers for it.
fn s3() -> Outcome<Server> {
    let mut command = Command::new(python::TESTS.python()?);
    command.arg(cargo::workspace_root().join("xtask/servers/s3.py"));
    let server = Server::start("HEADWATER_S3", command)?;
    server.request("PUT", &format!("/{BUCKET}"))?;
    Ok(server)
}

/// An Iceberg REST catalog, as pyiceberg keeps one.
fn catalog() -> Outcome<Server> {
    let mut command = Command::new(python::TESTS.python()?);
    command.arg(cargo::workspace_root().join("xtask/servers/rest.py"));
    Server::start("HEADWATER_REST", command)
}

/// A process that prints the port on which it listens, and ends with its standard input.
struct Server {
    variable: &'static str,
    port: u16,
    process: Child,
    /// Closed when we end, however that is.
    _stdin: Option<ChildStdin>,
}

impl Server {
    fn start(variable: &'static str, mut command: Command) -> Outcome<Self> {
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let (stdin, stdout) = (process.stdin.take(), process.stdout.take());
        // From here on dropping it ends the process.
        let mut server = Self { variable, port: 0, process, _stdin: stdin };
        let line = stdout.map(first_line).unwrap_or_default();
        server.port = line.trim().parse().map_err(|_| {
            Failure::Failed(format!("{command:?} did not start: it printed {line:?} as its port"))
        })?;
        Ok(server)
    }

    fn address(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Sends a request without a body, and wants it to succeed.
    fn request(&self, method: &str, path: &str) -> Outcome<()> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(START))?;
        let head = "HTTP/1.0\r\nHost: localhost\r\nContent-Length: 0";
        write!(stream, "{method} {path} {head}\r\n\r\n")?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        let answer = String::from_utf8_lossy(&answer);
        if answer.split(' ').nth(1) == Some("200") {
            return Ok(());
        }
        let (variable, line) = (self.variable, answer.lines().next().unwrap_or_default());
        Err(Failure::Failed(format!("the server of {variable} answers {method} {path}: {line}")))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to end.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What a process prints first; empty when it ends or takes too long.
fn first_line(stdout: ChildStdout) -> String {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut line = String::new();
        // Without a line there is no port, which the caller reports.
        let _ = BufReader::new(stdout).read_line(&mut line);
        let _ = sender.send(line);
    });
    receiver.recv_timeout(START).unwrap_or_default()
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn a_server_is_known_by_its_port_and_ends_when_it_is_dropped() {
        let server = Server::start("TEST", shell("echo 4321; exec cat")).unwrap_or_else(|_| {
            panic!("it starts");
        });
        assert_eq!(server.port, 4321);
        let process = server.process.id();
        drop(server);
        assert!(!std::path::Path::new(&format!("/proc/{process}")).exists());
    }

    #[test]
    fn a_server_that_ends_at_once_is_reported() {
        let Err(Failure::Failed(reason)) = Server::start("TEST", shell("echo broken")) else {
            panic!("it did not start");
        };
        assert!(reason.contains("broken"), "{reason}");
    }
}
