//! Embeddings: checked, as they are stored, and as events show them.

use headwater_primitives::{Error, Result, jsonb};

use crate::metric::Metric;
use crate::options::VectorOptions;

/// An embedding, ready to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Embedding {
    /// Little-endian `f32`s, as the row has it.
    pub(crate) blob: Vec<u8>,
    /// A JSONB array of the same numbers, each in its shortest form.
    pub(crate) json: Vec<u8>,
}

impl Embedding {
    /// Checks and encodes.
    pub(crate) fn new(options: &VectorOptions, values: &[f32]) -> Result<Self> {
        check(options, values)?;
        Embedding::of(values)
    }

    /// Encodes what was checked before.
    pub(crate) fn of(values: &[f32]) -> Result<Self> {
        let mut json = Vec::with_capacity(values.len() * 13 + 5);
        jsonb::append(&mut json, values)?;
        let blob = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        Ok(Embedding { blob, json })
    }

    /// Whether this is what is stored as `values`.
    pub(crate) fn is(&self, values: &[f32]) -> bool {
        self.blob.len() == values.len() * 4
            && self
                .blob
                .chunks_exact(4)
                .zip(values)
                .all(|(blob, value)| blob == value.to_le_bytes())
    }
}

/// Refuses what a store with `options` has no place for.
pub(crate) fn check(options: &VectorOptions, values: &[f32]) -> Result<()> {
    if values.len() != options.dimensions {
        return Err(Error::invalid(format!(
            "an embedding of {} dimensions, and those of this store have {}",
            values.len(),
            options.dimensions
        )));
    }
    if let Some(place) = values.iter().position(|value| !value.is_finite()) {
        return Err(Error::invalid(format!(
            "an embedding with {} at position {place}: its numbers must be finite",
            values[place]
        )));
    }
    // The norm is what a cosine is divided by, so it has to be an ordinary number itself.
    if options.metric == Metric::Cosine && norm(values) < f64::from(f32::MIN_POSITIVE) {
        return Err(Error::invalid(
            "an embedding of zeros: it has no direction that the metric cosine could compare",
        ));
    }
    Ok(())
}

fn norm(values: &[f32]) -> f64 {
    values.iter().map(|value| f64::from(*value).powi(2)).sum::<f64>().sqrt()
}

/// Reads a stored embedding.
pub(crate) fn decode(blob: &[u8]) -> Result<Vec<f32>> {
    let mut values = Vec::new();
    decode_into(blob, &mut values)?;
    Ok(values)
}

/// Reads a stored embedding into `values`, over what was there.
pub(crate) fn decode_into(blob: &[u8], values: &mut Vec<f32>) -> Result<()> {
    let (numbers, rest) = blob.as_chunks::<4>();
    if !rest.is_empty() {
        return Err(Error::corrupt(format!("an embedding of {} bytes", blob.len())));
    }
    values.clear();
    values.extend(numbers.iter().map(|bytes| f32::from_le_bytes(*bytes)));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_embedding_that_cannot_be_compared_is_refused_with_the_reason() {
        let cosine = VectorOptions::new(3);
        for (values, wrong) in [
            (&[1.0, 2.0][..], "2 dimensions, and those of this store have 3"),
            (&[1.0, f32::NAN, 0.0], "NaN at position 1"),
            (&[1.0, 0.0, f32::NEG_INFINITY], "-inf at position 2"),
            (&[0.0, -0.0, 0.0], "embedding of zeros"),
            (&[1e-45, 0.0, 0.0], "embedding of zeros"),
        ] {
            let error = check(&cosine, values).unwrap_err().to_string();
            assert!(error.contains(wrong), "{error}");
        }
        check(&cosine, &[f32::MAX, f32::MAX, 0.0]).unwrap();
        check(&cosine, &[1e-30, 0.0, 0.0]).unwrap();
        check(&VectorOptions::new(2).metric(Metric::L2), &[0.0, 0.0]).unwrap();
    }

    #[test]
    fn an_embedding_comes_back_bit_by_bit_from_both_forms() {
        let values = [0.1, -0.0, 1e-45, f32::MAX, 16_777_217.0];
        let embedding = Embedding::of(&values).unwrap();
        let bits = |values: &[f32]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&decode(&embedding.blob).unwrap()), bits(&values));
        let json: Vec<f32> = jsonb::from_slice(&embedding.json).unwrap();
        assert_eq!(bits(&json), bits(&values));
        assert!(embedding.is(&values) && !embedding.is(&values[1..]) && !embedding.is(&[0.1; 5]));
        assert!(decode(&[0; 5]).is_err());
    }
}
