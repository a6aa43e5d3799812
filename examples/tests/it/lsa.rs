//! What the embeddings of a few texts say about them.
