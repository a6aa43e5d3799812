//! The namespace and its parts as their users meet them: one behaviour per file.

#![allow(clippy::unwrap_used)]

mod kv;
