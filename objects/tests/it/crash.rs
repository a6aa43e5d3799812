//! After `kill -9` every acknowledged object is whole, no key has a torn one, and what was left
//! behind is invisible until it is swept.

use bytes::Bytes;
use futures_util::future::join_all;
use headwater_objects::DurableLocal;
use headwater_objects::object_store::{ObjectStore, ObjectStoreExt, PutMode};
use headwater_testkit::Rng;
use headwater_testkit::crash::{self, Child, Crash, End, Kill};

use crate::support::{block_on, key, names, read};

const WRITERS: u64 = 4;

/// The content of an object follows from its key, and tells a torn one.
fn content(name: &str) -> Bytes {
    let seed = name.bytes().fold(7_u64, |seed, byte| seed * 31 + u64::from(byte));
    let mut rng = Rng::new(seed);
    let mut bytes = vec![0; 1 + rng.index(300_000)];
    rng.fill(&mut bytes);
    bytes.into()
}

/// One object by whichever way the number says: created, overwritten, uploaded, copied or renamed.
async fn write(store: &DurableLocal, name: &str, number: u64) {
    let (to, from) = (key(name), key(&format!("{name}-from")));
    match number % 5 {
        0 => drop(store.put(&to, content(name).into()).await.unwrap()),
        1 => {
            let create = PutMode::Create.into();
            drop(store.put_opts(&to, content(name).into(), create).await.unwrap());
        }
        2 => {
            let mut upload = store.put_multipart(&to).await.unwrap();
            let bytes = content(name);
            let half = bytes.len() / 2;
            upload.put_part(bytes.slice(..half).into()).await.unwrap();
            upload.put_part(bytes.slice(half..).into()).await.unwrap();
            upload.complete().await.unwrap();
        }
        3 => {
            store.put(&from, content(name).into()).await.unwrap();
            store.rename(&from, &to).await.unwrap();
        }
        _ => {
            store.put(&from, content(name).into()).await.unwrap();
            store.copy(&from, &to).await.unwrap();
            store.delete(&from).await.unwrap();
        }
    }
}

fn write_until_killed(child: &Child) {
    let store = DurableLocal::open(child.directory()).unwrap();
    let round = child.scenario();
    block_on(join_all((0..WRITERS).map(|writer| {
        let (store, child, round) = (store.clone(), child.clone(), round.to_owned());
        async move {
            for number in 0.. {
                let name = format!("r{round}/w{writer}/d{}/{number}", number % 3);
                write(&store, &name, number).await;
                child.ack(name);
            }
        }
    })));
}

async fn check(store: &DurableLocal, acknowledged: &[String]) {
    for name in acknowledged {
        let found = read(store, name).await.unwrap();
        assert!(found == content(name), "{name} is not what was acknowledged");
    }
    for name in names(store).await {
        let whole = content(name.strip_suffix("-from").unwrap_or(&name));
        assert!(read(store, &name).await.unwrap() == whole, "{name} is torn");
    }
}

fn survive(test: impl Fn() + Copy, rounds: u64) {
    let folder = tempfile::tempdir().unwrap();
    let mut acknowledged = Vec::new();
    for round in 0..rounds {
        let crash = Crash::of(test, &round.to_string(), folder.path());
        let outcome = crash.kill(Kill::seeded(round, 60)).run().unwrap();
        assert_eq!(outcome.end, End::Killed, "{}", outcome.stderr);
        acknowledged.extend(outcome.acks);
        let store = DurableLocal::open(folder.path()).unwrap();
        block_on(async {
            check(&store, &acknowledged).await;
            let swept = store.sweep().await.unwrap();
            assert!(swept.files <= 2 * WRITERS, "{swept:?}");
            check(&store, &acknowledged).await;
            assert_eq!(store.sweep().await.unwrap().files, 0);
        });
    }
    println!("{rounds} kills, {} acknowledged objects", acknowledged.len());
}

#[test]
fn every_acknowledged_object_survives_kill_9() {
    if let Some(child) = crash::child() {
        return write_until_killed(&child);
    }
    survive(every_acknowledged_object_survives_kill_9, 6);
}

#[test]
#[ignore = "50 kills"]
fn soak_every_acknowledged_object_survives_50_times_kill_9() {
    if let Some(child) = crash::child() {
        return write_until_killed(&child);
    }
    survive(soak_every_acknowledged_object_survives_50_times_kill_9, 50);
}
