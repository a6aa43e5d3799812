//! Counts what test programs print, per crate, and prints the final table.

use std::collections::HashMap;
use std::fmt;
use std::time::{Duration, Instant};

use crate::line::{Counts, Line};

/// The running count of one `cargo test`.
pub(crate) struct Tally {
    /// Which crate a test program belongs to, by its file name.
    owners: HashMap<String, String>,
    build: Duration,
    crates: Vec<Share>,
    failures: Vec<String>,
    section: Option<Section>,
}

struct Share {
    name: String,
    counts: Counts,
    time: Duration,
}

/// The test program that prints at the moment.
struct Section {
    owner: usize,
    program: String,
    started: Instant,
    results: usize,
}

impl Tally {
    pub(crate) fn new(owners: HashMap<String, String>, build: Duration) -> Self {
        Self { owners, build, crates: Vec::new(), failures: Vec::new(), section: None }
    }

    pub(crate) fn record(&mut self, line: &Line<'_>) {
        match line {
            Line::Program(file) => {
                let owner = self.owners.get(*file).cloned();
                self.enter(owner.unwrap_or_else(|| (*file).to_owned()), file);
            }
            Line::DocTests(name) => self.enter(name.replace('_', "-"), "doc-tests"),
            Line::Result(counts) => {
                if let Some(section) = &mut self.section {
                    section.results += 1;
                    self.crates[section.owner].counts.add(*counts);
                }
            }
            Line::Failure(test) => {
                let name = self.section.as_ref().map(|section| &self.crates[section.owner].name);
                self.failures.push(format!("{}: {test}", name.map_or("?", String::as_str)));
            }
            Line::Other => {}
        }
    }

    /// Ends the last section. A run that failed although no test did is one failure.
    pub(crate) fn finish(&mut self, success: bool) {
        self.leave();
        if !success && self.failed() == 0 {
            self.failures.push("cargo test failed without naming a test".into());
            self.share("cargo").counts.failed += 1;
        }
    }

    pub(crate) fn failed(&self) -> u64 {
        self.total().failed
    }

    fn total(&self) -> Counts {
        let mut total = Counts::default();
        self.crates.iter().for_each(|share| total.add(share.counts));
        total
    }

    fn enter(&mut self, owner: String, program: &str) {
        self.leave();
        self.share(&owner);
        let owner = self.crates.iter().position(|share| share.name == owner).unwrap_or_default();
        let (program, started) = (program.to_owned(), Instant::now());
        self.section = Some(Section { owner, program, started, results: 0 });
    }

    fn leave(&mut self) {
        let Some(section) = self.section.take() else {
            return;
        };
        let share = &mut self.crates[section.owner];
        share.time += section.started.elapsed();
        if section.results == 0 {
            share.counts.failed += 1;
            let (name, program) = (&share.name, section.program);
            self.failures.push(format!("{name}: {program} ended without a result"));
        }
    }

    fn share(&mut self, name: &str) -> &mut Share {
        let known = self.crates.iter().position(|share| share.name == name);
        let index = known.unwrap_or_else(|| {
            let (counts, time) = (Counts::default(), Duration::ZERO);
            self.crates.push(Share { name: name.to_owned(), counts, time });
            self.crates.len() - 1
        });
        &mut self.crates[index]
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = self.build + self.crates.iter().map(|share| share.time).sum::<Duration>();
        let percent = |time: Duration| 100.0 * time.as_secs_f64() / all.as_secs_f64().max(1e-9);
        let width = self.crates.iter().map(|share| share.name.len()).max().unwrap_or(0).max(8);
        let title = ["crate", "passed", "failed", "skipped", "seconds", "share"];
        let [name, passed, failed, skipped, seconds, share] = title;
        writeln!(
            f,
            "\n{name:width$} {passed:>8} {failed:>8} {skipped:>8} {seconds:>9} {share:>6}"
        )?;
        let (build, part) = (self.build.as_secs_f64(), percent(self.build));
        writeln!(
            f,
            "{:width$} {:>8} {:>8} {:>8} {build:>9.1} {part:>5.1}%",
            "(build)", "", "", ""
        )?;
        for Share { name, counts: Counts { passed, failed, skipped }, time } in &self.crates {
            let (seconds, part) = (time.as_secs_f64(), percent(*time));
            writeln!(
                f,
                "{name:width$} {passed:>8} {failed:>8} {skipped:>8} {seconds:>9.1} {part:>5.1}%"
            )?;
        }
        writeln!(f, "{:width$} {:>26} {:>9.1}", "(all)", "", all.as_secs_f64())?;
        for failure in &self.failures {
            writeln!(f, "failed: {failure}")?;
        }
        let Counts { passed, failed, skipped } = self.total();
        writeln!(f, "{passed} passed, {failed} failed, {skipped} skipped")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_dies_without_a_result_is_a_failure() {
        let owners = HashMap::from([("it-1".to_owned(), "headwater-cdc".to_owned())]);
        let mut tally = Tally::new(owners, Duration::ZERO);
        tally.record(&Line::Program("it-1"));
        tally.finish(false);
        assert_eq!(tally.failed(), 1);
        let printed = tally.to_string();
        assert!(printed.contains("failed: headwater-cdc: it-1 ended without a result"));
        assert!(printed.ends_with("\n0 passed, 1 failed, 0 skipped\n"));
    }

    #[test]
    fn results_are_summed_per_crate() {
        let owners = HashMap::from([("it-1".to_owned(), "headwater-cdc".to_owned())]);
        let mut tally = Tally::new(owners, Duration::ZERO);
        let counts = Counts { passed: 2, failed: 0, skipped: 1 };
        tally.record(&Line::Program("it-1"));
        tally.record(&Line::Result(counts));
        tally.record(&Line::DocTests("headwater_cdc"));
        tally.record(&Line::Result(counts));
        tally.record(&Line::Result(counts));
        tally.finish(true);
        assert_eq!(tally.crates.len(), 1);
        assert!(tally.to_string().ends_with("\n6 passed, 0 failed, 3 skipped\n"));
    }
}
