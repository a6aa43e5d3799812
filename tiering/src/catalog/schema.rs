//! The catalog's tables: those of pyiceberg's `SqlCatalog`, column for column, and one of our own.

use headwater_primitives::Part;

/// The catalog's name in its tables; whoever opens them with pyiceberg passes the same one.
pub const CATALOG_NAME: &str = "headwater";

/// Types, keys and names are what `SqlCatalog` of pyiceberg 0.12 makes (its schema "v1"), so that it
/// finds its tables here and changes nothing.
pub(crate) const PART: Part = Part {
    name: "tiering.catalog",
    migrations: &[
        "
CREATE TABLE iceberg_tables(
    catalog_name VARCHAR(255) NOT NULL,
    table_namespace VARCHAR(255) NOT NULL,
    table_name VARCHAR(255) NOT NULL,
    metadata_location VARCHAR(1000),
    previous_metadata_location VARCHAR(1000),
    iceberg_type VARCHAR(5),
    PRIMARY KEY (catalog_name, table_namespace, table_name)
);
CREATE TABLE iceberg_namespace_properties(
    catalog_name VARCHAR(255) NOT NULL,
    namespace VARCHAR(255) NOT NULL,
    property_key VARCHAR(255) NOT NULL,
    property_value VARCHAR(1000) NOT NULL,
    PRIMARY KEY (catalog_name, namespace, property_key)
);
",
        "
-- Snapshots that a catalog elsewhere was asked to commit, and that nothing here is noted for yet.
CREATE TABLE tiering_pending(
    table_namespace TEXT NOT NULL,
    table_name TEXT NOT NULL,
    snapshot INTEGER NOT NULL,
    PRIMARY KEY(table_namespace, table_name, snapshot)
) WITHOUT ROWID;
",
    ],
};
