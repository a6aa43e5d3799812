//! A struct kept in the document store: what its attributes and fields come to.

use syn::{DeriveInput, Error, Result};

use crate::attribute;
use crate::errors::collect;
use crate::indexes::{DeclaredIndex, indexes};
use crate::kept::{Kept, Reading};

/// All that the implementation is made of.
pub(crate) struct Collection {
    pub(crate) kept: Kept,
    pub(crate) indexes: Vec<DeclaredIndex>,
}

impl Collection {
    /// What `input`, whose own attributes were read into `container`, comes to.
    pub(crate) fn read(
        input: &DeriveInput,
        container: &attribute::Container,
        errors: Option<Error>,
    ) -> Result<Self> {
        let mut reading = Reading::begin(input, container, errors)?;
        let Reading { members, serde, errors, .. } = &mut reading;
        let indexes = indexes(container, members, serde.tag.as_deref(), errors);
        let parts = members.iter().flat_map(|member| &member.store.row);
        for (name, span) in container.vector.said().chain(parts.map(|part| (part.name, part.span)))
        {
            let message = format!("`{name}` belongs to a type of the store `vector`");
            collect(errors, Error::new(span, message));
        }
        Ok(Collection { kept: reading.end()?, indexes })
    }
}
