"""Stopping work: what long work asks between two steps."""

from __future__ import annotations

from collections.abc import Callable

Stop = Callable[[], bool]
"""Says whether the work has to end; asked often, so it has to be cheap."""


def never() -> bool:
    """The `stop` of work that nobody stops."""
    return False
