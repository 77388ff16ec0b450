"""How much of a database Columnist takes for itself."""

from __future__ import annotations

from typing import Annotated

import msgspec

_Number = Annotated[
    int,
    msgspec.Meta(gt=0, le=1_000_000, description="a whole number above 0"),
]
_Seconds = Annotated[
    float,
    msgspec.Meta(gt=0, le=1_000_000, description="a number of seconds above 0"),
]


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Bounds of one connection; the defaults are careful ones."""

    sample_rows: _Number = 2000
    """Rows looked at in one table."""
    sample_seconds: _Seconds = 5.0
    """Seconds after which the server gives a sample up."""
    lock_seconds: _Seconds = 2.0
    """Seconds that a comment waits for somebody else's lock, each time it is tried."""
    connections: _Number | None = None
    """Sessions that write at once; None is what the dialect does by itself."""
    statement_seconds: _Seconds = 30.0
    """Seconds that one statement of a write may take."""
