"""The whole job by command on real servers, read back by their own clients."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from sqlalchemy import make_url

from tests.conftest import comments
from tests.servers import execute, postgres_program

COLUMNIST = [sys.executable, "-c", "from tui.cli import main; main()"]
NAMES = [
    'quote"d',
    "it's",
    "dotted.name",
    "with space",
    "100%",
    "%s",
    "ünï côde",
    "表",
    "select",
    "Order",
    "back\\slash",
    "semi;colon",
    "--dashes",
    "{braces}",
    ":colon",
    "$dollar$",
]
"""Names that break naive quoting, keywords among them."""


def columnist(*arguments: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [*COLUMNIST, *arguments],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


def make_tables(quote: str) -> list[str]:
    """Forty tables: odd names first, ordinary ones after."""

    def quoted(name: str) -> str:
        return quote + name.replace(quote, quote * 2) + quote

    tables = [*NAMES, *(f"ordinary_table_{n}" for n in range(40 - len(NAMES)))]
    statements = []
    for number, table in enumerate(tables):
        odd = quoted(NAMES[number % len(NAMES)])
        statements.append(
            f"CREATE TABLE {quoted(table)} (record_id INTEGER PRIMARY KEY,"
            f" {odd} VARCHAR(20) NOT NULL DEFAULT 'x', created_at TIMESTAMP)"
        )
    return statements


def whole_job(url: str) -> tuple[int, int]:
    """Scan to apply with the program's own model; the run and the comments it wrote."""
    scanned = json.loads(columnist("scan", url, "--json").stdout)
    assert scanned["total"]["tables"] == 40
    drafted = columnist("draft", url, "--json")
    counts = json.loads(drafted.stdout)
    assert counts["tables"] == 40
    assert counts["model"] == "columnist-135m"
    accepted = json.loads(columnist("accept", url, "--all", "--json").stdout)
    assert accepted["accepted"] > 100
    applied = columnist("apply", url, "--yes", "--json")
    result = json.loads(applied.stdout)
    assert applied.returncode == 0, result
    assert result["written"] == accepted["accepted"]
    return result["run"], result["written"]


def revert(url: str, run: int, written: int) -> None:
    done = columnist("revert", url, "--run", str(run), "--yes", "--json")
    assert done.returncode == 0, done.stdout
    assert json.loads(done.stdout)["written"] == written


@pytest.mark.gguf
@pytest.mark.usefixtures("own_model")
def test_duckdb(tmp_path: Path) -> None:
    path = tmp_path / "odd.duckdb"
    connection = duckdb.connect(str(path))
    for statement in make_tables('"'):
        connection.execute(statement)
    before = connection.execute("SELECT sql FROM duckdb_tables()").fetchall()
    connection.close()
    run, written = whole_job(f"duckdb:///{path}")
    assert len(comments(path)) == written
    revert(f"duckdb:///{path}", run, written)
    assert comments(path) == {}
    connection = duckdb.connect(str(path), read_only=True)
    assert connection.execute("SELECT sql FROM duckdb_tables()").fetchall() == before
    connection.close()


@pytest.mark.gguf
@pytest.mark.live
@pytest.mark.usefixtures("own_tiny")
def test_postgresql(postgresql_url: str) -> None:
    execute(postgresql_url, *make_tables('"'))
    before = _pg_dump(postgresql_url)
    run, written = whole_job(postgresql_url)
    assert _pg_dump(postgresql_url).count("\nCOMMENT ON ") == written
    revert(postgresql_url, run, written)
    assert _pg_dump(postgresql_url) == before


@pytest.mark.gguf
@pytest.mark.live
@pytest.mark.usefixtures("own_tiny")
def test_mariadb(mariadb_url: str) -> None:
    execute(mariadb_url, *make_tables("`"))
    before = _show_create(mariadb_url)
    run, written = whole_job(mariadb_url)
    during = _show_create(mariadb_url)
    assert during.count("COMMENT") == written
    revert(mariadb_url, run, written)
    assert _show_create(mariadb_url) == before


def _pg_dump(url: str) -> str:
    """The schema as pg_dump writes it, without the token that differs every time."""
    parsed = make_url(url)
    program = postgres_program("pg_dump")
    assert program is not None
    command = [program, "-s", "-h", parsed.host or "", "-p", str(parsed.port)]
    command += ["-U", parsed.username or "", parsed.database or ""]
    environment = {**os.environ, "PGPASSWORD": parsed.password or ""}
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, env=environment
    )
    lines = done.stdout.splitlines()
    return "\n".join(
        line for line in lines if not line.startswith(("\\restrict", "\\unrestrict"))
    )


def _show_create(url: str) -> str:
    """Every table as the database's own client prints it."""
    parsed = make_url(url)
    client = shutil.which("mariadb") or shutil.which("mysql")
    assert client is not None

    def ask(sql: str) -> str:
        command = [client, "--batch", "--skip-column-names", "--raw"]
        command += ["--default-character-set=utf8mb4", "-u", parsed.username or ""]
        command += ["-h", parsed.host or "", "-P", str(parsed.port or 3306)]
        command += [parsed.database or "", "-e", sql]
        environment = {**os.environ, "MYSQL_PWD": parsed.password or ""}
        return subprocess.run(
            command, capture_output=True, text=True, check=True, env=environment
        ).stdout

    tables = ask("SHOW TABLES").splitlines()
    return "\n".join(
        ask(f"SHOW CREATE TABLE `{table.replace('`', '``')}`") for table in tables
    )
