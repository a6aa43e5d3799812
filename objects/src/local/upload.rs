//! Multipart uploads: the parts of one temporary file, which gets its key when all are there.

use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use object_store::path::Path;
use object_store::{MultipartUpload, PutPayload, PutResult, Result, UploadPart};

use super::Shared;
use super::fault::{Fault, io as failed};
use super::publish::Condition;
use super::temp::Temporary;
use crate::blocking;

/// An upload in progress. Dropping it removes its file.
#[derive(Debug)]
pub(super) struct LocalUpload {
    shared: Arc<Shared>,
    key: Path,
    path: PathBuf,
    /// Where the next part begins.
    offset: u64,
    file: Arc<Mutex<Parts>>,
}

#[derive(Debug)]
struct Parts {
    /// `None` once it was completed or aborted.
    temporary: Option<Temporary>,
    /// Bytes of the parts that are written.
    written: u64,
}

impl LocalUpload {
    pub(super) fn begin(shared: Arc<Shared>, key: Path) -> Result<Self> {
        let (temporary, path) = shared.begin(&key)?;
        let parts = Parts { temporary: Some(temporary), written: 0 };
        Ok(Self { shared, key, path, offset: 0, file: Arc::new(Mutex::new(parts)) })
    }
}

#[async_trait]
impl MultipartUpload for LocalUpload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        let offset = self.offset;
        self.offset += data.content_length() as u64;
        let (file, key, path) = (Arc::clone(&self.file), self.key.clone(), self.path.clone());
        Box::pin(blocking::run(move || {
            let mut parts = lock(&file);
            let Some(temporary) = &parts.temporary else {
                return Err(ended(&key));
            };
            write_at(temporary.file(), offset, &data)
                .map_err(|e| failed("write a part of", &path)(e).of(&key))?;
            parts.written += data.content_length() as u64;
            Ok(())
        }))
    }

    async fn complete(&mut self) -> Result<PutResult> {
        let (shared, file) = (Arc::clone(&self.shared), Arc::clone(&self.file));
        let (key, path, expected) = (self.key.clone(), self.path.clone(), self.offset);
        blocking::run(move || {
            let mut parts = lock(&file);
            if parts.temporary.is_some() && parts.written != expected {
                let written = parts.written;
                return Err(Fault::Says(format!(
                    "its upload has {written} of {expected} bytes; await every part before `complete`"
                ))
                .of(&key));
            }
            let temporary = parts.temporary.take().ok_or_else(|| ended(&key))?;
            drop(parts);
            shared.finish(&temporary, &key)?;
            shared.publish(temporary, &key, &path, &Condition::Any)
        })
        .await
    }

    async fn abort(&mut self) -> Result<()> {
        let (file, key) = (Arc::clone(&self.file), self.key.clone());
        blocking::run(move || {
            let temporary = lock(&file).temporary.take();
            temporary.map(drop).ok_or_else(|| ended(&key))
        })
        .await
    }
}

fn lock(parts: &Mutex<Parts>) -> std::sync::MutexGuard<'_, Parts> {
    parts.lock().unwrap_or_else(PoisonError::into_inner)
}

fn ended(key: &Path) -> object_store::Error {
    Fault::Says("its upload was completed or aborted before".into()).of(key)
}

fn write_at(mut file: &File, offset: u64, data: &PutPayload) -> io::Result<()> {
    file.seek(SeekFrom::Start(offset))?;
    data.iter().try_for_each(|bytes| file.write_all(bytes))
}
