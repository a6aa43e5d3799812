//! The error inside serde calls: a kind, a message, and the path of the field where it happened.

use std::fmt;

use crate::error::{Error, ErrorKind};

use super::damage::Damage;

/// One pointer wide, so that results stay small on the path that succeeds.
#[derive(Debug)]
pub(super) struct Fault(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: ErrorKind,
    message: String,
    path: String,
}

impl Fault {
    #[cold]
    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Fault::new(ErrorKind::InvalidInput, message.into())
    }

    fn new(kind: ErrorKind, message: String) -> Self {
        Fault(Box::new(Inner { kind, message, path: String::new() }))
    }

    /// Notes that the fault lies inside the field `name`.
    #[cold]
    pub(super) fn in_field(mut self, name: &str) -> Self {
        let path = &mut self.0.path;
        if !path.is_empty() && !path.starts_with('[') {
            path.insert(0, '.');
        }
        path.insert_str(0, name);
        self
    }

    /// Notes that the fault lies inside the element at `index`.
    #[cold]
    pub(super) fn in_element(mut self, index: usize) -> Self {
        let path = &mut self.0.path;
        if !path.is_empty() && !path.starts_with('[') {
            path.insert(0, '.');
        }
        path.insert_str(0, &format!("[{index}]"));
        self
    }
}

impl From<Damage> for Fault {
    #[cold]
    fn from(damage: Damage) -> Self {
        Fault::new(ErrorKind::Corrupt, damage.message().to_owned())
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        let error = Error::new(fault.0.kind, fault.0.message);
        if fault.0.path.is_empty() { error } else { error.context(fault.0.path) }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.0.path.is_empty() {
            write!(f, "{}: ", self.0.path)?;
        }
        f.write_str(&self.0.message)
    }
}

impl std::error::Error for Fault {}

impl serde::ser::Error for Fault {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Fault::invalid(message.to_string())
    }
}

impl serde::de::Error for Fault {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Fault::invalid(message.to_string())
    }
}
