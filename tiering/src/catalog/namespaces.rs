//! Iceberg's namespaces in the catalog.

use std::collections::{BTreeSet, HashMap};

use headwater_primitives::rusqlite::Connection;
use iceberg::{Namespace, NamespaceIdent};

use super::SqliteCatalog;
use super::failure::{Failure, Outcome};
use super::names::{read, spell};
use super::rows;

/// The row by which a namespace without properties exists; pyiceberg writes the same.
const MARKER: (&str, &str) = ("exists", "true");

type Properties = HashMap<String, String>;

impl SqliteCatalog {
    pub(super) fn namespaces_below(
        &self,
        parent: Option<&NamespaceIdent>,
    ) -> Outcome<Vec<NamespaceIdent>> {
        let levels: &[String] = match parent {
            Some(parent) => parent,
            None => &[],
        };
        self.look(|connection| {
            if let Some(parent) = parent {
                must_exist(connection, parent)?;
            }
            let mut found = BTreeSet::new();
            for name in rows::namespaces(connection)? {
                let name = read(&name)?;
                if name.len() > levels.len() && name.starts_with(levels) {
                    found.insert(name[..=levels.len()].to_vec());
                }
            }
            found.into_iter().map(|name| Ok(NamespaceIdent::from_vec(name)?)).collect()
        })
    }

    pub(super) async fn add_namespace(
        &self,
        name: &NamespaceIdent,
        properties: Properties,
    ) -> Outcome<Namespace> {
        let spelled = spell(name)?;
        let (wanted, made) = (name.clone(), Namespace::with_properties(name.clone(), properties));
        let properties = made.properties().clone();
        self.change(move |tx| {
            if rows::namespace_exists(tx.sql(), &spelled)? {
                return Err(Failure::namespace_exists(&wanted));
            }
            rows::set_properties(tx.sql(), &spelled, marked(&properties))
        })
        .await?;
        Ok(made)
    }

    pub(super) fn namespace(&self, name: &NamespaceIdent) -> Outcome<Namespace> {
        self.look(|connection| {
            must_exist(connection, name)?;
            let rows = rows::properties(connection, &spell(name)?)?;
            let own = rows.into_iter().filter(|(key, value)| (&**key, &**value) != MARKER);
            Ok(Namespace::with_properties(name.clone(), own.collect()))
        })
    }

    pub(super) fn has_namespace(&self, name: &NamespaceIdent) -> Outcome<bool> {
        let spelled = spell(name)?;
        self.look(|connection| rows::namespace_exists(connection, &spelled))
    }

    pub(super) async fn replace_properties(
        &self,
        name: &NamespaceIdent,
        properties: Properties,
    ) -> Outcome<()> {
        let (name, spelled) = (name.clone(), spell(name)?);
        self.change(move |tx| {
            must_exist(tx.sql(), &name)?;
            rows::set_properties(tx.sql(), &spelled, marked(&properties))
        })
        .await
    }

    pub(super) async fn remove_namespace(&self, name: &NamespaceIdent) -> Outcome<()> {
        let (name, spelled) = (name.clone(), spell(name)?);
        self.change(move |tx| {
            must_exist(tx.sql(), &name)?;
            if let Some(table) = rows::tables(tx.sql(), &spelled)?.first() {
                return Err(Failure::namespace_in_use(&name, &format!("table {table}")));
            }
            let below = format!("{spelled}.");
            let names = rows::namespaces(tx.sql())?;
            if let Some(child) = names.iter().find(|other| other.starts_with(&below)) {
                return Err(Failure::namespace_in_use(&name, &format!("namespace {child}")));
            }
            rows::delete_properties(tx.sql(), &spelled)
        })
        .await
    }
}

pub(super) fn must_exist(connection: &Connection, name: &NamespaceIdent) -> Outcome<()> {
    if rows::namespace_exists(connection, &spell(name)?)? {
        Ok(())
    } else {
        Err(Failure::no_namespace(name))
    }
}

/// The properties, or the marker where there is none.
fn marked(properties: &Properties) -> impl Iterator<Item = (&str, &str)> {
    let own = properties.iter().map(|(key, value)| (&**key, &**value));
    own.chain(properties.is_empty().then_some(MARKER))
}
