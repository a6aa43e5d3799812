//! The lake's own tables in the hot tier.

use headwater_primitives::Part;

/// What the hot tier knows of the lake, beside the catalog.
pub(crate) const PART: Part = Part {
    name: "tiering",
    migrations: &["
-- Where the lake is: one row.
CREATE TABLE tiering_lake(
    id INTEGER PRIMARY KEY CHECK(id = 1),
    location TEXT NOT NULL,
    -- The namespace's folder when the lake was made in it.
    home TEXT
);
-- A table of a store that has rows in the lake, or had.
CREATE TABLE tiering_tables(
    id INTEGER PRIMARY KEY,
    store TEXT NOT NULL,
    name TEXT NOT NULL,
    -- Every row of a version up to this one was handed off, or may not be.
    watermark INTEGER NOT NULL DEFAULT 0,
    UNIQUE(store, name)
);
-- Versions in the lake that are over: a key in the key codec, and the version.
CREATE TABLE tiering_tombstones(
    tiered INTEGER NOT NULL REFERENCES tiering_tables(id),
    key BLOB NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY(tiered, key, version)
) WITHOUT ROWID;
-- Hand-offs that are committed, and whose rows are not all stubs yet. Files and rows come in the order
-- of `number` and of their position; those before (file, position) are done.
CREATE TABLE tiering_releases(
    tiered INTEGER PRIMARY KEY REFERENCES tiering_tables(id),
    snapshot INTEGER NOT NULL,
    file INTEGER NOT NULL DEFAULT 0,
    position INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE tiering_release_files(
    tiered INTEGER NOT NULL REFERENCES tiering_tables(id),
    number INTEGER NOT NULL,
    path TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    rows INTEGER NOT NULL,
    PRIMARY KEY(tiered, number)
) WITHOUT ROWID;
-- The change log's events in the lake: one row, once there are any.
CREATE TABLE tiering_events(
    id INTEGER PRIMARY KEY CHECK(id = 1),
    -- The first and the last one, with all between them.
    first INTEGER NOT NULL,
    last INTEGER NOT NULL
);
-- Files that no snapshot of their table reaches any more, and that are to be deleted.
CREATE TABLE tiering_unreachable(
    tiered INTEGER NOT NULL REFERENCES tiering_tables(id),
    location TEXT NOT NULL,
    -- The number of the first metadata file of the table that does not reach it.
    metadata INTEGER NOT NULL,
    -- Since when, in microseconds since 1970.
    since INTEGER NOT NULL,
    PRIMARY KEY(tiered, location)
) WITHOUT ROWID;
", "
-- The REST catalog that has the tables, and its warehouse; none when they are in this file.
ALTER TABLE tiering_lake ADD COLUMN catalog TEXT;
ALTER TABLE tiering_lake ADD COLUMN warehouse TEXT;
", "
-- What the namespace is called in the lake; none before it makes the first table.
ALTER TABLE tiering_lake ADD COLUMN owner TEXT;
"],
};
