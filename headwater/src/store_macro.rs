//! `__store!`, through which derived code learns which stores this build has.

/// Takes what `#[derive(Store)]` wrote for a type, and says where the type is routed.
///
/// One arm per store. A store that is switched off, or that this release does not have, is refused
/// here, at the store's name in the type's attribute.
#[doc(hidden)]
#[macro_export]
macro_rules! __store {
    (document $($derived:tt)*) => { $crate::__store_document! { $($derived)* } };
    (vector $($derived:tt)*) => { $crate::__store_vector! { $($derived)* } };
    ($store:ident $($derived:tt)*) => {
        ::core::compile_error!(::core::concat!(
            "the store `",
            ::core::stringify!($store),
            "` is not in this release of `headwater`: it has `document` and `vector`"
        ));
    };
}

#[cfg(feature = "document")]
#[doc(hidden)]
#[macro_export]
macro_rules! __store_document {
    ([$kept:ident] $($item:item)*) => {
        $($item)*

        impl $crate::Store for $kept {
            type Model = $crate::model::Document;
        }
    };
}

#[cfg(not(feature = "document"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __store_document {
    ($($derived:tt)*) => {
        ::core::compile_error!(
            "the store `document` is not built into `headwater`: enable its feature `document`"
        );
    };
}

#[cfg(feature = "vector")]
#[doc(hidden)]
#[macro_export]
macro_rules! __store_vector {
    ([$kept:ident] $($item:item)*) => {
        $($item)*

        impl $crate::Store for $kept {
            type Model = $crate::model::Vector;
        }
    };
}

#[cfg(not(feature = "vector"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __store_vector {
    ($($derived:tt)*) => {
        ::core::compile_error!(
            "the store `vector` is not built into `headwater`: enable its feature `vector`"
        );
    };
}
