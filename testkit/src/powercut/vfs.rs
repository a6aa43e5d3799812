//! The VFS itself: registration under a name of its own, and the methods that work on paths.

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::path::Path;
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, SystemTime};

use rusqlite::ffi::{self, sqlite3_file, sqlite3_int64, sqlite3_vfs};

use super::handle::Handle;
use super::io::{OpenFile, give, install, refuse};
use super::sim::{Code, Sim};

const LONGEST_PATH: usize = 4096;

/// A registered VFS; unregistered on drop.
#[derive(Debug)]
pub(crate) struct Registration {
    name: String,
    /// Never freed: a connection may outlive the registration, and keeps this address.
    vfs: NonNull<sqlite3_vfs>,
}

// SAFETY: the pointee is only changed by SQLite, under its own mutex.
#[allow(unsafe_code)]
unsafe impl Send for Registration {}
// SAFETY: as above; nothing is read through the pointer here.
#[allow(unsafe_code)]
unsafe impl Sync for Registration {}

impl Registration {
    /// Registers a VFS whose files live in `sim`, under a name that no other simulation has.
    #[allow(unsafe_code)]
    pub(crate) fn new(sim: &Arc<Sim>) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let name = format!("headwater-power-{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let c_name = CString::new(name.as_str()).unwrap_or_default();
        // Weak: what is leaked with the VFS must not keep the files of the simulation.
        let app_data = Box::into_raw(Box::new(Arc::downgrade(sim)));
        let vfs = NonNull::from(Box::leak(Box::new(sqlite3_vfs {
            zName: c_name.into_raw(),
            pAppData: app_data.cast::<c_void>(),
            ..METHODS
        })));
        // SAFETY: the structure and all that it points to are complete and live forever.
        let result = unsafe { ffi::sqlite3_vfs_register(vfs.as_ptr(), 0) };
        assert_eq!(result, ffi::SQLITE_OK, "SQLite refused to register the VFS {name}");
        Self { name, vfs }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }
}

impl Drop for Registration {
    #[allow(unsafe_code)]
    fn drop(&mut self) {
        // SAFETY: registered in `new`, and only here unregistered.
        unsafe { ffi::sqlite3_vfs_unregister(self.vfs.as_ptr()) };
    }
}

const METHODS: sqlite3_vfs = sqlite3_vfs {
    iVersion: 2,
    szOsFile: size_of::<OpenFile>() as c_int,
    mxPathname: LONGEST_PATH as c_int,
    pNext: ptr::null_mut(),
    zName: ptr::null(),
    pAppData: ptr::null_mut(),
    xOpen: Some(open),
    xDelete: Some(delete),
    xAccess: Some(access),
    xFullPathname: Some(full_pathname),
    xDlOpen: Some(dl_open),
    xDlError: Some(dl_error),
    xDlSym: None,
    xDlClose: None,
    xRandomness: Some(randomness),
    xSleep: Some(sleep),
    xCurrentTime: None,
    xGetLastError: Some(last_error),
    xCurrentTimeInt64: Some(current_time),
    xSetSystemCall: None,
    xGetSystemCall: None,
    xNextSystemCall: None,
};

/// The simulation behind a VFS, unless its owner dropped it.
///
/// # Safety
/// `vfs` must come from [`Registration::new`].
#[allow(unsafe_code)]
unsafe fn sim(vfs: *mut sqlite3_vfs) -> Result<Arc<Sim>, Code> {
    // SAFETY: `new` leaked a `Weak<Sim>` there.
    let sim = unsafe { &*(*vfs).pAppData.cast::<Weak<Sim>>() };
    sim.upgrade().ok_or(ffi::SQLITE_CANTOPEN)
}

/// A path as SQLite passes it; `None` for null, which asks for a temporary file.
///
/// # Safety
/// `path` must be null or end in a zero byte, and stay unchanged for `'a`.
#[allow(unsafe_code)]
unsafe fn text<'a>(path: *const c_char) -> Result<Option<&'a str>, Code> {
    if path.is_null() {
        return Ok(None);
    }
    // SAFETY: as promised by the caller.
    let path = unsafe { CStr::from_ptr(path) };
    path.to_str().map(Some).map_err(|_| ffi::SQLITE_CANTOPEN)
}

fn code(result: Result<(), Code>) -> c_int {
    result.err().unwrap_or(ffi::SQLITE_OK)
}

#[allow(unsafe_code)]
unsafe extern "C" fn open(
    vfs: *mut sqlite3_vfs,
    path: *const c_char,
    file: *mut sqlite3_file,
    flags: c_int,
    out_flags: *mut c_int,
) -> c_int {
    // SAFETY: SQLite passes `szOsFile` bytes; they stay refused unless `install` succeeds.
    unsafe { refuse(file) };
    // SAFETY: our own VFS, and a path that outlives the call.
    let (sim, path) = unsafe { (sim(vfs), text(path)) };
    let opened = sim.and_then(|sim| Handle::open(&sim, path?, flags));
    code(opened.map(|handle| {
        // SAFETY: as above, there is room for an `OpenFile`.
        unsafe { install(file, handle) };
        if !out_flags.is_null() {
            // SAFETY: where it is not null, SQLite passes a place for the flags.
            unsafe { give(out_flags, flags) };
        }
    }))
}

#[allow(unsafe_code)]
unsafe extern "C" fn delete(vfs: *mut sqlite3_vfs, path: *const c_char, directory: c_int) -> c_int {
    // SAFETY: our own VFS, and a path that outlives the call.
    let (sim, path) = unsafe { (sim(vfs), text(path)) };
    code(sim.and_then(|sim| {
        let path = path?.unwrap_or_default();
        sim.powered(ffi::SQLITE_IOERR_DELETE)?.delete(path, directory != 0)
    }))
}

#[allow(unsafe_code)]
unsafe extern "C" fn access(
    vfs: *mut sqlite3_vfs,
    path: *const c_char,
    _flags: c_int,
    out: *mut c_int,
) -> c_int {
    // SAFETY: our own VFS, and a path that outlives the call.
    let (sim, path) = unsafe { (sim(vfs), text(path)) };
    let found = sim.and_then(|sim| {
        let state = sim.powered(ffi::SQLITE_IOERR_ACCESS)?;
        let file = state.disk.find(path?.unwrap_or_default());
        // SQLite's own VFS for Unix says the same of empty files.
        Ok(file
            .and_then(|id| state.disk.files.get(&id))
            .is_some_and(|file| !file.current.is_empty()))
    });
    // SAFETY: SQLite passes a place for the answer.
    code(found.map(|found| unsafe { give(out, c_int::from(found)) }))
}

#[allow(unsafe_code)]
unsafe extern "C" fn full_pathname(
    _vfs: *mut sqlite3_vfs,
    path: *const c_char,
    room: c_int,
    out: *mut c_char,
) -> c_int {
    // SAFETY: a path that outlives the call.
    let Ok(Some(path)) = (unsafe { text(path) }) else {
        return ffi::SQLITE_CANTOPEN;
    };
    let Ok(path) = std::path::absolute(Path::new(path)) else {
        return ffi::SQLITE_CANTOPEN;
    };
    let bytes = path.as_os_str().as_encoded_bytes();
    if bytes.len() >= usize::try_from(room).unwrap_or(0) {
        return ffi::SQLITE_CANTOPEN;
    }
    // SAFETY: `out` has `room` bytes, more than the path and its closing zero.
    unsafe {
        ptr::copy_nonoverlapping(bytes.as_ptr().cast::<c_char>(), out, bytes.len());
        out.add(bytes.len()).write(0);
    }
    ffi::SQLITE_OK
}

#[allow(unsafe_code)]
unsafe extern "C" fn dl_open(_vfs: *mut sqlite3_vfs, _path: *const c_char) -> *mut c_void {
    ptr::null_mut()
}

#[allow(unsafe_code)]
unsafe extern "C" fn dl_error(_vfs: *mut sqlite3_vfs, _room: c_int, _out: *mut c_char) {}

/// Gives no entropy: SQLite seeds its generator from the default VFS, and zeros are as good here.
#[allow(unsafe_code)]
unsafe extern "C" fn randomness(_vfs: *mut sqlite3_vfs, len: c_int, out: *mut c_char) -> c_int {
    // SAFETY: SQLite passes `len` writable bytes.
    unsafe { ptr::write_bytes(out, 0, usize::try_from(len).unwrap_or(0)) };
    len
}

#[allow(unsafe_code)]
unsafe extern "C" fn sleep(_vfs: *mut sqlite3_vfs, micros: c_int) -> c_int {
    std::thread::sleep(Duration::from_micros(u64::try_from(micros).unwrap_or(0)));
    micros
}

#[allow(unsafe_code)]
unsafe extern "C" fn last_error(_vfs: *mut sqlite3_vfs, _len: c_int, _out: *mut c_char) -> c_int {
    0
}

#[allow(unsafe_code)]
unsafe extern "C" fn current_time(_vfs: *mut sqlite3_vfs, out: *mut sqlite3_int64) -> c_int {
    /// Milliseconds from SQLite's epoch, noon in Greenwich on 24 November 4714 BC, to Unix's.
    const UNIX_EPOCH: i64 = 24_405_875 * 8_640_000;
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    // SAFETY: SQLite passes a place for the answer.
    unsafe { give(out, UNIX_EPOCH + since.as_millis() as sqlite3_int64) };
    ffi::SQLITE_OK
}
