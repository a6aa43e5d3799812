//! `__store!`, through which derived code learns that this crate has the vector store and no other.

/// Takes what `#[derive(Store)]` wrote for a type.
#[doc(hidden)]
#[macro_export]
macro_rules! __store {
    (vector [$kept:ident] $($item:item)*) => { $($item)* };
    ($store:ident $($derived:tt)*) => {
        ::core::compile_error!(::core::concat!(
            "the store `",
            ::core::stringify!($store),
            "` is not in `headwater-vector`: use `headwater` and its feature of that name"
        ));
    };
}
