"""Entries of a data set, from plain values."""

from __future__ import annotations

from typing import Any

import msgspec

from model.evaluation.records import DataRecord, Entry


def entry_of(data: dict[str, Any]) -> Entry:
    """The entry of a line that has these values."""
    return Entry.of(msgspec.convert(data, DataRecord))
