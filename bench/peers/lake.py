"""Moves the rows of a SQLite table to an Iceberg table and to a Parquet file, and prints how long each took.

Usage: lake.py ROWS_DB FOLDER

The table is rows(id INTEGER PRIMARY KEY, body TEXT): a JSON object each. pyiceberg's job begins with
reading it; it is committed with the append, and released when the bodies in the table are empty. DuckDB's is
the COPY alone, of the same Arrow table, sorted.
"""

import json
import os
import sqlite3
import sys
import time

import duckdb
import pyarrow as pa
import pyarrow.json
from pyiceberg.catalog.sql import SqlCatalog

CHUNK = 100_000


def rows(path):
    """All rows as one Arrow table; the JSON is parsed by Arrow, which is faster than Python."""
    tables = []
    cursor = sqlite3.connect(path).execute("SELECT body FROM rows ORDER BY id")
    while chunk := cursor.fetchmany(CHUNK):
        lines = "\n".join(body for (body,) in chunk)
        tables.append(pa.json.read_json(pa.py_buffer(lines.encode())))
    return pa.concat_tables(tables)


def empty(path):
    """What a hand-off leaves of the rows. Nobody waits for the database meanwhile, so it is one transaction."""
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    with connection:
        connection.execute("UPDATE rows SET body = ''")
    connection.close()


def size(folder, suffix):
    paths = (os.path.join(at, name) for at, _, names in os.walk(folder) for name in names)
    return sum(os.path.getsize(path) for path in paths if path.endswith(suffix))


def main(db, folder):
    os.makedirs(folder)
    catalog = SqlCatalog("peer", uri=f"sqlite:///{folder}/catalog.db", warehouse=f"file://{folder}/lake")
    catalog.create_namespace("document")
    started = time.perf_counter()
    orders = rows(db)
    catalog.create_table("document.orders", schema=orders.schema).append(orders)
    appended = time.perf_counter() - started
    empty(db)
    emptied = time.perf_counter() - started

    connection = duckdb.connect()
    connection.execute("SET threads = 1")
    file = f"{folder}/rows.parquet"
    started = time.perf_counter()
    connection.execute(f"COPY (SELECT * FROM orders ORDER BY id) TO '{file}' (FORMAT parquet, COMPRESSION zstd)")
    copied = time.perf_counter() - started
    print(json.dumps({
        "rows": orders.num_rows,
        "pyiceberg": {"committed": appended, "released": emptied, "bytes": size(f"{folder}/lake", ".parquet")},
        "duckdb": {"committed": copied, "bytes": os.path.getsize(file)},
    }))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
