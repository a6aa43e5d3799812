//! The tour's input: the packages that this workspace resolves to, as they lie on this machine.

mod licence;
mod metadata;
mod readme;
mod sources;

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::Outcome;
use crate::model::{Dependency, Package, SourceCount, SourceFile};
use crate::screen::Screen;
use metadata::{Described, Metadata};

/// All that was read.
pub(crate) struct Input {
    pub(crate) packages: Vec<Package>,
    pub(crate) files: Vec<SourceFile>,
    /// How long cargo took to answer.
    pub(crate) asked: Duration,
    /// How long it took to read and count the sources.
    pub(crate) read: Duration,
}

impl Input {
    pub(crate) fn read(screen: Screen) -> Outcome<Input> {
        let began = Instant::now();
        let metadata = Metadata::ask(screen)?;
        let asked = began.elapsed();
        let graph = Graph::of(&metadata);
        let began = Instant::now();
        let read = read_all(&metadata.packages, &graph, screen)?;
        let (packages, files): (Vec<_>, Vec<_>) = read.into_iter().unzip();
        let files = files.into_iter().flatten().collect();
        Ok(Input { packages, files, asked, read: began.elapsed() })
    }
}

/// Who depends on whom, by cargo's ids.
struct Graph<'a> {
    resolved: HashMap<&'a str, Vec<String>>,
    dependents: HashMap<&'a str, u32>,
}

impl<'a> Graph<'a> {
    fn of(metadata: &'a Metadata) -> Graph<'a> {
        let ids: HashMap<&str, String> =
            metadata.packages.iter().map(|package| (&*package.id, id_of(package))).collect();
        let mut graph = Graph { resolved: HashMap::new(), dependents: HashMap::new() };
        for node in &metadata.resolve.nodes {
            let known = node.dependencies.iter().filter_map(|id| ids.get(&**id).cloned());
            graph.resolved.insert(&node.id, known.collect());
            for id in &node.dependencies {
                *graph.dependents.entry(id).or_default() += 1;
            }
        }
        graph
    }
}

/// Reads the packages on as many threads as the machine has, in the order of `packages`.
fn read_all(
    packages: &[Described],
    graph: &Graph<'_>,
    screen: Screen,
) -> Outcome<Vec<(Package, Vec<SourceFile>)>> {
    let bar = screen.bar(packages.len() as u64, "reading packages");
    let next = AtomicUsize::new(0);
    let worker = || -> Outcome<Vec<_>> {
        let mut done = Vec::new();
        while let Some((at, described)) = {
            let at = next.fetch_add(1, Ordering::Relaxed);
            packages.get(at).map(|described| (at, described))
        } {
            done.push((at, read_one(described, graph)?));
            bar.inc(1);
        }
        Ok(done)
    };
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let done: Vec<Outcome<Vec<_>>> = thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(worker)).collect();
        let panicked = || Err("a thread that reads packages panicked".into());
        threads.into_iter().map(|thread| thread.join().unwrap_or_else(|_| panicked())).collect()
    });
    bar.finish_and_clear();
    let done = done.into_iter().collect::<Outcome<Vec<_>>>()?;
    let mut all: Vec<(usize, _)> = done.into_iter().flatten().collect();
    all.sort_by_key(|(at, _)| *at);
    Ok(all.into_iter().map(|(_, package)| package).collect())
}

fn read_one(described: &Described, graph: &Graph<'_>) -> Outcome<(Package, Vec<SourceFile>)> {
    let id = id_of(described);
    let manifest = Path::new(&described.manifest_path);
    let folder = manifest.parent().unwrap_or(manifest);
    let files = sources::count(folder, &id).map_err(|error| format!("package {id}: {error}"))?;
    let package = Package {
        name: described.name.clone(),
        version: described.version.clone(),
        description: described.description.as_ref().map(|text| one_line(text)),
        licence: described.license.clone(),
        licences: described.license.as_deref().map(licence::named).unwrap_or_default(),
        authors: described.authors.clone(),
        keywords: described.keywords.clone(),
        categories: described.categories.clone(),
        dependencies: described.dependencies.iter().map(Dependency::from).collect(),
        resolved: graph.resolved.get(&*described.id).cloned().unwrap_or_default(),
        dependents: graph.dependents.get(&*described.id).copied().unwrap_or(0),
        source: total(&files),
        readme: described.readme.as_ref().and_then(|name| readme::read(&folder.join(name))),
        folder: folder.to_string_lossy().into_owned(),
        marks: Vec::new(),
        id,
    };
    Ok((package, files))
}

fn id_of(package: &Described) -> String {
    format!("{}@{}", package.name, package.version)
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn total(files: &[SourceFile]) -> SourceCount {
    files.iter().fold(SourceCount::default(), |sum, file| SourceCount {
        files: sum.files + 1,
        bytes: sum.bytes + file.bytes,
        lines: sum.lines + file.lines,
        unsafe_words: sum.unsafe_words + file.unsafe_words,
    })
}
