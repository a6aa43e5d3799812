//! The READMEs as texts to search in: one per package, its marks gone.

use std::collections::BTreeMap;

use crate::embedding::prose;
use crate::model::{Package, Readme};

/// Longer READMEs say what they are about before this; most are not half as long.
const MOST_BYTES: usize = 32 * 1024;

/// A row for each package with a README, in the order of their names, without embeddings yet. Of several
/// versions of a package the latest speaks, since they say nearly the same.
pub(super) fn of(packages: Vec<Package>) -> Vec<Readme> {
    let mut latest: BTreeMap<String, Package> = BTreeMap::new();
    for package in packages.into_iter().filter(|package| package.readme.is_some()) {
        let known = latest.get(&package.name).map(|known| numbers(&known.version));
        if known.is_none_or(|known| known < numbers(&package.version)) {
            latest.insert(package.name.clone(), package);
        }
    }
    latest.into_iter().map(|(name, package)| row(name, package)).collect()
}

fn row(name: String, package: Package) -> Readme {
    let readme = package.readme.map(|text| prose(&text, MOST_BYTES)).unwrap_or_default();
    let description = package.description.unwrap_or_default();
    let text = format!("{description}\n{}\n{readme}", package.keywords.join(", "));
    Readme { package: name, embedding: None, text, licences: package.licences }
}

fn numbers(version: &str) -> Vec<u64> {
    version.split(['.', '-', '+']).map_while(|part| part.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::SourceCount;

    fn package(name: &str, version: &str, readme: Option<&str>) -> Package {
        Package {
            id: format!("{name}@{version}"),
            name: name.into(),
            version: version.into(),
            description: Some(format!("version {version}")),
            licence: Some("MIT".into()),
            licences: vec!["MIT".into()],
            authors: vec![],
            keywords: vec!["one".into(), "two".into()],
            categories: vec![],
            dependencies: vec![],
            resolved: vec![],
            dependents: 0,
            source: SourceCount::default(),
            readme: readme.map(Into::into),
            folder: String::new(),
            marks: vec![],
        }
    }

    #[test]
    fn the_latest_version_with_a_readme_speaks_for_a_package() {
        let packages = vec![
            package("rand", "0.9.5", Some("# Old")),
            package("rand", "0.10.3", Some("# New")),
            package("rand", "0.11.0", None),
            package("mute", "1.0.0", None),
        ];
        let texts = of(packages);
        let [rand] = &texts[..] else { panic!("{} texts", texts.len()) };
        assert_eq!((&*rand.package, &rand.licences[..]), ("rand", &["MIT".to_owned()][..]));
        assert_eq!(rand.text, "version 0.10.3\none, two\nNew\n");
    }
}
