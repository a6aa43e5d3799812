//! The implementation that the derive writes.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{DeriveInput, Result};

use crate::attribute::Uniqueness;
use crate::document::Collection;
use crate::indexes::DeclaredIndex;

/// The whole expansion.
///
/// It goes through `__store!` of the crate that the type names: that macro knows which stores are
/// built in, refuses the others with a hint, and says to the facade where the type is routed.
pub(crate) fn store(input: &DeriveInput) -> Result<TokenStream> {
    let collection = Collection::read(input)?;
    let Collection {
        type_name, chosen, ..
    } = &collection;
    let krate = match &collection.crate_path {
        Some(path) => quote!(#path),
        None => quote!(::headwater),
    };
    let implementation = document(&collection, &krate);
    let model = &chosen.ident;
    Ok(quote_spanned! {chosen.ident.span()=>
        #krate::__store! { #model [#type_name] #implementation }
    })
}

fn document(collection: &Collection, krate: &TokenStream) -> TokenStream {
    let Collection {
        type_name,
        name,
        id,
        indexes,
        ..
    } = collection;
    let (member, kind, json_name) = (&id.member, &id.kind, &id.json_name);
    let indexes = indexes.iter().map(|index| declared(index, krate));
    let id_kind = quote_spanned! {kind.span()=>
        <#kind as #krate::__private::ToId>::KIND
    };
    let document_id = quote_spanned! {kind.span()=>
        #krate::__private::ToId::to_id(&self.#member)
    };
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
                ::core::result::Result::map(#document_id, ::core::option::Option::Some)
            }
        }
    }
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
