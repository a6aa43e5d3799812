//! A query for any of many similar words, which counts them as one word.

use std::sync::Arc;

use tantivy::fieldnorm::FieldNormReader;
use tantivy::postings::Postings;
use tantivy::query::{Bm25Weight, EmptyScorer, EnableScoring, Explanation, Query, Scorer, Weight};
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::{DocId, DocSet, Score, SegmentReader, TERMINATED, TantivyError, Term};

/// The spellings that a prefix or a misspelt word stands for.
///
/// A document's score is that of one word: its frequency is the sum over all spellings, the number of
/// documents is that of the commonest spelling, and the score is divided by one more than the edits of
/// the nearest spelling found. So `wnig~` scores as `wing` does, halved, however many rare spellings
/// are near. Without this, the rarest misspelling would win.
#[derive(Clone, Debug)]
pub(super) struct VariantsQuery {
    /// The field whose lengths count.
    pub(super) lengths: Field,
    /// The spellings, each with its number of edits.
    pub(super) variants: Arc<Vec<(Term, u8)>>,
}

impl Query for VariantsQuery {
    fn weight(&self, scoring: EnableScoring<'_>) -> tantivy::Result<Box<dyn Weight>> {
        let EnableScoring::Enabled { statistics_provider: statistics, .. } = scoring else {
            return Err(TantivyError::InvalidArgument("variants are always scored".to_owned()));
        };
        let mut frequency = 0;
        for (term, _) in self.variants.iter() {
            frequency = frequency.max(statistics.doc_freq(term)?);
        }
        let rows = statistics.total_num_docs()?;
        let average = statistics.total_num_tokens(self.lengths)? as Score / rows as Score;
        let bm25 = Bm25Weight::for_one_term_without_explain(frequency, rows, average);
        Ok(Box::new(VariantsWeight { query: self.clone(), bm25 }))
    }
}

struct VariantsWeight {
    query: VariantsQuery,
    bm25: Bm25Weight,
}

impl Weight for VariantsWeight {
    fn scorer(&self, reader: &SegmentReader, boost: Score) -> tantivy::Result<Box<dyn Scorer>> {
        let matches = self.matches(reader)?;
        if matches.is_empty() {
            return Ok(Box::new(EmptyScorer));
        }
        Ok(Box::new(VariantsScorer {
            matches,
            at: 0,
            bm25: self.bm25.boost_by(boost),
            lengths: reader.get_fieldnorms_reader(self.query.lengths)?,
        }))
    }

    fn explain(&self, reader: &SegmentReader, document: DocId) -> tantivy::Result<Explanation> {
        let mut scorer = self.scorer(reader, 1.0)?;
        if scorer.doc() > document || scorer.seek(document) != document {
            let message = format!("document {document} has none of the spellings");
            return Err(TantivyError::InvalidArgument(message));
        }
        Ok(Explanation::new("any of several spellings", scorer.score()))
    }
}

/// A document that has some of the spellings.
#[derive(Clone, Copy)]
struct Match {
    document: DocId,
    frequency: u32,
    edits: u8,
}

impl VariantsWeight {
    /// The documents with any of the spellings, ascending. Memory: O(documents), not O(postings).
    fn matches(&self, reader: &SegmentReader) -> tantivy::Result<Vec<Match>> {
        let mut matches: Vec<Match> = Vec::new();
        let documents = reader.max_doc() as usize;
        for (term, edits) in self.query.variants.iter() {
            let inverted = reader.inverted_index(term.field())?;
            let option = IndexRecordOption::WithFreqs;
            let Some(mut postings) = inverted.read_postings(term, option)? else { continue };
            while postings.doc() != TERMINATED {
                let frequency = postings.term_freq();
                matches.push(Match { document: postings.doc(), frequency, edits: *edits });
                postings.advance();
            }
            if matches.len() > 2 * documents {
                merge(&mut matches);
            }
        }
        merge(&mut matches);
        Ok(matches)
    }
}

/// Makes one match of all those of a document, in order of the documents.
fn merge(matches: &mut Vec<Match>) {
    matches.sort_unstable_by_key(|found| found.document);
    matches.dedup_by(|next, kept| {
        let same = next.document == kept.document;
        if same {
            kept.frequency = kept.frequency.saturating_add(next.frequency);
            kept.edits = kept.edits.min(next.edits);
        }
        same
    });
}

struct VariantsScorer {
    matches: Vec<Match>,
    at: usize,
    bm25: Bm25Weight,
    lengths: FieldNormReader,
}

impl DocSet for VariantsScorer {
    fn advance(&mut self) -> DocId {
        self.at = (self.at + 1).min(self.matches.len());
        self.doc()
    }

    fn seek(&mut self, target: DocId) -> DocId {
        self.at += self.matches[self.at..].partition_point(|found| found.document < target);
        self.doc()
    }

    fn doc(&self) -> DocId {
        self.matches.get(self.at).map_or(TERMINATED, |found| found.document)
    }

    fn size_hint(&self) -> u32 {
        self.matches.len() as u32
    }
}

impl Scorer for VariantsScorer {
    fn score(&mut self) -> Score {
        let Some(found) = self.matches.get(self.at) else { return 0.0 };
        let length = self.lengths.fieldnorm_id(found.document);
        self.bm25.score(length, found.frequency) / (1.0 + Score::from(found.edits))
    }
}
