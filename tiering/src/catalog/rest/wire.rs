//! The bodies of requests and answers, as far as they are read here.

use std::collections::HashMap;

use iceberg::spec::{Schema, SortOrder, UnboundPartitionSpec};
use iceberg::{TableCreation, TableIdent, TableRequirement, TableUpdate};
use serde::{Deserialize, Serialize};

/// What the catalog asks its clients to do.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Config {
    #[serde(default)]
    overrides: HashMap<String, String>,
    #[serde(default)]
    defaults: HashMap<String, String>,
}

impl Config {
    /// What stands in addresses after the protocol's version.
    pub(super) fn prefix(&self) -> Option<&str> {
        let named = |settings: &HashMap<String, String>| settings.contains_key("prefix");
        let settings = if named(&self.overrides) { &self.overrides } else { &self.defaults };
        settings.get("prefix").map(|prefix| prefix.trim_matches('/'))
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct Token {
    pub(super) access_token: String,
}

#[derive(Serialize)]
pub(super) struct CreateNamespace<'a> {
    pub(super) namespace: &'a [String],
    pub(super) properties: HashMap<String, String>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct CreateTable<'a> {
    name: &'a str,
    location: Option<&'a str>,
    schema: &'a Schema,
    partition_spec: Option<&'a UnboundPartitionSpec>,
    write_order: Option<&'a SortOrder>,
    properties: &'a HashMap<String, String>,
    stage_create: bool,
}

impl<'a> From<&'a TableCreation> for CreateTable<'a> {
    fn from(creation: &'a TableCreation) -> Self {
        CreateTable {
            name: &creation.name,
            location: creation.location.as_deref(),
            schema: &creation.schema,
            partition_spec: creation.partition_spec.as_ref(),
            write_order: creation.sort_order.as_ref(),
            properties: &creation.properties,
            stage_create: false,
        }
    }
}

#[derive(Serialize)]
pub(super) struct CommitTable<'a> {
    pub(super) identifier: &'a TableIdent,
    pub(super) requirements: &'a [TableRequirement],
    pub(super) updates: &'a [TableUpdate],
}

/// A table, of which the rest is read in its metadata file.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Table {
    pub(super) metadata_location: Option<String>,
}

/// Why a request was refused.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Refusal {
    #[serde(default)]
    error: RefusalError,
}

#[derive(Debug, Default, Deserialize)]
struct RefusalError {
    #[serde(default)]
    message: String,
    #[serde(default, rename = "type")]
    name: String,
}

impl Refusal {
    /// What an answer says, whatever it is.
    pub(super) fn of(body: &[u8]) -> String {
        let Refusal { error } = serde_json::from_slice(body).unwrap_or_default();
        match (&*error.name, &*error.message) {
            ("", "") => String::from_utf8_lossy(&body[..body.len().min(200)]).into_owned(),
            ("", message) => message.to_owned(),
            (name, message) => format!("{name}: {message}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_prefix_that_is_forced_comes_before_the_one_that_is_offered() {
        let prefix = |json: &str| {
            let config: Config = serde_json::from_str(json).unwrap();
            config.prefix().map(str::to_owned)
        };
        assert_eq!(prefix("{}"), None);
        assert_eq!(prefix(r#"{"defaults":{"prefix":"a/"}}"#).as_deref(), Some("a"));
        let both = r#"{"defaults":{"prefix":"a"},"overrides":{"prefix":"b"}}"#;
        assert_eq!(prefix(both).as_deref(), Some("b"));
    }

    #[test]
    fn a_refusal_says_what_the_catalog_said() {
        let said = br#"{"error":{"message":"no","type":"NotAuthorizedException","code":401}}"#;
        assert_eq!(Refusal::of(said), "NotAuthorizedException: no");
        assert_eq!(Refusal::of(b"<html>"), "<html>");
        assert_eq!(Refusal::of(br#"{"error":{"message":"no"}}"#), "no");
    }
}
