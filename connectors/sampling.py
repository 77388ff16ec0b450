"""Profiles of columns from a bounded, read-only sample."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from catalog.objects import Profile, Table
from connectors.dialects.dialect import Dialect
from connectors.session import Source


def profile_table(
    dialect: Dialect,
    source: Source,
    table: Table,
    *,
    columns: Sequence[str] | None,
    rows: int,
    seconds: float,
    stop: Callable[[], bool],
) -> dict[str, Profile]:
    """Profiles of one table's columns; empty where no sample can be taken."""
    return {}
