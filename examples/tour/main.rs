//! The tour as a program.
//!
//! `cargo run --release --example tour -p headwater-examples`

use std::process::ExitCode;

fn main() -> ExitCode {
    headwater_examples::tour()
}
