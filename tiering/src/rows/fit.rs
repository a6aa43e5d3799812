//! Whether a column gives a value back as it was.

/// What a column made of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fit {
    /// It holds the value, and gives exactly this value back.
    Exact,
    /// It holds what the value means, and would give something else back.
    Similar,
    /// It cannot hold it.
    Not,
}

impl Fit {
    pub(super) fn exact_if(is_exact: bool) -> Self {
        if is_exact { Fit::Exact } else { Fit::Similar }
    }
}
