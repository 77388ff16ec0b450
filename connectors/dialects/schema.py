"""Reading a catalog a schema at a time, from rows that say what they are."""

from __future__ import annotations

from abc import abstractmethod
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import ClassVar

from catalog.objects import Column, ColumnId, ForeignKey, Table, TableId, TableKind
from connectors.comment_text import normal
from connectors.database_session import DatabaseSession, Fault, Row, Source
from connectors.dialects.dialect import Dialect, Selection

FEW = 50
"""Up to so many tables of a schema are read one by one instead of all together."""


@dataclass(frozen=True, slots=True)
class Relation:
    """A table or view as one row of the catalog."""

    name: str
    """Its name as the catalog spells it."""
    kind: TableKind
    """What the catalog says it is."""
    comment: str | None = None
    """Its comment; an empty one counts as none."""
    refused: str | None = None
    """Why neither it nor its columns can have a comment, or None."""
    rows: int | None = None
    """The catalog's estimate of the row count."""
    view_sql: str | None = None
    """The defining query of a view."""


@dataclass(frozen=True, slots=True)
class Field:
    """A column as one row of the catalog; the rows come in catalog order."""

    table: str
    """Name of its table."""
    name: str
    """Its name as the catalog spells it."""
    type: str
    """The type's text."""
    nullable: bool = True
    """False where the catalog says NOT NULL."""
    default: str | None = None
    """The default's text, or None."""
    comment: str | None = None
    """Its comment; an empty one counts as none."""
    refused: str | None = None
    """Why it cannot have a comment, or None."""


@dataclass(frozen=True, slots=True)
class Key:
    """One column of a key; the rows come by table, then by key, then in key order."""

    table: str
    """Name of the table."""
    constraint: str
    """Name of the key, which tells it from others of the same table."""
    column: str
    """Name of the column."""
    references: TableId | None = None
    """The table on the other side; None makes it part of the primary key."""
    referenced: str | None = None
    """Name of the column on the other side, or None where it is unknown."""


class SchemaDialect(Dialect):
    """Databases whose catalog is asked for one schema, or for one table of it.

    A subclass asks and names what the rows mean; they become tables here.
    """

    one_table: ClassVar[str] = "AND t.table_name = :name"
    """What narrows a query of the catalog to one table."""

    @abstractmethod
    def schemas(self, session: DatabaseSession, selection: Selection) -> Iterable[str]:
        """Names of the schemas there are, without the system's."""

    @abstractmethod
    def relations(
        self, session: DatabaseSession, schema: str, name: str = ""
    ) -> Iterable[Relation]:
        """Tables and views of a schema in the order wanted, or the one named."""

    @abstractmethod
    def fields(
        self, session: DatabaseSession, schema: str, name: str = ""
    ) -> Iterable[Field]:
        """Columns of all tables of a schema, or of the one named."""

    def keys(
        self, session: DatabaseSession, schema: str, name: str = ""
    ) -> Iterable[Key]:
        """Key columns of all tables of a schema, or of the one named."""
        return ()

    def ask(
        self, session: DatabaseSession, sql: str, schema: str, name: str
    ) -> list[Row]:
        """Rows of a catalog query on a schema, or on one table of it.

        Args:
            session: Where to ask.
            sql: The query; `{one}` is where it is narrowed, `:schema` the schema.
            schema: The schema's name.
            name: The table's name; all tables where empty.
        """
        if name:
            sql = sql.format(one=self.one_table)
            return session.rows(sql, schema=schema, name=name)
        return session.rows(sql.format(one=""), schema=schema)

    def scan(
        self, source: Source, selection: Selection, stop: Callable[[], bool]
    ) -> Iterator[Table]:
        """Streams the tables, a schema at a time."""
        with source.session() as session:
            for schema in self.schemas(session, selection):
                if not selection.takes_schema(schema):
                    continue
                for table in self._scan_schema(session, schema, selection):
                    if stop():
                        return
                    yield table

    def _scan_schema(
        self, session: DatabaseSession, schema: str, selection: Selection
    ) -> Iterator[Table]:
        there = list(self.relations(session, schema))
        wanted = [
            one
            for one in there
            if selection.takes(TableId(schema, one.name))
            and selection.takes_kind(one.kind)
        ]
        if len(wanted) < len(there) and len(wanted) <= FEW:
            for one in wanted:
                yield from self._alone(session, schema, one)
        elif wanted:
            tables = self._tables(session, schema, wanted)
            try:
                first = next(tables)  # before it everything has been asked
            except Fault as fault:
                if fault.lost:
                    raise
                for one in wanted:
                    yield from self._alone(session, schema, one)
            else:
                yield first
                yield from tables

    def _alone(
        self, session: DatabaseSession, schema: str, relation: Relation
    ) -> Iterator[Table]:
        """One relation, by its name alone where it cannot be read."""
        try:
            yield from self._tables(session, schema, [relation], name=relation.name)
        except Fault as fault:
            if fault.lost:
                raise
            table_id = TableId(schema, relation.name)
            yield Table(table_id, relation.kind, (), unread=fault.message)

    def read(
        self, session: DatabaseSession, table_id: TableId, *, brief: bool = False
    ) -> Table | None:
        """One table fresh from the catalog, or None where there is none."""
        name = table_id.name
        relations = [
            relation
            for relation in self.relations(session, table_id.schema, name)
            if relation.name == name  # a comparison in SQL may ignore case
        ]
        tables = self._tables(
            session, table_id.schema, relations, name=name, brief=brief
        )
        return next(tables, None)

    def _tables(
        self,
        session: DatabaseSession,
        schema: str,
        relations: Sequence[Relation],
        *,
        name: str = "",
        brief: bool = False,
    ) -> Iterator[Table]:
        if not relations:
            return
        fields: dict[str, list[Field]] = defaultdict(list)
        for field in self.fields(session, schema, name):
            fields[field.table].append(field)
        keys: dict[str, list[Key]] = defaultdict(list)
        for key in self.keys(session, schema, name) if not brief else ():
            keys[key.table].append(key)
        for relation in relations:
            table_id = TableId(schema, relation.name)
            columns = tuple(
                Column(
                    ColumnId(table_id, field.name),
                    position,
                    field.type,
                    field.nullable,
                    field.default,
                    normal(field.comment),
                    relation.refused or field.refused,
                )
                for position, field in enumerate(fields[relation.name], 1)
            )
            primary, foreign = _keys(keys[relation.name])
            visible = {column.name for column in columns}
            yield Table(
                table_id,
                relation.kind,
                columns,
                primary if visible.issuperset(primary) else (),
                foreign,
                normal(relation.comment),
                relation.refused,
                relation.rows,
                relation.view_sql,
            )


def _keys(keys: Sequence[Key]) -> tuple[tuple[str, ...], tuple[ForeignKey, ...]]:
    """The primary key's columns, and the foreign keys."""
    primary = tuple(key.column for key in keys if key.references is None)
    foreign: list[ForeignKey] = []
    outgoing = [key for key in keys if key.references is not None]
    for _, group in groupby(outgoing, key=lambda key: key.constraint):
        parts = list(group)
        there = parts[0].references
        if there is not None:
            names = tuple(part.referenced for part in parts if part.referenced)
            known = names if len(names) == len(parts) else ()
            here = tuple(part.column for part in parts)
            foreign.append(ForeignKey(here, there, known))
    return primary, tuple(foreign)
