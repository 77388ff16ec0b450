"""How much of a database Columnist takes for itself."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one connection; the defaults are careful ones."""

    sample_rows: int = 2000
    """Rows looked at in one table."""
    sample_seconds: float = 5.0
    """Seconds after which the server gives a sample up."""
    lock_seconds: float = 2.0
    """Seconds that a comment waits for somebody else's lock, each time it is tried."""
    connections: int | None = None
    """Sessions that write at once; None is what the dialect does by itself."""
    statement_seconds: float = 30.0
    """Seconds that one statement of a write may take."""
