"""DuckDB: the file is opened, used and closed, and never held or made."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest

from catalog.change import CommentChange, Outcome
from catalog.errors import ColumnistError
from connectors.connect import open_database
from tests.connectors.recording import RecordingLedger
from tests.connectors.targets import (
    Proved,
    all_written,
    changes_to,
    duckdb_target,
    executing,
    fresh,
    write,
)

HOLD = (
    "import duckdb, sys; c = duckdb.connect(sys.argv[1], read_only=sys.argv[2] == 'r');"
    "print('held', flush=True); sys.stdin.readline(); c.close()"
)


@contextmanager
def held(path: Path, mode: str) -> Iterator[subprocess.Popen[str]]:
    """Another process has the file open."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path), mode],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    assert process.stdin
    assert process.stdout.readline() == "held\n"
    try:
        yield process
    finally:
        if process.poll() is None:
            process.stdin.write("\n")
            process.stdin.flush()
        process.wait(20)


@pytest.fixture
def target(tmp_path: Path) -> Proved:
    found = duckdb_target(tmp_path)
    found.run("CREATE TABLE t (a integer)", "INSERT INTO t SELECT range FROM range(9)")
    return found


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "warehouse.duckdb"


def test_a_missing_file_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(ColumnistError, match="There is no DuckDB file"):
        open_database(f"duckdb:///{tmp_path}/nothing.duckdb")
    assert not list(tmp_path.iterdir())


def test_what_is_no_duckdb_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "x.duckdb").write_text("not a database " * 1000)
    with pytest.raises(ColumnistError, match="cannot be opened as a DuckDB file"):
        open_database(f"duckdb:///{tmp_path}/x.duckdb")


@pytest.mark.parametrize("mode", ["r", "w"])
def test_the_holder_of_a_file_is_named(target: Proved, path: Path, mode: str) -> None:
    database = target.open(timeout=0.5)
    table = fresh(database, target.id("t"))
    with held(path, mode) as process:
        if mode == "r":
            assert fresh(database, table.id) == table
        started = time.monotonic()
        with pytest.raises(ColumnistError, match=f"PID {process.pid}"):
            list(
                executing(
                    database, [(table, changes_to(table, "x"))], RecordingLedger()
                )
            )
        assert time.monotonic() - started < 5
        if mode == "w":
            with pytest.raises(ColumnistError, match="is held by"):
                open_database(target.url, timeout=0.2)
            assert database.profile(table) == {}


def test_a_file_that_is_given_back_is_waited_for(target: Proved, path: Path) -> None:
    database = target.open(timeout=10)
    table = fresh(database, target.id("t"))
    with held(path, "w") as process:
        assert process.stdin
        timer = threading.Timer(0.7, process.communicate, ["\n"])
        timer.start()
        assert all_written(write(database, table, changes_to(table, "x")))
        timer.join()


def test_the_file_is_free_between_operations(target: Proved) -> None:
    database = target.open()
    tables = database.scan()
    table = next(tables)  # a scan that somebody does not finish holds nothing either
    database.profile(table)
    assert all_written(write(database, table, changes_to(table, "x")))
    target.run("CREATE TABLE u (a integer)")
    tables.close()  # type: ignore[attr-defined]


def test_a_connection_in_this_process_is_a_clear_error(target: Proved) -> None:
    database = target.open(timeout=0.2)
    path = target.url.removeprefix("duckdb:///")
    with duckdb.connect(path), pytest.raises(ColumnistError, match="held by"):
        list(database.scan())


def test_held_for_a_run_it_is_opened_once(
    target: Proved, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = target.open()
    opened: list[object] = []
    connect = duckdb.connect

    def counting(*arguments: object, **options: object) -> duckdb.DuckDBPyConnection:
        opened.append(options)
        return connect(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(duckdb, "connect", counting)
    with database.hold():
        for text in ("one", "two", None):
            table = fresh(database, target.id("t"))
            assert all_written(write(database, table, changes_to(table, text)))
    assert len(opened) == 1


def test_a_schema_called_like_the_file(tmp_path: Path) -> None:
    """`sales.t` in sales.duckdb is ambiguous between catalog and schema."""
    path = tmp_path / "sales.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE SCHEMA sales")
        connection.execute("CREATE TABLE sales.sales.sales (sales integer)")
        connection.execute("CREATE TABLE main.t (a integer)")
    database = open_database(f"duckdb:///{path}")
    for table in list(database.scan()):
        assert all_written(write(database, table, changes_to(table, "new")))
        assert database.profile(table)
    assert {table.comment for table in database.scan()} == {"new"}


def test_an_empty_comment_counts_as_none(target: Proved) -> None:
    target.run("COMMENT ON TABLE t IS ''")
    database = target.open()
    table = fresh(database, target.id("t"))
    assert table.comment is None
    assert all_written(write(database, table, [CommentChange(table.id, None, "x")]))


def test_a_read_only_file_is_refused_with_a_reason(
    target: Proved, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = target.open()
    table = fresh(database, target.id("t"))
    connect = duckdb.connect

    def refusing(*arguments: object, **options: object) -> duckdb.DuckDBPyConnection:
        if not options["read_only"]:
            message = f'Cannot open file "{path}": Permission denied'
            raise duckdb.IOException(message)
        return connect(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(duckdb, "connect", refusing)
    work = [(table, changes_to(table, "x"))]
    with pytest.raises(ColumnistError, match="may not be opened"):
        list(executing(database, work, RecordingLedger()))


def test_a_view_that_never_ends_is_given_up(target: Proved) -> None:
    target.run(
        "CREATE VIEW endless AS SELECT sum(a.range * b.range) AS s "
        "FROM range(10000000) a, range(10000000) b",
        "CREATE VIEW broken AS SELECT error('no') AS a, 1 AS b",
    )
    database = target.open()
    started = time.monotonic()
    assert database.profile(fresh(database, target.id("endless")), seconds=0.5) == {}
    assert time.monotonic() - started < 5
    assert list(database.profile(fresh(database, target.id("broken")))) == ["b"]
    assert database.profile(fresh(database, target.id("t")), stop=lambda: True) == {}


def test_samples_are_the_same_each_time(target: Proved) -> None:
    target.run(
        "CREATE TABLE big AS SELECT i AS id, chr(65 + (i % 5)::integer) AS code "
        "FROM range(300000) r(i)"
    )
    database = target.open()
    table = fresh(database, target.id("big"))
    first = database.profile(table, rows=500)
    assert first == database.profile(table, rows=500)
    assert first["code"].codes == ("A", "B", "C", "D", "E")
    assert int(first["id"].maximum or 0) - int(first["id"].minimum or 0) > 100_000
    assert first["id"].rows == 500


def test_a_conflict_reason_says_what_happened(target: Proved) -> None:
    database = target.open()
    table = fresh(database, target.id("t"))
    assert all_written(write(database, table, changes_to(table, "same")))
    results = write(database, table, changes_to(table, "same"))
    assert {result.outcome for result in results} == {Outcome.CONFLICT}
    assert results[0].reason == "somebody else wrote exactly this text meanwhile"


def test_a_catalog_too_large_to_keep_is_handed_out_as_it_is_read(
    target: Proved, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"many{number}" for number in range(7)]
    for name in names:
        target.run(f"CREATE TABLE {name} (a INT PRIMARY KEY, b TEXT)")
        target.run(f"COMMENT ON COLUMN {name}.b IS 'b of {name}'")
    database = target.open()
    whole = list(database.scan(tables=["many?"]))
    monkeypatch.setattr("connectors.dialects.duckdb._KEPT", 3)
    assert list(database.scan(tables=["many?"])) == whole
    assert [table.id.name for table in whole] == names
    assert [table.columns[1].comment for table in whole] == [f"b of {n}" for n in names]
    begun = database.scan(tables=["many?"])
    next(begun)
    begun.close()  # type: ignore[attr-defined]  # a generator, whatever it is called
    assert all_written(write(database, whole[0], changes_to(whole[0], "ours")))
