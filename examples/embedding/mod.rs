//! Embeddings of texts without a model to download: latent semantic analysis of the texts themselves.
//!
//! Deerwester et al., "Indexing by latent semantic analysis", 1990: texts that use the same words, or
//! words that other texts use together, get embeddings that are near. It knows only what its texts
//! show it; a trained model knows more, and plugs in through the same trait.

mod jacobi;
mod lsa;
mod orthonormal;
mod prose;
mod sparse;
mod svd;
mod vocabulary;
mod words;

pub(crate) use lsa::{Lsa, LsaOptions};
pub(crate) use prose::prose;
