//! Opening a dataset's versions, and adding to the one that counts.

use std::sync::Arc;
use std::sync::mpsc::Receiver;

use headwater_primitives::{Error, ErrorKind, Result};
use lance::Dataset;
use lance::dataset::builder::DatasetBuilder;
use lance::dataset::{InsertBuilder, WriteMode, WriteParams};
use lance::deps::arrow_array::{RecordBatch, RecordBatchIterator};
use lance::deps::arrow_schema::{ArrowError, SchemaRef};
use lance::session::Session;

use super::columns::MARK;
use super::error::of_lance;
use super::place::Place;

/// Bytes of a file of vectors, about: what compaction makes of smaller ones.
const FILE_BYTES: usize = 256 << 20;

/// What a demotion hands over, batch by batch.
pub(super) type Batches = Receiver<Result<RecordBatch, ArrowError>>;

/// The dataset at `version`, from one that is `open` if there is one.
pub(super) async fn at_version(
    open: Option<Arc<Dataset>>,
    place: &Place,
    session: Arc<Session>,
    version: u64,
) -> Result<Dataset> {
    let found = match open {
        Some(open) => open.checkout_version(version).await,
        None => builder(place, session).with_version(version).load().await,
    };
    found.map_err(|error| of_lance(&place.uri, error))
}

/// The dataset for a demotion: its newest version has what `version` has, whatever was written after
/// that one. `None` when there is no dataset yet.
pub(super) async fn to_write(
    place: &Place,
    session: Arc<Session>,
    version: u64,
    mark: &str,
) -> Result<Option<Dataset>> {
    let in_place = |error| of_lance(&place.uri, error);
    let newest = match builder(place, session).load().await {
        Ok(dataset) => dataset,
        Err(lance::Error::DatasetNotFound { .. } | lance::Error::NotFound { .. })
            if version == 0 =>
        {
            return Ok(None);
        }
        Err(error) => return Err(in_place(error)),
    };
    if newest.schema().metadata.get(MARK).map(String::as_str) != Some(mark) {
        return Err(Error::new(
            ErrorKind::AlreadyExists,
            format!(
                "warm tier {}: there is a dataset of somebody else's; give the store a place of \
                 its own",
                place.uri
            ),
        ));
    }
    if version == 0 || newest.version_id() == version {
        return Ok(Some(newest));
    }
    let mut wanted = newest.checkout_version(version).await.map_err(in_place)?;
    wanted.restore().await.map_err(in_place)?;
    Ok(Some(wanted))
}

/// Adds `batches`: to `dataset`, or as the first ones of a new dataset. `over` when what is there does
/// not count.
pub(super) async fn append(
    place: Place,
    session: Arc<Session>,
    dataset: Option<Arc<Dataset>>,
    over: Over,
    schema: SchemaRef,
    batches: Batches,
) -> Result<Dataset> {
    let params = WriteParams {
        mode: match (&dataset, over) {
            (None, _) => WriteMode::Create,
            (Some(_), Over::All) => WriteMode::Overwrite,
            (Some(_), Over::Nothing) => WriteMode::Append,
        },
        store_params: Some(place.params.clone()),
        max_bytes_per_file: FILE_BYTES,
        session: Some(session),
        ..WriteParams::default()
    };
    let source = RecordBatchIterator::new(batches.into_iter(), schema);
    let insert = match dataset {
        Some(dataset) => InsertBuilder::new(dataset),
        None => InsertBuilder::new(place.uri.as_str()),
    };
    let written = insert.with_params(&params).execute_stream(source).await;
    written.map_err(|error| of_lance(&place.uri, error))
}

/// What an addition replaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Over {
    Nothing,
    All,
}

/// Rows of a file of [`FILE_BYTES`].
pub(super) fn rows_per_file(dimensions: usize) -> usize {
    (FILE_BYTES / (dimensions * size_of::<f32>())).max(1024)
}

fn builder(place: &Place, session: Arc<Session>) -> DatasetBuilder {
    DatasetBuilder::from_uri(&place.uri)
        .with_store_params(place.params.clone())
        .with_session(session)
}
