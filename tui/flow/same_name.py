"""Columns of one name and type, and whether their values agree with one of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from catalog.objects import ColumnId, Profile, table_of
from catalog.profiles import divergence, looked_at
from catalog.stopping import Stop
from catalog.suggestion import Suggestion
from catalog.suggestions import Suggestions
from tui.flow.session import Session


@dataclass(frozen=True, slots=True)
class Namesake:
    """Another column of that name and type that waits for a description."""

    suggestion: Suggestion
    """What was drafted for it."""
    differs: str | None = None
    """How its values differ; empty where they agree, None until looked at."""
    looked: str = ""
    """Of which rows that is told; empty where none could be read."""


def namesakes(session: Session, column: ColumnId, type_: str) -> list[Namesake]:
    """Every other column of that name and type that waits, by table."""
    # A connection of its own: in a large warehouse this takes a second, and keys that
    # decide must not wait for it.
    with session.workspace.beside() as workspace:
        store = Suggestions(workspace, session.database_id)
        return [
            Namesake(each)
            for each in store.of_name(column.name, type_)
            if each.target != column
        ]


def compared(
    session: Session,
    column: ColumnId,
    found: list[Namesake],
    *,
    stop: Stop,
) -> Iterator[tuple[int, Namesake]]:
    """Look at bounded samples; each namesake with its place, as it was compared."""
    mine, _ = _profile(session, column, stop)
    for place, each in enumerate(found):
        if stop():
            return
        target = each.suggestion.target
        assert isinstance(target, ColumnId)  # `of_name` finds columns alone
        other, looked = _profile(session, target, stop)
        if stop():
            return  # a sample that was cut short proves nothing
        differs = divergence(mine, other) if mine and other else ""
        yield place, Namesake(each.suggestion, differs, looked)


def _profile(
    session: Session, column: ColumnId, stop: Stop
) -> tuple[Profile | None, str]:
    """A column's profile, and of which rows it is."""
    table = session.snapshot.table(table_of(column))
    if table is None:
        return None, ""
    found = session.profile(table, stop=stop).get(column.name)
    return found, looked_at(found, table) if found else ""
