//! What an index of text holds of each row.

use headwater_primitives::Result;
use tantivy::TantivyDocument;
use tantivy::schema::{
    Field, IndexRecordOption, NumericOptions, Schema, TextFieldIndexing, TextOptions,
};
use tantivy::{IndexBuilder, IndexSettings, Term};

use super::analyzer::{Analyzers, STEMS, WHOLE};
use super::language::Language;

/// The name of the field of labels, where tantivy wants a name.
pub(crate) const ROW: &str = "row";

/// The fields, and how text is analyzed for them. Shared by an index and its tail.
pub(crate) struct Setup {
    pub(crate) language: Option<Language>,
    pub(crate) analyzers: Analyzers,
    pub(crate) schema: Schema,
    /// The label of the row.
    pub(crate) row: Field,
    /// The stems of the text with their positions: what words and phrases are looked up in.
    pub(crate) stems: Field,
    /// The whole words of the text: what prefixes and misspelt words are compared with. Without a
    /// language these are the stems.
    pub(crate) whole: Field,
}

impl Setup {
    /// # Errors
    /// `InvalidInput` for a language without a stemmer.
    pub(crate) fn new(language: Option<&str>) -> Result<Setup> {
        let language = language.map(Language::parse).transpose()?;
        let mut schema = Schema::builder();
        let row = schema.add_i64_field(ROW, NumericOptions::default().set_indexed().set_fast());
        let indexing = TextFieldIndexing::default()
            .set_tokenizer(STEMS)
            .set_index_option(IndexRecordOption::WithFreqsAndPositions);
        let stems =
            schema.add_text_field("stems", TextOptions::default().set_indexing_options(indexing));
        let indexing = TextFieldIndexing::default()
            .set_tokenizer(WHOLE)
            .set_index_option(IndexRecordOption::WithFreqs)
            .set_fieldnorms(false);
        let whole = match language {
            None => stems,
            Some(_) => schema
                .add_text_field("whole", TextOptions::default().set_indexing_options(indexing)),
        };
        let analyzers = Analyzers::new(language);
        Ok(Setup { language, analyzers, schema: schema.build(), row, stems, whole })
    }

    /// A builder of indexes with these fields.
    pub(crate) fn builder(&self) -> IndexBuilder {
        let settings =
            IndexSettings { docstore_compress_dedicated_thread: false, ..IndexSettings::default() };
        tantivy::Index::builder()
            .schema(self.schema.clone())
            .settings(settings)
            .tokenizers(self.analyzers.manager())
    }

    pub(crate) fn document(&self, row: i64, text: &str) -> TantivyDocument {
        let mut document = TantivyDocument::default();
        document.add_i64(self.row, row);
        document.add_text(self.stems, text);
        if self.whole != self.stems {
            document.add_text(self.whole, text);
        }
        document
    }

    pub(crate) fn row_term(&self, row: i64) -> Term {
        Term::from_field_i64(self.row, row)
    }
}
