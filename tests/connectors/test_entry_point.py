"""A dialect that another package brings, found by its entry point."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ACME = """
from catalog.objects import Column, ColumnId, Table, TableId, TableKind
from connectors.dialects.bases.sequential import SequentialDialect
from connectors.database_session import DatabaseSession, SessionSource


class AcmeSession(DatabaseSession):
    def run(self, sql):
        raise AssertionError(sql)

    rows = run

    def witness(self):
        return self

    def close(self):
        pass


class AcmeSource(SessionSource):
    def open(self, *, write):
        return AcmeSession()

    def close(self):
        pass


TABLE = TableId("s", "t")
TABLES = [Table(TABLE, TableKind.TABLE, (Column(ColumnId(TABLE, "c"), 1, "int"),))]


class Acme(SequentialDialect):
    name = "acme"
    label = "Acme"
    sqlglot = "postgres"
    table_keywords = {TableKind.TABLE: "RELATION"}
    column_kinds = frozenset(table_keywords)

    def source(self, url, *, timeout, read_only):
        return AcmeSource()

    def scan(self, source, selection, stop):
        return iter(TABLES)

    def read(self, session, table_id, *, brief=False):
        return TABLES[0]


NO_DIALECT = 7


class Unfinished(SequentialDialect):
    name = "unfinished"
"""

POINTS = """
[columnist.dialects]
acme = acme_dialect:Acme
odd = acme_dialect:NO_DIALECT
gone = acme_dialect:Gone
unfinished = acme_dialect:Unfinished
broken = acme_broken:Broken
"""

PROGRAM = """
import sys
from catalog.change import CommentChange
from catalog.errors import UsageError
from connectors.connect import open_database
from connectors.dialects.dialect import dialect_named, dialect_names
from connectors.run import Allowed
from connectors.script import render_script

name = sys.argv[1]
assert name in dialect_names()
try:
    with open_database(f"{name}://user@host/db") as database:
        print(type(database.dialect).__module__, database.identity.key)
        [table] = database.scan()
        changes = [CommentChange(target, None, "it's") for target in table.targets()]
        run = database.plan_run([(table, changes)], Allowed(unproved=True))
        for statement in run.statements:
            print(statement.sql)
    assert type(dialect_named(name)) is type(database.dialect)
    print(render_script(database.dialect, run).splitlines()[0])
except UsageError as error:
    print(error.message)
"""


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A folder as pip would leave it."""
    info = tmp_path / "acme-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(POINTS)
    (tmp_path / "acme_dialect.py").write_text(ACME)
    (tmp_path / "acme_broken.py").write_text("raise RuntimeError('two\\nlines')\n")
    return tmp_path


def run(package: Path, name: str) -> list[str]:
    paths = [str(package), str(Path(__file__).parents[2])]
    program = f"import sys; sys.path[:0] = {paths!r}\n{PROGRAM}"
    done = subprocess.run(
        [sys.executable, "-c", program, name],
        capture_output=True,
        text=True,
        cwd=package,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_a_dialect_of_another_package_opens_and_renders(package: Path) -> None:
    assert run(package, "acme") == [
        "acme_dialect acme://host/db",
        """COMMENT ON RELATION "s"."t" IS 'it''s'""",
        """COMMENT ON COLUMN "s"."t"."c" IS 'it''s'""",
        "-- Comments for Acme.",
    ]


@pytest.mark.parametrize(
    ("name", "line"),
    [
        (
            "broken",
            "The dialect broken of acme_broken:Broken cannot be loaded: two lines",
        ),
        (
            "gone",
            "The dialect gone of acme_dialect:Gone cannot be loaded: "
            "module 'acme_dialect' has no attribute 'Gone'",
        ),
        (
            "odd",
            "The dialect odd of acme_dialect:NO_DIALECT is no full subclass of "
            "Dialect.",
        ),
        (
            "unfinished",
            "The dialect unfinished of acme_dialect:Unfinished is no full subclass of "
            "Dialect.",
        ),
    ],
)
def test_a_broken_one_is_said_in_one_line(package: Path, name: str, line: str) -> None:
    assert run(package, name) == [line]
