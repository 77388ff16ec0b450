"""Snowflake's statements on fakesnow, an emulator that turns them into DuckDB's.

It runs in a child process, whose Python `COLUMNIST_TEST_FAKESNOW_PYTHON` names: it pins
older versions of sqlglot and SQLAlchemy. What it shows: the statements are understood
by something that reads Snowflake's literals, and Columnist's queries by its information
schema. What it does not: anything about Snowflake's server. Its own faults are left
out: it expands `$` inside literals, does not escape quotes in a table's comment, does
not show comments of views, and does not know the session's parameters.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from catalog.addresses import DatabaseIdentity
from catalog.change import CommentChange
from catalog.objects import TableId, TableKind
from connectors.database import Database
from connectors.database_session import DatabaseSession, Fault, Row, SessionSource
from connectors.dialects.dialect import dialect_named
from connectors.run import Allowed
from tests.connectors.nasty import NAMES, PLAIN_TEXTS, SUPPLEMENTARY
from tests.connectors.proof import RAN, kinds_of
from tests.connectors.recording import RecordingLedger
from tests.connectors.targets import (
    all_written,
    changes_to,
    executing,
    fresh,
)
from tests.servers import unavailable

pytestmark = pytest.mark.live

CHILD = """
import json, sys, warnings
warnings.simplefilter("ignore")
import fakesnow, snowflake.connector
with fakesnow.patch():
    cursor = snowflake.connector.connect(database="D", schema="S").cursor()
    for line in sys.stdin:
        try:
            rows = cursor.execute(json.loads(line)).fetchall()
            answer = {"rows": [[value if isinstance(value, (str, int, type(None)))
                                else str(value) for value in row] for row in rows]}
        except Exception as error:
            answer = {"error": str(error)}
        print(json.dumps(answer), flush=True)
"""

PARAMETER = re.compile(r"SHOW PARAMETERS LIKE '(\w+)'")


@dataclass
class Emulator(SessionSource, DatabaseSession):
    """The child, as a source and its one session."""

    child: subprocess.Popen[str]

    def rows(self, sql: str, **parameters: object) -> list[Row]:
        for name, value in parameters.items():
            literal = "'" + str(value).replace("\\", "\\\\").replace("'", "\\'") + "'"
            before, found, after = sql.partition(f":{name}")
            assert found
            sql = before + literal + after
        if (asked := PARAMETER.match(sql)) is not None:
            wanted = {"QUOTED_IDENTIFIERS_IGNORE_CASE": "false", "LOCK_TIMEOUT": "2"}
            return [(asked[1], wanted.get(asked[1], "1"))]
        assert self.child.stdin is not None
        assert self.child.stdout is not None
        self.child.stdin.write(json.dumps(sql) + "\n")
        self.child.stdin.flush()
        answer = json.loads(self.child.stdout.readline())
        if "error" in answer:
            raise Fault(answer["error"])
        return list(answer["rows"])

    def run(self, sql: str) -> None:
        if not sql.startswith("ALTER SESSION"):
            self.rows(sql)

    def open(self, *, write: bool) -> DatabaseSession:
        return self

    def witness(self) -> DatabaseSession:
        return self

    def close(self) -> None:
        return


@pytest.fixture(scope="module")
def child() -> Iterator[subprocess.Popen[str]]:
    python = os.environ.get("COLUMNIST_TEST_FAKESNOW_PYTHON")
    if not python:
        unavailable("COLUMNIST_TEST_FAKESNOW_PYTHON names no Python with fakesnow")
    with subprocess.Popen(
        [python, "-c", CHILD],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as started:
        yield started
        assert started.stdin is not None
        started.stdin.close()


@pytest.fixture
def emulator(child: subprocess.Popen[str]) -> Emulator:
    return Emulator(child)


def database(emulator: Emulator) -> Database:
    dialect = dialect_named("snowflake")
    assert dialect is not None
    dialect = dialect.resolve(emulator)
    identity = DatabaseIdentity("snowflake://fakesnow/D", "fakesnow")
    return Database(identity, dialect, "snowflake://", emulator)


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def write(target: Database, changes: list[CommentChange], table: TableId) -> None:
    ledger = RecordingLedger()
    work = [(fresh(target, table), changes)]
    results = executing(target, work, ledger, Allowed(unproved=True))
    assert all_written(list(results))
    assert not ledger.open


def test_sets_replaces_and_clears(emulator: Emulator) -> None:
    emulator.run('CREATE TABLE T (ID INT PRIMARY KEY, A VARCHAR(9), "b x" NUMBER(5,2))')
    target = database(emulator)
    [table] = list(target.scan(schemas=["S"], tables=["T"]))
    assert table.id == TableId("S", "T")
    assert table.kind is TableKind.TABLE
    assert table.primary_key == ("ID",)
    assert [column.name for column in table.columns] == ["ID", "A", "b x"]
    assert [column.nullable for column in table.columns] == [False, True, True]
    for text in ("first", "second \\ 100%% :a\nline ü", None, "third", ""):
        now = fresh(target, table.id)
        write(target, changes_to(now, text), table.id)
        after = fresh(target, table.id)
        assert {after.comment_of(one) for one in after.targets()} == {text or None}
    assert RAN["snowflake"].ran == kinds_of([table])


def test_nasty_texts_come_back_exactly(emulator: Emulator) -> None:
    texts = [text for text in [*PLAIN_TEXTS, *SUPPLEMENTARY] if "$" not in text]
    columns = ", ".join(f"C{number} INT" for number in range(len(texts)))
    emulator.run("CREATE TABLE VICTIM (X INT)")
    emulator.run(f"CREATE TABLE TEXTS ({columns})")
    target = database(emulator)
    table = fresh(target, TableId("S", "TEXTS"))
    changes = [
        CommentChange(column.id, None, text)
        for column, text in zip(table.columns, texts, strict=True)
    ]
    write(target, changes, table.id)
    after = fresh(target, table.id)
    assert [column.comment for column in after.columns] == texts
    assert fresh(target, TableId("S", "VICTIM"))


def test_nasty_names(emulator: Emulator) -> None:
    names = [name for name in NAMES if "$" not in name]
    emulator.run(
        f"CREATE TABLE NAMED ({', '.join(quoted(name) + ' INT' for name in names)})"
    )
    target = database(emulator)
    table = fresh(target, TableId("S", "NAMED"))
    assert [column.name for column in table.columns] == names
    changes = [
        CommentChange(column.id, None, f"about {column.name}")
        for column in table.columns
    ]
    write(target, changes, table.id)
    after = fresh(target, table.id)
    assert [column.comment for column in after.columns] == [
        f"about {name}" for name in names
    ]
