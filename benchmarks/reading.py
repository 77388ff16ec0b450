"""How long reading a catalog takes beside one query of it.

    python -m benchmarks.reading [postgresql] [mariadb] [duckdb] [--tables 10000]

A database has so many tables of 12 columns, a primary key and 9 comments each. Arms
take turns:

- `query` (the baseline): the best single query that we know for schema, table, column,
  type, nullability, default and both comments, fetched to tuples by the bare driver. On
  MariaDB without the tables' comments: joined to them it takes minutes.
- `scan`: `Database.scan` to the last `Table`, each let go after it was counted, with
  keys, kinds, row estimates, definitions of views and privileges too.
- `save`: what storing those tables in the workspace takes, as a first scan does it, and
  with fingerprints for the next one.

All three run in one process that has connected (or opened the file) before; starting
the program is left out. With `--memory`, `columnist scan` runs as a command instead,
and its peak memory and time are printed for the size asked for and for a tenth of it;
beside it, for DuckDB, the peak memory of a process that opens the file and closes it.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from benchmarks import machine, measuring
from benchmarks.catalogs import Warehouse, warehouse
from benchmarks.measuring import Json
from catalog.addresses import DatabaseIdentity
from catalog.objects import Table
from catalog.rescan import Rescan
from catalog.snapshot import Snapshot
from catalog.workspace import Workspace
from connectors.connect import open_database
from tui.flow.scanning import SCAN_BATCH

DIALECTS = ("postgresql", "mariadb", "duckdb")
QUERIES = {
    "postgresql": """
        SELECT n.nspname::text, c.relname::text, a.attname::text,
               format_type(a.atttypid, a.atttypmod), a.attnotnull,
               pg_get_expr(x.adbin, x.adrelid), d.description, t.description
        FROM pg_class c
        JOIN pg_namespace n ON n.oid = c.relnamespace
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
          AND NOT a.attisdropped
        LEFT JOIN pg_attrdef x ON x.adrelid = c.oid AND x.adnum = a.attnum
        LEFT JOIN pg_description d ON d.classoid = 'pg_class'::regclass
          AND d.objoid = c.oid AND d.objsubid = a.attnum
        LEFT JOIN pg_description t ON t.classoid = 'pg_class'::regclass
          AND t.objoid = c.oid AND t.objsubid = 0
        WHERE c.relkind IN ('r', 'v', 'm', 'f', 'p') AND n.nspname = 'public'
        ORDER BY n.nspname, c.relname, a.attnum
    """,
    "mariadb": """
        SELECT table_schema, table_name, column_name, column_type, is_nullable,
               column_default, column_comment
        FROM information_schema.columns
        WHERE table_schema = 'bench'
        ORDER BY table_name, ordinal_position
    """,
    "duckdb": """
        SELECT c.schema_name, c.table_name, c.column_name, c.data_type, c.is_nullable,
               c.column_default, c.comment, t.comment
        FROM duckdb_columns() c JOIN duckdb_tables() t USING (table_oid)
        WHERE NOT c.internal
        ORDER BY c.schema_name, c.table_name, c.column_index
    """,
}


def bare(place: Warehouse) -> Callable[[], list[Any]]:
    """Fetches the query's rows with the driver alone, on a connection that is open."""
    from sqlalchemy import make_url

    url = make_url(place.url)
    sql = QUERIES[place.dialect]
    connection: Any
    if place.dialect == "postgresql":
        import psycopg

        connection = psycopg.connect(place.url, autocommit=True)
    elif place.dialect == "mariadb":
        import pymysql

        connection = pymysql.connect(
            host=url.host or "",
            port=url.port or 0,
            user=url.username,
            database=url.database,
        )
    else:
        import duckdb

        connection = duckdb.connect(str(url.database), read_only=True)

    def fetch() -> list[Any]:
        with closing(connection.cursor()) as cursor:
            cursor.execute(sql)
            return list(cursor.fetchall())

    return fetch


def measure(dialect: str, count: int, repeats: int) -> Json:
    """All arms on one database."""
    with tempfile.TemporaryDirectory(prefix="columnist-reading-") as name:
        folder = Path(name)
        _say(f"{dialect}: making {count:,} tables")
        with warehouse(dialect, count, folder, described=True) as place:
            seconds: dict[str, list[float]] = {"query": [], "scan": [], "save": []}
            for repeat in range(repeats):
                _say(f"{dialect} {repeat + 1}")
                # DuckDB takes one opening of a file in a process, so it is closed.
                arms = ("query", "scan") if repeat % 2 else ("scan", "query")
                for arm in arms:
                    if arm == "query":
                        seconds["query"].append(_query(place, count))
                    else:
                        scan, save = _scan(place, count, folder)
                        seconds["scan"].append(scan)
                        seconds["save"].append(save)
    return {
        "dialect": dialect,
        "tables": count,
        **{f"{arm}_seconds": measuring.median(seconds[arm]) for arm in seconds},
        "ratio": measuring.ratio(seconds["scan"], seconds["query"]).as_json(),
    }


def _query(place: Warehouse, count: int) -> float:
    fetch = bare(place)
    fetch()
    began = time.perf_counter()
    rows = fetch()
    took = time.perf_counter() - began
    assert len(rows) == count * 12, len(rows)
    return took


def _scan(place: Warehouse, count: int, folder: Path) -> tuple[float, float]:
    with open_database(place.url) as database, database.hold_open():
        next(iter(database.scan(schemas=["nowhere"])), None)
        began = time.perf_counter()
        found = sum(1 for _ in database.scan(schemas=[place.schema]))
        scan = time.perf_counter() - began
        tables = list(database.scan(schemas=[place.schema]))
    assert found == len(tables) == count, (found, len(tables))
    return scan, _save(tables, folder)


def _save(tables: list[Table], folder: Path) -> float:
    path = folder / f"workspace{time.monotonic_ns()}.db"
    with Workspace(path) as workspace:
        number = workspace.database(
            DatabaseIdentity("benchmark", "benchmark"), url="none://"
        )
        snapshot, rescan = Snapshot(workspace, number), Rescan(workspace, number)
        began = time.perf_counter()
        scan = snapshot.begin()
        for at in range(0, len(tables), SCAN_BATCH):
            rescan.save(tables[at : at + SCAN_BATCH], scan=scan)
        rescan.finish(snapshot.finish(scan))
        took = time.perf_counter() - began
    path.unlink()
    return took


def command(dialect: str, count: int) -> Json:
    """Peak memory and time of the command."""
    with tempfile.TemporaryDirectory(prefix="columnist-reading-") as name:
        folder = Path(name)
        _say(f"{dialect}: making {count:,} tables")
        with warehouse(dialect, count, folder, described=True) as place:
            options = ["--workspace", str(folder / "workspace.db"), "scan", place.url]
            opened = None
            if dialect == "duckdb":
                path = place.url.removeprefix("duckdb:///")
                sql = f"duckdb.connect({path!r}, read_only=True).execute('SELECT 1')"
                opened = _peak(f"import duckdb; {sql}")
            began = time.perf_counter()
            peak = _peak("from tui.cli import main; main()", *options, "--json")
            took = time.perf_counter() - began
    return {
        "dialect": dialect,
        "tables": count,
        "seconds": took,
        "peak_bytes": peak,
        "opening_bytes": opened,
    }


def _peak(code: str, *arguments: str) -> int:
    """Peak memory of a process that runs some code, in bytes."""
    # Not the usage that the kernel reports: it begins with the parent's.
    whole = (
        "import sys; from benchmarks.measuring import peak_memory\n"
        f"try: {code}\n"
        "finally: print(peak_memory(), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", whole, *arguments],
        capture_output=True,
        text=True,
        check=True,
    )
    return int(done.stderr.split()[-1])


def main() -> None:
    """Print the arms' times and their ratios, or the command's memory."""
    parser = measuring.arguments(__doc__)
    parser.add_argument("dialects", nargs="*", default=DIALECTS, metavar="DIALECT")
    parser.add_argument("--tables", type=int, default=10_000)
    parser.add_argument("--memory", action="store_true", help="of `columnist scan`")
    options = parser.parse_args()
    here = machine.machine(options.threads)
    if options.memory:
        sizes = (options.tables // 10, options.tables)
        rows = [command(name, size) for name in options.dialects for size in sizes]
        head = ["database", "tables", "seconds", "ms a table", "peak MiB", "opening"]
        cells = [
            [
                row["dialect"],
                f"{row['tables']:,}",
                f"{row['seconds']:.1f}",
                f"{1000 * row['seconds'] / row['tables']:.2f}",
                measuring.mebibytes(row["peak_bytes"]),
                measuring.mebibytes(row["opening_bytes"])
                if row["opening_bytes"]
                else "",
            ]
            for row in rows
        ]
    else:
        rows = [
            measure(one, options.tables, options.repeats) for one in options.dialects
        ]
        head = ["database", "tables", "query s", "scan s", "scan/query", "save s"]
        cells = [
            [
                row["dialect"],
                f"{row['tables']:,}",
                f"{row['query_seconds']:.2f}",
                f"{row['scan_seconds']:.2f}",
                measuring.ratio_text(row["ratio"]),
                f"{row['save_seconds']:.2f}",
            ]
            for row in rows
        ]
    if options.json:
        report = {"benchmark": "reading", "machine": here.as_json(), "rows": rows}
        print(json.dumps(report, indent=2))
        return
    print("\n".join(here.lines()))
    print(measuring.table(head, cells))


def _say(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
