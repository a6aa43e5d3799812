//! The type names of `$type`.

use serde_json::Value;

use crate::jsonb::Kind;

/// A set of type names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TypeSet(u8);

/// Each name with the kinds it covers.
const TYPES: [(&str, &[Kind]); 8] = [
    ("null", &[Kind::Null]),
    ("bool", &[Kind::Bool]),
    ("number", &[Kind::Integer, Kind::Float]),
    ("int", &[Kind::Integer]),
    ("double", &[Kind::Float]),
    ("string", &[Kind::Text]),
    ("array", &[Kind::Array]),
    ("object", &[Kind::Object]),
];

impl TypeSet {
    pub(crate) const EMPTY: TypeSet = TypeSet(0);

    /// All names, in the order in which they are printed.
    pub(crate) fn known_names() -> [&'static str; 8] {
        TYPES.map(|(name, _)| name)
    }

    /// This set with `name` in it; `None` when there is no such type.
    pub(crate) fn with(self, name: &str) -> Option<TypeSet> {
        let position = TYPES.iter().position(|(known, _)| *known == name)?;
        Some(TypeSet(self.0 | 1 << position))
    }

    pub(crate) fn contains(self, kind: Kind) -> bool {
        self.members().any(|(_, kinds)| kinds.contains(&kind))
    }

    /// One name, or the list of them.
    pub(crate) fn to_value(self) -> Value {
        let mut names: Vec<Value> = self.members().map(|(name, _)| Value::from(name)).collect();
        if names.len() == 1 { names.remove(0) } else { Value::Array(names) }
    }

    fn members(self) -> impl Iterator<Item = (&'static str, &'static [Kind])> {
        TYPES
            .into_iter()
            .enumerate()
            .filter(move |(position, _)| self.0 & (1 << position) != 0)
            .map(|(_, member)| member)
    }
}
