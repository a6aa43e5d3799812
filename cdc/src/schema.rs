//! The tables of this part.

use headwater_primitives::Part;

/// Cursors, retention and floors.
pub(crate) const PART: Part = Part {
    name: "cdc",
    migrations: &["
CREATE TABLE cdc_cursors(
    name TEXT PRIMARY KEY,
    owner TEXT NOT NULL,
    epoch INTEGER,
    sequence INTEGER,
    snapshot BLOB,
    updated INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE cdc_retention(
    log TEXT PRIMARY KEY,
    age INTEGER,
    bytes INTEGER,
    cap INTEGER
) WITHOUT ROWID;
CREATE TABLE cdc_floors(
    log TEXT NOT NULL,
    name TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    PRIMARY KEY(log, name)
) WITHOUT ROWID;
"],
};
