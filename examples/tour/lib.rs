//! The tour: Headwater, chapter by chapter, on the packages that this workspace is built from.

mod arguments;
mod chapters;
mod clock;
#[path = "../embedding/mod.rs"]
mod embedding;
mod input;
mod model;
mod screen;
mod workplace;

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use headwater::Headwater;

use crate::arguments::Arguments;
use crate::chapters::{CHAPTERS, crash};
use crate::model::{Package, Readme, SourceFile};
use crate::screen::{Screen, human};
use crate::workplace::Workplace;

/// What every step returns; the error's text says what is off.
pub(crate) type Outcome<T = ()> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// What every chapter is given.
pub(crate) struct Tour {
    pub(crate) db: Headwater,
    pub(crate) screen: Screen,
    pub(crate) workplace: Workplace,
    /// How many statements about what was seen have held.
    pub(crate) checks: u32,
}

/// Gives the tour that the program's arguments ask for.
pub fn tour() -> ExitCode {
    match Arguments::read(std::env::args_os().skip(1)) {
        Ok(Arguments::Tour { keep }) => report(guide(keep.as_deref())),
        Ok(Arguments::WriteUntilKilled { folder, round }) => {
            report(crash::write_until_killed(&folder, &round))
        }
        Ok(Arguments::Help) => {
            Screen::detect().line(arguments::HELP);
            ExitCode::SUCCESS
        }
        Err(wrong) => {
            eprintln!("tour: {wrong}\n\n{}", arguments::HELP);
            ExitCode::from(2)
        }
    }
}

fn report(outcome: Outcome) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("tour: {error}");
            ExitCode::FAILURE
        }
    }
}

fn guide(keep: Option<&Path>) -> Outcome {
    let began = Instant::now();
    let screen = Screen::detect();
    let workplace = Workplace::make(keep)?;
    let mut tour = Tour { db: open(&workplace)?, screen, workplace, checks: 0 };
    tour.welcome()?;
    for (number, chapter) in (1..).zip(CHAPTERS) {
        screen.heading(number, chapter.title, chapter.about);
        (chapter.run)(&mut tour)
            .map_err(|error| format!("chapter {number} ({}): {error}", chapter.title))?;
    }
    tour.farewell(began)
}

pub(crate) fn open(workplace: &Workplace) -> Outcome<Headwater> {
    let path = workplace.path("tour.hw");
    Ok(Headwater::builder(path).with::<Package>().with::<SourceFile>().with::<Readme>().open()?)
}

impl Tour {
    /// Says that `statement` holds; ends the tour when it does not.
    pub(crate) fn check(&mut self, holds: bool, statement: &str) -> Outcome {
        if !holds {
            return Err(format!("this should hold, and does not: {statement}").into());
        }
        self.checks += 1;
        self.screen.checked(statement);
        Ok(())
    }

    fn welcome(&self) -> Outcome {
        let screen = self.screen;
        screen.line(screen.bold("Headwater, the tour"));
        screen.line("Everything below happens now, on this machine, in");
        screen.indented(self.workplace.folder().display());
        screen.paragraph(&format!(
            "on a disk that takes {} to make one small write safe (an fsync).",
            human::time(self.workplace.fsync()?)
        ));
        if cfg!(debug_assertions) {
            screen.paragraph("This is a debug build: with --release the figures are better.");
        }
        Ok(())
    }

    fn farewell(self, began: Instant) -> Outcome {
        let Tour { db, screen, workplace, checks } = self;
        let kept = workplace.kept().map(|folder| folder.join("tour.hw"));
        db.close()?;
        workplace.remove()?;
        screen.line("");
        screen.line(format!(
            "Done: {} chapters, {checks} checks, all of them passed, in {}.",
            CHAPTERS.len(),
            human::time(began.elapsed())
        ));
        if let Some(kept) = kept {
            let kept = kept.display();
            screen.line("Look around in what is left:");
            screen.line(format!("  cargo run -p headwater-cli -- --db {kept} stats"));
        }
        Ok(())
    }
}
