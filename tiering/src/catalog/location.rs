//! Where tables and their metadata files are.

use std::str::FromStr;

use iceberg::spec::TableMetadata;
use iceberg::{MetadataLocation, NamespaceIdent};
use uuid::Uuid;

use super::SqliteCatalog;
use super::failure::Outcome;

/// The property that says where a namespace's tables are put.
const LOCATION: &str = "location";

impl SqliteCatalog {
    /// Where a table is put of which the creator does not say.
    pub(super) fn default_location(
        &self,
        namespace: &NamespaceIdent,
        table: &str,
    ) -> Outcome<String> {
        let known = self.namespace(namespace)?;
        let base = match known.properties().get(LOCATION) {
            Some(location) => location.trim_end_matches('/').to_owned(),
            None => format!("{}/{}", self.lake.root(), namespace.join("/")),
        };
        Ok(format!("{base}/{table}"))
    }
}

/// The name of the metadata file after the one at `current`: the next number, and a new UUID.
pub(super) fn next(current: &str, new: &TableMetadata) -> Outcome<MetadataLocation> {
    let next = match MetadataLocation::from_str(current) {
        Ok(current) => current.with_next_version(),
        // A registered table may have a name of another engine's, such as `v3.metadata.json`.
        Err(_) => {
            let number = number_in(current).unwrap_or(new.metadata_log().len());
            let location = new.location().trim_end_matches('/');
            let name = format!(
                "{location}/metadata/{:05}-{}.metadata.json",
                number.saturating_add(1),
                Uuid::new_v4()
            );
            MetadataLocation::from_str(&name)?
        }
    };
    Ok(next.with_new_metadata(new))
}

/// The first number in the file's name.
pub(super) fn number_in(location: &str) -> Option<usize> {
    let name = location.rsplit('/').next()?;
    let from = name.find(|c: char| c.is_ascii_digit())?;
    let digits = &name[from..];
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    digits[..end].parse().ok().filter(|number| *number < 1_000_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_a_foreign_metadata_file_is_carried_on() {
        let cases = [
            ("file:///t/metadata/v3.metadata.json", Some(3)),
            ("file:///t7/metadata/00012-abc.gz.metadata.json", Some(12)),
            ("file:///t7/metadata/latest.metadata.json", None),
        ];
        for (location, number) in cases {
            assert_eq!(number_in(location), number, "{location}");
        }
    }
}
