//! The fields of a struct, each with its JSON name and its attributes.

use syn::ext::IdentExt;
use syn::{Error, FieldsNamed, Ident};

use crate::attribute;
use crate::serde_names;

/// One field, with what it says to serde and to us.
pub(crate) struct Member<'a> {
    pub(crate) field: &'a syn::Field,
    pub(crate) ident: &'a Ident,
    pub(crate) json_name: String,
    pub(crate) serde: serde_names::Field,
    pub(crate) store: attribute::Field,
}

pub(crate) fn members<'a>(
    fields: &'a FieldsNamed,
    serde: &serde_names::Container,
    errors: &mut Option<Error>,
) -> Vec<Member<'a>> {
    let named = fields.named.iter().filter_map(|field| Some((field, field.ident.as_ref()?)));
    named
        .map(|(field, ident)| {
            let says = serde_names::field(&field.attrs);
            let rust_name = ident.unraw().to_string();
            let json_name = says.rename.clone().unwrap_or_else(|| serde.case.apply(&rust_name));
            let store = attribute::Field::parse(&field.attrs, errors);
            Member { field, ident, json_name, serde: says, store }
        })
        .collect()
}
