"""Reads a lake with pyiceberg and DuckDB, and prints what it finds as JSON.

Usage: read_lake.py HOT_DB TABLE [SNAPSHOT ...]

The catalog is opened read-only. For the table now, and for each snapshot: how many rows, the sums of
"id" and "amount", and the columns. DuckDB then reads the data files of the table as plain Parquet.
"""

import json
import sys

import duckdb
from pyiceberg.catalog.sql import SqlCatalog


def rows(scan):
    table = scan.to_arrow()
    return {
        "rows": table.num_rows,
        "ids": sum(table["id"].to_pylist()),
        "amount": sum(table["amount"].to_pylist()),
        "columns": table.column_names,
    }


def parquet(table):
    files = [task.file.file_path.removeprefix("file://") for task in table.scan().plan_files()]
    if not files:
        return {"rows": 0, "ids": 0}
    found = duckdb.sql(f"SELECT count(*), sum(id) FROM read_parquet({files})").fetchall()[0]
    return {"rows": found[0], "ids": int(found[1])}


def main(hot, name, snapshots):
    catalog = SqlCatalog("headwater", uri=f"sqlite:///file:{hot}?mode=ro&uri=true")
    table = catalog.load_table(name)
    print(json.dumps({
        "namespaces": [".".join(namespace) for namespace in catalog.list_namespaces()],
        "tables": sorted(".".join(table) for table in catalog.list_tables("document")),
        "now": rows(table.scan()),
        "snapshots": {id: rows(table.scan(snapshot_id=int(id))) for id in snapshots},
        "known": sorted(str(snapshot.snapshot_id) for snapshot in table.snapshots()),
        "schema": {field.name: str(field.field_type) for field in table.schema().fields},
        "parquet": parquet(table),
    }))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
