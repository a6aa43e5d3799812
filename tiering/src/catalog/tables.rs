//! Tables in the catalog: creating, loading, registering, renaming, dropping.

use headwater_primitives::fail;
use iceberg::spec::{TableMetadata, TableMetadataBuilder};
use iceberg::table::Table;
use iceberg::{MetadataLocation, NamespaceIdent, TableCreation, TableIdent};

use super::cache::MANIFEST_BYTES;
use super::failure::{Failure, Outcome};
use super::namespaces::must_exist;
use super::{SqliteCatalog, names, rows};

impl SqliteCatalog {
    pub(super) fn tables_in(&self, namespace: &NamespaceIdent) -> Outcome<Vec<TableIdent>> {
        let spelled = names::spell(namespace)?;
        self.look(|connection| {
            must_exist(connection, namespace)?;
            let names = rows::tables(connection, &spelled)?.into_iter();
            Ok(names.map(|name| TableIdent::new(namespace.clone(), name)).collect())
        })
    }

    pub(super) async fn create(
        &self,
        namespace: &NamespaceIdent,
        mut creation: TableCreation,
    ) -> Outcome<Table> {
        let table = TableIdent::new(namespace.clone(), creation.name.clone());
        self.must_be_free(&table)?;
        let location = match creation.location.take() {
            Some(location) => location.trim_end_matches('/').to_owned(),
            None => self.default_location(namespace, table.name())?,
        };
        self.lake.root().path(&location)?;
        creation.location = Some(location.clone());
        if let Some(remote) = &self.remote {
            let made = self.create_there(remote, &table, &creation).await?;
            fail::point("lake.catalog.created")?;
            self.put(&table, made.metadata_location_result()?).await?;
            return Ok(made);
        }
        let metadata = TableMetadataBuilder::from_table_creation(creation)?.build()?.metadata;
        let file = MetadataLocation::new_with_metadata(&location, &metadata);
        metadata.write_to(&self.io, &file).await?;
        let at = file.to_string();
        if let Err(failure) = self.put(&table, &at).await {
            if let Failure::Iceberg(_) = &failure {
                self.delete_quietly([at]).await;
            }
            return Err(failure);
        }
        self.assemble(&table, &at, metadata)
    }

    pub(super) async fn register(&self, table: &TableIdent, location: &str) -> Outcome<Table> {
        self.must_be_here("registering a table")?;
        self.must_be_free(table)?;
        let found = self.table_at(table, location).await?;
        self.put(table, location).await?;
        Ok(found)
    }

    pub(super) async fn current(&self, table: &TableIdent) -> Outcome<Table> {
        let location = self.look(|connection| rows::pointer(connection, table))?;
        self.table_at(table, &location).await
    }

    pub(super) async fn table_at(&self, table: &TableIdent, location: &str) -> Outcome<Table> {
        if let Some(known) = self.tables.find(table, location) {
            return Ok(known);
        }
        let metadata = TableMetadata::read_from(&self.io, location).await?;
        self.assemble(table, location, metadata)
    }

    pub(super) fn has_table(&self, table: &TableIdent) -> Outcome<bool> {
        Ok(self.look(|connection| rows::pointer_if_any(connection, table))?.is_some())
    }

    pub(super) async fn remove(&self, table: &TableIdent) -> Outcome<()> {
        self.must_be_here("dropping a table")?;
        let table = table.clone();
        self.change(move |tx| rows::delete(tx.sql(), &table)).await
    }

    pub(super) async fn purge(&self, table: &TableIdent) -> Outcome<()> {
        let found = self.current(table).await?;
        self.remove(table).await?;
        Ok(iceberg::drop_table_data(&found).await?)
    }

    pub(super) async fn rename(&self, from: &TableIdent, to: &TableIdent) -> Outcome<()> {
        self.must_be_here("renaming a table")?;
        let (from, to) = (from.clone(), to.clone());
        self.change(move |tx| rows::rename(tx.sql(), &from, &to)).await
    }

    pub(super) fn assemble(
        &self,
        table: &TableIdent,
        location: &str,
        metadata: TableMetadata,
    ) -> Outcome<Table> {
        let made = Table::builder()
            .identifier(table.clone())
            .metadata(metadata)
            .metadata_location(location)
            .file_io(self.io.clone())
            .cache_size_bytes(MANIFEST_BYTES)
            .runtime(self.runtime.clone())
            .build()?;
        self.tables.keep(&made);
        Ok(made)
    }

    /// Refuses early what the transaction would refuse after files were written.
    fn must_be_free(&self, table: &TableIdent) -> Outcome<()> {
        names::spell_table(table)?;
        self.look(|connection| must_exist(connection, table.namespace()))?;
        if self.has_table(table)? { Err(Failure::table_exists(table)) } else { Ok(()) }
    }

    async fn put(&self, table: &TableIdent, location: &str) -> Outcome<()> {
        let (table, location) = (table.clone(), location.to_owned());
        self.change(move |tx| rows::insert(tx.sql(), &table, &location)).await
    }
}
