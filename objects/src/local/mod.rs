//! A folder as an object store that survives power cuts and has conditional writes.

mod fault;
mod list;
mod lock;
mod place;
mod publish;
mod read;
mod store;
mod sweep;
mod sync;
mod temp;
mod upload;
mod version;

use std::path::Path as FilePath;
use std::sync::Arc;

use self::lock::Locks;
use self::sync::Folders;
use crate::{Error, Result};

pub(crate) use self::fault::is_final;
pub use self::sweep::Swept;
pub use self::sync::Sync;

/// Objects as files below one folder, durable and atomic.
///
/// - **Durable.** A put writes a temporary file beside its target, syncs it, renames it, and syncs
///   the folder and each folder that it made, before it is acknowledged. Deletes, copies and renames
///   are synced too. One put costs two or three fsyncs.
/// - **Atomic.** A key has its old object or its new one, never a part; also for readers in other
///   processes, and after `kill -9`.
/// - **Conditional.** `PutMode::Create` and `PutMode::Update` have one winner, between threads and
///   between processes: the writers of a key take turns by an advisory lock (`flock`).
/// - **Contained.** No key leads out of the folder: parts such as `..` and symbolic links below the
///   root are refused, and links are left out of listings.
///
/// A key's parts are the names of folders and of the file, as they are. So a key cannot be both an
/// object and the beginning of another key, a part has at most 255 bytes, and parts that begin with
/// `.hw-` are the store's own. Attributes are refused, tags are ignored.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use headwater_objects::DurableLocal;
/// use headwater_objects::object_store::path::Path;
/// use headwater_objects::object_store::{ObjectStoreExt, PutMode, ObjectStore};
///
/// # let folder = tempfile::tempdir()?;
/// # let folder = folder.path().join("lake");
/// let lake = DurableLocal::open(&folder)?;
/// let key = Path::from("metadata/v1.json");
/// let first = lake.put_opts(&key, "{}".into(), PutMode::Create.into()).await?;
///
/// // Only whoever has seen this version may replace it.
/// let update = PutMode::Update(first.into());
/// lake.put_opts(&key, r#"{"rows":1}"#.into(), update.clone().into()).await?;
/// assert!(lake.put_opts(&key, "{}".into(), update.into()).await.is_err());
/// assert_eq!(lake.get(&key).await?.bytes().await?, r#"{"rows":1}"#);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct DurableLocal {
    shared: Arc<Shared>,
}

/// What the store, its streams and its uploads share.
#[derive(Debug)]
struct Shared {
    folders: Folders,
    locks: Locks,
}

impl DurableLocal {
    /// Opens the folder, and makes it where it is missing. Relative paths are below the process's
    /// current folder at this moment.
    ///
    /// # Errors
    /// When it cannot be made, or is not a folder.
    pub fn open(folder: impl AsRef<FilePath>) -> Result<Self> {
        Self::open_with(folder, Sync::default())
    }

    /// Opens the folder with a choice of what survives a power cut.
    ///
    /// # Errors
    /// When it cannot be made, or is not a folder.
    pub fn open_with(folder: impl AsRef<FilePath>, sync: Sync) -> Result<Self> {
        let folder = folder.as_ref();
        let failed = |source| Error::Folder { path: folder.to_owned(), source };
        let folders = Folders::open(folder, sync).map_err(failed)?;
        if !folders.root().is_dir() {
            return Err(failed(std::io::ErrorKind::NotADirectory.into()));
        }
        let locks = Locks::new(folders.root());
        Ok(Self { shared: Arc::new(Shared { folders, locks }) })
    }

    /// The folder, as an absolute path without links.
    pub fn root(&self) -> &FilePath {
        self.shared.folders.root()
    }
}

impl std::fmt::Display for DurableLocal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DurableLocal({})", self.root().display())
    }
}
