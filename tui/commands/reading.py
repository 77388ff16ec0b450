"""Reading the catalog for a command; what the command names must be there."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from catalog.bounds import matches
from catalog.errors import UsageError
from catalog.objects import TableId, TableKind
from catalog.rescan import Changes
from tui.commands import console
from tui.flow import scanning
from tui.flow.session import Session
from tui.flow.text import left_out, plain

_NEAREST = 3
"""Names that an error proposes."""


def read(
    session: Session,
    schemas: list[str],
    globs: list[str],
    kinds: list[TableKind] | None = None,
) -> Changes:
    """Scan with a progress bar; what has changed since the last time."""
    seen: set[str] = set()
    found: list[Changes] = []
    if session.files_only:
        console.note(f"columnist: {plain(session.files_only)}.")
    with (
        console.stopping() as stop,
        console.progress("Reading the catalog", None) as advance,
    ):
        for table in scanning.scan(
            session,
            schemas=schemas,
            globs=globs,
            kinds=kinds or [],
            on_changes=found.append,
            stop=stop,
        ):
            seen.add(table.id.schema)
            advance(1)
    changes = found[0] if found else Changes()
    for line in left_out(changes.unread):
        console.note(line)
    if session.database.dialect.database_is_schema and not (
        schemas or session.bounds.schemas
    ):
        console.note(
            "columnist: the URL names no database, so every one that you see is meant:"
            f" {len(seen)} with tables."
        )
    return changes


@dataclass(frozen=True, slots=True)
class Named:
    """What a command line names; everything narrows it."""

    schemas: Sequence[str] = ()
    """Exact names."""
    globs: Sequence[str] = ()
    """Patterns on `table` or `schema.table`."""
    kinds: Collection[TableKind] = ()
    """What the tables are."""

    def __bool__(self) -> bool:
        """Whether anything is named at all."""
        return bool(self.schemas or self.globs or self.kinds)

    def takes(self, table: TableId, kind: TableKind | None) -> bool:
        """Whether a table is meant; a kind that is not known fits."""
        return (
            (not self.schemas or table.schema in self.schemas)
            and (not self.kinds or kind is None or kind in self.kinds)
            and matches(table, self.globs)
        )


def demand(
    session: Session, named: Named, *, decided: bool = False, fresh: bool = False
) -> None:
    """Insist that every name fits something, and all of them together.

    Where one does not, the catalog is read once more before that is said.

    Args:
        session: the open database; nothing counts that is beyond its bounds.
        named: what the command line names.
        decided: tables count that have suggestions, though they may be gone.
        fresh: the catalog was read just now.

    Raises:
        UsageError: something fits nothing; the nearest names are told.
    """
    if not named:
        return
    problem = _problem(session, named, decided=decided)
    if problem is not None and not fresh:
        read(session, [], [])
        problem = _problem(session, named, decided=decided)
    if problem is not None:
        raise problem


def _problem(session: Session, named: Named, *, decided: bool) -> UsageError | None:
    there: dict[TableId, TableKind | None] = {}
    if decided:
        there |= dict.fromkeys(session.suggestions.places())
    there |= {each.id: each.kind for each in session.snapshot.summaries()}
    where = plain(session.saved.name if session.saved else session.database.url)
    schemas = sorted({table.schema for table in there})
    for schema in named.schemas:
        if schema not in schemas:
            return _missing(f"schema {plain(schema)}", where, schema, schemas)
    for glob in named.globs:
        if not any(matches(table, [glob]) for table in there):
            names = sorted({t.name for t in there} | {str(t) for t in there})
            return _missing(f"table {plain(glob)}", where, glob, names)
    if not any(named.takes(table, kind) for table, kind in there.items()):
        return UsageError(
            f"No table of {where} fits all of that.",
            "See them with `columnist tables URL`; case matters.",
        )
    return None


def _missing(what: str, where: str, name: str, known: Sequence[str]) -> UsageError:
    lower: dict[str, list[str]] = {}
    for each in known:
        lower.setdefault(each.lower(), []).append(each)
    near = difflib.get_close_matches(name.lower(), lower, _NEAREST)
    names = [plain(each) for key in near for each in lower[key]][:_NEAREST]
    return UsageError(
        f"{where} has no {what}.",
        f"Did you mean {' or '.join(names)}?"
        if names
        else "See what there is with `columnist tables URL`; case matters.",
    )
