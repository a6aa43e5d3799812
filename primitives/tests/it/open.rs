//! Opening what is not a sound namespace of one's own: each case its own error, nothing written over.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use headwater_primitives::rusqlite::Connection;
use headwater_primitives::{Error, ErrorKind, Namespace, Result, SegmentLog, Sequence};
use headwater_testkit::powercut::PowerCut;
use tempfile::{TempDir, tempdir};

use crate::support::{ROWS, ids, insert, open, with_rows};

/// The folder of a closed namespace with some rows and records.
fn closed_namespace() -> TempDir {
    let folder = tempdir().unwrap();
    let ns = open(folder.path());
    let log = SegmentLog::open(&ns, "log").unwrap();
    for id in 0..20 {
        let log = log.clone();
        let write = ns.transaction(move |tx| -> Result<()> {
            crate::support::insert_in(tx, id)?;
            tx.append(&log, "tag", &[7; 500])?;
            Ok(())
        });
        write.wait().unwrap();
    }
    ns.close().unwrap();
    folder
}

/// Every file of the folder but the lock, with its bytes. SQLite's index of the log is no data, and
/// an empty log is none.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let named = files.map(|file| (file.file_name().into_string().unwrap(), file.path()));
    let data = named.filter(|(name, _)| name != "LOCK" && !name.ends_with("-shm"));
    let read = data.map(|(name, path)| (name, fs::read(path).unwrap()));
    read.filter(|(name, bytes)| name != "hot.db-wal" || !bytes.is_empty()).collect()
}

/// Opening fails, for reading too, with the same kind, and changes no file.
#[track_caller]
fn assert_refused(folder: &Path, what: &str) -> Error {
    let before = files(folder);
    let error = Namespace::open(folder).err().unwrap_or_else(|| panic!("{what}: it opened"));
    let message = error.to_string();
    assert!(message.contains(folder.to_str().unwrap()), "{what}: no path in {message:?}");
    assert!(files(folder) == before, "{what}: files were changed");
    let reading = Namespace::builder(folder).read_only().open().err();
    let reading = reading.unwrap_or_else(|| panic!("{what}: it opened for reading"));
    assert_eq!(reading.kind(), error.kind(), "{what}: {reading} against {error}");
    assert!(files(folder) == before, "{what}: files were changed by a reader");
    error
}

fn change(folder: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let path = folder.join("hot.db");
    let mut bytes = fs::read(&path).unwrap();
    change(&mut bytes);
    fs::write(&path, bytes).unwrap();
}

#[test]
fn a_file_that_is_not_sqlite_is_refused() {
    let texts: [&[u8]; 4] = [b"x", b"SQLite format 2\0", &[0; 5000], b"a diary, not a database\n"];
    for text in texts {
        let folder = tempdir().unwrap();
        fs::write(folder.path().join("hot.db"), text).unwrap();
        let error = assert_refused(folder.path(), &format!("{:?}", text.first()));
        assert_eq!(error.kind(), ErrorKind::NotADatabase);
        assert!(error.to_string().contains("not an SQLite database"), "{error}");
    }
    let folder = closed_namespace();
    change(folder.path(), |bytes| bytes[..16].fill(0));
    assert_eq!(assert_refused(folder.path(), "magic").kind(), ErrorKind::NotADatabase);
}

#[test]
fn a_database_of_another_program_is_refused() {
    for setup in [
        "CREATE TABLE theirs(a)",
        "PRAGMA application_id = 7",
        "PRAGMA application_id = 7; CREATE TABLE theirs(a)",
        "PRAGMA journal_mode = WAL; CREATE TABLE theirs(a)",
    ] {
        let folder = tempdir().unwrap();
        let theirs = Connection::open(folder.path().join("hot.db")).unwrap();
        theirs.execute_batch(setup).unwrap();
        theirs.close().unwrap();
        let error = assert_refused(folder.path(), setup);
        assert_eq!(error.kind(), ErrorKind::NotADatabase);
        assert!(error.to_string().contains("another program"), "{error}");
    }
}

#[test]
fn a_newer_format_is_refused_with_both_versions() {
    let folder = closed_namespace();
    let hot = Connection::open(folder.path().join("hot.db")).unwrap();
    hot.execute_batch("PRAGMA user_version = 2").unwrap();
    hot.close().unwrap();
    let error = assert_refused(folder.path(), "format 2");
    assert_eq!(error.kind(), ErrorKind::NewerVersion);
    assert!(error.to_string().contains("format 2, and this code knows 1"), "{error}");
}

#[test]
fn a_newer_schema_of_a_part_is_refused_with_both_versions() {
    let folder = closed_namespace();
    let hot = Connection::open(folder.path().join("hot.db")).unwrap();
    hot.execute_batch("UPDATE parts SET version = 99").unwrap();
    hot.close().unwrap();
    let error = assert_refused(folder.path(), "part 99");
    assert_eq!(error.kind(), ErrorKind::NewerVersion);
    let message = error.to_string();
    assert!(message.contains("\"primitives\"") && message.contains("version 99"), "{message}");

    let hot = Connection::open(folder.path().join("hot.db")).unwrap();
    hot.execute_batch("UPDATE parts SET version = 1 WHERE name = 'primitives'").unwrap();
    hot.close().unwrap();
    let ns = Namespace::open(folder.path()).unwrap();
    let error = ns.install(&ROWS).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NewerVersion);
    assert!(error.to_string().contains("\"rows\""), "{error}");
}

#[test]
fn a_truncated_file_is_refused() {
    let folder = closed_namespace();
    let whole = fs::read(folder.path().join("hot.db")).unwrap();
    for len in [1, 15, 16, 50, 99, 100, 511, 512, 4095, 4096, 5000, 8192, 20_000, whole.len() - 1] {
        change(folder.path(), |bytes| *bytes = whole[..len].to_vec());
        let error = assert_refused(folder.path(), &format!("{len} bytes"));
        let expected = [ErrorKind::Corrupt, ErrorKind::NotADatabase];
        assert!(expected.contains(&error.kind()), "{len} bytes: {error}");
        assert!(len < 100 || error.kind() == ErrorKind::Corrupt, "{len} bytes: {error}");
    }
    change(folder.path(), |bytes| *bytes = whole);
    assert_eq!(ids(&open(folder.path())).len(), 20, "a refusal leaves the folder unlocked");
}

#[test]
fn an_empty_file_beside_a_log_that_is_not_empty_is_refused() {
    let folder = closed_namespace();
    fs::write(folder.path().join("hot.db"), b"").unwrap();
    fs::write(folder.path().join("hot.db-wal"), [7; 10_000]).unwrap();
    assert_eq!(assert_refused(folder.path(), "emptied").kind(), ErrorKind::Corrupt);
}

/// Each page in turn: what opening needs is missed at once, the rest when it is read.
#[test]
fn damage_to_any_page_is_refused_or_harms_only_what_is_on_it() {
    let folder = closed_namespace();
    let whole = fs::read(folder.path().join("hot.db")).unwrap();
    let mut refused = 0;
    for page in 0..whole.len() / 4096 {
        for damage in [0x00, 0xa5] {
            // The first 100 bytes are the file's header, which has tests of its own.
            let from = if page == 0 { 100 } else { page * 4096 };
            change(folder.path(), |bytes| {
                *bytes = whole.clone();
                bytes[from..(page + 1) * 4096].fill(damage);
            });
            let before = files(folder.path());
            match Namespace::open(folder.path()) {
                Err(error) => {
                    refused += 1;
                    assert_eq!(error.kind(), ErrorKind::Corrupt, "page {page}: {error}");
                    assert!(error.to_string().contains("hot.db is damaged"), "{page}: {error}");
                    assert!(files(folder.path()) == before, "page {page} was written over");
                }
                Ok(ns) => {
                    let sound: Result<String> = ns.query(|conn| {
                        Ok(conn.query_row("PRAGMA integrity_check", [], |row| row.get(0))?)
                    });
                    assert!(sound.is_err() || sound.unwrap() != "ok", "page {page}: not seen");
                    drop(ns);
                    assert!(files(folder.path()) == before, "page {page} was written over");
                }
            }
        }
    }
    assert!(refused >= 6, "only {refused} of the damages were noticed at once");
}

#[test]
fn damage_that_a_write_meets_quarantines_the_namespace() {
    let folder = closed_namespace();
    let hot = Connection::open(folder.path().join("hot.db")).unwrap();
    let root = "SELECT rootpage FROM sqlite_schema WHERE name = 'rows'";
    let root: u32 = hot.query_row(root, [], |row| row.get(0)).unwrap();
    hot.close().unwrap();
    let end = root as usize * 4096;
    change(folder.path(), |bytes| bytes[end - 4096..end].fill(0xa5));
    let ns = Namespace::open(folder.path()).unwrap();
    let refused = insert(&ns, 100).wait().unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Corrupt, "{refused}");
    let log = SegmentLog::open(&ns, "log").unwrap();
    let inside = log.clone();
    let after = ns.transaction(move |tx| tx.append(&inside, "tag", b"x")).wait().unwrap_err();
    assert_eq!(after.kind(), ErrorKind::Corrupt);
    assert!(after.to_string().contains("takes no more writes"), "{after}");
    assert_eq!(log.read(Sequence(1), 1).unwrap().len(), 1, "what is whole can be read");
    assert_eq!(ns.close().unwrap_err().kind(), ErrorKind::Corrupt);
}

/// A crash leaves a write-ahead log; refusing must neither fold it in nor delete it.
#[test]
fn a_refused_folder_keeps_its_write_ahead_log() {
    let running = tempdir().unwrap();
    let ns = open(running.path());
    insert(&ns, 1).wait().unwrap();
    for (name, damage) in [
        ("format", "PRAGMA user_version = 2"),
        ("part", "UPDATE parts SET version = 99"),
        ("application", "PRAGMA application_id = 7"),
    ] {
        let folder = tempdir().unwrap();
        for file in ["hot.db", "hot.db-wal"] {
            fs::copy(running.path().join(file), folder.path().join(file)).unwrap();
        }
        // Through the log, without the checkpoint that SQLite makes on closing.
        let hot = Connection::open(folder.path().join("hot.db")).unwrap();
        hot.execute_batch(damage).unwrap();
        let crashed = tempdir().unwrap();
        for file in ["hot.db", "hot.db-wal"] {
            fs::copy(folder.path().join(file), crashed.path().join(file)).unwrap();
        }
        assert!(files(crashed.path())["hot.db-wal"].len() > 10_000);
        assert_refused(crashed.path(), name);
    }
}

#[test]
fn a_path_that_is_a_file_is_refused() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("file");
    fs::write(&path, b"mine").unwrap();
    let error = Namespace::open(&path).err().unwrap();
    assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
    assert!(Namespace::builder(&path).read_only().open().is_err());
    assert_eq!(fs::read(&path).unwrap(), b"mine");
}

/// Runs the test `name` again as a user whose writes can be refused, when this is root's process.
/// True when that was done.
fn ran_as_nobody(name: &str) -> bool {
    const NOBODY: u32 = 65_534;
    let folder = tempdir().unwrap();
    if fs::metadata(folder.path()).unwrap().uid() != 0 {
        return false;
    }
    // The binary itself may be in a folder that only root can enter.
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let program = folder.path().join("test");
    fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    let mut command = Command::new(program);
    command.args(["--exact", &format!("open::{name}"), "--nocapture"]);
    let output = command.uid(NOBODY).gid(NOBODY).current_dir("/").output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.contains("1 passed"), "as nobody: {text}");
    true
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_folder_that_cannot_be_written_is_said_and_can_be_read() {
    if ran_as_nobody("a_folder_that_cannot_be_written_is_said_and_can_be_read") {
        return;
    }
    let folder = closed_namespace();
    for (folder_mode, file_mode) in [(0o555, 0o444), (0o555, 0o644), (0o755, 0o444)] {
        set_mode(&folder.path().join("hot.db"), file_mode);
        set_mode(folder.path(), folder_mode);
        let before = files(folder.path());
        let error = Namespace::open(folder.path()).err().expect("it cannot be written");
        assert_eq!(error.kind(), ErrorKind::ReadOnly, "{error}");
        let message = error.to_string();
        assert!(message.contains("cannot be written; open it read-only"), "{message}");
        let ns = Namespace::builder(folder.path()).read_only().open().unwrap();
        assert_eq!(ids(&ns).len(), 20);
        assert!(files(folder.path()) == before);
        set_mode(folder.path(), 0o755);
    }
    // A crash left a log, and no owner can take it up where it is.
    // Beside a file that cannot be written SQLite makes a log of the same kind.
    set_mode(&folder.path().join("hot.db"), 0o644);
    assert_eq!(Namespace::open(folder.path()).err().unwrap().kind(), ErrorKind::ReadOnly);
    for file in ["hot.db-wal", "hot.db-shm"] {
        set_mode(&folder.path().join(file), 0o644);
    }
    let ns = open(folder.path());
    insert(&ns, 100).wait().unwrap();
    let crashed = tempdir().unwrap();
    for file in ["hot.db", "hot.db-wal"] {
        fs::copy(folder.path().join(file), crashed.path().join(file)).unwrap();
    }
    set_mode(crashed.path(), 0o555);
    let error = Namespace::builder(crashed.path()).read_only().open().err().unwrap();
    assert_eq!(error.kind(), ErrorKind::ReadOnly, "{error}");
    assert!(error.to_string().contains("write-ahead log"), "{error}");
    set_mode(crashed.path(), 0o755);
    let inside = tempdir().unwrap();
    set_mode(inside.path(), 0o555);
    let error = Namespace::open(inside.path().join("new")).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::ReadOnly, "{error}");
    set_mode(inside.path(), 0o755);
}

#[test]
fn a_full_disk_at_the_first_opening_is_said_and_the_next_one_starts_afresh() {
    let folder = tempdir().unwrap();
    let power = PowerCut::new(1);
    let open = || Namespace::builder(folder.path()).vfs(power.vfs_name()).open();
    let mut refusals = 0;
    for room in (0..).step_by(3_000) {
        power.set_capacity(Some(room));
        match open() {
            Ok(_) => break,
            Err(error) => {
                refusals += 1;
                assert_eq!(error.kind(), ErrorKind::DiskFull, "{room} bytes: {error}");
                assert!(error.to_string().contains(folder.path().to_str().unwrap()), "{error}");
            }
        }
    }
    assert!(refusals > 5, "only {refusals} openings met the full disk");
    power.set_capacity(None);
    let ns = with_rows(open().unwrap());
    insert(&ns, 1).wait().unwrap();
    assert_eq!(ids(&ns), [1]);
}

#[test]
fn an_existing_namespace_opens_and_reads_on_a_full_disk() {
    let folder = tempdir().unwrap();
    let power = PowerCut::new(1);
    let open = || Namespace::builder(folder.path()).vfs(power.vfs_name()).open();
    let ns = with_rows(open().unwrap());
    insert(&ns, 1).wait().unwrap();
    ns.close().unwrap();
    power.disk_full_after(0);
    let ns = open().unwrap();
    assert_eq!(ids(&ns), [1]);
    let error = insert(&ns, 2).wait().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::GroupAborted, "{error}");
    assert_eq!(ids(&ns), [1]);
    ns.close().unwrap();
}
