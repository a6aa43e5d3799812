//! Finds out whether a folder has a whole index, before anything trusts its bytes.

use std::fs;
use std::io;
use std::path::Path;

use headwater_primitives::Result;
use tantivy::directory::error::OpenReadError;
use tantivy::error::DataCorruption;
use tantivy::{Index, TantivyError};

use super::checked::CheckedDirectory;
use super::error::{failed, is_damage};
use super::marker;
use super::schema::Setup;

/// tantivy's lists of segments and of files: it makes do without the second one, and would never
/// remove a file again.
const LISTS: [&str; 2] = ["meta.json", ".managed.json"];
/// tantivy counts back from the end of a file without looking whether so many bytes are there.
const SHORTEST_FILE: u64 = 8;

/// What is in a folder.
pub(super) enum Found {
    Nothing,
    Whole(Box<Index>),
    /// Something that is no whole index in this language and format, for the reason given.
    Unusable(String),
}

/// Looks at all that is in `folder`. Cost: reads every file once.
pub(super) fn inspect(folder: &Path, setup: &Setup) -> Result<Found> {
    if fs::read_dir(folder)?.next().is_none() {
        return Ok(Found::Nothing);
    }
    if let Some(reason) = marker::mismatch(folder, setup.language)? {
        return Ok(Found::Unusable(reason));
    }
    if let Some(missing) = LISTS.iter().find(|list| !folder.join(list).exists()) {
        return Ok(Found::Unusable(format!("{missing} is missing")));
    }
    match open_checked(folder, setup) {
        Ok(index) => Ok(Found::Whole(Box::new(index))),
        Err(error) if is_damage(&error) => Ok(Found::Unusable(error.to_string())),
        Err(error) => Err(failed("cannot open the text index")(error)),
    }
}

fn open_checked(folder: &Path, setup: &Setup) -> tantivy::Result<Index> {
    let index = setup.builder().open_or_create(CheckedDirectory::open(folder)?)?;
    let metas = index.load_metas()?;
    for path in metas.list_segment_files() {
        let length = match fs::metadata(folder.join(&path)) {
            Ok(metadata) => metadata.len(),
            // Not each segment has each kind of file. One that it needs is missed when it is opened.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(OpenReadError::wrap_io_error(error, path).into()),
        };
        if length < SHORTEST_FILE || !index.directory().validate_checksum(&path)? {
            return Err(DataCorruption::new(path, "it does not match its checksum".into()).into());
        }
    }
    parse_position(metas.payload.as_deref())?;
    Ok(index)
}

/// The position of the index in `folder`, as far as there is one, without opening it.
pub(crate) fn position_of(folder: &Path) -> Option<(u64, u64)> {
    let metas = std::fs::read(folder.join("meta.json")).ok()?;
    let metas: serde_json::Value = serde_json::from_slice(&metas).ok()?;
    parse_position(metas.get("payload")?.as_str()).ok()?
}

/// The position in a commit's payload.
pub(super) fn parse_position(payload: Option<&str>) -> tantivy::Result<Option<(u64, u64)>> {
    let Some(payload) = payload else { return Ok(None) };
    let parts = payload.split_once(':');
    let position =
        parts.and_then(|(epoch, sequence)| Some((epoch.parse().ok()?, sequence.parse().ok()?)));
    position.map(Some).ok_or_else(|| {
        TantivyError::from(DataCorruption::comment_only(format!(
            "the payload {payload:?} is no \"epoch:sequence\""
        )))
    })
}
