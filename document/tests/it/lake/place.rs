//! Where a namespace's lake is, and what becomes of it when folders move.

use std::path::{Path, PathBuf};

use headwater_document::DocumentStore;
use headwater_document::primitives::{ErrorKind, Namespace};
use headwater_tiering::{LakeOptions, Policy, Tier};

use super::hand_off;
use super::moving::people;
use crate::support::{all, refused};

#[test]
fn a_lake_elsewhere_is_found_again() {
    let folder = tempfile::tempdir().unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let location = format!("file://{}", elsewhere.path().canonicalize().unwrap().display());
    {
        let ns = Namespace::open(folder.path()).unwrap();
        let options = LakeOptions::new().location(&location);
        let tier = Tier::open(&ns, options).unwrap();
        let store: DocumentStore = DocumentStore::open(&ns, "people").unwrap();
        store.bulk_insert(&people(50)).wait().unwrap();
        tier.hand_off(&store, Policy::All).wait().unwrap();
        ns.close().unwrap();
    }
    let ns = Namespace::open(folder.path()).unwrap();
    let store: DocumentStore = DocumentStore::open(&ns, "people").unwrap();
    assert_eq!(all(&store), people(50));
    let other = LakeOptions::new().location("file:///somewhere/else");
    let message = refused(Tier::open(&ns, other).map(drop), ErrorKind::InvalidInput);
    assert!(message.contains(&location), "{message}");
}

#[test]
fn a_lake_that_has_no_table_is_named_anew() {
    let folder = tempfile::tempdir().unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let elsewhere = elsewhere.path().canonicalize().unwrap();
    let (wrong, right) = (elsewhere.join("wrong"), elsewhere.join("right"));
    let opened = |location: &Path| {
        let ns = Namespace::open(folder.path()).unwrap();
        let location = LakeOptions::new().location(location.to_str().unwrap());
        let tier = Tier::open(&ns, location);
        (ns, tier)
    };
    {
        let (ns, tier) = opened(&wrong);
        let store: DocumentStore = DocumentStore::open(&ns, "people").unwrap();
        store.bulk_insert(&people(50)).wait().unwrap();
        // Nothing can be written there.
        std::fs::remove_dir_all(&wrong).unwrap();
        std::fs::write(&wrong, "a file").unwrap();
        tier.unwrap().hand_off(&store, Policy::All).wait().unwrap_err();
        ns.close().unwrap();
    }
    {
        let (ns, tier) = opened(&right);
        let store: DocumentStore = DocumentStore::open(&ns, "people").unwrap();
        tier.unwrap().hand_off(&store, Policy::All).wait().unwrap();
        assert_eq!(all(&store), people(50));
        ns.close().unwrap();
    }
    let (ns, tier) = opened(&elsewhere.join("third"));
    let message = refused(tier.map(drop), ErrorKind::InvalidInput);
    assert!(message.contains(right.to_str().unwrap()), "{message}");
    assert!(Tier::of(&ns).unwrap().location().ends_with("/right"));
}

/// All files below.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

#[test]
fn the_lake_of_a_lost_namespace_is_nobody_elses() {
    let folder = tempfile::tempdir().unwrap();
    archived(folder.path());
    let lake = folder.path().join("lake");
    let before = files(&lake);
    assert!(before.contains(&lake.join("headwater-owner")));
    for file in ["hot.db", "hot.db-wal", "hot.db-shm"] {
        let _ = std::fs::remove_file(folder.path().join(file));
    }
    let ns = Namespace::open(folder.path()).unwrap();
    let store: DocumentStore = DocumentStore::open(&ns, "people").unwrap();
    store.bulk_insert(&people(3)).wait().unwrap();
    for _ in 0..2 {
        let message = refused(hand_off(&store, Policy::All), ErrorKind::AlreadyExists);
        assert!(message.contains("rebuild --from-lake"), "{message}");
    }
    assert_eq!(all(&store), people(3));
    assert_eq!(files(&lake), before);
    // Elsewhere it may have one.
    let other = tempfile::tempdir().unwrap();
    drop(store);
    ns.close().unwrap();
    let ns = Namespace::open(folder.path()).unwrap();
    let store: DocumentStore = DocumentStore::open(&ns, "people").unwrap();
    let place = LakeOptions::new().location(other.path().to_str().unwrap());
    Tier::open(&ns, place).unwrap().hand_off(&store, Policy::All).wait().unwrap();
    assert_eq!(all(&store), people(3));
}

#[test]
fn of_two_namespaces_at_one_location_one_has_it() {
    let (one, other, lake) =
        (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let moved = |folder: &Path, collection: &str| {
        let ns = Namespace::open(folder).unwrap();
        let store: DocumentStore = DocumentStore::open(&ns, collection).unwrap();
        let place = LakeOptions::new().location(lake.path().to_str().unwrap());
        store.bulk_insert(&people(5)).wait().unwrap();
        Tier::open(&ns, place).unwrap().hand_off(&store, Policy::All).wait()
    };
    moved(one.path(), "people").unwrap();
    moved(one.path(), "others").unwrap();
    let message = refused(moved(other.path(), "strangers"), ErrorKind::AlreadyExists);
    assert!(message.contains("a location of its own"), "{message}");
}

fn archived(folder: &Path) {
    let ns = Namespace::open(folder).unwrap();
    let store: DocumentStore = DocumentStore::open(&ns, "people").unwrap();
    store.bulk_insert(&people(50)).wait().unwrap();
    hand_off(&store, Policy::All).unwrap();
    ns.close().unwrap();
}

#[test]
fn a_namespace_that_was_moved_says_where_its_lake_was() {
    let parent = tempfile::tempdir().unwrap();
    let parent = parent.path().canonicalize().unwrap();
    let (old, new) = (parent.join("old.hw"), parent.join("new.hw"));
    archived(&old);
    std::fs::rename(&old, &new).unwrap();
    {
        let ns = Namespace::open(&new).unwrap();
        let message = refused(Tier::of(&ns).map(drop), ErrorKind::NotFound);
        for part in [old.to_str().unwrap(), new.to_str().unwrap(), "move the folder back"] {
            assert!(message.contains(part), "{message}");
        }
        assert!(!old.exists(), "nothing is made where it was");
        let store: DocumentStore = DocumentStore::open(&ns, "people").unwrap();
        refused(store.get("p0001").wait(), ErrorKind::NotFound);
        assert_eq!(store.count().wait().unwrap(), 50);
        ns.close().unwrap();
    }
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(&new, &old).unwrap();
        let ns = Namespace::open(&new).unwrap();
        let store: DocumentStore = DocumentStore::open(&ns, "people").unwrap();
        assert_eq!(all(&store), people(50));
        store.delete("p0049").wait().unwrap();
        assert_eq!(hand_off(&store, Policy::All).unwrap().deleted, 1);
        ns.close().unwrap();
        std::fs::remove_file(&old).unwrap();
    }
    std::fs::rename(&new, &old).unwrap();
    let ns = Namespace::open(&old).unwrap();
    let store: DocumentStore = DocumentStore::open(&ns, "people").unwrap();
    assert_eq!(all(&store)[..49], people(49));
}

#[test]
fn a_copied_namespace_leaves_the_lake_of_the_other_one_alone() {
    let parent = tempfile::tempdir().unwrap();
    let (one, copy) = (parent.path().join("one.hw"), parent.path().join("copy.hw"));
    archived(&one);
    std::fs::create_dir(&copy).unwrap();
    std::fs::copy(one.join("hot.db"), copy.join("hot.db")).unwrap();
    let ns = Namespace::open(&copy).unwrap();
    refused(Tier::of(&ns).map(drop), ErrorKind::NotFound);
}

#[test]
fn a_lake_whose_folder_is_gone_is_not_made_anew() {
    let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let lake = elsewhere.path().canonicalize().unwrap().join("my lake");
    let location = lake.to_str().unwrap();
    {
        let ns = Namespace::open(folder.path()).unwrap();
        Tier::open(&ns, LakeOptions::new().location(location)).unwrap();
        // The same place by its URL.
        let url = format!("file://{}", location.replace(' ', "%20"));
        Tier::open(&ns, LakeOptions::new().location(url)).unwrap();
        ns.close().unwrap();
    }
    let ns = Namespace::open(folder.path()).unwrap();
    std::fs::rename(&lake, lake.with_extension("away")).unwrap();
    let message = refused(Tier::of(&ns).map(drop), ErrorKind::NotFound);
    assert!(message.contains(location) && !lake.exists(), "{message}");
    std::fs::rename(lake.with_extension("away"), &lake).unwrap();
    Tier::open(&ns, LakeOptions::new().location(location)).unwrap();
}
