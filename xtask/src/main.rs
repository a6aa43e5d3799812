//! `cargo xtask`: the project's own commands, with nothing to install first.

mod bench;
mod cargo;
mod check;
mod line;
mod outcome;
mod prerequisites;
mod python;
mod servers;
mod soak;
mod tally;
mod test;
mod test_run;
mod weight;

use std::process::ExitCode;

use outcome::Outcome;

const USAGE: &str = "\
usage: cargo xtask <command>

  test [--crate NAME]       every test and doc-test, with each crate's share of the time
  check                     formatting, lints, and cargo-deny where it is installed
  bench AREA [--quick] ...  one benchmark area beside its peers; see `bench AREA --help`
  soak [AREA] [--minutes N] the long tests, in release; AREA is lake
  weight                    what adding only headwater-document costs, from nothing";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some((command, rest)) = arguments.split_first() else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    let outcome = match command.as_str() {
        "test" => test::run(rest),
        "check" => check::run(rest),
        "bench" => bench::run(rest),
        "soak" => soak::run(rest),
        "weight" => weight::run(rest),
        "help" | "--help" | "-h" => {
            println!("{USAGE}");
            Ok(())
        }
        other => Err(outcome::Failure::Usage(format!("there is no command {other:?}"))),
    };
    report(outcome)
}

fn report(outcome: Outcome<()>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(outcome::Failure::Usage(reason)) => {
            eprintln!("xtask: {reason}\n{USAGE}");
            ExitCode::from(2)
        }
        Err(outcome::Failure::Failed(reason)) => {
            eprintln!("xtask: {reason}");
            ExitCode::FAILURE
        }
        Err(outcome::Failure::Reported) => ExitCode::FAILURE,
    }
}
