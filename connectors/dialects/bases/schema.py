"""Reading a catalog a schema at a time, from rows that say what they are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from catalog.errors import UsageError
from catalog.objects import Column, ColumnId, ForeignKey, Table, TableId, TableKind
from catalog.stopping import Stop
from connectors.comment_text import normal
from connectors.database_session import DatabaseSession, Fault, Row, SessionSource
from connectors.dialects.dialect import Dialect, Selection

if TYPE_CHECKING:
    from sqlalchemy import URL

_REQUIRED = ("NO", "N", False)
"""What catalogs say of a column that cannot be NULL."""

FEW = 50
"""Up to so many tables of a schema are read one by one instead of all together."""


class Relation(NamedTuple):
    """A table or view as one row of the catalog."""

    name: str
    """Its name as the catalog spells it."""
    kind: TableKind
    """What the catalog says it is."""
    comment: str | None = None
    """Its comment; an empty one counts as none."""
    view_sql: str | None = None
    """The defining query of a view."""
    rows: int | None = None
    """The catalog's estimate of the row count; one below 0 counts as none."""
    refused: str | None = None
    """Why neither it nor its columns can have a comment, or None."""


class Field(NamedTuple):
    """A column as one row of the catalog; the rows come in catalog order.

    A named tuple like `Column`, because there are hundreds of thousands.
    """

    table: str
    """Name of its table."""
    name: str
    """Its name as the catalog spells it."""
    nullable: object = True
    """False, NO or N where the catalog says NOT NULL."""
    default: str | None = None
    """The default's text, or None."""
    comment: str | None = None
    """Its comment; an empty one counts as none."""
    type: str = ""
    """The type's text."""
    refused: str | None = None
    """Why it cannot have a comment, or None."""


class Key(NamedTuple):
    """One column of a key; the rows come by table, then by key, then in key order."""

    table: str
    """Name of the table."""
    constraint: object
    """Name of the key, which tells it from others of the same table."""
    column: str
    """Name of the column."""
    far_schema: str | None = None
    """Schema of the table on the other side."""
    far_table: str | None = None
    """Name of the table on the other side; None makes it part of the primary key."""
    far_column: str | None = None
    """Name of the column on the other side, or None where it is unknown."""


class SchemaDialect(Dialect):
    """Databases whose catalog is asked for one schema, or for one table of it.

    A subclass is a table of facts. What its queries select has the order of `Relation`,
    `Field` and `Key`, and becomes tables here. Each is bound to `:schema` and, for one
    table, to `:name`; `{one}` is where it is narrowed to that table, `{schema}` the
    schema's quoted name.
    """

    schemas_sql: ClassVar[str] = ""
    """Selects the names of the schemas there are."""
    folds_case: ClassVar[bool] = True
    """Schemas whose names differ by case alone cannot both be there."""
    system_schemas: ClassVar[frozenset[str]] = frozenset()
    """Those that are not the user's, in small letters, as far as the query has them."""
    relations_sql: ClassVar[str] = ""
    """Selects the tables and views of a schema, in the order wanted."""
    kinds: ClassVar[Mapping[str, TableKind]] = {
        **{kind.value.upper(): kind for kind in TableKind},
        "BASE TABLE": TableKind.TABLE,
    }
    """The catalog's words for a kind."""
    other_kind: ClassVar[TableKind] = TableKind.OTHER
    """What has another word."""
    no_columns: ClassVar[Mapping[TableKind, str]] = {}
    """Kinds that have some where they can be read, with why they have none."""
    refused_kinds: ClassVar[Mapping[str, str]] = {}
    """Those of the words whose tables and columns take no comment, and why."""
    fields_sql: ClassVar[str] = ""
    """Selects the columns of a schema; last whatever tells the type."""
    type_text: ClassVar[Callable[..., str]] = str
    """Makes the type's text of what tells it."""
    keys_sql: ClassVar[tuple[str, ...]] = ()
    """Each selects key columns of a schema."""
    one_table: ClassVar[str] = "AND t.table_name = :name"
    """What narrows a query of the catalog to one table."""

    catalog_sql: ClassVar[str] = ""
    """Asks for the catalog that the session is in: where the URL has to name one, and
    may name a schema behind it."""
    no_catalog: ClassVar[tuple[str, str]] = ("", "")
    """What is said where it names none, and a hint."""
    schema_option: ClassVar[str] = ""
    """The URL's option that names a schema."""

    def resolve(self, session: DatabaseSession) -> Dialect:
        """This dialect, where the session is in a catalog.

        Raises:
            UsageError: The URL names none.
        """
        if self.catalog_sql and session.value(self.catalog_sql) is None:
            raise UsageError(*self.no_catalog)
        return self

    def schema_in(self, url: URL) -> str:
        """The schema behind the catalog, or in an option; the database where it is."""
        if self.catalog_sql:
            return (url.database or "").partition("/")[2]
        if self.schema_option:
            named = url.query.get(self.schema_option)
            return named if isinstance(named, str) else ""
        return super().schema_in(url)

    # -- reading ---------------------------------------------------------------

    def schemas(self, session: DatabaseSession, selection: Selection) -> Iterable[str]:
        """Names of the schemas there are, without the system's."""
        names = sorted(str(row[0]) for row in self.ask(session, self.schemas_sql))
        fold = str.lower if self.folds_case else str
        return [name for name in names if fold(name) not in self.system_schemas]

    def relations(
        self, session: DatabaseSession, schema: str, name: str = ""
    ) -> Iterable[Relation]:
        """Tables and views of a schema in the order wanted, or the one named."""
        for table, word, *rest in self.ask(session, self.relations_sql, schema, name):
            kind = self.kinds.get(word, self.other_kind)
            relation = Relation(table, kind, *rest)
            yield relation._replace(refused=self.refused_kinds.get(word))

    def fields(
        self, session: DatabaseSession, schema: str, name: str = ""
    ) -> Iterable[Field]:
        """Columns of all tables of a schema, or of the one named."""
        rows = self.ask(session, self.fields_sql, schema, name)
        for table, column, nullable, default, comment, *type_ in rows:
            made = str(default or "").strip() or None
            text = self.type_text(*type_)
            yield Field(table, column, nullable, made, comment, text)

    def keys(
        self, session: DatabaseSession, schema: str, name: str = ""
    ) -> Iterable[Key]:
        """Key columns of all tables of a schema, or of the one named."""
        for sql in self.keys_sql:
            yield from (Key(*row) for row in self.ask(session, sql, schema, name))

    def ask(
        self, session: DatabaseSession, sql: str, schema: str = "", name: str = ""
    ) -> list[Row]:
        """Rows of a catalog query: on all schemas, on one, or on one table of it."""
        given = {"schema": schema, "name": name}
        one = self.one_table if name else ""
        return session.rows(
            sql.format(one=one, schema=self.quote(schema)),
            **{key: value for key, value in given.items() if value},
        )

    def scan(
        self, source: SessionSource, selection: Selection, stop: Stop
    ) -> Iterator[Table]:
        """Streams the tables, a schema at a time."""
        with source.session() as session:
            for schema in self.schemas(session, selection):
                if not selection.takes_schema(schema):
                    continue
                if stop():
                    return
                for table in self._scan_schema(session, schema, selection, stop):
                    if stop():
                        return
                    yield table

    def _scan_schema(
        self, session: DatabaseSession, schema: str, selection: Selection, stop: Stop
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
        if relations:
            fields = self.fields(session, schema, name)
            keys = () if brief else self.keys(session, schema, name)
            yield from self.made(schema, relations, fields, keys)

    def made(
        self,
        schema: str,
        relations: Iterable[Relation],
        fields: Iterable[Field],
        keys: Iterable[Key],
    ) -> Iterator[Table]:
        """Tables of the rows that were read; columns and keys may be of others too."""
        fields_of: dict[str, list[Field]] = defaultdict(list)
        for field in fields:
            fields_of[field.table].append(field)
        keys_of: dict[str, list[Key]] = defaultdict(list)
        for key in keys:
            keys_of[key.table].append(key)
        for relation in relations:
            table_id = TableId(schema, relation.name)
            columns = tuple(
                Column(
                    ColumnId(table_id, field.name),
                    position,
                    field.type,
                    field.nullable not in _REQUIRED,
                    field.default,
                    normal(field.comment),
                    relation.refused or field.refused,
                )
                for position, field in enumerate(fields_of[relation.name], 1)
            )
            primary, foreign = _keys(keys_of[relation.name])
            estimate = -1 if relation.rows is None else int(relation.rows)
            visible = {column.name for column in columns}
            yield Table(
                table_id,
                relation.kind,
                columns,
                primary if visible.issuperset(primary) else (),
                foreign,
                normal(relation.comment),
                relation.refused,
                estimate if estimate >= 0 else None,
                normal(relation.view_sql),
                unread=None if columns else self.no_columns.get(relation.kind),
            )


def _keys(keys: Sequence[Key]) -> tuple[tuple[str, ...], tuple[ForeignKey, ...]]:
    """The primary key's columns, and the foreign keys."""
    primary = tuple(key.column for key in keys if key.far_table is None)
    foreign: list[ForeignKey] = []
    outgoing = [key for key in keys if key.far_table is not None]
    for _, group in groupby(outgoing, key=lambda key: key.constraint):
        parts = list(group)
        there = TableId(str(parts[0].far_schema), str(parts[0].far_table))
        names = tuple(part.far_column for part in parts if part.far_column)
        known = names if len(names) == len(parts) else ()
        here = tuple(part.column for part in parts)
        foreign.append(ForeignKey(here, there, known))
    return primary, tuple(foreign)
