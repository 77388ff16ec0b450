"""Two models side by side: what is drawn for which of them, and how it went.

All is drawn by hashes, so that a run that goes on later draws the same again, whatever
the order in which the models are named, and whoever asks can tell afterwards.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from enum import Enum

from catalog.objects import TableId, Target, column_of, table_of


class Favoured(Enum):
    """What was said of two drafts that stood side by side."""

    FIRST = "first"
    SECOND = "second"
    TIE = "tie"
    """Neither is better: the first was taken, and nobody won."""


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

    Args:
        database: what identifies the database in the workspace.
        table: the table; its columns go with it.
        models: the names of both.
    """
    pair = sorted(models)
    return pair[_drawn([database, table.schema, table.name, *pair])[0] & 1]


def drawn_for_both(
    database: str, table: TableId, models: tuple[str, str], share: float
) -> bool:
    """Whether a table is among the share of all that both models draft.

    What is drawn of a small share is drawn of every larger one.
    """
    what = ["both", database, table.schema, table.name, *sorted(models)]
    return int.from_bytes(_drawn(what)[:6]) < share * (1 << 48)


def drawn_order(
    database: str, target: Target, models: tuple[str, str]
) -> tuple[str, str]:
    """The names of two models in the order in which their texts are shown."""
    table = table_of(target)
    pair = sorted(models)
    place = [database, table.schema, table.name, column_of(target), *pair]
    if _drawn(["order", *place])[0] & 1:
        pair.reverse()
    return pair[0], pair[1]


def _drawn(what: list[str | None] | list[str]) -> bytes:
    return hashlib.sha256(json.dumps(what).encode()).digest()


def still_open(s: str) -> str:
    """A condition: two drafts stand side by side there, and none was decided on.

    True of the current one alone. Whoever reads a text under it may not say which
    model wrote it: see `catalog.pairs`.

    Args:
        s: what the query calls the table of suggestions.
    """
    return (
        f"({s}.rival IS NOT NULL AND {s}.current AND {s}.state IN ('pending', 'stale')"
        f" AND {s}.drafted IS NOT"
        f" (SELECT o.drafted FROM main.suggestions o WHERE o.id = {s}.rival)"
        # What was written and taken back was decided on.
        " AND ifnull((SELECT x.state_after FROM main.decisions x WHERE x.suggestion"
        f" IN ({s}.id, {s}.rival) ORDER BY x.id DESC LIMIT 1), 'pending')"
        " IN ('pending', 'stale'))"
    )


def being_chosen(s: str) -> str:
    """A condition: two drafts of a suggestion's target are to choose between.

    True of all that was ever drafted for it: a model may have written the same before.

    Args:
        s: what the query calls the table of suggestions.
    """
    return (
        "EXISTS (SELECT 1 FROM main.suggestions c"
        f" WHERE c.database = {s}.database AND c.schema = {s}.schema"
        f" AND c.name = {s}.name AND c.column_name IS {s}.column_name"
        f" AND {still_open('c')})"
    )
