//! A child process that takes commands and gives answers, one line of JSON each.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde::de::DeserializeOwned;

use crate::Outcome;
use crate::vector::engines::protocol::{self, Answer};

/// A running system. It ends with the value.
pub(crate) struct Process {
    name: &'static str,
    child: Child,
    commands: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Process {
    pub(crate) fn start(name: &'static str, mut command: Command) -> Outcome<Self> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let program = command.get_program().display().to_string();
        let mut child = command.spawn().map_err(|error| format!("{name}: {program}: {error}"))?;
        let commands = child.stdin.take().ok_or("the process has no standard input")?;
        let answers = child.stdout.take().ok_or("the process has no standard output")?;
        Ok(Self { name, child, commands, answers: BufReader::new(answers) })
    }

    /// Sends a command and waits for its answer.
    pub(crate) fn ask<T: DeserializeOwned>(
        &mut self,
        command: &protocol::Command<'_>,
    ) -> Outcome<T> {
        let name = self.name;
        let mut line = serde_json::to_string(command)?;
        line.push('\n');
        self.commands
            .write_all(line.as_bytes())
            .map_err(|error| format!("{name} has ended; its last words are above: {error}"))?;
        let mut answer = String::new();
        if self.answers.read_line(&mut answer)? == 0 {
            return Err(format!("{name} ended at {command:?}; its last words are above").into());
        }
        match serde_json::from_str(&answer).map_err(|error| format!("{name}: {error}"))? {
            Answer::Ok(answer) => Ok(answer),
            Answer::Error(reason) => Err(format!("{name}: {command:?}: {reason}").into()),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may be in the middle of something, and nobody waits for that any more.
        let ended = self.child.kill().and_then(|()| self.child.wait());
        if let Err(error) = ended {
            eprintln!("{} may still run: {error}", self.name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answering(script: &str) -> Outcome<Process> {
        let mut shell = Command::new("sh");
        shell.args(["-c", script]);
        Process::start("a-system", shell)
    }

    fn scanned(script: &str) -> Outcome<f64> {
        answering(script)?.ask(&protocol::Command::Scan { k: 10, least_seconds: 0.0 })
    }

    #[test]
    fn a_command_is_answered() -> Outcome<()> {
        let echo = r#"read -r line; [ "$line" = '{"do":"scan","k":10,"least_seconds":0.0}' ] &&
            echo '{"ok":0.5}'"#;
        assert_eq!(scanned(echo)?, 0.5);
        Ok(())
    }

    #[test]
    fn a_failure_names_the_system_and_the_reason() {
        for (script, reason) in [
            (r#"read -r line; echo '{"error":"no index"}'"#, "no index"),
            ("read -r line", "ended"),
            ("read -r line; echo nonsense", "expected"),
        ] {
            let error = scanned(script).unwrap_err().to_string();
            assert!(error.contains("a-system") && error.contains(reason), "{error}");
        }
    }
}
