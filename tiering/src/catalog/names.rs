//! How names of namespaces and tables are spelled in the catalog's rows.

use iceberg::{ErrorKind, NamespaceIdent, TableIdent};

use super::failure::{Failure, Outcome};

/// What `VARCHAR(255)` of the layout allows.
const MAX_NAME: usize = 255;

/// A namespace's name in the rows: its levels joined by dots.
pub(super) fn spell(namespace: &NamespaceIdent) -> Outcome<String> {
    let bad = namespace.iter().find(|level| level.is_empty() || level.contains('.'));
    if let Some(level) = bad {
        return refuse(format!(
            "namespace level {level:?} is empty or has a dot: dots separate levels in this catalog"
        ));
    }
    let joined = namespace.join(".");
    if joined.len() > MAX_NAME {
        return refuse(format!("namespace {joined:?} is longer than {MAX_NAME} bytes"));
    }
    Ok(joined)
}

/// The namespace that a row spells so.
pub(super) fn read(spelled: &str) -> Outcome<NamespaceIdent> {
    Ok(NamespaceIdent::from_strs(spelled.split('.'))?)
}

/// The spelled namespace of `table`, once its name is one that engines can read back.
pub(super) fn spell_table(table: &TableIdent) -> Outcome<String> {
    let name = table.name();
    if name.is_empty() || name.len() > MAX_NAME || name.contains(['.', '/']) {
        return refuse(format!(
            "table name {name:?} is empty, longer than {MAX_NAME} bytes, or has a dot or a slash"
        ));
    }
    spell(table.namespace())
}

fn refuse<T>(message: String) -> Outcome<T> {
    Err(Failure::Iceberg(iceberg::Error::new(ErrorKind::DataInvalid, message)))
}
