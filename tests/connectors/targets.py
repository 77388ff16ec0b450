"""The three databases that are proved, behind one face, for tests of the contract."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import duckdb

from catalog.change import CommentChange, Outcome, WriteResult
from catalog.objects import Table, TableId, Target
from catalog.stopping import Stop, never
from connectors.connect import open_database
from connectors.database import Database
from connectors.dialects.dialect import dialect_named
from connectors.ledger import Ledger
from connectors.run import AS_USUAL, Allowed, Run, joined
from connectors.script import render_script
from tests import servers
from tests.connectors.recording import RecordingLedger
from tests.servers import execute, postgres_program, unavailable


@dataclass
class Proved:
    """One proved database with an empty schema to use."""

    name: str
    """Its dialect."""
    url: str
    """Where it is."""
    schema: str
    """The schema that tests fill."""
    run: Callable[..., list[tuple[object, ...]]]
    """Runs statements beside Columnist."""
    dump: Callable[[], str]
    """Everything about the schema but its rows."""

    def quote(self, name: str) -> str:
        mark = "`" if self.name == "mariadb" else '"'
        return mark + name.replace(mark, mark * 2) + mark

    def open(self, **options: object) -> Database:
        return open_database(self.url, **options)  # type: ignore[arg-type]

    def id(self, name: str) -> TableId:
        return TableId(self.schema, name)


def changes_to(table: Table, text: str | None) -> list[CommentChange]:
    """A change to every target of a table, from what it says now."""
    return [
        CommentChange(target, table.comment_of(target), text)
        for target in table.targets()
    ]


def write(
    database: Database,
    table: Table,
    changes: Sequence[CommentChange],
    ledger: RecordingLedger | None = None,
    *,
    allow_rebuild: bool = False,
) -> list[WriteResult]:
    """Writes and checks that every intent was closed with its result."""
    return execute_run(
        database, plan(database, table, changes, allow_rebuild=allow_rebuild), ledger
    )


def plan(
    database: Database,
    table: Table,
    changes: Sequence[CommentChange],
    *,
    allow_rebuild: bool = False,
) -> Run:
    """What writing changes to one table would execute; also where it is unproved."""
    work = [(table, changes)]
    return database.plan_run(work, Allowed(rebuild=allow_rebuild, unproved=True))


def refusal(
    database: Database, table: Table, change: CommentChange, *, unproved: bool = False
) -> str | None:
    """Why one change has no statement."""
    run = database.plan_run([(table, [change])], Allowed(unproved=unproved))
    assert len(run.changes) + len(run.refused) == 1
    return run.refused[0][1] if run.refused else None


def execute_run(
    database: Database, run: Run, ledger: RecordingLedger | None = None
) -> list[WriteResult]:
    """Executes it and checks that every intent was closed with its result."""
    ledger = ledger or RecordingLedger()
    results = list(database.execute([run], ledger))
    assert not ledger.open
    return results


def script_for(name: str, work: Iterable[tuple[Table, Sequence[CommentChange]]]) -> str:
    """A script for a dialect that needs no connection to render."""
    dialect = dialect_named(name)
    assert dialect is not None
    runs = (dialect.plan(None, *each, Allowed(unproved=True)) for each in work)
    return render_script(dialect, joined(runs))


def executing(
    database: Database,
    work: Iterable[tuple[Table, Sequence[CommentChange]]],
    ledger: Ledger,
    allowed: Allowed = AS_USUAL,
    *,
    stop: Stop = never,
) -> Iterator[WriteResult]:
    """Plans table after table and executes what was planned."""
    runs = database.plan_tables(work, allowed)
    return database.execute(runs, ledger, stop=stop)


def outcomes(results: Sequence[WriteResult]) -> dict[Target, Outcome]:
    return {result.change.target: result.outcome for result in results}


def all_written(results: Sequence[WriteResult]) -> bool:
    assert results
    wrong = [result for result in results if result.outcome is not Outcome.WRITTEN]
    assert not wrong, wrong
    return True


def fresh(database: Database, table_id: TableId) -> Table:
    table = database.read(table_id)
    assert table is not None
    return table


@contextmanager
def _duckdb_run(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    connection = duckdb.connect(str(path))
    try:
        yield connection
    finally:
        connection.close()


def duckdb_target(folder: Path) -> Proved:
    path = folder / "warehouse.duckdb"
    with _duckdb_run(path):
        pass

    def run(*statements: str) -> list[tuple[object, ...]]:
        rows: list[tuple[object, ...]] = []
        with _duckdb_run(path) as connection:
            for statement in statements:
                rows = connection.execute(statement).fetchall()
        return rows

    def dump() -> str:
        tables = "SELECT schema_name, table_name, comment, sql FROM duckdb_tables()"
        views = "SELECT schema_name, view_name, comment, sql FROM duckdb_views()"
        columns = (
            "SELECT schema_name, table_name, column_name, data_type, column_default, "
            "is_nullable, comment FROM duckdb_columns()"
        )
        return "\n".join(
            repr(row)
            for query in (tables, views, columns)
            for row in run(query + " WHERE NOT internal ORDER BY ALL")
        )

    return Proved("duckdb", f"duckdb:///{path}", "main", run, dump)


def postgresql_target(url: str) -> Proved:
    def dump() -> str:
        program = postgres_program("pg_dump")
        if program is None:
            unavailable("pg_dump is not installed")
        done = subprocess.run(
            [program, "--schema-only", url], capture_output=True, text=True, check=True
        )
        # Newer versions begin with a random token.
        return re.sub(r"\\(un)?restrict .*", "", done.stdout)

    def run(*statements: str) -> list[tuple[object, ...]]:
        return execute(url, *statements)

    return Proved("postgresql", url, "public", run, dump)


def mariadb_target(url: str, given: servers.Run | None = None) -> Proved:
    schema = url.rsplit("/", 1)[1]
    run = given or partial(execute, url)

    def dump() -> str:
        names = [
            str(row[0])
            for row in run(
                "SELECT table_name FROM information_schema.tables "
                f"WHERE table_schema = '{schema}' ORDER BY 1"
            )
        ]
        if not names:
            return ""
        quoted = ["`" + name.replace("`", "``") + "`" for name in names]
        texts = [repr(run(f"SHOW CREATE TABLE {name}")) for name in quoted]
        shapes = run(
            "SELECT g_table_name, g_geometry_column, srid FROM "
            f"information_schema.geometry_columns WHERE g_table_schema = '{schema}' "
            "ORDER BY 1, 2"
        )
        return "\n".join([*texts, repr(shapes)])

    return Proved("mariadb", url, schema, run, dump)


def mariadb_client() -> str | None:
    return shutil.which("mariadb") or shutil.which("mysql")
