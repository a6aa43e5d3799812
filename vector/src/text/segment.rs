//! One segment as a search sees it: its postings, its rows, and which of its documents are dead.

use std::sync::Arc;

use tantivy::columnar::ColumnValues;
use tantivy::fieldnorm::FieldNormReader;
use tantivy::schema::IndexRecordOption;
use tantivy::{DocId, DocSet, SegmentReader, TERMINATED, Term};

use super::schema::{ROW, Setup};

/// A segment without the documents that are dead: deleted, or replaced by a newer version elsewhere.
///
/// Its numbers count the living ones only, so that scores do not depend on when dead documents are
/// cleared away. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Segment {
    files: Arc<Files>,
    dead: Arc<Dead>,
    /// The sum of the living documents' lengths.
    length: u64,
}

struct Files {
    reader: SegmentReader,
    rows: Arc<dyn ColumnValues<i64>>,
    lengths: FieldNormReader,
    /// The average length that the segment's block maxima were computed with.
    average_length: f32,
}

#[derive(Clone, Default)]
struct Dead {
    /// Ascending.
    documents: Vec<DocId>,
    /// A bit per document; empty while none is dead.
    bits: Vec<u64>,
}

impl Segment {
    /// Cost: one pass over the segment's lengths, a byte per document.
    pub(crate) fn open(reader: &SegmentReader, setup: &Setup) -> tantivy::Result<Segment> {
        // tantivy takes a file of positions that is missing for one that has none, until a field is
        // looked into: every document has a label, but not each has a word.
        reader.inverted_index(setup.row)?;
        let lengths = reader.get_fieldnorms_reader(setup.stems)?;
        let tokens = reader.inverted_index(setup.stems)?.total_num_tokens();
        let files = Files {
            rows: reader.fast_fields().i64(ROW)?.first_or_default_col(0),
            average_length: tokens as f32 / reader.max_doc().max(1) as f32,
            reader: reader.clone(),
            lengths,
        };
        let mut dead = Dead::default();
        if let Some(alive) = reader.alive_bitset() {
            let documents = 0..reader.max_doc();
            dead.documents = documents.filter(|document| alive.is_deleted(*document)).collect();
            dead.bits = vec![0; bit_words(reader.max_doc())];
            for document in &dead.documents {
                dead.bits[word(*document)] |= bit(*document);
            }
        }
        let living = (0..reader.max_doc()).filter(|document| !dead.contains(*document));
        let length = living.map(|document| u64::from(files.lengths.fieldnorm(document))).sum();
        Ok(Segment { files: Arc::new(files), dead: Arc::new(dead), length })
    }

    pub(crate) fn reader(&self) -> &SegmentReader {
        &self.files.reader
    }

    /// The label of the row that a document is of.
    pub(crate) fn row(&self, document: DocId) -> i64 {
        self.files.rows.get_val(document)
    }

    /// Whether the label is between those that the segment has: new rows have larger ones.
    pub(crate) fn may_have(&self, row: i64) -> bool {
        (self.files.rows.min_value()..=self.files.rows.max_value()).contains(&row)
    }

    pub(crate) fn is_dead(&self, document: DocId) -> bool {
        self.dead.contains(document)
    }

    pub(crate) fn average_length(&self) -> f32 {
        self.files.average_length
    }

    /// How many documents are alive.
    pub(crate) fn living(&self) -> u64 {
        u64::from(self.files.reader.max_doc()) - self.dead.documents.len() as u64
    }

    /// The sum of the living documents' lengths in words, each as exact as the index keeps it.
    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// Marks a document as dead; clones made before do not see it.
    pub(crate) fn kill(&mut self, document: DocId) {
        if self.is_dead(document) {
            return;
        }
        self.length -= u64::from(self.files.lengths.fieldnorm(document));
        let dead = Arc::make_mut(&mut self.dead);
        if dead.bits.is_empty() {
            dead.bits = vec![0; bit_words(self.files.reader.max_doc())];
        }
        dead.bits[word(document)] |= bit(document);
        let place = dead.documents.partition_point(|other| *other < document);
        dead.documents.insert(place, document);
    }

    /// The living document of a row.
    pub(crate) fn find(&self, row: &Term) -> tantivy::Result<Option<DocId>> {
        let inverted = self.files.reader.inverted_index(row.field())?;
        let Some(mut postings) = inverted.read_postings(row, IndexRecordOption::Basic)? else {
            return Ok(None);
        };
        while postings.doc() != TERMINATED {
            if !self.is_dead(postings.doc()) {
                return Ok(Some(postings.doc()));
            }
            postings.advance();
        }
        Ok(None)
    }

    /// In how many living documents a term is. O(1) while none is dead, else at most O(dead) seeks.
    pub(crate) fn frequency(&self, term: &Term) -> tantivy::Result<u64> {
        let inverted = self.files.reader.inverted_index(term.field())?;
        let Some(info) = inverted.get_term_info(term)? else { return Ok(0) };
        if self.dead.documents.is_empty() {
            return Ok(u64::from(info.doc_freq));
        }
        let postings = inverted.read_postings_from_terminfo(&info, IndexRecordOption::Basic)?;
        Ok(u64::from(info.doc_freq) - self.dead.among(postings))
    }
}

impl Dead {
    fn contains(&self, document: DocId) -> bool {
        self.bits.get(word(document)).is_some_and(|bits| bits & bit(document) != 0)
    }

    /// How many of `postings` are dead.
    fn among(&self, mut postings: impl DocSet) -> u64 {
        let mut count = 0;
        let mut rest = self.documents.as_slice();
        let mut document = postings.doc();
        while let Some(&dead) = rest.first() {
            if document < dead {
                document = postings.seek(dead);
            }
            if document == TERMINATED {
                break;
            }
            count += u64::from(document == dead);
            let passed = match document == dead {
                true => 1,
                false => rest.partition_point(|other| *other < document),
            };
            rest = &rest[passed..];
        }
        count
    }
}

fn bit_words(documents: u32) -> usize {
    documents.div_ceil(64) as usize
}

fn word(document: DocId) -> usize {
    document as usize / 64
}

fn bit(document: DocId) -> u64 {
    1 << (document % 64)
}
