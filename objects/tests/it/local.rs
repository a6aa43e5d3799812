//! What a folder as a store must do beyond the suite.

use std::fs;
use std::time::{Duration, SystemTime};

use headwater_objects::object_store::{Error, ObjectStore, ObjectStoreExt, PutMode, PutOptions};
use headwater_objects::{DurableLocal, ErrorKind};

use crate::support::{key, local, names, read};

#[tokio::test]
async fn a_reader_keeps_the_version_that_it_opened() {
    let local = local();
    let store = &local.store;
    store.put(&key("a"), "the old content".into()).await.unwrap();
    let got = store.get(&key("a")).await.unwrap();
    store.put(&key("a"), "new".into()).await.unwrap();
    store.delete(&key("a")).await.unwrap();
    assert_eq!(got.bytes().await.unwrap(), "the old content");
}

#[tokio::test]
async fn a_version_is_never_mistaken_for_another() {
    let local = local();
    let store = &local.store;
    let stale = store.put(&key("a"), "1".into()).await.unwrap();
    for content in ["2", "1", "1"] {
        store.put(&key("a"), content.into()).await.unwrap();
        let update = PutMode::Update(stale.clone().into());
        let refused = store.put_opts(&key("a"), "x".into(), update.into()).await;
        assert!(matches!(refused, Err(Error::Precondition { .. })), "{refused:?}");
    }
    // Not even when it is as old as a version of the past, and the clock stands in the future.
    let path = store.root().join("a");
    let future = SystemTime::now() + Duration::from_secs(3600);
    fs::File::options().append(true).open(&path).unwrap().set_modified(future).unwrap();
    let seen = store.head(&key("a")).await.unwrap();
    let next = store.put(&key("a"), "1".into()).await.unwrap();
    assert_ne!(seen.e_tag, next.e_tag);
    assert!(store.head(&key("a")).await.unwrap().last_modified > seen.last_modified);
}

#[cfg(unix)]
#[tokio::test]
async fn links_do_not_lead_out_of_the_root() {
    let local = local();
    let (store, outside) = (&local.store, tempfile::tempdir().unwrap());
    fs::write(outside.path().join("secret"), "secret").unwrap();
    std::os::unix::fs::symlink(outside.path(), store.root().join("out")).unwrap();
    std::os::unix::fs::symlink(outside.path().join("secret"), store.root().join("file")).unwrap();
    store.put(&key("mine"), "mine".into()).await.unwrap();
    for name in ["out/secret", "file"] {
        assert!(read(store, name).await.is_err());
        assert!(store.put(&key(name), "x".into()).await.is_err());
        assert!(store.copy(&key("mine"), &key(name)).await.is_err());
        assert!(store.rename(&key(name), &key("taken")).await.is_err());
        assert!(store.delete(&key(name)).await.is_err());
    }
    assert!(store.put(&key("out/new/deep"), "x".into()).await.is_err());
    assert_eq!(names(store).await, ["mine"]);
    assert_eq!(fs::read_to_string(outside.path().join("secret")).unwrap(), "secret");
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 1);
}

#[tokio::test]
async fn what_is_on_its_way_is_invisible_and_cannot_be_named() {
    let local = local();
    let store = &local.store;
    let mut upload = store.put_multipart(&key("a/b")).await.unwrap();
    upload.put_part("half".into()).await.unwrap();
    let on_its_way: Vec<_> = fs::read_dir(store.root().join("a")).unwrap().collect();
    let name = on_its_way[0].as_ref().unwrap().file_name().into_string().unwrap();
    assert!(names(store).await.is_empty());
    assert!(store.list_with_delimiter(None).await.unwrap().common_prefixes.is_empty());
    assert!(read(store, &format!("a/{name}")).await.is_err());
    // Its process lives, so a sweep lets it be.
    assert_eq!(store.sweep().await.unwrap().files, 0);
    upload.complete().await.unwrap();
    assert_eq!(read(store, "a/b").await.unwrap(), "half");
}

#[tokio::test]
async fn a_dropped_upload_leaves_no_file() {
    let local = local();
    let mut upload = local.store.put_multipart(&key("a/b")).await.unwrap();
    upload.put_part("half".into()).await.unwrap();
    drop(upload);
    assert_eq!(fs::read_dir(local.store.root().join("a")).unwrap().count(), 0);
}

#[tokio::test]
async fn a_sweep_removes_what_has_no_process() {
    let local = local();
    let store = &local.store;
    store.put(&key("a/b"), "kept".into()).await.unwrap();
    fs::write(store.root().join("a/.hw-tmp-1-2-3"), "left").unwrap();
    assert_eq!(names(store).await, ["a/b"]);
    let swept = store.sweep().await.unwrap();
    assert_eq!((swept.files, swept.bytes), (1, 4));
    assert_eq!(fs::read_dir(store.root().join("a")).unwrap().count(), 1);
}

#[tokio::test]
async fn an_upload_with_a_part_missing_is_not_completed() {
    let local = local();
    let mut upload = local.store.put_multipart(&key("a")).await.unwrap();
    let part = upload.put_part("first".into());
    let never = upload.put_part("second".into());
    part.await.unwrap();
    let error = upload.complete().await.unwrap_err().to_string();
    assert!(error.contains("5 of 11 bytes"), "{error}");
    never.await.unwrap();
    upload.complete().await.unwrap();
    assert_eq!(read(&local.store, "a").await.unwrap(), "firstsecond");
}

#[tokio::test]
async fn a_folder_that_someone_removed_is_made_again() {
    let local = local();
    let store = &local.store;
    store.put(&key("a/b/c"), "1".into()).await.unwrap();
    fs::remove_dir_all(store.root().join("a")).unwrap();
    store.put(&key("a/b/c"), "2".into()).await.unwrap();
    assert_eq!(read(store, "a/b/c").await.unwrap(), "2");
}

#[tokio::test]
async fn a_failed_write_changes_nothing() {
    let local = local();
    let store = &local.store;
    store.put(&key("a"), "1".into()).await.unwrap();
    store.put(&key("d/x"), "2".into()).await.unwrap();
    // An object where a folder would be, and the other way round.
    assert!(store.put(&key("a/b"), "3".into()).await.is_err());
    assert!(store.put(&key("d"), "3".into()).await.is_err());
    assert!(store.rename(&key("a"), &key("d")).await.is_err());
    let attributes = [(headwater_objects::object_store::Attribute::ContentType, "text/plain")];
    let options =
        PutOptions { attributes: attributes.into_iter().collect(), ..PutOptions::default() };
    let refused = store.put_opts(&key("a"), "4".into(), options).await;
    assert!(matches!(refused, Err(Error::NotImplemented { .. })), "{refused:?}");
    assert_eq!(names(store).await, ["a", "d/x"]);
    assert_eq!(read(store, "a").await.unwrap(), "1");
    assert_eq!(store.sweep().await.unwrap().files, 0);
}

#[test]
fn it_works_outside_a_runtime() {
    let local = local();
    futures_util::future::FutureExt::now_or_never(async {
        local.store.put(&key("a"), "1".into()).await.unwrap();
        assert_eq!(read(&local.store, "a").await.unwrap(), "1");
        assert_eq!(names(&local.store).await, ["a"]);
    })
    .unwrap();
}

#[test]
fn a_file_is_no_root() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    for path in [file.clone(), file.join("below")] {
        let error = DurableLocal::open(&path).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
        assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
    }
}
