//! The documents and rows of the tour.

use std::fmt;

use headwater::document::Document;
use headwater::filter::Filter;
use headwater::{Headwater, Store};
use serde::{Deserialize, Serialize};

/// A package that the workspace resolves to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Store)]
#[store(document)]
pub(crate) struct Package {
    /// `serde@1.0.219`.
    #[store(id)]
    pub(crate) id: String,
    #[store(index)]
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) description: Option<String>,
    /// The licence expression, as the authors wrote it.
    pub(crate) licence: Option<String>,
    /// The licences that it names.
    #[store(index)]
    pub(crate) licences: Vec<String>,
    pub(crate) authors: Vec<String>,
    pub(crate) keywords: Vec<String>,
    pub(crate) categories: Vec<String>,
    pub(crate) dependencies: Vec<Dependency>,
    /// The ids of the packages that the dependencies resolve to.
    pub(crate) resolved: Vec<String>,
    /// How many packages of the workspace depend on this one.
    pub(crate) dependents: u32,
    pub(crate) source: SourceCount,
    pub(crate) readme: Option<String>,
    /// Where it lies on this machine: no two packages share a folder.
    #[store(unique)]
    pub(crate) folder: String,
    /// What reviewers have marked it with.
    pub(crate) marks: Vec<String>,
}

/// What a package asks for in its manifest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    pub(crate) requirement: String,
    pub(crate) kind: DependencyKind,
    pub(crate) optional: bool,
    /// The platforms that it is needed on; all when absent.
    pub(crate) target: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum DependencyKind {
    Normal,
    Build,
    Dev,
}

/// What was counted in source text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SourceCount {
    pub(crate) files: u64,
    pub(crate) bytes: u64,
    pub(crate) lines: u64,
    /// How often the word `unsafe` occurs, comments included.
    #[serde(rename = "unsafe")]
    pub(crate) unsafe_words: u64,
}

/// One file of a package's source.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Store)]
#[store(document)]
pub(crate) struct SourceFile {
    /// `serde@1.0.219/src/lib.rs`.
    #[store(id)]
    pub(crate) id: String,
    #[store(index)]
    pub(crate) package: String,
    pub(crate) language: Language,
    pub(crate) bytes: u64,
    pub(crate) lines: u64,
    #[serde(rename = "unsafe")]
    pub(crate) unsafe_words: u64,
    /// How many reviews there are of it.
    pub(crate) reviews: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Language {
    Rust,
    C,
    #[serde(rename = "C++")]
    Cpp,
    Assembly,
    Python,
    JavaScript,
    Shell,
}

impl Language {
    /// The language of files with this extension, if it counts as source.
    pub(crate) fn of(extension: &str) -> Option<Language> {
        Some(match extension {
            "rs" => Language::Rust,
            "c" | "h" => Language::C,
            "cc" | "cpp" | "hpp" | "cxx" => Language::Cpp,
            "s" | "S" | "asm" => Language::Assembly,
            "py" => Language::Python,
            "js" | "mjs" | "ts" => Language::JavaScript,
            "sh" | "bash" => Language::Shell,
            _ => return None,
        })
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Language::Rust => "Rust",
            Language::C => "C",
            Language::Cpp => "C++",
            Language::Assembly => "Assembly",
            Language::Python => "Python",
            Language::JavaScript => "JavaScript",
            Language::Shell => "Shell",
        })
    }
}

/// What a package says about itself, to be searched.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Store)]
#[store(vector, dim = 48)]
pub(crate) struct Readme {
    /// The package's name.
    #[store(id)]
    pub(crate) package: String,
    /// What it is about; none when all of its words are its own.
    #[store(embedding)]
    pub(crate) embedding: Option<Vec<f32>>,
    #[store(text)]
    pub(crate) text: String,
    #[store(filter)]
    pub(crate) licences: Vec<String>,
}

/// One review of a source file, by a writer that chapter 6 kills.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Store)]
#[store(document)]
pub(crate) struct Review {
    /// Round, writer and number: `1-03-000017`.
    #[store(id)]
    pub(crate) id: String,
    #[store(index)]
    pub(crate) file: String,
}

/// Every document of a type, in the order of ids.
pub(crate) fn all<T: Document>(db: &Headwater) -> headwater::Result<Vec<T>> {
    let store = db.documents::<T>()?;
    let number = store.count().wait()?;
    let page = store.find(Filter::all()).limit(number as usize).run().wait()?;
    Ok(page.documents.into_iter().map(|found| found.document).collect())
}
