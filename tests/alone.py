"""Tests marked `alone` lean on the time: no worker runs another test beside them."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest


@contextmanager
def locked(path: Path, how: int) -> Iterator[None]:
    """An advisory lock among processes."""
    with path.open("w") as file:
        fcntl.flock(file, how)
        yield


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Who wants to be alone holds the door until the others have left."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        return (yield)
    factory: pytest.TempPathFactory = item.config._tmp_path_factory  # type: ignore[attr-defined]
    shared = factory.getbasetemp().parent
    how = fcntl.LOCK_EX if item.get_closest_marker("alone") else fcntl.LOCK_SH
    with ExitStack() as room:
        with locked(shared / "door", fcntl.LOCK_EX):
            room.enter_context(locked(shared / "room", how))
        return (yield)
