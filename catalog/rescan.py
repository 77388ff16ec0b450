"""What a scan finds changed since the last one, and what that makes doubtful.

A description was written for a thing of that name, type and key. Where one of these is
another now, an undecided or accepted suggestion goes back to the steward, and a comment
in the database is listed as possibly out of date. A table or column that was renamed
takes its suggestions along.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from catalog.objects import (
    Column,
    Table,
    TableId,
    Target,
    column_of,
    make_target,
    parts_of,
    table_of,
)
from catalog.snapshot import Snapshot
from catalog.suggestions import GONE, Suggestions
from catalog.workspace import Workspace, now


@dataclass(frozen=True, slots=True)
class Outdated:
    """A comment whose target has changed since the comment was first seen."""

    target: Target
    """The table or column."""
    comment: str
    """The comment."""
    why: str
    """What changed, in words for the steward."""

    def as_json(self) -> dict[str, str | None]:
        """For scripts."""
        return {**parts_of(self.target), "comment": self.comment, "why": self.why}


@dataclass(slots=True)
class Changes:
    """What one scan found."""

    new: list[TableId] = field(default_factory=list[TableId])
    """Tables that were not there before; empty for the first scan."""
    changed: list[TableId] = field(default_factory=list[TableId])
    """Tables with other columns, types, keys or another definition."""
    dropped: list[TableId] = field(default_factory=list[TableId])
    """Tables that are gone."""
    renamed: dict[TableId, TableId] = field(default_factory=dict[TableId, TableId])
    """Gone under one name and found under another, with the very same columns."""
    suggestions: int = 0
    """Suggestions that went back to the steward."""
    unread: dict[TableId, str] = field(default_factory=dict[TableId, str])
    """Tables that are there and could not be read, each with the reason."""

    def as_json(self) -> dict[str, Any]:
        """For scripts."""
        return {
            "new": [str(table) for table in self.new],
            "changed": [str(table) for table in self.changed],
            "dropped": [str(table) for table in self.dropped],
            "renamed": {str(old): str(new) for old, new in self.renamed.items()},
            "suggestions_outdated": self.suggestions,
            "unread": {str(table): why for table, why in self.unread.items()},
        }


class Rescan:
    """Compares tables with what the snapshot had of them, batch by batch.

    Args:
        workspace: the file.
        database: the database's id in it.
    """

    def __init__(self, workspace: Workspace, database: int) -> None:
        self._workspace = workspace
        self._database = database
        self._snapshot = Snapshot(workspace, database)
        self._suggestions = Suggestions(workspace, database)
        self._first = not self._snapshot.has_tables()
        self._new: dict[str, list[TableId]] = defaultdict(list)
        """New tables by the fingerprint of their shape."""
        self.changes = Changes()

    def save(self, tables: Sequence[Table], *, scan: int) -> None:
        """Store tables of a scan together with what their changes mean.

        Of one that could not be read, what is known from before stays.
        """
        unread = {table.id: table.unread for table in tables if table.unread}
        self.changes.unread |= unread
        tables = [table for table in tables if not table.unread]
        with self._workspace.transaction():
            self._snapshot.keep(unread, scan=scan)
            doubtful: dict[Target, str] = {}
            for table in () if self._first else tables:
                before = self._before(table)
                if before is None:
                    self.changes.new.append(table.id)
                    self._new[shape(table)].append(table.id)
                elif before:
                    self.changes.changed.append(table.id)
                    doubtful |= self._compare(before[0], table)
            self.changes.suggestions += self._suggestions.outdate(doubtful)
            self._note_comments(tables, doubtful)
            self._snapshot.save(
                tables, scan=scan, fingerprints=[fingerprint(table) for table in tables]
            )

    def finish(self, gone: Iterable[Table]) -> Changes:
        """Deal with what the scan should have met and did not."""
        by_shape: dict[str, list[Table]] = defaultdict(list)
        missing = list(gone)
        for table in missing:
            by_shape[shape(table)].append(table)
        with self._workspace.transaction():
            for key, tables in by_shape.items():
                found = self._new.get(key, [])
                if len(tables) == len(found) == 1 and len(tables[0].columns) > 1:
                    self.changes.renamed[tables[0].id] = found[0]
            self._suggestions.follow(self.changes.renamed)
            renamed = self.changes.renamed
            lost = [table for table in missing if table.id not in renamed]
            self.changes.dropped += [table.id for table in lost]
            self.changes.suggestions += self._suggestions.outdate(
                {target: GONE for table in lost for target in table.targets()}
            )
            self.changes.new = [
                one for one in self.changes.new if one not in renamed.values()
            ]
            self._suggestions.restore_found(self._exists)
            self._forget("", [table.id for table in missing])
        return self.changes

    def outdated(self) -> list[Outdated]:
        """Comments that may be out of date, in order of schema and table."""
        return self._outdated("ORDER BY schema, name, column_name")

    def _before(self, table: Table) -> tuple[Table] | tuple[()] | None:
        """The table as it was if it changed, () if it did not, None if it is new."""
        known = self._snapshot.fingerprint(table.id)
        if known is None:
            return None
        if known == fingerprint(table):
            return ()
        before = self._snapshot.table(table.id)
        if before is None or (not known and fingerprint(before) == fingerprint(table)):
            return ()
        return (before,)

    def _compare(self, before: Table, after: Table) -> dict[Target, str]:
        """What became doubtful, and why; renamed columns take their suggestions."""
        had = {column.name: column for column in before.columns}
        has = {column.name: column for column in after.columns}
        gone = [column for column in before.columns if column.name not in has]
        new = [column for column in after.columns if column.name not in had]
        found: dict[Target, str] = {}
        if len(gone) == len(new) == 1 and _same_place(gone[0], new[0]):
            self._suggestions.follow_column(gone[0].id, new[0].id)
            found[new[0].id] = f"it was called {gone[0].name}"
            gone = []
        for column in gone:
            found[column.id] = GONE
        for name in had.keys() & has.keys():
            if why := _difference(before, had[name], after, has[name]):
                found[has[name].id] = why
        if why := _table_difference(before, after):
            found[after.id] = why
        return found

    def _note_comments(
        self, tables: Iterable[Table], doubtful: Mapping[Target, str]
    ) -> None:
        """Keep doubtful comments, and forget those that were changed since."""
        for table in () if self._first else tables:
            for old in self._outdated("AND schema = ? AND name = ?", *table.id):
                if table.comment_of(old.target) != old.comment:
                    self._forget("AND column_name = ?", [_place(old.target)])
        by_id = {table.id: table for table in tables}
        with self._workspace.transaction() as db:
            for target, why in doubtful.items():
                there = by_id.get(table_of(target))
                comment = there.comment_of(target) if there else None
                if comment is not None:
                    db.execute(
                        "INSERT OR REPLACE INTO main.outdated"
                        " VALUES (?, ?, ?, ?, ?, ?, ?)",
                        (self._database, *_place(target), comment, why, now()),
                    )

    def _outdated(self, condition: str, *values: str) -> list[Outdated]:
        return [
            Outdated(
                make_target(row["schema"], row["name"], row["column_name"] or None),
                row["comment"],
                row["why"],
            )
            for row in self._workspace.rows(
                f"SELECT * FROM outdated WHERE database = ? {condition}",
                (self._database, *values),
            )
        ]

    def _forget(self, condition: str, places: Iterable[Sequence[str]]) -> None:
        with self._workspace.transaction() as db:
            db.executemany(
                "DELETE FROM main.outdated"
                f" WHERE database = ? AND schema = ? AND name = ? {condition}",
                [(self._database, *place) for place in places],
            )

    def _exists(self, target: Target) -> bool:
        table = self._snapshot.table(table_of(target))
        name = column_of(target)
        return table is not None and (name is None or table.column(name) is not None)


def fingerprint(table: Table) -> str:
    """All that a description of the table or a column was made from, as 16 digits."""
    return _digest([shape(table), table.kind.value, _plain(table.view_sql)])


def shape(table: Table) -> str:
    """Names, types and keys alone: what stays when a table is renamed."""
    keys = [
        [key.columns, str(key.references), key.referenced_columns]
        for key in table.foreign_keys
    ]
    columns = [[column.name, column.type] for column in table.columns]
    return _digest([columns, table.primary_key, keys])


def _digest(parts: object) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def _plain(sql: str | None) -> str:
    return " ".join((sql or "").split())


def _place(target: Target) -> tuple[str, str, str]:
    table = table_of(target)
    return table.schema, table.name, column_of(target) or ""


def _same_place(one: Column, other: Column) -> bool:
    return (one.position, one.type) == (other.position, other.type)


def _difference(before: Table, old: Column, after: Table, new: Column) -> str:
    """What of a column is another now; empty where nothing is."""
    if old.type != new.type:
        return f"its type was {old.type}, it is {new.type}"
    if before.references(old.name) != after.references(new.name):
        return "it refers to something else"
    was, is_now = old.name in before.primary_key, new.name in after.primary_key
    if was != is_now:
        return "it became part of the key" if is_now else "it left the key"
    return ""


def _table_difference(before: Table, after: Table) -> str:
    """What of a table itself is another now; empty where nothing is."""
    if before.kind is not after.kind:
        return f"it was a {before.kind.value}, it is a {after.kind.value}"
    if _plain(before.view_sql) != _plain(after.view_sql):
        return "its definition changed"
    if before.primary_key != after.primary_key:
        return "its key changed"
    had = {column.name for column in before.columns}
    has = {column.name for column in after.columns}
    if had != has:
        return f"its columns changed: {len(has - had)} came, {len(had - has)} went"
    return ""
