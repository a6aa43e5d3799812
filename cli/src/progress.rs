//! Progress on stderr, shown only when that is a terminal.

use indicatif::{ProgressBar, ProgressStyle};

/// A bar over `total` units, or a counter when nobody knows how many there will be.
pub(crate) fn of(what: &str, total: Option<u64>) -> ProgressBar {
    let (bar, template) = match total {
        Some(total) => (
            ProgressBar::new(total),
            "{msg} {bar:32.cyan/dim} {human_pos}/{human_len} {per_sec} {eta}",
        ),
        None => (ProgressBar::no_length(), "{msg} {human_pos} {per_sec} {elapsed}"),
    };
    // The templates are constants; a wrong one would cost the look, not the work.
    let style =
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    bar.set_style(style);
    bar.set_message(what.to_owned());
    bar
}
