"""Builds the demo warehouse, a DuckDB file, always with the same content.

The company is Harbor & Pine, an outdoor outfitter with dealers, a web shop, warehouses
and two old systems whose tables nobody has renamed. Schemas are in the `.sql` files,
how many rows a table gets in `rows.txt`, how values are made in `values.txt`.
"""

from __future__ import annotations

import csv
import random
import tempfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING, Any

from columnist_assets.demo.values import BY_TYPE, Make, parse

if TYPE_CHECKING:
    import duckdb

FOLDER = Path(__file__).parent
SCHEMAS = ("sales", "logistics", "hr", "finance", "web", "legacy")
TRIES = 50
"""Attempts at a key that is not taken yet, before the row is left out."""


@dataclass(frozen=True, slots=True)
class _Column:
    """One column to fill."""

    name: str
    """As the catalog spells it."""
    make: Make | None
    """Makes its values; None for numbered keys and references."""
    reference: tuple[str, tuple[str, ...], int] | None
    """Table, its key columns, and which of them this column takes."""
    unique: bool
    """Whether no value may come twice."""


def build(path: Path) -> None:
    """Make the warehouse at `path`; what is there is replaced once it is complete."""
    import duckdb  # only the demo and its tests pay for it

    partial = path.with_name(path.name + ".partial")
    partial.unlink(missing_ok=True)
    # Small blocks: with the usual ones the file had 57 MB, nearly all of it empty.
    connection = duckdb.connect(str(partial), config={"default_block_size": "16384"})
    try:
        connection.execute("SET threads = 1")
        for schema in SCHEMAS:
            connection.execute(_text(f"{schema}.sql"))
        with tempfile.TemporaryDirectory() as folder:
            patterns = _patterns()
            for table, rows in _counts():
                _fill(connection, table, rows, Path(folder), patterns)
        connection.execute(_text("views.sql"))
        connection.execute(_text("comments.sql"))
        connection.execute("CHECKPOINT")
    finally:
        connection.close()
    partial.replace(path)


def _text(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")


def _lines(name: str) -> Iterator[str]:
    """Lines of a data file without comments."""
    for line in _text(name).splitlines():
        if line.strip() and not line.startswith("#"):
            yield line.strip()


def _counts() -> Iterator[tuple[str, int]]:
    for line in _lines("rows.txt"):
        table, rows = line.split()
        yield table, int(rows)


def _patterns() -> list[tuple[list[str], str]]:
    """Patterns of column paths and how such values are made, in order."""
    found = []
    for line in _lines("values.txt"):
        patterns, specification = line.split(None, 1)
        found.append((patterns.split("|"), specification))
    return found


def _fill(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    rows: int,
    folder: Path,
    patterns: list[tuple[list[str], str]],
) -> None:
    """Make the rows of one table and load them with one COPY, much faster than rows."""
    schema, name = table.split(".")
    columns = _columns(connection, schema, name, patterns)
    keys = _constraints(connection, schema, name, "PRIMARY KEY")
    key = keys[0][0] if keys else ()
    rng = random.Random(zlib.crc32(table.encode()))
    parents = {
        column.reference[0]: connection.execute(
            f"SELECT DISTINCT {', '.join(column.reference[1])} "
            f"FROM {column.reference[0]} ORDER BY ALL"
        ).fetchall()
        for column in columns
        if column.reference
    }
    file = folder / f"{table}.csv"
    taken: set[tuple[Any, ...]] = set()
    singles: dict[str, set[Any]] = {c.name: set() for c in columns if c.unique}
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        for number in range(1, rows + 1):
            for _ in range(TRIES):
                row = _row(columns, parents, rng, number)
                values = tuple(row[column] for column in key)
                clash = any(row[column] in seen for column, seen in singles.items())
                if values not in taken and not clash:
                    taken.add(values)
                    for column, seen in singles.items():
                        seen.add(row[column])
                    writer.writerow("" if v is None else v for v in row.values())
                    break
    options = "FORMAT csv, HEADER false, AUTO_DETECT false, NULLSTR ''"
    connection.execute(f"COPY {table} FROM '{file}' ({options})")


def _row(
    columns: list[_Column],
    parents: dict[str, list[tuple[Any, ...]]],
    rng: random.Random,
    number: int,
) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for column in columns:
        if column.reference:
            there, _, index = column.reference
            row[column.name] = rng.choice(parents[there])[index]
        elif column.make is None:
            row[column.name] = number
        else:
            row[column.name] = column.make(rng, row)
    return row


def _columns(
    connection: duckdb.DuckDBPyConnection,
    schema: str,
    table: str,
    patterns: list[tuple[list[str], str]],
) -> list[_Column]:
    """The columns of a table with the way each is filled."""
    numbered = {
        names[0]
        for names, *_ in _constraints(connection, schema, table, "PRIMARY KEY")
        if len(names) == 1
    }
    single = {
        names[0]
        for kind in ("PRIMARY KEY", "UNIQUE")
        for names, *_ in _constraints(connection, schema, table, kind)
        if len(names) == 1
    }
    references = {
        name: (f"{schema}.{there}", tuple(theirs), index)
        for names, there, theirs in _constraints(
            connection, schema, table, "FOREIGN KEY"
        )
        for index, name in enumerate(names)
    }
    found = []
    for name, kind in connection.execute(
        "SELECT column_name, data_type FROM duckdb_columns() "
        "WHERE schema_name = ? AND table_name = ? ORDER BY column_index",
        [schema, table],
    ).fetchall():
        base = kind.split("(")[0]
        number = base in ("INTEGER", "BIGINT", "DECIMAL") and name in numbered
        make = (
            None
            if number
            else _make(f"{schema}.{table}.{name}".lower(), base, patterns)
        )
        unique = name in single and not number
        found.append(_Column(name, make, references.get(name), unique))
    return found


def _make(path: str, base: str, patterns: list[tuple[list[str], str]]) -> Make:
    """The maker of the first pattern that fits, else that of the type."""
    for globs, specification in patterns:
        if any(fnmatch(path, glob) for glob in globs):
            return parse(specification)
    return parse(BY_TYPE.get(base, "int 1 500"))


def _constraints(
    connection: duckdb.DuckDBPyConnection, schema: str, table: str, kind: str
) -> list[tuple[Any, ...]]:
    """Columns, other table and its columns of the table's constraints of a kind."""
    return connection.execute(
        "SELECT constraint_column_names, referenced_table, referenced_column_names "
        "FROM duckdb_constraints() "
        "WHERE schema_name = ? AND table_name = ? AND constraint_type = ? ORDER BY ALL",
        [schema, table, kind],
    ).fetchall()
