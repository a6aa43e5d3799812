//! The root of a lake, and the way from absolute locations to paths in its store and back.

use std::fmt;
use std::path::Path as FilePath;
use std::sync::Arc;

use headwater_primitives::{Error, Result};
use object_store::path::Path;
use serde::{Deserialize, Serialize};

/// Where a lake is: an absolute URL, such as `file:///data/app.hw/lake`, `s3://bucket/prefix` or
/// `memory:///`. Names in it are taken as they are, without percent-encoding, as Iceberg's own readers
/// do.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Form", into = "Form")]
pub struct LakeRoot {
    /// Without a trailing slash.
    text: Arc<str>,
    /// Where the scheme's `://` ends.
    after_scheme: usize,
    relative: bool,
}

/// How a root is serialized.
#[derive(Serialize, Deserialize)]
struct Form {
    url: String,
    #[serde(default)]
    relative: bool,
}

impl LakeRoot {
    /// The root at `url`.
    ///
    /// # Errors
    /// `InvalidInput` when it is not `scheme://…`.
    pub fn parse(url: &str) -> Result<LakeRoot> {
        let plain = canonical(url.trim_end_matches('/'));
        let scheme = plain.find("://").filter(|at| *at > 0).ok_or_else(|| {
            Error::invalid(format!(
                "lake root {url:?} is not an absolute URL, like file:///data/lake or s3://bucket/lake"
            ))
        })?;
        let after_scheme = (scheme + 3).min(plain.len());
        Ok(LakeRoot { after_scheme, text: plain.into(), relative: false })
    }

    /// The root at a folder of this machine.
    ///
    /// # Errors
    /// `InvalidInput` when the path is not UTF-8; what the operating system says about the current
    /// folder when `folder` is relative.
    pub fn of_folder(folder: &FilePath) -> Result<LakeRoot> {
        let absolute = std::path::absolute(folder)?;
        let text = absolute
            .to_str()
            .ok_or_else(|| Error::invalid(format!("folder {absolute:?} is not UTF-8")))?;
        LakeRoot::parse(&format!("file://{text}"))
    }

    /// The same root, for tables that have relative locations against Iceberg's rule: those are taken
    /// as below the root.
    #[must_use]
    pub fn taking_relative(self) -> LakeRoot {
        LakeRoot { relative: true, ..self }
    }

    /// The URL, without a trailing slash.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The location of `path` in the store of this root.
    pub fn location(&self, path: &Path) -> String {
        format!("{}/{path}", self.text)
    }

    /// The path in the store of this root that the absolute `location` means.
    ///
    /// # Errors
    /// `InvalidInput` when the location is not below this root, or is no name at all.
    pub fn path(&self, location: &str) -> Result<Path> {
        let plain = canonical(location);
        let below = match plain.strip_prefix(&*self.text) {
            Some(rest) if rest.is_empty() || rest.starts_with('/') || self.is_bare() => rest,
            None if self.relative && !plain.contains("://") => plain.trim_start_matches("./"),
            _ => return Err(self.outside(location)),
        };
        Path::parse(below.trim_start_matches('/')).map_err(|error| {
            Error::invalid(format!("location {location:?} is not a name of an object: {error}"))
        })
    }

    /// Whether the root is nothing but a scheme.
    fn is_bare(&self) -> bool {
        self.text.len() == self.after_scheme
    }

    fn outside(&self, location: &str) -> Error {
        Error::invalid(format!(
            "location {location:?} is outside of the lake {:?}: tables and their files have to be \
             below it",
            self.as_str()
        ))
    }
}

impl fmt::Display for LakeRoot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl TryFrom<Form> for LakeRoot {
    type Error = Error;

    fn try_from(form: Form) -> Result<LakeRoot> {
        Ok(LakeRoot { relative: form.relative, ..LakeRoot::parse(&form.url)? })
    }
}

impl From<LakeRoot> for Form {
    fn from(root: LakeRoot) -> Form {
        Form { url: root.as_str().to_owned(), relative: root.relative }
    }
}

/// The same location with one spelling of its scheme: engines write `file:/a` and `/a` for
/// `file:///a`, and `s3a://` for `s3://`.
fn canonical(location: &str) -> String {
    for (alias, scheme) in [("s3a://", "s3://"), ("s3n://", "s3://")] {
        if let Some(rest) = location.strip_prefix(alias) {
            return format!("{scheme}{rest}");
        }
    }
    if location.starts_with("file://") {
        return location.to_owned();
    }
    match location.strip_prefix("file:").unwrap_or(location) {
        path if path.starts_with('/') => format!("file://{path}"),
        _ if location.ends_with(':') => format!("{location}//"),
        _ => location.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_below_the_root_is_a_path_in_its_store() {
        let cases = [
            ("file:///data/lake", "file:///data/lake/a/b.parquet", "a/b.parquet"),
            ("file:///data/lake/", "file:/data/lake/a", "a"),
            ("file:///data/lake", "/data/lake/a", "a"),
            ("file:///my data/lake", "file:///my data/lake/day=1/x%20y", "day=1/x%20y"),
            ("s3://bucket/lake", "s3a://bucket/lake/a", "a"),
            ("s3://bucket", "s3://bucket/a", "a"),
            ("memory:///", "memory:///a/b", "a/b"),
            ("memory://", "memory://a/b", "a/b"),
            ("file:///", "file:///a", "a"),
        ];
        for (root, location, path) in cases {
            let found = LakeRoot::parse(root).unwrap().path(location).unwrap();
            assert_eq!(found.as_ref(), path, "{location} in {root}");
        }
    }

    #[test]
    fn a_location_outside_of_the_root_is_refused_by_name() {
        let root = LakeRoot::parse("file:///data/lake").unwrap();
        for location in
            ["file:///data/lakes/a", "file:///data", "s3://data/lake/a", "a/b", "/data/lake/../x"]
        {
            let error = root.path(location).unwrap_err();
            assert!(error.to_string().contains(location), "{error}");
        }
    }

    #[test]
    fn a_path_of_the_store_is_a_location_again() {
        let root = LakeRoot::parse("s3://bucket/lake/").unwrap();
        let location = root.location(&Path::from("a/b.parquet"));
        assert_eq!(location, "s3://bucket/lake/a/b.parquet");
        assert_eq!(root.path(&location).unwrap(), Path::from("a/b.parquet"));
    }

    #[test]
    fn a_relative_location_is_below_a_root_that_takes_those() {
        let strict = LakeRoot::parse("file:///data/lake").unwrap();
        assert!(strict.path("orders/a").is_err());
        let root = strict.taking_relative();
        for location in ["orders/a", "./orders/a", "file:///data/lake/orders/a"] {
            assert_eq!(root.path(location).unwrap().as_ref(), "orders/a");
        }
        assert!(root.path("s3://orders/a").is_err());
        assert!(root.path("../orders/a").is_err());
    }

    #[test]
    fn a_root_without_a_scheme_is_refused() {
        assert!(LakeRoot::parse("data/lake").is_err());
        assert!(LakeRoot::parse("://lake").is_err());
    }
}
