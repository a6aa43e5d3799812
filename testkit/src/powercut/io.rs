//! SQLite's file methods in their C shapes: each turns its arguments into Rust and asks the [`Handle`].

use std::ffi::{c_int, c_void};
use std::ptr;
use std::sync::atomic::{Ordering, fence};

use rusqlite::ffi::{self, sqlite3_file, sqlite3_int64, sqlite3_io_methods};

use super::handle::Handle;
use super::locks::Level;
use super::sim::Code;
use super::survive::SECTOR;

/// What SQLite allocates for an open file: its own header, then our handle.
#[repr(C)]
pub(crate) struct OpenFile {
    base: sqlite3_file,
    /// Owned; null after `xClose`.
    handle: *mut Handle,
}

// Version 2 has shared memory and no `xFetch`, so nothing is ever mapped behind our back.
static METHODS: sqlite3_io_methods = sqlite3_io_methods {
    iVersion: 2,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(check_reserved_lock),
    xFileControl: Some(file_control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(device_characteristics),
    xShmMap: Some(shm_map),
    xShmLock: Some(shm_lock),
    xShmBarrier: Some(shm_barrier),
    xShmUnmap: Some(shm_unmap),
    xFetch: None,
    xUnfetch: None,
};

/// Hands an open file over to SQLite.
///
/// # Safety
/// `file` must point to `size_of::<OpenFile>()` writable bytes.
#[allow(unsafe_code)]
pub(crate) unsafe fn install(file: *mut sqlite3_file, handle: Handle) {
    let open = OpenFile {
        base: sqlite3_file { pMethods: &METHODS },
        handle: Box::into_raw(Box::new(handle)),
    };
    // SAFETY: the caller promises the room; SQLite aligns it for any type.
    unsafe { file.cast::<OpenFile>().write(open) };
}

/// Says that a file did not open, so that SQLite does not call `xClose`.
///
/// # Safety
/// `file` must point to a writable `sqlite3_file`.
#[allow(unsafe_code)]
pub(crate) unsafe fn refuse(file: *mut sqlite3_file) {
    // SAFETY: as promised by the caller.
    unsafe { (*file).pMethods = ptr::null() };
}

/// The handle behind an open file.
///
/// # Safety
/// `file` must have been through [`install`] and not through `xClose`, and no other reference to
/// its handle may be alive: SQLite calls the methods of one file from one thread at a time.
#[allow(unsafe_code)]
unsafe fn handle<'a>(file: *mut sqlite3_file) -> &'a mut Handle {
    // SAFETY: `install` put a valid, owned pointer there; exclusive as promised by the caller.
    unsafe { &mut *(*file.cast::<OpenFile>()).handle }
}

/// Stores a result where SQLite asked for it.
///
/// # Safety
/// `out` must be valid for a write of `T`.
#[allow(unsafe_code)]
pub(crate) unsafe fn give<T>(out: *mut T, value: T) {
    // SAFETY: as promised by the caller.
    unsafe { out.write(value) };
}

fn code(result: Result<(), Code>) -> c_int {
    result.err().unwrap_or(ffi::SQLITE_OK)
}

/// Offsets and lengths, which SQLite never makes negative.
fn unsigned(value: impl TryInto<usize>) -> usize {
    value.try_into().unwrap_or(0)
}

#[allow(unsafe_code)]
unsafe extern "C" fn close(file: *mut sqlite3_file) -> c_int {
    let open = file.cast::<OpenFile>();
    // SAFETY: SQLite closes each installed file once; the null makes a second call harmless.
    let owned = unsafe { ptr::replace(&raw mut (*open).handle, ptr::null_mut()) };
    if !owned.is_null() {
        // SAFETY: the pointer comes from `Box::into_raw` in `install` and is given up here.
        drop(unsafe { Box::from_raw(owned) });
    }
    ffi::SQLITE_OK
}

#[allow(unsafe_code)]
unsafe extern "C" fn read(
    file: *mut sqlite3_file,
    into: *mut c_void,
    len: c_int,
    offset: sqlite3_int64,
) -> c_int {
    // SAFETY: SQLite passes a buffer of `len` bytes that it owns and lets nobody else touch.
    let buffer = unsafe { std::slice::from_raw_parts_mut(into.cast::<u8>(), unsigned(len)) };
    // SAFETY: an open file of ours, called by one thread at a time.
    code(unsafe { handle(file) }.read(buffer, unsigned(offset)))
}

#[allow(unsafe_code)]
unsafe extern "C" fn write(
    file: *mut sqlite3_file,
    from: *const c_void,
    len: c_int,
    offset: sqlite3_int64,
) -> c_int {
    // SAFETY: SQLite passes `len` readable bytes that do not change during the call.
    let data = unsafe { std::slice::from_raw_parts(from.cast::<u8>(), unsigned(len)) };
    // SAFETY: an open file of ours, called by one thread at a time.
    code(unsafe { handle(file) }.write(data, unsigned(offset)))
}

#[allow(unsafe_code)]
unsafe extern "C" fn truncate(file: *mut sqlite3_file, len: sqlite3_int64) -> c_int {
    // SAFETY: an open file of ours, called by one thread at a time.
    code(unsafe { handle(file) }.truncate(unsigned(len)))
}

#[allow(unsafe_code)]
unsafe extern "C" fn sync(file: *mut sqlite3_file, _flags: c_int) -> c_int {
    // SAFETY: an open file of ours, called by one thread at a time.
    code(unsafe { handle(file) }.sync())
}

#[allow(unsafe_code)]
unsafe extern "C" fn file_size(file: *mut sqlite3_file, out: *mut sqlite3_int64) -> c_int {
    // SAFETY: an open file of ours, called by one thread at a time.
    let len = unsafe { handle(file) }.len();
    // SAFETY: SQLite passes a place for the answer.
    code(len.map(|len| unsafe { give(out, len as sqlite3_int64) }))
}

#[allow(unsafe_code)]
unsafe extern "C" fn lock(file: *mut sqlite3_file, level: c_int) -> c_int {
    // SAFETY: an open file of ours, called by one thread at a time.
    code(unsafe { handle(file) }.lock(Level::from_raw(level)))
}

#[allow(unsafe_code)]
unsafe extern "C" fn unlock(file: *mut sqlite3_file, level: c_int) -> c_int {
    // SAFETY: an open file of ours, called by one thread at a time.
    unsafe { handle(file) }.unlock(Level::from_raw(level));
    ffi::SQLITE_OK
}

#[allow(unsafe_code)]
unsafe extern "C" fn check_reserved_lock(file: *mut sqlite3_file, out: *mut c_int) -> c_int {
    // SAFETY: an open file of ours, called by one thread at a time.
    let reserved = unsafe { handle(file) }.is_reserved();
    // SAFETY: SQLite passes a place for the answer.
    code(reserved.map(|reserved| unsafe { give(out, c_int::from(reserved)) }))
}

#[allow(unsafe_code)]
unsafe extern "C" fn file_control(file: *mut sqlite3_file, op: c_int, arg: *mut c_void) -> c_int {
    if op != ffi::SQLITE_FCNTL_PERSIST_WAL {
        return ffi::SQLITE_NOTFOUND;
    }
    let arg = arg.cast::<c_int>();
    // SAFETY: for this operation the argument is an `int` to read: negative asks, 0 and 1 set.
    let keep = unsafe { arg.read() };
    // SAFETY: an open file of ours, called by one thread at a time.
    let now = unsafe { handle(file) }.keep_wal((keep >= 0).then_some(keep > 0));
    // SAFETY: and the same `int` takes the answer.
    unsafe { give(arg, c_int::from(now)) };
    ffi::SQLITE_OK
}

#[allow(unsafe_code)]
unsafe extern "C" fn sector_size(_file: *mut sqlite3_file) -> c_int {
    SECTOR as c_int
}

/// Promises nothing: no atomic write, no safe append, no order, no powersafe overwrite.
#[allow(unsafe_code)]
unsafe extern "C" fn device_characteristics(_file: *mut sqlite3_file) -> c_int {
    0
}

#[allow(unsafe_code)]
unsafe extern "C" fn shm_map(
    file: *mut sqlite3_file,
    region: c_int,
    size: c_int,
    extend: c_int,
    out: *mut *mut c_void,
) -> c_int {
    // SAFETY: an open file of ours, called by one thread at a time.
    let mapped = unsafe { handle(file) }.map(unsigned(region), unsigned(size), extend != 0);
    let address = mapped.unwrap_or(ptr::null()).cast_mut().cast::<c_void>();
    // SAFETY: SQLite passes a place for the address. The region is made of atomics, so SQLite may
    // write through it, and the handle keeps it until it is unmapped or closed.
    unsafe { give(out, address) };
    code(mapped.map(drop))
}

#[allow(unsafe_code)]
unsafe extern "C" fn shm_lock(
    file: *mut sqlite3_file,
    first: c_int,
    count: c_int,
    flags: c_int,
) -> c_int {
    // SAFETY: an open file of ours, called by one thread at a time.
    code(unsafe { handle(file) }.shared_lock(unsigned(first), unsigned(count), flags))
}

#[allow(unsafe_code)]
unsafe extern "C" fn shm_barrier(_file: *mut sqlite3_file) {
    fence(Ordering::SeqCst);
}

#[allow(unsafe_code)]
unsafe extern "C" fn shm_unmap(file: *mut sqlite3_file, _delete: c_int) -> c_int {
    // SAFETY: an open file of ours, called by one thread at a time.
    unsafe { handle(file) }.unmap();
    ffi::SQLITE_OK
}
