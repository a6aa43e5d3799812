//! How a command ends when it does not end well.

/// What every command returns.
pub(crate) type Outcome<T> = Result<T, Failure>;

/// Why a command did not succeed; decides the exit code and what is still to be printed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The arguments make no sense.
    Usage(String),
    /// It went wrong, and this says how.
    Failed(String),
    /// It went wrong, and the command has already said so.
    Reported,
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::Failed(error.to_string())
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        Self::Failed(format!("cargo printed JSON that does not parse: {error}"))
    }
}

/// Refuses arguments that a command does not take.
pub(crate) fn no_arguments(command: &str, arguments: &[String]) -> Outcome<()> {
    match arguments.first() {
        None => Ok(()),
        Some(argument) => {
            Err(Failure::Usage(format!("`{command}` takes no arguments, found {argument:?}")))
        }
    }
}
