"""Databases with many tables of 12 columns, for the benchmarks of reading and writing.

Servers are started here, with the durability that they come with.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.servers import (
    Server,
    execute,
    postgres_program,
    run_mariadb,
    run_postgresql,
)

COLUMNS = (
    ("id", "bigint NOT NULL"),
    ("customer_id", "bigint"),
    ("status_code", "varchar(2)"),
    ("order_date", "date"),
    ("net_amount", "decimal(12,2)"),
    ("currency", "char(3)"),
    ("notes", "varchar(400)"),
    ("created_at", "timestamp"),
    ("updated_at", "timestamp NULL"),
    ("is_active", "boolean"),
    ("region", "varchar(20)"),
    ("batch_no", "integer"),
)
"""Names and types that all three engines take."""
DESCRIBED = 9
"""Comments a table in a catalog that has some."""


@dataclass(frozen=True)
class Warehouse:
    """A database with many tables."""

    dialect: str
    """postgresql, mariadb or duckdb."""
    url: str
    """For Columnist."""
    client: tuple[str, ...]
    """Command that runs a script of SQL from its standard input, with no output."""
    schema: str
    """Where the tables are."""


def create(dialect: str, count: int, *, described: bool) -> Iterator[str]:
    """The statements that make the tables."""
    for number in range(count):
        name = f"orders_{number:06}"
        if dialect == "mariadb":
            columns = ", ".join(
                f"{column} {type_}"
                + (f" COMMENT 'About {column} of {number}.'" if at < said else "")
                for at, (column, type_) in enumerate(COLUMNS)
                for said in (DESCRIBED - 1 if described else 0,)
            )
            about = f" COMMENT='About {number}.'" if described else ""
            yield f"CREATE TABLE {name} ({columns}, PRIMARY KEY (id)){about};"
            continue
        columns = ", ".join(f"{column} {type_}" for column, type_ in COLUMNS)
        yield f"CREATE TABLE {name} ({columns}, PRIMARY KEY (id));"
        if described:
            yield f"COMMENT ON TABLE {name} IS 'About {number}.';"
            for column, _ in COLUMNS[: DESCRIBED - 1]:
                yield (
                    f"COMMENT ON COLUMN {name}.{column} IS 'About {column} of"
                    f" {number}.';"
                )


@contextmanager
def warehouse(
    dialect: str, count: int, folder: Path, *, described: bool
) -> Iterator[Warehouse]:
    """A database with so many tables, gone afterwards."""
    script = "\n".join(create(dialect, count, described=described))
    if dialect == "duckdb":
        import duckdb

        path = folder / f"warehouse{count}.duckdb"
        with duckdb.connect(str(path)) as connection:
            connection.execute("BEGIN")
            for line in script.splitlines():
                connection.execute(line)
            connection.execute("COMMIT")
        yield Warehouse(dialect, f"duckdb:///{path}", (), "main")
        return
    run = run_postgresql if dialect == "postgresql" else run_mariadb
    with run(durable=True) as server:
        found = _server(dialect, server)
        if dialect == "postgresql":
            script = _in_transactions(script)
        subprocess.run(
            found.client, input=script, text=True, check=True, stdout=subprocess.DEVNULL
        )
        yield found


def _in_transactions(script: str, lines: int = 500) -> str:
    """The script in transactions of so many lines: each table in one keeps a lock."""
    all_of_it = script.splitlines()
    parts = [
        "\n".join(all_of_it[at : at + lines]) for at in range(0, len(all_of_it), lines)
    ]
    return "BEGIN;\n" + "\nCOMMIT;\nBEGIN;\n".join(parts) + "\nCOMMIT;\n"


def _server(dialect: str, server: Server) -> Warehouse:
    from sqlalchemy import make_url

    if dialect == "postgresql":
        program = postgres_program("psql")
        assert program is not None
        quiet = (
            "--quiet",
            "--no-psqlrc",
            "--set=ON_ERROR_STOP=1",
            "--output=/dev/null",
        )
        return Warehouse(dialect, server.url, (program, *quiet, server.url), "public")
    execute(server.url, "CREATE DATABASE bench CHARACTER SET utf8mb4")
    url = make_url(server.database("bench"))
    client = (
        *("mariadb", "--no-defaults", "--default-character-set=utf8mb4"),
        *(f"--host={url.host}", f"--port={url.port}", "--user=root", "bench"),
    )
    return Warehouse(dialect, server.database("bench"), client, "bench")
