"""The rows of the catalog: schemas and tables with their coverage."""

from __future__ import annotations

from collections.abc import Sequence

from catalog.snapshot import SchemaCoverage, TableSummary
from tui.app.widgets.row_list import Cell, Heading
from tui.flow.text import percent

BAR = 8
"""Cells of a coverage bar."""
SCHEMAS = (
    Heading("schema"),
    Heading("described", BAR + 1, minimum=26),
    Heading("", 4, right=True),
)
TABLES = (
    Heading("table"),
    Heading("kind", 12, minimum=90),
    Heading("rows", 11, minimum=80, right=True),
    Heading("described", BAR + 1),
    Heading("", 8, minimum=64),
    Heading("to decide", 10, right=True),
    Heading("accepted", 9, right=True),
)


def schema_cells(schema: SchemaCoverage) -> Sequence[Cell]:
    """A schema, or all of them."""
    described = schema.tables_described + schema.columns_described
    total = schema.tables + schema.columns
    return (
        Cell("all schemas" if schema.schema is None else schema.schema, "strong"),
        Cell(bar(described, total) if total else "", "accent"),
        Cell(percent(schema.share), "muted"),
    )


def table_cells(table: TableSummary) -> Sequence[Cell]:
    """A table, and what is to decide and accepted of it."""
    described, total = table.columns_described + table.described, table.columns + 1
    rows = "" if table.row_estimate is None else f"{table.row_estimate:,}"
    return (
        Cell(str(table.id), "strong" if table.undocumented else ""),
        Cell(table.kind.value, "muted"),
        Cell(rows, "muted"),
        Cell(bar(described, total), "accent"),
        Cell(f"{described}/{total}", "muted"),
        Cell(f"{table.undecided} ○" if table.undecided else "", "warn"),
        Cell(f"{table.staged} ✓" if table.staged else "", "good"),
    )


def bar(done: int, total: int) -> str:
    """A share as blocks of eighths, `BAR` cells long."""
    eighths = round(8 * BAR * done / total)
    full, part = divmod(eighths, 8)
    return ("█" * full + " ▏▎▍▌▋▊▉"[part] * (part > 0)).ljust(BAR, "·")
