//! It all in one binary.
