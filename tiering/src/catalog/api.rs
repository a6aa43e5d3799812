//! Iceberg's `Catalog` trait, each method in a word.

use std::collections::HashMap;

use async_trait::async_trait;
use iceberg::table::Table;
use iceberg::{Catalog, Namespace, NamespaceIdent, Result, TableCommit, TableCreation, TableIdent};

use super::SqliteCatalog;
use super::failure::Failure;

#[async_trait]
impl Catalog for SqliteCatalog {
    async fn list_namespaces(
        &self,
        parent: Option<&NamespaceIdent>,
    ) -> Result<Vec<NamespaceIdent>> {
        self.namespaces_below(parent).map_err(Failure::into_iceberg)
    }

    async fn create_namespace(
        &self,
        namespace: &NamespaceIdent,
        properties: HashMap<String, String>,
    ) -> Result<Namespace> {
        self.add_namespace(namespace, properties).await.map_err(Failure::into_iceberg)
    }

    async fn get_namespace(&self, namespace: &NamespaceIdent) -> Result<Namespace> {
        self.namespace(namespace).map_err(Failure::into_iceberg)
    }

    async fn namespace_exists(&self, namespace: &NamespaceIdent) -> Result<bool> {
        self.has_namespace(namespace).map_err(Failure::into_iceberg)
    }

    async fn update_namespace(
        &self,
        namespace: &NamespaceIdent,
        properties: HashMap<String, String>,
    ) -> Result<()> {
        self.replace_properties(namespace, properties).await.map_err(Failure::into_iceberg)
    }

    async fn drop_namespace(&self, namespace: &NamespaceIdent) -> Result<()> {
        self.remove_namespace(namespace).await.map_err(Failure::into_iceberg)
    }

    async fn list_tables(&self, namespace: &NamespaceIdent) -> Result<Vec<TableIdent>> {
        self.tables_in(namespace).map_err(Failure::into_iceberg)
    }

    async fn create_table(
        &self,
        namespace: &NamespaceIdent,
        creation: TableCreation,
    ) -> Result<Table> {
        self.create(namespace, creation).await.map_err(Failure::into_iceberg)
    }

    async fn load_table(&self, table: &TableIdent) -> Result<Table> {
        self.current(table).await.map_err(Failure::into_iceberg)
    }

    async fn drop_table(&self, table: &TableIdent) -> Result<()> {
        self.remove(table).await.map_err(Failure::into_iceberg)
    }

    async fn purge_table(&self, table: &TableIdent) -> Result<()> {
        self.purge(table).await.map_err(Failure::into_iceberg)
    }

    async fn table_exists(&self, table: &TableIdent) -> Result<bool> {
        self.has_table(table).map_err(Failure::into_iceberg)
    }

    async fn rename_table(&self, src: &TableIdent, dest: &TableIdent) -> Result<()> {
        self.rename(src, dest).await.map_err(Failure::into_iceberg)
    }

    async fn register_table(&self, table: &TableIdent, metadata_location: String) -> Result<Table> {
        self.register(table, &metadata_location).await.map_err(Failure::into_iceberg)
    }

    async fn update_table(&self, mut commit: TableCommit) -> Result<Table> {
        let (requirements, updates) = (commit.take_requirements(), commit.take_updates());
        let committed = self.commit(commit.identifier(), requirements, updates, |_| Ok(())).await;
        committed.map_err(Failure::into_iceberg)
    }
}
