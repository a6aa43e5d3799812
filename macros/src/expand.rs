//! The implementation that the derive writes.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{DeriveInput, Result};

use crate::attribute::{Container, Uniqueness};
use crate::document::Collection;
use crate::expand_vector::vectors;
use crate::indexes::DeclaredIndex;
use crate::kept::{Id, Kept};
use crate::model::{Chosen, Model, missing};
use crate::vector::Vectors;

/// The whole expansion.
///
/// It goes through `__store!` of the crate that the type names: that macro knows which stores are
/// built in, refuses the others with a hint, and says to the facade where the type is routed.
pub(crate) fn store(input: &DeriveInput) -> Result<TokenStream> {
    let mut errors = None;
    let container = Container::parse(&input.attrs, &mut errors);
    let Some(Chosen { model, ident }) = &container.chosen else {
        return Err(errors.unwrap_or_else(|| missing(input.ident.span(), &input.ident)));
    };
    let krate = match &container.crate_path {
        Some(path) => quote!(#path),
        // At the store's name, where an error about it is to be shown.
        None => quote_spanned!(ident.span()=> ::headwater),
    };
    let implementation = match model {
        Model::Document => document(&Collection::read(input, &container, errors)?, &krate),
        Model::Vector => vectors(&Vectors::read(input, &container, errors)?, &krate),
        // What its fields say is for its own release to read: `__store!` refuses it.
        _ => TokenStream::new(),
    };
    let type_name = &input.ident;
    Ok(quote_spanned! {ident.span()=>
        #krate::__store! { #ident [#type_name] #implementation }
    })
}

fn document(collection: &Collection, krate: &TokenStream) -> TokenStream {
    let Collection { kept: Kept { type_name, name, id }, indexes } = collection;
    let json_name = &id.json_name;
    let indexes = indexes.iter().map(|index| declared(index, krate));
    let (id_kind, id_value) = id_of(id, krate);
    quote! {
        #[automatically_derived]
        impl #krate::__private::Document for #type_name {
            fn collection() -> &'static str {
                #name
            }

            fn id_kind() -> ::core::option::Option<#krate::__private::IdKind> {
                #id_kind
            }

            fn id_field() -> &'static str {
                #json_name
            }

            fn indexes() -> &'static [#krate::__private::IndexSpec] {
                const INDEXES: &[#krate::__private::IndexSpec] = &[#(#indexes),*];
                INDEXES
            }

            fn document_id(
                &self,
            ) -> #krate::__private::Result<::core::option::Option<#krate::__private::DocumentId>>
            {
                ::core::result::Result::map(#id_value, ::core::option::Option::Some)
            }
        }
    }
}

/// The kind of the id, and its value; errors about its type are shown at the type.
pub(crate) fn id_of(id: &Id, krate: &TokenStream) -> (TokenStream, TokenStream) {
    let (member, kind) = (&id.member, &id.kind);
    let id_kind = quote_spanned! {kind.span()=>
        <#kind as #krate::__private::ToId>::KIND
    };
    let value = quote_spanned! {kind.span()=>
        #krate::__private::ToId::to_id(&self.#member)
    };
    (id_kind, value)
}

fn declared(index: &DeclaredIndex, krate: &TokenStream) -> TokenStream {
    let path = &index.path;
    let uniqueness = match index.uniqueness {
        Uniqueness::Many => quote!(Many),
        Uniqueness::Unique => quote!(Unique),
    };
    quote! {
        #krate::__private::IndexSpec {
            path: #path,
            uniqueness: #krate::__private::Uniqueness::#uniqueness,
        }
    }
}
