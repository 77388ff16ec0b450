"""Quoting where a database doubles the mark and knows no other escape.

sqlglot gives the same for these (a test compares them), in forty times the time.
"""

from __future__ import annotations

from collections.abc import Iterable


def single_quoted(text: str) -> str:
    """A string literal in which a backslash is a backslash."""
    return "'" + text.replace("'", "''") + "'"


def double_quoted(parts: Iterable[str]) -> str:
    """A dotted name."""
    return ".".join('"' + part.replace('"', '""') + '"' for part in parts)
