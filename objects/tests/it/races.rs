//! Conditional writes have one winner between processes too.

use std::collections::BTreeMap;
use std::path::Path as FilePath;
use std::thread;

use futures_util::future::join_all;
use headwater_objects::DurableLocal;
use headwater_objects::object_store::{Error, ObjectStore, ObjectStoreExt, PutMode, UpdateVersion};
use headwater_testkit::crash::{self, Child, Crash, End};

use crate::support::{block_on, key, read};

const PROCESSES: u32 = 3;
const TASKS: u32 = 3;
const CREATES: u32 = 40;
const UPDATES: u32 = 15;

/// Creates every object it can, then counts up to its share; acknowledges each object it created.
async fn race(store: DurableLocal, child: Child, task: u32) {
    let me = format!("{}-{task}", child.scenario());
    for number in 0..CREATES {
        let name = format!("created/{number}");
        match store.put_opts(&key(&name), me.clone().into(), PutMode::Create.into()).await {
            Ok(_) => child.ack(format!("{name} {me}")),
            Err(error) => assert!(matches!(error, Error::AlreadyExists { .. }), "{error}"),
        }
    }
    let mut done = 0;
    while done < UPDATES {
        done += u32::from(count_up(&store).await);
    }
}

/// Adds one to the counter, unless someone else was faster.
async fn count_up(store: &DurableLocal) -> bool {
    let got = store.get(&key("counter")).await.unwrap();
    let seen = UpdateVersion { e_tag: got.meta.e_tag.clone(), version: None };
    let count: u32 = std::str::from_utf8(&got.bytes().await.unwrap()).unwrap().parse().unwrap();
    // Always of one length, so that only the time tells versions apart.
    let next = format!("{:06}", count + 1);
    match store.put_opts(&key("counter"), next.into(), PutMode::Update(seen).into()).await {
        Ok(_) => true,
        Err(error) => {
            assert!(matches!(error, Error::Precondition { .. }), "{error}");
            false
        }
    }
}

fn child_races(child: &Child) {
    let store = DurableLocal::open(child.directory()).unwrap();
    let run = |task| tokio::spawn(race(store.clone(), child.clone(), task));
    block_on(async {
        for task in join_all((0..TASKS).map(run)).await {
            task.unwrap();
        }
    });
}

fn winners(test: impl Fn() + Copy + Send, folder: &FilePath) -> BTreeMap<String, Vec<String>> {
    let run = |process: u32| {
        let crash = Crash::of(test, &process.to_string(), folder);
        move || crash.run().unwrap()
    };
    let outcomes = thread::scope(|scope| {
        let running: Vec<_> = (0..PROCESSES).map(|process| scope.spawn(run(process))).collect();
        running.into_iter().map(|one| one.join().unwrap()).collect::<Vec<_>>()
    });
    let mut winners: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for outcome in outcomes {
        assert_eq!(outcome.end, End::Exited(0), "{}", outcome.stderr);
        for ack in outcome.acks {
            let (name, winner) = ack.split_once(' ').unwrap();
            winners.entry(name.to_owned()).or_default().push(winner.to_owned());
        }
    }
    winners
}

#[test]
fn one_of_many_processes_wins() {
    if let Some(child) = crash::child() {
        return child_races(&child);
    }
    let folder = tempfile::tempdir().unwrap();
    let store = DurableLocal::open(folder.path()).unwrap();
    block_on(async { store.put(&key("counter"), "000000".into()).await.unwrap() });
    let winners = winners(one_of_many_processes_wins, folder.path());
    block_on(async {
        assert_eq!(winners.len() as u32, CREATES);
        for (name, winners) in winners {
            let [winner] = &winners[..] else { panic!("{winners:?} won {name}") };
            assert_eq!(read(&store, &name).await.unwrap(), winner.as_str());
        }
        let count = read(&store, "counter").await.unwrap();
        assert_eq!(count, format!("{:06}", PROCESSES * TASKS * UPDATES));
    });
}
