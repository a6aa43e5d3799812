//! Progress on stderr, shown only when that is a terminal.

use std::fmt::Write;

use indicatif::{HumanBytes, HumanCount, ProgressBar, ProgressState, ProgressStyle};

/// What is counted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    Bytes,
    /// Documents, rows, or what else is counted one by one.
    Pieces,
}

/// A bar over `total` units, or a counter when nobody knows how many there will be.
pub(crate) fn of(what: &str, unit: Unit, total: Option<u64>) -> ProgressBar {
    let (bar, template) = match total {
        Some(total) => (ProgressBar::new(total), "{msg} {bar:32} {done} of {all}, {rate}, {eta}"),
        None => (ProgressBar::no_length(), "{msg} {done}, {rate}, {elapsed}"),
    };
    let number = move |count: u64| match unit {
        Unit::Bytes => HumanBytes(count).to_string(),
        Unit::Pieces => HumanCount(count).to_string(),
    };
    // The templates are constants; a wrong one would cost the look, not the work. Writing to the
    // bar's own buffer cannot fail.
    let style = ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .with_key("done", move |state: &ProgressState, out: &mut dyn Write| {
            let _ = out.write_str(&number(state.pos()));
        })
        .with_key("all", move |state: &ProgressState, out: &mut dyn Write| {
            let _ = out.write_str(&number(state.len().unwrap_or(0)));
        })
        .with_key("rate", move |state: &ProgressState, out: &mut dyn Write| {
            let _ = write!(out, "{}/s", number(state.per_sec() as u64));
        });
    bar.set_style(style);
    bar.set_message(what.to_owned());
    bar
}
