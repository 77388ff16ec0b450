"""The demo warehouse: a DuckDB file that is made on first use."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from catalog.errors import ColumnistError
from tui.flow.settings import Settings


def demo_warehouse(
    settings: Settings,
    *,
    reset: bool = False,
    tell: Callable[[str], None] = lambda _: None,
) -> Path:
    """The demo warehouse's file, made if it is not there.

    Args:
        settings: say where it is kept.
        reset: make it anew.
        tell: told that it takes a while, where it does.
    """
    from columnist_assets.demo.warehouse import build

    target = settings.data / "demo.duckdb"
    if target.exists() and not reset:
        return target
    tell("Making the demo warehouse (once, a few seconds)…")
    scratch = target.with_suffix(".new")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        scratch.unlink(missing_ok=True)
        build(scratch)
        Path(f"{target}.wal").unlink(missing_ok=True)
        os.replace(scratch, target)
    except OSError as error:
        raise ColumnistError(
            f"Cannot make the demo warehouse in {target.parent}: {error.strerror}.",
            "Free some space, or choose another place with --workspace.",
        ) from error
    return target
