//! Why bytes are not the JSONB that they should be.

use crate::error::Error;

/// What is wrong with an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Damage {
    Truncated,
    ReservedType,
    Number,
    Text,
    Name,
    TooDeep,
}

impl Damage {
    pub(crate) fn message(self) -> &'static str {
        match self {
            Damage::Truncated => "damaged JSONB: an element runs past the end of its container",
            Damage::ReservedType => "damaged JSONB: an element has a reserved type",
            Damage::Number => "damaged JSONB: a number is misspelt",
            Damage::Text => "damaged JSONB: a text is not UTF-8 or has a broken escape",
            Damage::Name => "damaged JSONB: a field name is not text",
            Damage::TooDeep => "JSONB nested more than 128 levels deep",
        }
    }
}

impl From<Damage> for Error {
    #[cold]
    fn from(damage: Damage) -> Self {
        Error::corrupt(damage.message())
    }
}
