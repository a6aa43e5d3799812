//! The words that say nothing about what a text is about.

use tantivy::tokenizer::StopWordFilter;

use super::language::Language;

/// Snowball's list for English (snowballstem.org/algorithms/english/stop.txt), with the ends that
/// apostrophes cut off.
const ENGLISH: &str = "i me my myself we our ours ourselves you your yours yourself yourselves he \
    him his himself she her hers herself it its itself they them their theirs themselves what which \
    who whom this that these those am is are was were be been being have has had having do does did \
    doing would should could ought a an the and but if or because as until while of at by for with \
    about against between into through during before after above below to from up down in out on \
    off over under again further then once here there when where why how all any both each few more \
    most other some such no nor not only own same so than too very s t d ll m re ve";

/// A filter that drops the stop words of `language`; `None` where there is no list. tantivy's own list
/// for English is Lucene's, of only 33 words.
pub(crate) fn filter(language: Language) -> Option<StopWordFilter> {
    match language.code() {
        "en" => Some(StopWordFilter::remove(ENGLISH.split_whitespace().map(str::to_owned))),
        _ => StopWordFilter::new(language.stemmed()),
    }
}
