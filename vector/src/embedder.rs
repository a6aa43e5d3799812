//! What makes embeddings of texts: the seam where a model plugs in.

use headwater_primitives::{Error, Result};

/// Makes embeddings of texts. The store takes and finds vectors, whoever made them; this trait is how
/// code that makes them is named, so that a program can change its model in one place.
///
/// Documents and questions are embedded apart, since many models are trained for that (E5, BGE,
/// Nomic: by a prefix or an instruction). [`embed`](Embedder::embed) is for documents, many in one
/// call, since models run in batches; [`embed_query`](Embedder::embed_query) is for one question, and is
/// the same as `embed` unless it is overridden. The two must have the same number of dimensions.
///
/// The trait is object safe: `Box<dyn Embedder>` is an embedder chosen at run time. A call may take as
/// long as the model takes: make it before a transaction, not inside one, where all writers wait for it.
///
/// ```
/// use std::sync::{Mutex, PoisonError};
///
/// use headwater_vector::primitives::{Error, ErrorKind, Result};
/// use headwater_vector::Embedder;
/// # struct Model;
/// # impl Model {
/// #     fn embed(&mut self, texts: Vec<String>) -> std::result::Result<Vec<Vec<f32>>, std::io::Error> {
/// #         Ok(texts.iter().map(|text| vec![text.len() as f32, 1.0]).collect())
/// #     }
/// # }
///
/// /// An E5 model of some library, such as fastembed's `TextEmbedding`, which wants `&mut self`.
/// struct E5(Mutex<Model>);
///
/// impl E5 {
///     fn run(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>> {
///         let mut model = self.0.lock().unwrap_or_else(PoisonError::into_inner);
///         let embedded = model.embed(texts);
///         embedded.map_err(|error| Error::new(ErrorKind::Io, "the model failed").with_source(error))
///     }
/// }
///
/// impl Embedder for E5 {
///     fn dimensions(&self) -> usize {
///         2
///     }
///
///     fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>> {
///         self.run(texts.iter().map(|text| format!("passage: {text}")).collect())
///     }
///
///     fn embed_query(&self, query: &str) -> Result<Vec<f32>> {
///         Ok(self.run(vec![format!("query: {query}")])?.remove(0))
///     }
/// }
///
/// let model: Box<dyn Embedder> = Box::new(E5(Mutex::new(Model)));
/// assert_eq!(model.embed(&["a spring", "a stream"])?.len(), 2);
/// assert_eq!(model.embed_query("where does it begin?")?.len(), model.dimensions());
/// # Ok::<(), Error>(())
/// ```
pub trait Embedder: Send + Sync {
    /// The number of dimensions of every embedding.
    fn dimensions(&self) -> usize;

    /// One embedding for each of the texts, which are documents, in their order.
    ///
    /// What an embedder can say nothing about (an empty text) has the zero vector. A store that
    /// compares by cosine refuses that: keep such a row without an embedding.
    ///
    /// # Errors
    /// What the model's own error says, as the source of one that says which text it was, if one was.
    fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>>;

    /// The embedding of a question, to be compared with those of documents.
    ///
    /// # Errors
    /// As [`embed`](Embedder::embed); `InvalidInput` when `embed` did not give one vector of
    /// [`dimensions`](Embedder::dimensions) numbers.
    fn embed_query(&self, query: &str) -> Result<Vec<f32>> {
        let embedded = self.embed(&[query])?;
        let (number, wanted) = (embedded.len(), self.dimensions());
        match <[Vec<f32>; 1]>::try_from(embedded) {
            Ok([one]) if one.len() == wanted => Ok(one),
            Ok([one]) => Err(Error::invalid(format!(
                "the embedder gave {} dimensions where it says that it has {wanted}",
                one.len()
            ))),
            Err(_) => {
                Err(Error::invalid(format!("the embedder gave {number} embeddings of one text")))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives whatever it was made with.
    struct Fixed(Vec<Vec<f32>>);

    impl Embedder for Fixed {
        fn dimensions(&self) -> usize {
            2
        }

        fn embed(&self, _: &[&str]) -> Result<Vec<Vec<f32>>> {
            Ok(self.0.clone())
        }
    }

    fn asked(given: &[&[f32]]) -> Result<Vec<f32>> {
        let embedder: &dyn Embedder = &Fixed(given.iter().map(|one| one.to_vec()).collect());
        embedder.embed_query("where?")
    }

    #[test]
    fn a_query_is_embedded_as_a_document_unless_said_otherwise() {
        assert_eq!(asked(&[&[1.0, 2.0]]).unwrap(), [1.0, 2.0]);
    }

    #[test]
    fn an_embedder_that_contradicts_itself_is_told_so() {
        for (given, wrong) in [
            (&[][..], "gave 0 embeddings of one text"),
            (&[&[1.0, 2.0][..], &[3.0, 4.0]], "gave 2 embeddings of one text"),
            (&[&[1.0, 2.0, 3.0]], "gave 3 dimensions where it says that it has 2"),
        ] {
            let error = asked(given).unwrap_err().to_string();
            assert!(error.contains(wrong), "{error}");
        }
    }
}
