"""Runs the queries of a folder with DuckDB on the Parquet files of a lake, and prints what each one took.

Usage: tpch.py LAKE QUERIES

LAKE has a folder of Parquet files per table, somewhere below; QUERIES has q01.sql and so on. Every query is run
once before it is measured. Its planning is what EXPLAIN takes; the rest is its execution.
"""

import glob
import json
import sys
import time

import duckdb

TABLES = ["customer", "lineitem", "nation", "orders", "part", "partsupp", "region", "supplier"]


def main(lake, queries):
    connection = duckdb.connect()
    connection.execute("SET parquet_metadata_cache = true")
    for table in TABLES:
        files = sorted(glob.glob(f"{lake}/**/{table}/**/*.parquet", recursive=True))
        connection.execute(f"CREATE VIEW {table} AS SELECT * FROM read_parquet({files})")
    took = []
    for path in sorted(glob.glob(f"{queries}/q*.sql")):
        with open(path) as file:
            query = file.read()
        connection.execute(query).fetchall()
        started = time.perf_counter()
        connection.execute(f"EXPLAIN {query}").fetchall()
        planning = time.perf_counter() - started
        started = time.perf_counter()
        rows = len(connection.execute(query).fetchall())
        execution = max(time.perf_counter() - started - planning, 0.0)
        took.append({"rows": rows, "planning": planning, "execution": execution})
    print(json.dumps(took))


if __name__ == "__main__":
    main(*sys.argv[1:])
