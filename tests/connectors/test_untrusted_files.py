"""A database that is a file reaches nothing beyond that file."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import duckdb
import pytest

from catalog.errors import ColumnistError, UsageError
from connectors.connect import open_database
from connectors.database_session import Fault
from tests.connectors.recording import RecordingLedger
from tests.connectors.targets import (
    Proved,
    changes_to,
    duckdb_target,
    executing,
    fresh,
)

SECRET = "not-for-anybody"


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "secret.csv"
    path.write_text(f"a,b\n{SECRET},1\n")
    return path


@pytest.fixture
def target(tmp_path: Path, secret: Path) -> Proved:
    """Each view reads, writes or lists something that is not in the file."""
    other = tmp_path / "other.duckdb"
    with duckdb.connect(str(other)) as connection:
        connection.execute(f"CREATE TABLE u AS SELECT '{SECRET}' AS a")
    found = duckdb_target(tmp_path)
    found.run(
        "CREATE TABLE plain AS SELECT range AS a FROM range(9)",
        f"CREATE VIEW csv AS SELECT a FROM read_csv('{secret}')",
        f"CREATE VIEW by_name AS SELECT a FROM '{secret}'",
        f"CREATE VIEW content AS SELECT content AS a FROM read_text('{secret}')",
        f"CREATE VIEW files AS SELECT file AS a FROM glob('{tmp_path}/*')",
        f"CREATE MACRO reads() AS TABLE SELECT a FROM read_csv('{secret}')",
        "CREATE VIEW through_macro AS SELECT a FROM reads()",
        f"CREATE VIEW within AS SELECT (SELECT a FROM '{secret}') AS a",
        f"ATTACH '{other}' AS other",
        "CREATE VIEW attached AS SELECT a FROM other.main.u",
    )
    return found


VIEWS = ["csv", "by_name", "content", "files", "through_macro", "within", "attached"]


def test_the_views_do_read_where_they_may(target: Proved) -> None:
    """Else the tests below would test nothing."""
    for name in VIEWS[:-1]:
        assert target.run(f"SELECT a FROM {name}")


@pytest.mark.parametrize("name", VIEWS)
@pytest.mark.parametrize("hold", [False, True])
def test_a_view_samples_nothing_beyond_its_file(
    target: Proved, name: str, hold: bool
) -> None:
    """A view over read_csv('/etc/passwd') gave the lines of that file to the model."""
    database = target.open()
    table = fresh(database, target.id(name))
    assert [column.name for column in table.columns] == ["a"]
    if hold:
        with database.hold():  # opened to write
            found = database.profile(table)
    else:
        found = database.profile(table)
    assert found == {}
    assert database.profile(fresh(database, target.id("plain")))["a"].rows == 9


@pytest.mark.parametrize("write", [False, True])
def test_nothing_can_be_allowed_again(target: Proved, write: bool) -> None:
    """The settings are those of the connection, set before anything is read."""
    settings = (
        "SELECT name, value FROM duckdb_settings() WHERE name IN ("
        "'enable_external_access', 'autoinstall_known_extensions',"
        " 'autoload_known_extensions', 'allow_community_extensions')"
    )
    with target.open()._source.session(write=write) as session:
        found = {str(name): value for name, value in session.rows(settings)}
        assert found == dict.fromkeys(found, "false")
        assert len(found) == 4
        for name in found:
            with pytest.raises(Fault, match="locked"):
                session.run(f"SET {name} = true")


def test_a_comment_on_such_a_view_is_written(target: Proved) -> None:
    database = target.open()
    table = fresh(database, target.id("csv"))
    results = list(
        executing(database, [(table, changes_to(table, "x"))], RecordingLedger())
    )
    assert [result.outcome.value for result in results] == ["written"] * len(results)


def test_an_sqlite_file_opened_as_duckdb_fetches_nothing(tmp_path: Path) -> None:
    """DuckDB asked the network for an extension that reads it."""
    path = tmp_path / "app.duckdb"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE t (a)")
    with pytest.raises(ColumnistError, match="without an extension") as failed:
        open_database(f"duckdb:///{path}")
    assert "sqlite:///" in failed.value.hint
    assert "ownload" not in str(failed.value)


@pytest.mark.parametrize(
    "name", ["md:shop", "motherduck:shop", "s3://bucket/shop.duckdb", "postgres:db=x"]
)
def test_a_database_elsewhere_is_said_to_be_refused(name: str) -> None:
    with pytest.raises(UsageError, match="files on this machine alone"):
        open_database(f"duckdb:///{name}")


@pytest.mark.parametrize("call", ["load_extension('x')", "fts3_tokenizer('simple')"])
def test_sqlite_trusts_no_schema(tmp_path: Path, call: str) -> None:
    path = tmp_path / "app.sqlite"
    with sqlite3.connect(path) as connection:
        connection.executescript(
            "CREATE TABLE t (a); INSERT INTO t VALUES (1);"
            f" CREATE VIEW v AS SELECT {call} AS a FROM t;"
        )
    database = open_database(f"sqlite:///{path}")
    with database._source.session() as session:
        assert session.value("PRAGMA trusted_schema") == 0
        with pytest.raises(Fault, match=r"not authorized|unsafe|no such func"):
            session.value(f"SELECT {call}" if "load" in call else "SELECT a FROM v")
    views = [table for table in database.scan() if table.id.name == "v"]
    assert database.profile(views[0]) == {}
