"""What was run on which engine: the record, and the table in docs/databases.md.

`RAN` is compared with what the live tests set, replaced and cleared, so it can neither
claim too much nor too little. `python -m tests.connectors.proof` writes the table anew.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from catalog.objects import Table, TableKind
from connectors.dialects.dialect import Dialect, dialect_named, dialect_names

DOCUMENT = Path(__file__).parents[2] / "docs" / "databases.md"
BEGIN = "<!-- made by python -m tests.connectors.proof -->\n"
END = "<!-- end -->\n"

Ran = frozenset[tuple[TableKind, bool]]
"""Kinds of object, each with whether its columns are meant."""


def kinds(*names: str) -> Ran:
    """From "table", "view columns" and so on."""
    return frozenset(
        (TableKind(name.removesuffix(" columns")), name.endswith(" columns"))
        for name in names
    )


@dataclass(frozen=True)
class Proof:
    """Where a dialect's comments were set, replaced and cleared."""

    on: str
    """The engine, or what stood in for it."""
    ran: Ran


RAN = {
    "duckdb": Proof(
        "DuckDB 2.0", kinds("table", "table columns", "view", "view columns")
    ),
    "postgresql": Proof(
        "PostgreSQL 15",
        kinds(
            *("table", "table columns", "partitioned table"),
            *("partitioned table columns", "view", "view columns"),
            *("materialized view", "materialized view columns"),
            *("foreign table", "foreign table columns"),
        ),
    ),
    "mariadb": Proof(
        "MariaDB 10.11",
        kinds(
            *("table", "table columns"),
            *("partitioned table", "partitioned table columns"),
        ),
    ),
    "clickhouse": Proof(
        "chdb (ClickHouse 26.9 as a library, without its server)",
        kinds(
            *("table", "table columns", "view", "view columns"),
            *("materialized view", "other"),
        ),
    ),
    "spark": Proof("Spark 4.3", kinds("table", "table columns", "view")),
    "databricks": Proof("Spark 4.3", kinds("table", "table columns")),
    "hive": Proof(
        "Spark 4.3, whose Thrift server speaks Hive's protocol",
        kinds("table", "table columns", "view"),
    ),
    "snowflake": Proof("fakesnow (an emulator)", kinds("table", "table columns")),
}

TRIED = {"bigquery": "bqemulator 1.4, an emulator, does not take it"}
"""What a stand-in that shows nothing does."""


def kinds_of(tables: Iterable[Table]) -> Ran:
    """What some tables and their columns are."""
    return frozenset(
        (table.kind, is_column)
        for table in tables
        for is_column in (False, True)
        if not is_column or table.columns
    )


def table() -> str:
    """Every dialect and kind of object: run, on what, or rendered only."""
    lines = [
        "| database | object | set, replace, clear |",
        "|---|---|---|",
    ]
    for dialect in _dialects():
        if dialect.why_no_comments:
            lines.append(f"| {dialect.label} | all | {dialect.why_no_comments} |")
        for kind in TableKind:
            for is_column, allowed in (
                (False, kind in dialect.table_keywords),
                (True, kind in dialect.column_kinds),
            ):
                if allowed:
                    what = f"{kind.value}{', its columns' if is_column else ''}"
                    how = _how(dialect, (kind, is_column))
                    lines.append(f"| {dialect.label} | {what} | {how} |")
    return "\n".join(lines) + "\n"


def tables() -> str:
    """Both tables, as they stand in the document."""
    return f"{table()}\n## What each says of itself\n\n{facts()}"


def facts() -> str:
    """What every dialect says of itself."""
    lines = [
        "| database | compares and writes | a statement locks | longest comment |"
        " it cannot |",
        "|---|---|---|---|---|",
    ]
    for dialect in _dialects():
        if dialect.why_no_comments:
            continue
        step = "in one transaction" if dialect.transactional else "under a table lock"
        if dialect.window:
            step = "one after the other, read again before"
        cannot = "; ".join(dialect.cannot) or "-"
        cells = (dialect.label, step, dialect.lock, _longest(dialect), cannot)
        lines.append(f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |")
    return "\n".join(lines) + "\n"


def _longest(dialect: Dialect) -> str:
    table, column = dialect.table_limit, dialect.column_limit
    if table is None and column is None:
        return "none that is known"
    unit = (
        f"bytes in {dialect.limit_encoding}"
        if dialect.limit_encoding
        else ("characters")
    )
    shown = [f"{limit:,}" if limit else "any" for limit in (table, column)]
    if table == column:
        return f"{shown[0]} {unit}"
    return f"{shown[0]} (table), {shown[1]} (column) {unit}"


def _dialects() -> list[Dialect]:
    found = [dialect_named(name) for name in dialect_names() if name != "generic"]
    return [dialect for dialect in found if dialect is not None]


def _how(dialect: Dialect, what: tuple[TableKind, bool]) -> str:
    proof = RAN.get(dialect.name)
    if proof is None or what not in proof.ran:
        tried = TRIED.get(dialect.name)
        return f"rendered only; {tried}" if tried else "rendered only"
    return f"run on {proof.on}" if dialect.proved else f"run on a stand-in: {proof.on}"


def main() -> None:
    """Write the table into the document."""
    before, _, rest = DOCUMENT.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    DOCUMENT.write_text(before + BEGIN + tables() + END + after)


if __name__ == "__main__":
    main()
