//! Random commits against a simple model of what is live.

use std::collections::BTreeSet;
use std::time::Duration;

use headwater_primitives::{Clock, SystemClock};
use headwater_testkit::Rng;
use headwater_tiering::{Expiry, FileSet, NewSnapshot, expire};
use iceberg::spec::DataFile;

use crate::support::{Found, Lake, scan};

/// A live data file: its first id, the positions that are still in it, and its delete files.
struct File {
    data: DataFile,
    first: i64,
    left: BTreeSet<i64>,
    deletes: Vec<DataFile>,
}

struct Model {
    files: Vec<File>,
    next: i64,
    rng: Rng,
}

impl Model {
    fn below(&mut self, end: usize) -> usize {
        self.rng.index(end)
    }

    /// Adds one or two files of up to twenty rows.
    async fn append(&mut self, lake: &Lake, mut new: NewSnapshot) -> NewSnapshot {
        for _ in 0..=self.below(2) {
            let rows = 1 + self.below(20) as i64;
            let day = self.below(3) as i32;
            let first = self.next;
            self.next += rows;
            let data = lake.data(first..first + rows, day).await;
            new = new.add_data([data.clone()]);
            self.files.push(File { data, first, left: (0..rows).collect(), deletes: Vec::new() });
        }
        new
    }

    /// Deletes about half of the rows that a file still has.
    async fn delete(&mut self, lake: &Lake, new: NewSnapshot) -> NewSnapshot {
        let at = self.below(self.files.len());
        let left: Vec<i64> = self.files[at].left.iter().copied().collect();
        let gone: Vec<i64> = left.into_iter().filter(|_| self.rng.below(2) == 0).collect();
        let file = &mut self.files[at];
        if gone.is_empty() {
            return new;
        }
        file.left.retain(|position| !gone.contains(position));
        let deletes = lake.deletes(&file.data, &gone).await;
        file.deletes.push(deletes.clone());
        new.add_deletes([deletes])
    }

    /// Takes a file out, with its delete files.
    fn remove(&mut self, new: NewSnapshot) -> NewSnapshot {
        let at = self.below(self.files.len());
        let file = self.files.remove(at);
        let deletes = file.deletes.iter().map(DataFile::file_path);
        new.remove_data([file.data.file_path()]).remove_deletes(deletes)
    }

    fn expected(&self) -> Found {
        Found::of(self.files.iter().flat_map(|file| file.left.iter().map(|at| file.first + at)))
    }
}

async fn let_go(lake: &Lake) {
    let before = SystemClock.now().after(Duration::from_secs(3600));
    let expiry = Expiry { before, keep_last: 1 };
    let (prepared, unreachable) = expire(&lake.load().await, &expiry).await.unwrap();
    lake.make(prepared).await;
    lake.catalog.lake().delete_all(unreachable.into_locations()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn random_commits_leave_what_a_simple_model_says() {
    for seed in 0..2 {
        let folder = tempfile::tempdir().unwrap();
        let lake = Lake::new(folder.path()).await;
        let mut model = Model { files: Vec::new(), next: 0, rng: Rng::new(seed) };
        for step in 0..20 {
            let table = lake.load().await;
            let new = lake.catalog.new_snapshot(&table).merge_above(1 + model.below(4));
            let new = match model.below(6) {
                0 if model.files.len() > 2 => model.remove(new),
                1 | 2 if !model.files.is_empty() => model.delete(&lake, new).await,
                3 if model.files.len() > 2 => {
                    let new = model.remove(new);
                    model.append(&lake, new).await
                }
                _ => model.append(&lake, new).await,
            };
            let table = lake.make(new.write().await.unwrap()).await;
            let context = format!("seed {seed}, step {step}");
            assert_eq!(scan(&table, None).await, model.expected(), "{context}");
            let files = FileSet::load(&table, None).await.unwrap();
            let summary = table.metadata().current_snapshot().unwrap().summary();
            let total = |name: &str| summary.additional_properties[name].parse::<u64>().unwrap();
            assert_eq!(total("total-data-files"), files.data().len() as u64, "{context}");
            assert_eq!(total("total-delete-files"), files.deletes().len() as u64, "{context}");
            assert_eq!(total("total-records"), files.records(), "{context}");
            if model.below(6) == 0 {
                let_go(&lake).await;
            }
        }
        let_go(&lake).await;
        assert_eq!(scan(&lake.load().await, None).await, model.expected(), "seed {seed}");
    }
}
