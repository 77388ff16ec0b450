"""The inference log as a file for a warehouse."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from catalog.inferences import FIELDS, Inferences
from catalog.workspace import Workspace


def export(workspace: Workspace, database: int | None, path: Path) -> int:
    """Write the log of one database, or of all, as Parquet or CSV; how many rows.

    Raises:
        UsageError: the name of the file says neither.
        ColumnistError: it cannot be written; what was there before still is.
    """
    from connectors.warehouse_file import write_rows  # it brings DuckDB

    with closing(Inferences(workspace, database).export()) as rows:
        return write_rows(rows, FIELDS, path)
