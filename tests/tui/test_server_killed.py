"""`kill -9` of the server in the middle of `apply`: afterwards it is all there once."""

from __future__ import annotations

import json
import os
import random
import sqlite3
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from datetime import datetime
from pathlib import Path

import pytest

from catalog.ledger import Ledger
from catalog.objects import column_of, table_of
from catalog.suggestion import State
from catalog.suggestions import Suggestions
from catalog.workspace import Workspace
from connectors.connect import identify, open_database
from tests.servers import Server, execute, run_mariadb, run_postgresql
from tests.tui.test_killed import COLUMNIST, run
from tui.flow.settings import Settings

pytestmark = pytest.mark.live

KILLS = int(os.environ.get("COLUMNIST_TEST_KILLS", "2"))
"""How often each server is killed."""
TABLES, COLUMNS = 160, 4

Place = tuple[str, str, str | None]


def texts(schema: str) -> dict[Place, str]:
    """What is to be written, by schema, table and column."""
    found: dict[Place, str] = {}
    for table in range(TABLES):
        found[schema, f"t{table:03}", None] = f"Table {table}."
        for column in range(COLUMNS):
            place = (schema, f"t{table:03}", f"c{column}")
            found[place] = f"Column {column} of {table}."
    return found


def prepare(server: Server, name: str, folder: Path) -> tuple[str, str]:
    """A database with accepted descriptions that wait to be written."""
    columns = ", ".join(f"c{number} int" for number in range(COLUMNS))
    url = server.database(name)
    execute(server.url, f"CREATE DATABASE {name}")
    execute(url, *(f"CREATE TABLE t{n:03} ({columns})" for n in range(TABLES)))
    schema = "public" if url.startswith("postgresql") else name
    file = folder / f"{name}.csv"
    rows = [
        f"{place[0]},{place[1]},{place[2] or ''},{text}"
        for place, text in texts(schema).items()
    ]
    file.write_text("\n".join(["schema,table,column,description", *rows]) + "\n")
    assert run("import", url, str(file)).returncode == 0
    assert run("accept", url, "--all").returncode == 0
    return url, schema


def begun(settings: Settings, known: int) -> bool:
    """Whether a run has committed intents besides those that were known."""
    with closing(sqlite3.connect(settings.workspace)) as db:
        return bool(
            db.execute("SELECT count(*) > ? FROM ledger", (known,)).fetchone()[0]
        )


def start(settings: Settings, url: str) -> subprocess.Popen[str]:
    """An apply that has begun to write."""
    with closing(sqlite3.connect(settings.workspace)) as db:
        (known,) = db.execute("SELECT count(*) FROM ledger").fetchone()
    process = subprocess.Popen(
        [*COLUMNIST, "apply", url, "--yes"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while process.poll() is None and not begun(settings, known):
        time.sleep(0.002)
    return process


def seconds_written(settings: Settings) -> float:
    """From the first intent to the last end."""
    with closing(sqlite3.connect(settings.workspace)) as db:
        pair = db.execute("SELECT min(intended_at), max(closed_at) FROM ledger")
        first, last = map(datetime.fromisoformat, pair.fetchone())
    return (last - first).total_seconds()


def there(url: str, schema: str) -> dict[Place, str]:
    """Every comment that the database holds."""
    with open_database(url) as database:
        return {
            (table.id.schema, table.id.name, column_of(target)): text
            for table in database.scan(schemas=[schema])
            for target in table.targets()
            if (text := table.comment_of(target)) is not None
        }


def killed_in_the_middle(
    server: Server, settings: Settings, url: str, after: float
) -> bool:
    """Whether the run was still going, and then that it ended as it should."""
    assert server.process
    process = start(settings, url)
    time.sleep(after)
    server.process.kill()
    out, err = process.communicate(timeout=60)
    server.process.start()
    assert "Traceback" not in err, err
    if process.returncode == 0:
        return False
    assert process.returncode == 1, err
    told = [line for line in err.splitlines() if line.startswith("columnist: ")]
    complaints = [line for line in told if "secret in a URL" not in line]
    assert len(complaints) == 1, err
    assert "connection" in complaints[0], err
    assert "Wrote " in out
    return True


def check_resumed(settings: Settings, url: str, schema: str) -> None:
    """Nothing is there that the ledger does not know; then all of it, once."""
    wanted = texts(schema)
    with Workspace(settings.workspace) as workspace:
        identity = identify(url)
        number = workspace.database(identity, url=url)

        def rows(condition: str) -> list[Place]:
            return [
                (row["schema"], row["name"], row["column_name"])
                for row in workspace.rows(
                    "SELECT l.* FROM ledger l JOIN runs r ON r.id = l.run "
                    f"WHERE r.database = {number} AND {condition}"
                )
            ]

        assert set(there(url, schema)) <= set(rows("true"))
        last = run("apply", url, "--yes", "--json")
        assert last.returncode == 0, last.stdout + last.stderr
        assert json.loads(last.stdout)["conflicts"] == 0
        assert there(url, schema) == wanted
        found = Suggestions(workspace, number).all()
        assert {
            (table_of(s.target).schema, table_of(s.target).name, column_of(s.target))
            for s in found
        } == set(wanted)
        assert {each.state for each in found} == {State.WRITTEN}
        assert Ledger(workspace, number).open_intents() == []
        written = Counter(rows("l.outcome = 'written'"))
        assert set(written) == set(wanted)
        assert max(written.values()) == 1


@pytest.mark.parametrize("running", [run_postgresql, run_mariadb])
def test_a_server_killed_while_it_is_written_to(
    running: Callable[..., AbstractContextManager[Server]],
    settings: Settings,
    tmp_path: Path,
) -> None:
    # Its promises to keep what was committed hold only where it waits for the disk.
    with running(durable=True) as server:
        url, schema = prepare(server, "whole", tmp_path)
        assert start(settings, url).wait(60) == 0
        took = seconds_written(settings)
        assert there(url, schema) == texts(schema)
        random.seed(0)
        killed = rounds = 0
        # On a busy machine some come too late; then there are more.
        while rounds < KILLS or (not killed and rounds < KILLS + 10):
            number, rounds = rounds, rounds + 1
            url, schema = prepare(server, f"round{number}", tmp_path)
            after = random.uniform(0, 0.7 * took)
            killed += killed_in_the_middle(server, settings, url, after)
            check_resumed(settings, url, schema)
        print(
            f"{server.version[:20]}: {killed} of {rounds} hit a run of {took:.2f} s"
            f" and {len(texts(schema))} comments"
        )
        assert killed
