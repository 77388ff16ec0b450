"""Facts read from a database: tables, columns, keys and profiles, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

# Identifiers and columns are tuples by name: a warehouse has a million of each, and a
# frozen dataclass takes five times as long to make (1.8 against 0.35 microseconds).


class TableId(NamedTuple):
    """Names a table or view; a value, never a quoted string."""

    schema: str
    """Bare schema name (DuckDB `main`, MySQL the database)."""
    name: str
    """Name exactly as the catalog spells it."""

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}"


class ColumnId(NamedTuple):
    """Names one column of one table."""

    table: TableId
    """The table that holds the column."""
    name: str
    """Name exactly as the catalog spells it."""

    def __str__(self) -> str:
        return f"{self.table}.{self.name}"


Target = TableId | ColumnId
"""What a description belongs to."""


def table_of(target: Target) -> TableId:
    """The table a target is or belongs to."""
    return target if isinstance(target, TableId) else target.table


def column_of(target: Target) -> str | None:
    """The column's name, or None where the target is the table itself."""
    return None if isinstance(target, TableId) else target.name


def make_target(schema: str, table: str, column: str | None) -> Target:
    """The inverse of `table_of` and `column_of`, for rows in files and stores."""
    table_id = TableId(schema, table)
    return table_id if column is None else ColumnId(table_id, column)


def parts_of(target: Target) -> dict[str, str | None]:
    """A target as files and scripts have it: schema, table and column."""
    table = table_of(target)
    return {"schema": table.schema, "table": table.name, "column": column_of(target)}


class TableKind(Enum):
    """What the catalog says a relation is; never guessed."""

    TABLE = "table"
    VIEW = "view"
    MATERIALIZED_VIEW = "materialized view"
    FOREIGN_TABLE = "foreign table"
    PARTITIONED_TABLE = "partitioned table"
    SEQUENCE = "sequence"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """A reference from columns of this table to columns of another."""

    columns: tuple[str, ...]
    """Column names on this side, in key order."""
    references: TableId
    """The table on the other side."""
    referenced_columns: tuple[str, ...]
    """Column names on the other side, in key order; empty where unknown."""


class Column(NamedTuple):
    """One column as the catalog describes it."""

    id: ColumnId
    """Its name and its table's."""
    position: int
    """1-based position in the table."""
    type: str
    """The type's text as the database prints it."""
    nullable: bool = True
    """False where the catalog says NOT NULL."""
    default: str | None = None
    """The default's text, or None."""
    comment: str | None = None
    """The comment in the database; None where there is none (an empty one is none)."""
    comment_refused: str | None = None
    """Why no comment can be written here (a MariaDB view column); None if one can."""

    @property
    def name(self) -> str:
        """The bare column name."""
        return self.id.name


@dataclass(frozen=True, slots=True)
class Table:
    """One table or view with its columns."""

    id: TableId
    """Its schema and name."""
    kind: TableKind
    """What the catalog says it is."""
    columns: tuple[Column, ...]
    """In catalog order."""
    primary_key: tuple[str, ...] = ()
    """Column names in key order; empty where there is none."""
    foreign_keys: tuple[ForeignKey, ...] = ()
    """Outgoing references."""
    comment: str | None = None
    """The table's comment; None where there is none."""
    comment_refused: str | None = None
    """Why a comment cannot be written on the table itself, or None if it can."""
    row_estimate: int | None = None
    """The catalog's estimate of the row count; None where it has none."""
    view_sql: str | None = None
    """The defining query of a view."""
    parents: tuple[TableId, ...] = ()
    """Tables that it inherits columns from, in order."""
    unread: str | None = None
    """Why nothing but its name could be read; None where it was."""

    def column(self, name: str) -> Column | None:
        """The column of that exact name, or None."""
        return next((column for column in self.columns if column.name == name), None)

    def comment_of(self, target: Target) -> str | None:
        """The comment now on the table itself or on one of its columns."""
        if isinstance(target, TableId):
            return self.comment
        column = self.column(target.name)
        return column.comment if column else None

    def references(self, column: str) -> tuple[TableId, str | None] | None:
        """Where a column's foreign key points: table and column, or None."""
        if (key := self.foreign_key_of(column)) is None:
            return None
        index, there = key.columns.index(column), key.referenced_columns
        return key.references, there[index] if index < len(there) else None

    def foreign_key_of(self, column: str) -> ForeignKey | None:
        """The foreign key that a column is of: one of its own before one of several."""
        keys = (key for key in self.foreign_keys if column in key.columns)
        return min(keys, key=lambda key: len(key.columns) > 1, default=None)

    def is_part_of_key(self, column: str) -> bool:
        """Whether a column identifies a row only together with others."""
        return len(self.primary_key) > 1 and column in self.primary_key

    def targets(self) -> tuple[Target, ...]:
        """The table itself, then its columns in order."""
        return (self.id, *(column.id for column in self.columns))


@dataclass(frozen=True, slots=True)
class Profile:
    """What a bounded sample says of one column. Held in memory only.

    `codes`, `minimum`, `maximum` and `samples` are literal values. Which of them may be
    named, `model.personal` says; only codes that may get into texts, and with these
    into the workspace file.
    """

    rows: int
    """Rows looked at."""
    null_share: float
    """Share of them that is NULL, in [0, 1]."""
    distinct: int
    """Distinct values among them."""
    minimum: str | None = None
    """Smallest value of a number or date column."""
    maximum: str | None = None
    """Largest value of a number or date column."""
    codes: tuple[str, ...] = ()
    """The full code list where there are 2 to 50 distinct short values, sorted."""
    samples: tuple[str, ...] = ()
    """A few values that are not a code list, for the leak check only."""
    patterns: tuple[str, ...] = ()
    """Classes of the values' shapes, such as `AAA-999`."""
    private: bool = False
    """The values may tell of people: they are in `samples` alone, and no part of one
    may be in a text."""
    whole: bool = False
    """Whether the rows looked at are all that the table had."""
