//! What every struct that a store keeps has: named fields, one of them the id, and a name.

use proc_macro2::Span;
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Data, DeriveInput, Error, Fields, FieldsNamed, Ident, Result, Type};

use crate::attribute;
use crate::collection_name::default_name;
use crate::errors::{collect, keep};
use crate::member::{Member, members};
use crate::serde_names;

/// A struct with what all stores need of it.
pub(crate) struct Kept {
    pub(crate) type_name: Ident,
    /// Of the collection, store or table.
    pub(crate) name: String,
    pub(crate) id: Id,
}

/// The field that holds the id.
pub(crate) struct Id {
    pub(crate) member: Ident,
    pub(crate) kind: Type,
    pub(crate) json_name: String,
}

/// A struct whose fields are read, and what is wrong with it so far.
pub(crate) struct Reading<'a> {
    pub(crate) members: Vec<Member<'a>>,
    pub(crate) serde: serde_names::Container,
    pub(crate) errors: Option<Error>,
    type_name: &'a Ident,
    id: Option<Id>,
    name: Option<String>,
}

impl<'a> Reading<'a> {
    /// Reads `input`, whose own attributes were read into `container`.
    pub(crate) fn begin(
        input: &'a DeriveInput,
        container: &attribute::Container,
        mut errors: Option<Error>,
    ) -> Result<Self> {
        let fields = match named_fields(input) {
            Ok(fields) => fields,
            Err(error) => return Err(errors.unwrap_or(error)),
        };
        let serde = serde_names::container(&input.attrs);
        if let Some((span, name)) = serde.foreign_shape {
            collect(&mut errors, foreign_shape(span, name));
        }
        let members = members(fields, &serde, &mut errors);
        let id = keep(id(&input.ident, &members, errors.is_none()), &mut errors).flatten();
        let name = keep(name(container, &input.ident), &mut errors);
        Ok(Reading { members, serde, errors, type_name: &input.ident, id, name })
    }

    /// What was read, unless anything is wrong.
    pub(crate) fn end(self) -> Result<Kept> {
        match (self.errors, self.id, self.name) {
            (None, Some(id), Some(name)) => {
                Ok(Kept { type_name: self.type_name.clone(), name, id })
            }
            (errors, ..) => Err(errors.unwrap_or_else(|| id_missing(self.type_name))),
        }
    }
}

fn named_fields(input: &DeriveInput) -> Result<&FieldsNamed> {
    let name = &input.ident;
    let refuse = |span: Span, why: &str| Err(Error::new(span, why));
    let fields = match &input.data {
        Data::Struct(data) => &data.fields,
        Data::Enum(data) => {
            return refuse(
                data.enum_token.span(),
                "`Store` needs a struct with named fields, one of them the id: put the enum into \
                 a field of such a struct",
            );
        }
        Data::Union(data) => {
            return refuse(
                data.union_token.span(),
                "`Store` needs a struct with named fields: a union has no JSON form",
            );
        }
    };
    if !input.generics.params.is_empty() {
        return refuse(
            input.generics.span(),
            "`Store` needs a type without parameters: a collection holds one type that owns its \
             data, so derive on a concrete struct",
        );
    }
    match fields {
        Fields::Named(fields) => Ok(fields),
        Fields::Unnamed(fields) => refuse(
            fields.span(),
            "`Store` needs named fields, since a document is an object: give each field a name",
        ),
        Fields::Unit => refuse(
            name.span(),
            "`Store` needs a field for the id: write `struct … { #[store(id)] id: String }`",
        ),
    }
}

fn foreign_shape(span: Span, name: &str) -> Error {
    let message = format!(
        "`#[serde({name})]` hides the JSON names that `Store` needs: derive `Store` on the type \
         that is written, or implement its store's trait by hand"
    );
    Error::new(span, message)
}

/// The id, checked. `Ok(None)` where there is none because its attribute was refused already.
fn id(type_name: &Ident, members: &[Member<'_>], is_clean: bool) -> Result<Option<Id>> {
    let mut ids = members.iter().filter_map(|member| Some((member, member.store.id?)));
    let Some((member, span)) = ids.next() else {
        return if is_clean { Err(id_missing(type_name)) } else { Ok(None) };
    };
    if let Some((_, second)) = ids.next() {
        let message = format!(
            "`{}` is the id already: a type has one id, under which its values are found",
            member.ident
        );
        return Err(Error::new(second, message));
    }
    if let Some(index) = member.store.indexes.first() {
        return Err(Error::new(index.span, "the id is found by its key, and unique: no index"));
    }
    if let Some(part) = member.store.row.first() {
        return Err(Error::new(
            part.span,
            "the id is the id only: remove this, or put it elsewhere",
        ));
    }
    let why = if member.serde.flatten {
        Some("the id cannot be flattened: it needs a name of its own".to_owned())
    } else if let Some(name) = member.serde.skips {
        Some(format!("the id must always be written: remove `#[serde({name})]`"))
    } else {
        member.serde.custom.map(|name| {
            format!(
                "the id must be written as it is: remove `#[serde({name} = …)]`, or make the \
                 field the text or integer that is written"
            )
        })
    };
    match why.map(|why| Error::new(span, why)).or_else(|| impossible_id(&member.field.ty)) {
        Some(error) => Err(error),
        None => Ok(Some(Id {
            member: member.ident.clone(),
            kind: member.field.ty.clone(),
            json_name: member.json_name.clone(),
        })),
    }
}

/// Types that are often tried. The others that cannot be ids are refused where `ToId` is asked for.
fn impossible_id(kind: &Type) -> Option<Error> {
    let Type::Path(path) = kind else { return None };
    let name = path.path.segments.last()?.ident.to_string();
    let why = match name.as_str() {
        "Option" => "the id of a typed value is always there: make it `String`, `i64` or `Uuid`",
        "f32" | "f64" | "bool" | "char" | "Vec" | "u128" | "i128" => {
            "ids are text (`String`), integers of at most 64 bits, or `Uuid`"
        }
        _ => return None,
    };
    Some(Error::new(kind.span(), why))
}

fn id_missing(type_name: &Ident) -> Error {
    let message = format!(
        "`{type_name}` has no id: put `#[store(id)]` on the field that holds it, such as \
         `id: String` or `id: i64`"
    );
    Error::new(type_name.span(), message)
}

fn name(container: &attribute::Container, type_name: &Ident) -> Result<String> {
    let Some(name) = &container.name else {
        return Ok(default_name(&type_name.unraw().to_string()));
    };
    let text = name.value();
    if text.is_empty() || text.len() > 128 || text.chars().any(char::is_control) {
        let message = format!(
            "{text:?} cannot name a collection: names have 1 to 128 bytes and no control characters"
        );
        return Err(Error::new(name.span(), message));
    }
    Ok(text)
}
