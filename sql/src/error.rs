//! DataFusion's errors as ours, with the place in the statement where one is known.

use datafusion::common::Span;
use datafusion::error::DataFusionError;
use datafusion::sql::sqlparser::parser::ParserError;
use headwater_primitives::{Error, ErrorKind};

/// An error of ours on its way through DataFusion.
pub(crate) fn outward(error: Error) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}

/// What a statement failed with.
pub(crate) fn inward(error: DataFusionError) -> Error {
    if let Some(own) = own(&error) {
        return own;
    }
    if let DataFusionError::SQL(syntax, _) = error.find_root() {
        return syntax_error(syntax);
    }
    let diagnostic = error.diagnostic();
    let place = diagnostic.and_then(|diagnostic| diagnostic.span).map(place_of);
    let message = message_of(&error);
    let message = match place {
        Some(place) => format!("{message} ({place})"),
        None => message,
    };
    Error::new(kind_of(error.find_root()), message).with_source(error)
}

/// Where in a statement something is.
pub(crate) fn place_of(span: Span) -> String {
    format!("line {}, column {}", span.start.line, span.start.column)
}

/// The error of ours that DataFusion has carried.
fn own(error: &DataFusionError) -> Option<Error> {
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = source {
        if let Some(own) = error.downcast_ref::<Error>() {
            return Some(own.duplicate());
        }
        source = match error.downcast_ref::<DataFusionError>() {
            Some(DataFusionError::External(inner)) => Some(&**inner),
            Some(DataFusionError::Shared(inner)) => Some(&**inner),
            _ => error.source(),
        };
    }
    None
}

/// DataFusion's message, without what it says of itself.
fn message_of(error: &DataFusionError) -> String {
    let text = error.strip_backtrace();
    let known = ["Error during planning: ", "Schema error: ", "Execution error: "];
    let plain = known.iter().find_map(|prefix| text.strip_prefix(prefix));
    plain.unwrap_or(&text).trim_end().to_owned()
}

fn syntax_error(error: &ParserError) -> Error {
    let message = match error {
        ParserError::TokenizerError(text) | ParserError::ParserError(text) => text.as_str(),
        ParserError::RecursionLimitExceeded => "the statement is nested too deeply",
    };
    // The parser ends its messages so.
    let message = match message.rsplit_once(" at Line: ") {
        Some((what, place)) => format!("{what} (line {})", place.replace("Column:", "column")),
        None => message.to_owned(),
    };
    Error::invalid(message)
}

fn kind_of(error: &DataFusionError) -> ErrorKind {
    match error {
        DataFusionError::NotImplemented(_) | DataFusionError::Internal(_) => ErrorKind::Unsupported,
        DataFusionError::ResourcesExhausted(_) => ErrorKind::TooLarge,
        DataFusionError::ObjectStore(error) => match **error {
            object_store::Error::NotFound { .. } => ErrorKind::NotFound,
            _ => ErrorKind::Io,
        },
        DataFusionError::IoError(_) | DataFusionError::ExecutionJoin(_) => ErrorKind::Io,
        DataFusionError::ParquetError(_) => ErrorKind::Corrupt,
        _ => ErrorKind::InvalidInput,
    }
}
