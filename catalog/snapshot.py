"""The catalog of one database as it was last read, kept in the workspace."""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from catalog.bounds import matches
from catalog.coverage import CoverageHistory
from catalog.objects import (
    Column,
    ColumnId,
    ForeignKey,
    Table,
    TableId,
    TableKind,
    Target,
    column_of,
    table_of,
)
from catalog.stopping import Stop, never
from catalog.workspace import Workspace


class TableSummary(NamedTuple):
    """One line of a list of tables: counts, without the columns."""

    id: TableId
    """The table."""
    kind: TableKind
    """What the catalog says it is."""
    row_estimate: int | None
    """The catalog's estimate of its rows."""
    described: bool
    """Whether the table itself has a comment, or a text for files where it cannot."""
    columns: int
    """How many columns it has."""
    columns_described: int
    """How many of them have, in the same way."""
    undecided: int
    """Suggestions that wait for the steward."""
    staged: int
    """Suggestions accepted or edited, not yet written."""

    @property
    def undocumented(self) -> bool:
        """Whether anything of it lacks a comment."""
        return not self.described or self.columns_described < self.columns


@dataclass(frozen=True, slots=True)
class SchemaCoverage:
    """How much of one schema (or of all, where `schema` is None) is described."""

    schema: str | None
    """The schema, None for the total."""
    tables: int
    """Tables and views."""
    tables_described: int
    """Those with a comment, or with an accepted text where they can hold none."""
    columns: int
    """Their columns."""
    columns_described: int
    """Those with a comment, or with an accepted text where they can hold none."""

    @property
    def share(self) -> float | None:
        """Described share of tables and columns together; None where there are none."""
        total = self.tables + self.columns
        done = self.tables_described + self.columns_described
        return done / total if total else None

    def as_json(self) -> dict[str, Any]:
        """The contract's shape; the total has no schema."""
        counts = asdict(self)
        if self.schema is None:
            del counts["schema"]
        return counts


class CoverageCount:
    """Counts what is described, schema by schema, in order of their first tables."""

    def __init__(self) -> None:
        self._counts: dict[str, list[int]] = {}

    def add(
        self, schema: str, described: int, columns: int, done: int, sign: int = 1
    ) -> None:
        """Take in a table, or take it out again with a sign of -1.

        Args:
            schema: the table's.
            described: whether it is.
            columns: how many it has.
            done: how many of them are described.
            sign: what each is multiplied with.
        """
        counts = self._counts.get(schema)
        if counts is None:
            counts = self._counts[schema] = [0, 0, 0, 0]
        counts[0] += sign
        counts[1] += sign * described
        counts[2] += sign * columns
        counts[3] += sign * done

    def coverage(self) -> tuple[list[SchemaCoverage], SchemaCoverage]:
        """Coverage by schema, and the total."""
        total = [sum(values) for values in zip(*self._counts.values(), strict=True)]
        return (
            [SchemaCoverage(name, *count) for name, count in self._counts.items()],
            SchemaCoverage(None, *(total or (0, 0, 0, 0))),
        )


class Snapshot:
    """Tables of one database in the workspace."""

    def __init__(self, workspace: Workspace, database: int) -> None:
        self._workspace = workspace
        self._database = database

    def scanned_at(self) -> str | None:
        """When all within the bounds was last read, or None if it never was."""
        return self._workspace.scanned_at(self._database)

    def begin(self) -> int:
        """The number of a new scan, to be passed to `save` and `finish`.

        Microseconds since 1970, so that of two scans at once the later has the larger.
        """
        return time.time_ns() // 1000

    def has_tables(self) -> bool:
        """Whether anything was ever read."""
        found = "SELECT 1 FROM tables WHERE database = ? LIMIT 1"
        return self._workspace.row(found, (self._database,)) is not None

    def fingerprint(self, table: TableId) -> str | None:
        """What `save` was given for a table, or None where there is no such table."""
        return self._of(table, "fingerprint")

    def save(
        self,
        tables: Sequence[Table],
        *,
        scan: int,
        fingerprints: Sequence[str] | None = None,
    ) -> None:
        """Store tables as read by one scan, replacing what was known of them.

        Args:
            tables: what was read.
            scan: the scan's number.
            fingerprints: by which the next scan sees whether a table has changed.
        """
        rows = [
            (
                self._database,
                table.id.schema,
                table.id.name,
                table.kind.value,
                table.row_estimate,
                table.comment is not None,
                len(table.columns),
                sum(column.comment is not None for column in table.columns),
                json.dumps(_encode(table), ensure_ascii=True),
                scan,
                mark,
                _refuses(table),
            )
            for table, mark in zip(
                tables, fingerprints or [""] * len(tables), strict=True
            )
        ]
        with self._workspace.transaction() as db:
            db.executemany(
                "INSERT OR REPLACE INTO main.tables VALUES"
                " (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                rows,
            )
            self._workspace.note_reading(self._database)

    def keep(self, tables: Iterable[TableId], *, scan: int) -> None:
        """Note that tables were met, and leave them as they are known."""
        with self._workspace.transaction() as db:
            db.executemany(
                "UPDATE main.tables SET scan = ?"
                " WHERE database = ? AND schema = ? AND name = ?",
                [(scan, self._database, *table) for table in tables],
            )

    def finish(
        self,
        scan: int,
        *,
        schemas: Sequence[str] = (),
        globs: Sequence[str] = (),
        kinds: Collection[TableKind] = (),
    ) -> list[Table]:
        """End a scan: forget tables it should have met and did not; which they were.

        The arguments are what this scan was narrowed to within the bounds; what is
        beyond them stays. A scan that was not narrowed notes the coverage.
        """
        gone = [
            table_id
            for table_id in self._ids(*_of_kinds("AND scan < ?", (scan,), kinds))
            if matches(table_id, globs, schemas)
        ]
        found = [table for table_id in gone if (table := self.table(table_id))]
        with self._workspace.transaction() as db:
            db.executemany(
                "DELETE FROM main.tables"
                " WHERE database = ? AND schema = ? AND name = ?",
                [(self._database, *gone_id) for gone_id in gone],
            )
            self._workspace.note_reading(self._database)
            if not schemas and not globs and not kinds:
                self._workspace.note_scan(self._database)
                CoverageHistory(self._workspace, self._database).record()
        return found

    def tables(
        self, *, schemas: Sequence[str] = (), globs: Sequence[str] = ()
    ) -> Iterator[Table]:
        """Tables in order of schema and name, read one at a time."""
        for table_id in self._ids("", ()):
            if matches(table_id, globs, schemas) and (table := self.table(table_id)):
                yield table

    def table(self, table_id: TableId) -> Table | None:
        """One table, or None where the snapshot has none of that name."""
        body = self._of(table_id, "body")
        return None if body is None else _decode(table_id, json.loads(body))

    def _of(self, table: TableId, what: str) -> str | None:
        """A text that is kept of a table, or None where there is no such table."""
        row = self._workspace.row(
            f"SELECT {what} FROM tables WHERE database = ? AND schema = ? AND name = ?",
            (self._database, *table),
        )
        return row[0] if row else None

    def named(self, prefix: str, *, limit: int) -> list[str]:
        """Names of tables that begin so, whatever their case, each once.

        The cost depends on the limit, not on the number of tables.
        """
        if not prefix:
            return []
        # The first string, as NOCASE sorts, after all that begin with the prefix.
        last = prefix[-1].lower() if prefix[-1].isascii() else prefix[-1]
        after = prefix[:-1] + chr(min(ord(last) + 1, 0x10FFFF))
        return [
            row["name"]
            for row in self._workspace.rows(
                "SELECT DISTINCT name FROM main.tables t INDEXED BY tables_by_name"
                " WHERE database = ? AND name >= ? COLLATE NOCASE"
                " AND name < ? COLLATE NOCASE AND EXISTS (SELECT 1 FROM tables b"
                " WHERE b.database = t.database AND b.schema = t.schema"
                " AND b.name = t.name) ORDER BY name COLLATE NOCASE LIMIT ?",
                (self._database, prefix, after, limit),
            )
        ]

    def tables_with(self, like: str, *, stop: Stop = never) -> frozenset[TableId]:
        """Tables whose name, or a column's, is as `name_like` has it.

        It looks at all, while others go on.
        """
        return frozenset(
            TableId(schema, name)
            for schema, name in self._workspace.aside(
                "SELECT schema, name FROM tables t WHERE database = ?"
                r" AND (name LIKE ? ESCAPE '\' OR EXISTS (SELECT 1 FROM"
                " json_each(t.body, '$.columns') c"
                r" WHERE c.value ->> 0 LIKE ? ESCAPE '\'))",
                (self._database, like, like),
                stop=stop,
            )
        )

    def summaries(self, *, first: int | None = None) -> list[TableSummary]:
        """Every table with its counts, in order of schema and name.

        Args:
            first: only so many, which is at once where all take a moment.
        """
        limit = "" if first is None else f" LIMIT {first:d}"
        return self._summaries(f"ORDER BY t.schema, t.name{limit}", ())

    def summary(self, table: TableId) -> TableSummary | None:
        """One table with its counts."""
        found = self._summaries("AND t.schema = ? AND t.name = ?", table)
        return found[0] if found else None

    def _summaries(
        self, condition: str, parameters: Sequence[str]
    ) -> list[TableSummary]:
        kinds = {kind.value: kind for kind in TableKind}
        return [
            TableSummary(
                TableId(schema, name),
                kinds[kind],
                rows,
                bool(described),
                *counts,
            )
            for schema, name, kind, rows, described, *counts in self._workspace.rows(
                "SELECT t.schema, t.name, kind, row_estimate, described, columns,"
                " columns_described, ifnull(w.undecided, 0), ifnull(w.staged, 0)"
                " FROM documented t"
                " LEFT JOIN waiting w ON w.database = t.database"
                " AND w.schema = t.schema AND w.name = t.name"
                f" WHERE t.database = ? {condition}",
                (self._database, *parameters),
            )
        ]

    def references(self) -> dict[TableId, int]:
        """How many foreign keys point to a table; tables with none are left out."""
        return {
            TableId(schema, name): number
            for schema, name, number in self._workspace.rows(
                "SELECT json_extract(value, '$[1]'), json_extract(value, '$[2]'),"
                " count(*) FROM tables, json_each(body, '$.foreign_keys')"
                " WHERE database = ? GROUP BY 1, 2",
                (self._database,),
            )
        }

    def similar(self) -> dict[TableId, int]:
        """How many other tables have columns of the very same names, where any has.

        A name's order counts: such tables are copies, parts or months of one.
        """
        found = self._workspace.rows(
            "WITH named AS (SELECT schema, name, (SELECT"
            " group_concat(json_extract(value, '$[0]'), char(0))"
            " FROM json_each(body, '$.columns')) AS shape"
            " FROM tables WHERE database = ?)"
            " SELECT schema, name, count(*) OVER (PARTITION BY shape) - 1 FROM named",
            (self._database,),
        )
        return {TableId(schema, name): more for schema, name, more in found if more}

    def coverage(
        self,
        *,
        schemas: Sequence[str] = (),
        globs: Sequence[str] = (),
        kinds: Collection[TableKind] = (),
    ) -> tuple[list[SchemaCoverage], SchemaCoverage]:
        """Coverage by schema, and the total."""
        condition, values = _of_kinds("", (), kinds)
        rows = self._workspace.rows(
            "SELECT schema, name, described, columns, columns_described"
            f" FROM documented WHERE database = ? {condition} ORDER BY schema",
            (self._database, *values),
        )
        found = CoverageCount()
        for schema, name, *counts in rows:
            if matches(TableId(schema, name), globs, schemas):
                found.add(schema, *counts)
        return found.coverage()

    def set_comments(self, comments: Mapping[Target, str | None]) -> None:
        """Record what the database holds for some targets after a write."""
        by_table: dict[TableId, dict[str | None, str | None]] = {}
        for target, comment in comments.items():
            of_table = by_table.setdefault(table_of(target), {})
            of_table[column_of(target)] = comment
        with self._workspace.transaction() as db:
            for table_id, found in by_table.items():
                if (known := self._of(table_id, "body")) is None:
                    continue
                body = json.loads(known)
                body["comment"] = found.get(None, body["comment"])
                for column in body["columns"]:
                    column[_COMMENT] = found.get(column[0], column[_COMMENT])
                described = sum(c[_COMMENT] is not None for c in body["columns"])
                db.execute(
                    "UPDATE main.tables"
                    " SET described = ?, columns_described = ?, body = ?"
                    " WHERE database = ? AND schema = ? AND name = ?",
                    (
                        body["comment"] is not None,
                        described,
                        json.dumps(body),
                        self._database,
                        *table_id,
                    ),
                )

    def _ids(self, condition: str, parameters: Sequence[Any]) -> list[TableId]:
        return [
            TableId(row["schema"], row["name"])
            for row in self._workspace.rows(
                f"SELECT schema, name FROM tables WHERE database = ? {condition}"
                " ORDER BY schema, name",
                (self._database, *parameters),
            )
        ]


def _of_kinds(
    condition: str, values: Sequence[Any], kinds: Collection[TableKind]
) -> tuple[str, tuple[Any, ...]]:
    """A condition with its values, narrowed to some kinds of tables."""
    if not kinds:
        return condition, tuple(values)
    marks = ", ".join("?" * len(kinds))
    return f"{condition} AND kind IN ({marks})", (*values, *(k.value for k in kinds))


_COMMENT = Column._fields.index("comment")
"""Where a column's comment stands in its encoded list, which is the column itself with
its name for its id."""


def _refuses(table: Table) -> bool:
    """Whether something of a table can only be described in files."""
    return table.comment_refused is not None or any(
        column.comment_refused is not None for column in table.columns
    )


def _encode(table: Table) -> dict[str, Any]:
    return {
        "kind": table.kind.value,
        "comment": table.comment,
        "comment_refused": table.comment_refused,
        "row_estimate": table.row_estimate,
        "view_sql": table.view_sql,
        "primary_key": table.primary_key,
        "foreign_keys": [
            [
                key.columns,
                key.references.schema,
                key.references.name,
                key.referenced_columns,
            ]
            for key in table.foreign_keys
        ],
        "parents": table.parents,
        "columns": [(c.id.name, *c[1:]) for c in table.columns],
    }


def _decode(table_id: TableId, body: dict[str, Any]) -> Table:
    return Table(
        id=table_id,
        kind=TableKind(body["kind"]),
        columns=tuple(
            Column(ColumnId(table_id, name), *rest) for name, *rest in body["columns"]
        ),
        primary_key=tuple(body["primary_key"]),
        foreign_keys=tuple(
            ForeignKey(tuple(columns), TableId(schema, name), tuple(there))
            for columns, schema, name, there in body["foreign_keys"]
        ),
        comment=body["comment"],
        comment_refused=body["comment_refused"],
        row_estimate=body["row_estimate"],
        view_sql=body["view_sql"],
        parents=tuple(TableId(*parent) for parent in body.get("parents", ())),
    )
