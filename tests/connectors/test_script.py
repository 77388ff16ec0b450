"""Exported scripts run in the databases' own clients and set what they say."""

from __future__ import annotations

import subprocess

import pytest
from sqlalchemy import make_url

from catalog.change import CommentChange
from connectors.script import render_script
from tests.connectors.nasty import PLAIN_TEXTS
from tests.connectors.targets import (
    Proved,
    fresh,
    mariadb_client,
    plan,
)
from tests.servers import postgres_program, unavailable


def run_client(target: Proved, script: str) -> None:
    if target.name == "duckdb":
        target.run(script)
        return
    url = make_url(target.url)
    program = postgres_program("psql") if target.name == "postgresql" else None
    command = [program or "", "-X", "-v", "ON_ERROR_STOP=1", target.url]
    if target.name == "mariadb":
        program = mariadb_client()
        address = ["-h", str(url.host), "-P", str(url.port), "-u", str(url.username)]
        command = [program or "", "--no-defaults", *address, str(url.database)]
        if url.password:
            command.insert(2, f"-p{url.password}")
    if program is None:
        unavailable("the client is not installed")
    done = subprocess.run(command, input=script, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_a_script_sets_every_nasty_text(proved: Proved) -> None:
    texts = [text for text in PLAIN_TEXTS if "\r" not in text]
    columns = ", ".join(f"c{number} integer" for number in range(len(texts)))
    proved.run(f"CREATE TABLE t ({columns})")
    database = proved.open()
    table = fresh(database, proved.id("t"))
    changes = [
        CommentChange(column.id, None, text)
        for column, text in zip(table.columns, texts, strict=True)
    ]
    changes.append(CommentChange(table.id, None, "the table's own"))
    script = render_script(database.dialect, plan(database, table, changes))
    run_client(proved, script)
    after = fresh(database, table.id)
    assert [column.comment for column in after.columns] == texts
    assert after.comment == "the table's own"


@pytest.mark.live
def test_a_script_says_what_copies_the_table(mariadb: Proved) -> None:
    mariadb.run("CREATE TABLE t (a int, s int AS (a + 1) STORED)")
    database = mariadb.open()
    table = fresh(database, mariadb.id("t"))
    change = CommentChange(table.columns[1].id, None, "x")
    run = plan(database, table, [change])
    assert "left out" in render_script(database.dialect, run)
    run = plan(database, table, [change], allow_rebuild=True)
    script = render_script(database.dialect, run)
    assert "-- copies the whole table" in script
    assert "ALGORITHM=COPY;" in script
