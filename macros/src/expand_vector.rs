//! The implementation for a type that the vector store keeps.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;

use crate::expand::id_of;
use crate::kept::Kept;
use crate::vector::{Part, Vectors};

pub(crate) fn vectors(vectors: &Vectors, krate: &TokenStream) -> TokenStream {
    let Kept { type_name, name, id } = &vectors.kept;
    let json_name = &id.json_name;
    let (id_kind, id_value) = id_of(id, krate);
    let options = options(vectors, krate);
    let embedding = value(vectors.embedding.as_ref(), &quote!(AsEmbedding::as_embedding), krate);
    let text = value(vectors.text.as_ref(), &quote!(AsText::as_text), krate);
    let embedding_name = json_name_of(vectors.embedding.as_ref());
    let text_name = json_name_of(vectors.text.as_ref());
    quote! {
        #[automatically_derived]
        impl #krate::__private::Embedded for #type_name {
            fn store_name() -> &'static str {
                #name
            }

            fn options() -> ::core::option::Option<#krate::__private::VectorOptions> {
                ::core::option::Option::Some(#options)
            }

            fn id_kind() -> ::core::option::Option<#krate::__private::IdKind> {
                #id_kind
            }

            fn fields() -> #krate::__private::RowFields<&'static str> {
                #krate::__private::RowFields {
                    id: #json_name,
                    embedding: #embedding_name,
                    text: #text_name,
                    metadata: ::core::option::Option::None,
                }
            }

            fn record_id(
                &self,
            ) -> #krate::__private::Result<::core::option::Option<#krate::__private::RecordId>>
            {
                ::core::result::Result::map(#id_value, ::core::option::Option::Some)
            }

            fn embedding(&self) -> ::core::option::Option<&[f32]> {
                #embedding
            }

            fn text(&self) -> ::core::option::Option<&str> {
                #text
            }
        }
    }
}

/// What the store is made with.
fn options(vectors: &Vectors, krate: &TokenStream) -> TokenStream {
    let Vectors { dimensions, prefixes, filters, .. } = vectors;
    let metric =
        vectors.metric.as_ref().map(|metric| quote!(.metric(#krate::__private::Metric::#metric)));
    let language = vectors.language.as_ref().map(|language| match language {
        Some(language) => quote!(.language(::core::option::Option::Some(#language))),
        None => quote!(.language(::core::option::Option::None)),
    });
    quote! {
        #krate::__private::VectorOptions::new(#dimensions)
            #metric
            #language
            .prefixes([#(#prefixes),*])
            .filters::<&str>([#(#filters),*])
    }
}

/// The field's value, read by `read`; errors about its type are shown at the type.
fn value(part: Option<&Part>, read: &TokenStream, krate: &TokenStream) -> TokenStream {
    let Some(Part { member, kind, .. }) = part else {
        return quote!(::core::option::Option::None);
    };
    quote_spanned!(kind.span()=> #krate::__private::#read(&self.#member))
}

fn json_name_of(part: Option<&Part>) -> TokenStream {
    match part {
        Some(Part { json_name, .. }) => quote!(::core::option::Option::Some(#json_name)),
        None => quote!(::core::option::Option::None),
    }
}
