//! A row in one allocation: who owns it, what it is, its key and its bytes, side by side.

use std::fmt;
use std::ops::Deref;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use triomphe::ThinArc;

use super::key::{Key, RowKey};
use crate::sequence::Sequence;
use crate::time::Timestamp;

/// A row as the cache holds it.
#[derive(Clone, Debug)]
pub struct CachedRow {
    /// The sequence of the write that made the row.
    pub version: Sequence,
    /// When the row ends, if it does.
    pub expires: Option<Timestamp>,
    /// The row's bytes, shared.
    pub body: RowBody,
}

/// The bytes of a row, shared: a clone counts one more owner and copies nothing.
#[derive(Clone)]
pub struct RowBody(Block);

impl From<&[u8]> for RowBody {
    fn from(body: &[u8]) -> Self {
        RowBody(Block(ThinArc::from_header_and_slice(Head::default(), body)))
    }
}

impl Deref for RowBody {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.0.body()
    }
}

impl fmt::Debug for RowBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// One allocation with a [`Head`], the text of the key, and the body.
#[derive(Clone)]
pub(super) struct Block(ThinArc<Head, u8>);

/// What is known of a row beside its bytes.
#[derive(Default)]
struct Head {
    hash: u64,
    mark: u64,
    version: Sequence,
    expires: Option<Timestamp>,
    key: HeadKey,
    table: u32,
    /// Where the row stands in its shard's order. Changed under the shard's lock.
    place: AtomicU32,
    visited: AtomicBool,
}

#[derive(Default)]
enum HeadKey {
    #[default]
    None,
    Integer(i64),
    /// So many bytes before the body.
    Text(u32),
}

impl Block {
    /// `row` as read at `mark`, under `key` with its `hash`. `None` for a key of 4 GiB or more.
    pub(super) fn new(hash: u64, key: Key<'_>, mark: u64, row: &CachedRow) -> Option<Self> {
        let text = key.key.text();
        let head = Head {
            hash,
            mark,
            version: row.version,
            expires: row.expires,
            key: match key.key {
                RowKey::Integer(key) => HeadKey::Integer(key),
                RowKey::Text(_) => HeadKey::Text(u32::try_from(text.len()).ok()?),
            },
            table: key.table.0,
            ..Head::default()
        };
        Some(Block(if text.is_empty() {
            ThinArc::from_header_and_slice(head, &row.body)
        } else {
            ThinArc::from_header_and_slice(head, &[text, &row.body].concat())
        }))
    }

    fn head(&self) -> &Head {
        &self.0.header.header
    }

    fn text_len(&self) -> usize {
        match self.head().key {
            HeadKey::Text(len) => len as usize,
            HeadKey::None | HeadKey::Integer(_) => 0,
        }
    }

    fn body(&self) -> &[u8] {
        &self.0.slice[self.text_len()..]
    }

    /// The hash of the key.
    pub(super) fn hash(&self) -> u64 {
        self.head().hash
    }

    /// The state that the row was read at.
    pub(super) fn mark(&self) -> u64 {
        self.head().mark
    }

    pub(super) fn row(&self) -> CachedRow {
        let Head { version, expires, .. } = *self.head();
        CachedRow { version, expires, body: RowBody(self.clone()) }
    }

    pub(super) fn is_under(&self, key: Key<'_>) -> bool {
        let head = self.head();
        head.table == key.table.0
            && match (&head.key, key.key) {
                (HeadKey::Integer(own), RowKey::Integer(key)) => *own == key,
                (HeadKey::Text(len), RowKey::Text(key)) => {
                    self.0.slice[..*len as usize] == *key.as_bytes()
                }
                _ => false,
            }
    }

    pub(super) fn is_same(&self, other: &Block) -> bool {
        std::ptr::eq(self.0.as_ptr(), other.0.as_ptr())
    }

    /// Bytes from the allocator.
    pub(super) fn size(&self) -> usize {
        // The head follows the count of owners and the length.
        2 * size_of::<usize>() + size_of::<Head>() + self.0.slice.len()
    }

    pub(super) fn place(&self) -> u32 {
        self.head().place.load(Ordering::Relaxed)
    }

    pub(super) fn set_place(&self, place: u32) {
        self.head().place.store(place, Ordering::Relaxed);
    }

    /// Takes note that somebody wanted the row.
    pub(super) fn visit(&self) {
        // A write would take the line from the other cores.
        if !self.head().visited.load(Ordering::Relaxed) {
            self.head().visited.store(true, Ordering::Relaxed);
        }
    }

    /// Whether somebody wanted the row since the last call.
    pub(super) fn take_visited(&self) -> bool {
        self.head().visited.swap(false, Ordering::Relaxed)
    }

    /// Begins to fetch the block, all lines of a small row side by side. Counting an owner is an
    /// atomic write that all later loads wait for, and the caller will read the bytes.
    pub(super) fn prefetch(&self) {
        let start: *const u8 = self.0.as_ptr().cast();
        for line in 0..LINES_AHEAD {
            prefetch(start.wrapping_add(line * 64));
        }
    }
}

/// Cache lines that are fetched before anything of the row is known.
const LINES_AHEAD: usize = 9;

/// Begins to fetch the cache line at `address`, which need not be there.
pub(super) fn prefetch<T>(address: *const T) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: a prefetch reads nothing and faults on no address; every x86-64 has it.
        #[allow(unsafe_code)]
        unsafe {
            _mm_prefetch::<_MM_HINT_T0>(address.cast());
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = address;
}
