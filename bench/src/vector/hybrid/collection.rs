//! The texts and the queries of the Cranfield collection, and the embeddings beside them.

use std::path::Path;

use serde::Deserialize;

use crate::Outcome;
use crate::vector::data::Vectors;

/// Texts with their ids, and queries.
pub(crate) struct Collection {
    /// Title and text of each, in the order of the embeddings.
    pub(crate) documents: Vec<(u32, String)>,
    pub(crate) queries: Vec<String>,
}

#[derive(Deserialize)]
struct Line {
    #[serde(rename = "_id")]
    id: String,
    #[serde(default)]
    title: String,
    text: String,
}

impl Collection {
    pub(crate) fn read(folder: &Path) -> Outcome<Self> {
        let documents = lines(&folder.join("corpus.jsonl"))?.into_iter().map(|line| {
            let text = format!("{} {}", line.title, line.text);
            Ok((line.id.parse()?, text.trim().to_owned()))
        });
        let queries = lines(&folder.join("queries.jsonl"))?.into_iter().map(|line| line.text);
        Ok(Self { documents: documents.collect::<Outcome<_>>()?, queries: queries.collect() })
    }
}

fn lines(path: &Path) -> Outcome<Vec<Line>> {
    let text = std::fs::read_to_string(path)?;
    Ok(text.lines().map(serde_json::from_str).collect::<Result<_, _>>()?)
}

/// Reads a table of `<f4` from a NumPy file (format 1.0 of numpy.lib.format).
pub(crate) fn read_npy(path: &Path) -> Outcome<Vectors> {
    let bytes = std::fs::read(path)?;
    let read = || {
        let length = u16::from_le_bytes(*bytes.get(8..10)?.first_chunk()?);
        let (header, values) = bytes.get(10..)?.split_at_checked(usize::from(length))?;
        let header = std::str::from_utf8(header).ok()?;
        let (_, shape) = header.split_once("'shape': (")?;
        let (_, columns) = shape.split_once(')')?.0.split_once(',')?;
        let columns: usize = columns.trim().parse().ok()?;
        let plain = header.contains("'<f4'") && header.contains("'fortran_order': False");
        let (words, rest) = values.as_chunks::<4>();
        let whole = rest.is_empty() && words.len().checked_rem(columns) == Some(0);
        (bytes.starts_with(b"\x93NUMPY\x01\x00") && plain && whole).then_some((columns, words))
    };
    let (columns, words) =
        read().ok_or_else(|| format!("{} is no NumPy table of <f4", path.display()))?;
    let mut vectors = Vectors::new(columns);
    for row in words.chunks_exact(columns) {
        let row: Vec<f32> = row.iter().map(|word| f32::from_le_bytes(*word)).collect();
        vectors.push(&row);
    }
    Ok(vectors)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn npy(header: &str, values: &[f32]) -> Outcome<Vectors> {
        let file = tempfile::NamedTempFile::new()?;
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend_from_slice(&u16::try_from(header.len())?.to_le_bytes());
        bytes.extend_from_slice(header.as_bytes());
        bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
        std::fs::write(file.path(), bytes)?;
        read_npy(file.path())
    }

    #[test]
    fn a_numpy_table_is_read() -> Outcome<()> {
        let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }\n";
        let table = npy(header, &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0])?;
        assert_eq!((table.len(), table.dimensions()), (2, 3));
        assert_eq!(table.row(1), [4.0, 5.0, 6.0]);
        assert!(npy(header, &[1.0, 2.0]).is_err());
        assert!(npy(&header.replace("<f4", "<f8"), &[1.0, 2.0, 3.0]).is_err());
        Ok(())
    }
}
