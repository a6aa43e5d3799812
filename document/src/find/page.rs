//! Pages of a query, and where the next one begins.

use std::fmt;
use std::str::FromStr;

use headwater_primitives::{Error, Result, key};

use crate::id::DocumentId;
use crate::written::Versioned;

/// Some of the documents that a query finds.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// The documents, in the query's order.
    pub documents: Vec<Versioned<T>>,
    /// Where the next page begins; `None` after the last.
    pub next: Option<PageToken>,
}

impl<T> Page<T> {
    pub(crate) fn empty() -> Self {
        Page { documents: Vec::new(), next: None }
    }
}

/// The place after a document in a query's order. As text, it can be handed to a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageToken {
    pub(crate) sort: Vec<Vec<u8>>,
    pub(crate) id: DocumentId,
}

impl fmt::Display for PageToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts: Vec<key::Value> =
            self.sort.iter().map(|value| key::Value::Bytes(value.clone())).collect();
        parts.push(match &self.id {
            DocumentId::Integer(id) => key::Value::Int(*id),
            DocumentId::Text(id) => key::Value::Text(id.to_string()),
        });
        key::encode(&parts).iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for PageToken {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        parse(text).ok_or_else(|| Error::invalid(format!("{text:?} is not a page token")))
    }
}

fn parse(text: &str) -> Option<PageToken> {
    if !text.is_ascii() || !text.len().is_multiple_of(2) {
        return None;
    }
    let bytes: Option<Vec<u8>> = (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok())
        .collect();
    let mut parts = key::decode(&bytes?).ok()?;
    let id = match parts.pop()? {
        key::Value::Int(id) => DocumentId::Integer(id),
        key::Value::Text(id) => DocumentId::Text(id.into()),
        _ => return None,
    };
    let sort: Option<Vec<Vec<u8>>> = parts
        .into_iter()
        .map(|part| match part {
            key::Value::Bytes(value) => Some(value),
            _ => None,
        })
        .collect();
    Some(PageToken { sort: sort?, id })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_comes_back_from_its_text() {
        for id in [DocumentId::Integer(-7), DocumentId::Text("a\0b".into())] {
            let token = PageToken { sort: vec![vec![1, 0, 255], vec![]], id };
            assert_eq!(token.to_string().parse::<PageToken>().unwrap(), token);
        }
        for text in ["", "zz", "0", "08", "é1"] {
            assert!(text.parse::<PageToken>().is_err(), "{text:?}");
        }
    }
}
