//! Our own side as a measured process: it does what the peers' scripts do, over the same lines.

mod index;
mod npy;
mod texts;

use std::io::{self, BufRead, Write};
use std::path::PathBuf;
use std::time::Instant;

use clap::Args;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::Outcome;
use index::Index;
use texts::Texts;

/// What the process is told; see [`Command`](super::engines::Command).
#[derive(Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
enum Told {
    Load { base: PathBuf, queries: PathBuf },
    Build { links: usize, candidates: usize },
    Search { k: usize, ef: usize, least_seconds: f64 },
    Scan { k: usize, least_seconds: f64 },
    Accept { rows: Option<PathBuf> },
    Save { path: PathBuf },
    Open { path: PathBuf },
    Remove { rows: PathBuf },
    Insert { rows: PathBuf },
    LoadTexts { folder: PathBuf, work: PathBuf },
    Rank { by: String, k: usize },
}

/// Headwater as a process of the vector area.
#[derive(Args)]
pub(crate) struct VectorProcess;

impl VectorProcess {
    /// Answers commands until standard input ends.
    pub(crate) fn run(&self) -> Outcome<()> {
        let mut state = State::default();
        let mut out = io::stdout().lock();
        for line in io::stdin().lock().lines() {
            let answer = match serde_json::from_str(&line?).map_err(Into::into) {
                Ok(told) => state.answer(told),
                Err(error) => Err(error),
            };
            let answer = match answer {
                Ok(answer) => json!({"ok": answer}),
                Err(error) => json!({"error": error.to_string()}),
            };
            writeln!(out, "{answer}")?;
            out.flush()?;
        }
        Ok(())
    }
}

#[derive(Default)]
struct State {
    index: Option<Index>,
    texts: Option<Texts>,
}

impl State {
    fn answer(&mut self, told: Told) -> Outcome<Value> {
        match told {
            Told::Load { base, queries } => {
                self.index = Some(Index::load(&base, &queries)?);
                Ok(Value::Null)
            }
            Told::LoadTexts { folder, work } => {
                self.texts = Some(Texts::load(&folder, &work)?);
                Ok(Value::Null)
            }
            Told::Rank { by, k } => self.texts.as_ref().ok_or("no texts are loaded")?.rank(&by, k),
            told => self.index.as_mut().ok_or("no vectors are loaded")?.answer(told),
        }
    }
}

/// The seconds that `work` took, and what it returned.
fn timed<T>(work: impl FnOnce() -> Outcome<T>) -> Outcome<(f64, T)> {
    let started = Instant::now();
    let result = work()?;
    Ok((started.elapsed().as_secs_f64(), result))
}
