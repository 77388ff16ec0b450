"""`kill -9` at random moments: after resuming, everything is there exactly once."""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

import duckdb
import pytest

from catalog.ledger import Ledger
from catalog.objects import column_of, table_of
from catalog.suggestion import State
from catalog.suggestions import Suggestions
from catalog.workspace import Workspace
from connectors.connect import identify
from tests.conftest import comments
from tui.flow.settings import Settings

KILLS = int(os.environ.get("COLUMNIST_TEST_KILLS", "4"))
"""How often each job is killed; 20 made the figures in docs/checked.md."""
TABLES = 60
TABLES_TO_WRITE = 150
"""Enough work that every kill finds some."""
COLUMNIST = [sys.executable, "-c", "from tui.cli import main; main()"]


@pytest.fixture
def wide(tmp_path: Path) -> Path:
    return make_tables(tmp_path / "wide.duckdb", TABLES)


def make_tables(path: Path, tables: int) -> Path:
    connection = duckdb.connect(str(path))
    for table in range(tables):
        columns = ", ".join(f"value_{n}_of_{table} INTEGER" for n in range(8))
        connection.execute(f"CREATE TABLE t{table:03} ({columns})")
    connection.close()
    return path


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [*COLUMNIST, *arguments], capture_output=True, text=True, check=False
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


def kill(arguments: list[str], *, after: float) -> bool:
    """Start a command and kill it; whether it was still running."""
    process = subprocess.Popen(
        [*COLUMNIST, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        process.wait(timeout=after)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.wait()
        return True
    return False


@pytest.mark.gguf
def test_killed_while_drafting_every_suggestion_is_there_once(
    wide: Path, settings: Settings, tiny_model: Path
) -> None:
    url = f"duckdb:///{wide}"
    run("scan", url)
    draft = ["--model", str(tiny_model), "draft", url]
    # How long one takes here decides where the kills fall.
    began = time.monotonic()
    run("--model", str(tiny_model), "draft", url, "--limit", "2")
    start_up = time.monotonic() - began
    random.seed(0)
    killed = 0
    for _ in range(KILLS):
        killed += kill(draft, after=random.uniform(0.5 * start_up, start_up + 2.0))
    print(f"{killed} of {KILLS} were killed while drafting")
    assert killed
    assert run(*draft).returncode == 0
    lines = run("suggestions", url, "--jsonl").stdout.splitlines()
    assert len(lines) == TABLES * 9
    # What each took is there with it, once, and so is the sum.
    with Workspace(settings.workspace) as workspace:
        (logged,) = workspace.rows(
            "SELECT count(i.suggestion), count(i.seconds), count(s.model),"
            " count(i.drafting), sum(i.prompt_tokens) FROM suggestions s"
            " LEFT JOIN inferences i ON i.suggestion = s.id"
        )
        by_model = logged[2]
        assert 0 < by_model <= TABLES * 9
        assert tuple(logged)[:4] == (TABLES * 9, by_model, by_model, TABLES * 9)
        (took,) = workspace.rows("SELECT sum(drafts), sum(prompt_tokens) FROM drafting")
        assert tuple(took) == (TABLES * 9, logged[4])


@pytest.mark.gguf
def test_killed_while_writing_the_ledger_agrees_with_the_database(
    settings: Settings, tmp_path: Path
) -> None:
    wide = make_tables(tmp_path / "wide.duckdb", TABLES_TO_WRITE)
    url = f"duckdb:///{wide}"
    file = tmp_path / "all.csv"
    rows = ["schema,table,column,description"]
    for table in range(TABLES_TO_WRITE):
        rows.append(f"main,t{table:03},,Table {table}.")
        rows += [
            f"main,t{table:03},value_{n}_of_{table},Value {n} of {table}."
            for n in range(8)
        ]
    file.write_text("\n".join(rows) + "\n")
    assert run("import", url, str(file)).returncode == 0
    assert run("accept", url, "--all").returncode == 0
    began = time.monotonic()
    run("apply", url, "--yes", "--table", "t000")
    start_up = time.monotonic() - began
    random.seed(0)
    killed = sum(
        kill(
            ["apply", url, "--yes"],
            after=random.uniform(0.6 * start_up, start_up + 0.15),
        )
        for _ in range(KILLS)
    )
    print(f"{killed} of {KILLS} were killed while writing")
    assert killed
    with Workspace(settings.workspace) as workspace:
        identity = identify(url)
        number = workspace.database(identity, url=url)
        # Before anything is resumed: nothing is in the database that the ledger does
        # not know.
        intended = {
            (row["schema"], row["name"], row["column_name"])
            for row in workspace.rows("SELECT * FROM ledger")
        }
        assert set(comments(wide)) <= intended
        last = run("apply", url, "--yes", "--json")
        assert last.returncode == 0, last.stderr
        assert json.loads(last.stdout)["conflicts"] == 0
        found = Suggestions(workspace, number).all()
        assert Counter(each.state for each in found) == {
            State.WRITTEN: TABLES_TO_WRITE * 9
        }
        assert Ledger(workspace, number).open_intents() == []
        written = comments(wide)
        assert len(written) == TABLES_TO_WRITE * 9
        for each in found:
            of = table_of(each.target)
            place = (of.schema, of.name, column_of(each.target))
            assert written[place] == each.text
        closed = Counter(
            (row["schema"], row["name"], row["column_name"])
            for row in workspace.rows("SELECT * FROM ledger WHERE outcome = 'written'")
        )
        assert set(closed) == set(written)
        assert max(closed.values()) == 1


@pytest.mark.gguf
def test_a_signal_while_drafting_saves_and_ends_with_130(
    tmp_path: Path, tiny_model: Path, settings: Settings
) -> None:
    # More than is drafted until the first drafts are seen, three times.
    wide = make_tables(tmp_path / "wide.duckdb", 5 * TABLES)

    def drafted() -> int:
        with closing(sqlite3.connect(settings.workspace)) as db:
            return int(db.execute("SELECT count(*) FROM suggestions").fetchone()[0])

    url = f"duckdb:///{wide}"
    run("scan", url)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        process = subprocess.Popen(
            [*COLUMNIST, "--model", str(tiny_model), "draft", url],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            # Under nohup it would be ignored, and the command leaves it so.
            preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),
        )
        before, end = drafted(), time.monotonic() + 60
        while drafted() == before and process.poll() is None:
            assert time.monotonic() < end
            time.sleep(0.01)
        process.send_signal(number)
        _, err = process.communicate(timeout=30)
        assert process.returncode == 130, err
        assert "saved" in err
