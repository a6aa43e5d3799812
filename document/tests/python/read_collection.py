"""Reads a collection's rows in the lake with pyiceberg and with DuckDB, and prints both as JSON.

Usage: read_collection.py HOT_DB|URI#WAREHOUSE TABLE

pyiceberg reads the catalog: hot.db, which is opened read-only, or a REST catalog. DuckDB reads the Parquet files alone, without
those rows that the files of position deletes name. Each gives its rows as {column: value}.
"""

import datetime
import decimal
import json
import sys

import duckdb
from pyiceberg.catalog.rest import RestCatalog
from pyiceberg.catalog.sql import SqlCatalog


def plain(value):
    if isinstance(value, (datetime.datetime, datetime.date)):
        return value.isoformat()
    if isinstance(value, decimal.Decimal):
        return str(value)
    return value


def rows(table):
    return [{name: plain(value) for name, value in row.items()} for row in table.to_pylist()]


def path(file):
    return file.file_path.removeprefix("file://")


def parquet(table):
    data, deletes = set(), set()
    for task in table.scan().plan_files():
        data.add(path(task.file))
        deletes.update(path(file) for file in task.delete_files)
    if not data:
        return []
    # A folder of a partition is not a column, and no reader is to take it for one.
    files = f"read_parquet({sorted(data)}, union_by_name=true, hive_partitioning=false, "
    files += "filename=true, file_row_number=true)"
    query = f"SELECT * EXCLUDE (filename, file_row_number) FROM {files} AS data"
    if deletes:
        query += f" ANTI JOIN read_parquet({sorted(deletes)}, hive_partitioning=false) AS gone"
        query += " ON gone.file_path = 'file://' || data.filename AND gone.pos = data.file_row_number"
    duckdb.sql("SET TimeZone = 'UTC'")
    return rows(duckdb.sql(query).to_arrow_table())


def catalog_at(place):
    if place.startswith("http://"):
        uri, warehouse = place.split("#")
        return RestCatalog("elsewhere", uri=uri, warehouse=warehouse)
    return SqlCatalog("headwater", uri=f"sqlite:///file:{place}?mode=ro&uri=true")


def main(place, name):
    table = catalog_at(place).load_table(name)
    fields = [f for f in table.schema().fields]
    print(json.dumps({
        "types": {field.name: str(field.field_type) for field in fields},
        "pyiceberg": rows(table.scan().to_arrow()),
        "duckdb": parquet(table),
    }))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
