//! Reading: an open file is one version of its object, whatever happens to the key meanwhile.

use std::fs::{File, Metadata};
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::Path as FilePath;

use bytes::Bytes;
use object_store::path::Path;
use object_store::{
    Attributes, Error, GetOptions, GetRange, GetResult, GetResultPayload, ObjectMeta, Result,
};

use super::fault::{Fault, io as failed};
use super::place;
use super::publish::absent;
use super::version::e_tag;

pub(super) fn get(root: &FilePath, key: &Path, options: &GetOptions) -> Result<GetResult> {
    if options.version.is_some() {
        let source = "a local store keeps only the latest version".into();
        return Err(Error::NotSupported { source });
    }
    let (file, meta) = open(root, key)?;
    options.check_preconditions(&meta)?;
    let range = match &options.range {
        Some(range) => within(range, meta.size, key)?,
        None => 0..meta.size,
    };
    let path = root.join(key.as_ref());
    let payload = GetResultPayload::File(file, path);
    Ok(GetResult { payload, meta, range, attributes: Attributes::default() })
}

pub(super) fn ranges(root: &FilePath, key: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
    let (mut file, meta) = open(root, key)?;
    let read = |range: &Range<u64>| {
        let range = within(&GetRange::Bounded(range.clone()), meta.size, key)?;
        read_range(&mut file, &range)
            .map_err(|e| failed("read", &root.join(key.as_ref()))(e).of(key))
    };
    ranges.iter().map(read).collect()
}

/// Opens the object of `key`.
pub(super) fn open(root: &FilePath, key: &Path) -> Result<(File, ObjectMeta)> {
    let place = place::file(root, key)?;
    match &place.metadata {
        Some(metadata) if metadata.is_file() => {}
        // A folder is the beginning of other keys.
        Some(metadata) if !metadata.is_dir() => {
            return Err(Fault::NotAFile { path: place.path }.of(key));
        }
        _ => return Err(absent(key, &place.path)),
    }
    let file = File::open(&place.path).map_err(|e| failed("open", &place.path)(e).of(key))?;
    let metadata = file.metadata().map_err(|e| failed("look at", &place.path)(e).of(key))?;
    let meta = meta(key.clone(), &metadata);
    Ok((file, meta))
}

/// What the trait says about an object, from its file's metadata.
pub(super) fn meta(location: Path, metadata: &Metadata) -> ObjectMeta {
    let modified = metadata.modified().unwrap_or(std::time::UNIX_EPOCH);
    ObjectMeta {
        location,
        last_modified: modified.into(),
        size: metadata.len(),
        e_tag: Some(e_tag(metadata)),
        version: None,
    }
}

fn within(range: &GetRange, size: u64, key: &Path) -> Result<Range<u64>> {
    range.as_range(size).map_err(|invalid| Fault::Says(invalid.to_string()).of(key))
}

fn read_range(file: &mut File, range: &Range<u64>) -> io::Result<Bytes> {
    let length = range.end - range.start;
    file.seek(SeekFrom::Start(range.start))?;
    let mut bytes = Vec::with_capacity(usize::try_from(length).map_err(io::Error::other)?);
    file.take(length).read_to_end(&mut bytes)?;
    if bytes.len() as u64 != length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(bytes.into())
}
