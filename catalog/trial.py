"""Two models side by side: which of them a table was drawn for, and how it went."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from catalog.objects import TableId


@dataclass(frozen=True, slots=True)
class TableOutcome:
    """What became of one model's texts for one table and its columns."""

    database: str
    """The key of the table's database."""
    table: TableId
    """The table."""
    model: str
    """The model that was asked."""
    accepted: int
    """Texts taken as they were, by somebody who had them on the screen."""
    decided: int
    """Texts that were decided on, without those accepted unseen."""
    unseen: int
    """Texts accepted in bulk, unseen."""


def drawn_model(database: str, table: TableId, models: tuple[str, str]) -> str:
    """The model that a table is drawn for: one of two, with equal chances.

    Drawn by a hash, so that a run that goes on later draws the same again, whatever
    the order in which the models are named, and whoever asks can tell afterwards.

    Args:
        database: what identifies the database in the workspace.
        table: the table; its columns go with it.
        models: the names of both.
    """
    pair = sorted(models)
    place = json.dumps([database, table.schema, table.name, *pair])
    return pair[hashlib.sha256(place.encode()).digest()[0] & 1]
