"""A workspace that another process holds: said within a second, with its holder."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from catalog import busy
from catalog.addresses import DatabaseIdentity
from catalog.errors import ColumnistError
from catalog.lease import Lease
from catalog.workspace import Workspace

HOLD = """
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
for statement in sys.argv[2].split(";"):
    db.execute(statement)
print("held", flush=True)
sys.stdin.readline()
"""
WRITING = "BEGIN IMMEDIATE"
ALONE = "PRAGMA locking_mode = EXCLUSIVE;BEGIN EXCLUSIVE;CREATE TABLE mine (a)"


@contextmanager
def held(path: Path, how: str) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the file, until a line is written to it."""
    code = [sys.executable, "-c", HOLD, str(path), how]
    with subprocess.Popen(
        code, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        yield holder
        release(holder)


def release(holder: subprocess.Popen[str]) -> None:
    holder.communicate("\n" if holder.poll() is None else None)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "workspace.db"
    Workspace(path).close()
    return path


def note(workspace: Workspace) -> int:
    return workspace.database(DatabaseIdentity("k", "l"), url="u")


def test_it_is_said_before_a_second_is_over() -> None:
    assert busy.SAID_SECONDS + 3 * busy.TRY_SECONDS < 1


def test_a_write_names_the_process_that_keeps_it(path: Path) -> None:
    with Workspace(path) as workspace, held(path, WRITING) as holder:
        with pytest.raises(ColumnistError, match=f"process {holder.pid} ") as caught:
            note(workspace)
        assert "--workspace" in caught.value.hint
        assert workspace.databases() == []
        release(holder)
        assert note(workspace)


def test_opening_names_it_too(path: Path) -> None:
    with held(path, ALONE) as holder:
        with pytest.raises(ColumnistError, match=f"locked by process {holder.pid} "):
            Workspace(path)
        release(holder)
        Workspace(path).close()


def test_a_new_file_that_another_makes_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "workspace.db"
    told: list[str] = []
    with held(path, "BEGIN EXCLUSIVE") as holder:

        def tell(text: str) -> None:
            told.append(text)
            release(holder)

        with Workspace(path, waiting=tell) as workspace:
            assert note(workspace)
    assert len(told) == 1


def test_who_is_told_waits_and_then_writes(path: Path) -> None:
    told: list[str] = []
    with held(path, WRITING) as holder:

        def tell(text: str) -> None:
            told.append(text)
            release(holder)

        with Workspace(path, waiting=tell) as workspace:
            number = note(workspace)
            with Lease(workspace, number, "draft"):
                pass
    (text,) = told
    assert f"process {holder.pid} " in text
    assert "waiting" in text
    assert "--workspace" in text


def test_other_threads_read_meanwhile(path: Path) -> None:
    seen: list[int] = []
    with held(path, WRITING) as holder, Workspace(path) as workspace:

        def tell(_: str) -> None:
            seen.append(asyncio.run(asyncio.to_thread(count)))
            release(holder)

        def count() -> int:
            return len(workspace.databases())

        workspace.waiting = tell
        note(workspace)
    assert seen == [0]


async def test_an_event_loop_never_waits(path: Path) -> None:
    told: list[str] = []
    with Workspace(path, waiting=told.append) as workspace, held(path, WRITING):
        with pytest.raises(ColumnistError, match="locked"):
            note(workspace)
        with pytest.raises(ColumnistError, match="locked"):
            await asyncio.to_thread(impatient, workspace)
    assert told == []


def impatient(workspace: Workspace) -> None:
    workspace.waiting = None
    note(workspace)


def test_patience_ends(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(busy, "WAIT_SECONDS", 0.8)
    told: list[str] = []
    with Workspace(path, waiting=told.append) as workspace, held(path, WRITING):
        with pytest.raises(ColumnistError, match="locked by process"):
            note(workspace)
        assert len(told) == 1
