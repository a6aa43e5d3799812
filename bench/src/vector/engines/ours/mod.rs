//! Our own side: a process that does what the peers' processes do, by the same commands.

mod graph;
mod texts;

use std::io::{BufRead, Write};
use std::time::Instant;

use clap::Args;
use serde_json::{Value, json};

use crate::Outcome;
use crate::vector::engines::protocol::{Answer, Command};

/// Something of ours that is measured.
trait Engine {
    /// Does what it is told and says how that went.
    fn answer(&mut self, command: Command<'_>) -> Outcome<Value>;
}

/// One measured process of the area: takes commands from standard input until that ends.
#[derive(Args)]
pub(crate) struct VectorEngine {}

impl VectorEngine {
    pub(crate) fn run(&self) -> Outcome<()> {
        let mut engine: Option<Box<dyn Engine>> = None;
        let mut answers = std::io::stdout().lock();
        for line in std::io::stdin().lock().lines() {
            let answer = match answer(&mut engine, &line?) {
                Ok(answer) => Answer::Ok(answer),
                Err(error) => Answer::Error(error.to_string()),
            };
            writeln!(answers, "{}", serde_json::to_string(&answer)?)?;
            answers.flush()?;
        }
        Ok(())
    }
}

/// What is loaded first decides what the process is.
fn answer(engine: &mut Option<Box<dyn Engine>>, line: &str) -> Outcome<Value> {
    match serde_json::from_str(line)? {
        Command::Load { base, queries } => {
            *engine = Some(Box::new(graph::Vectors::load(base, queries)?));
            Ok(Value::Null)
        }
        Command::LoadTexts { folder, work } => {
            *engine = Some(Box::new(texts::Texts::load(folder, work)?));
            Ok(Value::Null)
        }
        command => engine.as_mut().ok_or("nothing is loaded")?.answer(command),
    }
}

fn unable(command: &Command<'_>) -> Outcome<Value> {
    Err(format!("{command:?} is nothing that this engine can do").into())
}

/// Seconds that `work` took, and what it returned.
fn timed<R>(work: impl FnOnce() -> Outcome<R>) -> Outcome<(f64, R)> {
    let started = Instant::now();
    let result = work()?;
    Ok((started.elapsed().as_secs_f64(), result))
}

fn took(seconds: f64) -> Value {
    json!({"seconds": seconds})
}
