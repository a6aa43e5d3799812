//! New tables of the lake.

use iceberg::table::Table;
use iceberg::{Catalog, NamespaceIdent, TableCreation, TableIdent};

use headwater_primitives::Result;

use crate::catalog::SqliteCatalog;
use crate::error::OrLake;
use crate::owner;
use crate::schema::LakeSchema;

/// Makes the table `ident`, in a lake that is this namespace's, with the columns of `schema`: by days of
/// `_written`, sorted by id.
pub(crate) async fn create_table(
    catalog: &SqliteCatalog,
    ident: &TableIdent,
    schema: &LakeSchema,
) -> Result<Table> {
    owner::claim(catalog.owner(), catalog.lake()).await?;
    let namespace: &NamespaceIdent = ident.namespace();
    if !catalog.namespace_exists(namespace).await.or_lake()? {
        catalog.create_namespace(namespace, Default::default()).await.or_lake()?;
    }
    let creation = TableCreation::builder()
        .name(ident.name().to_owned())
        .schema(schema.to_iceberg()?)
        .partition_spec(schema.partition_spec()?)
        .sort_order(schema.sort_order()?)
        .properties([schema.property()])
        .build();
    catalog.create_table(namespace, creation).await.or_lake()
}
