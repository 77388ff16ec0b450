"""Every database without a file of its own: read through SQLAlchemy, never written.

SQLAlchemy and sqlglot both render `COMMENT ON` for databases that have no such
statement, without a word, so nothing generic is written anywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, ClassVar

from catalog.objects import Column, ColumnId, ForeignKey, Table, TableId, TableKind
from catalog.stopping import Stop
from connectors.comment_text import normal
from connectors.database_session import (
    DatabaseSession,
    EngineSession,
    Fault,
    server_words,
)
from connectors.dialects.bases.schema import SchemaDialect
from connectors.dialects.dialect import Dialect, Selection

if TYPE_CHECKING:
    from sqlalchemy import Inspector


class Generic(SchemaDialect):
    """What SQLAlchemy's inspector says of a database."""

    name = "generic"
    folds_tables = False
    folds_columns = False
    label = "this database"
    why_no_comments = (
        "writing comments to this kind of database was never tried; export writes the "
        "descriptions to a file instead"
    )
    system_schemas = frozenset(
        {"information_schema", "pg_catalog", "sys", "system", "mysql"}
    )
    read_only_begin: ClassVar[str] = "SELECT 1"  # no transaction that all of them know
    isolation = None

    def __init__(self) -> None:
        self._quote: Callable[[str], str] = super().quote

    def resolve(self, session: DatabaseSession) -> Dialect:
        """Learns how the database quotes names."""
        if isinstance(session, EngineSession):
            preparer = session.connection.dialect.identifier_preparer
            self._quote = preparer.quote_identifier
        return self

    def quote(self, *parts: str) -> str:
        """A dotted name with every part quoted."""
        return ".".join(self._quote(part) for part in parts if part)

    def schemas(self, session: DatabaseSession, selection: Selection) -> Iterable[str]:
        """Names of the schemas there are, without the system's."""
        inspector = _inspector(session)
        default = inspector.default_schema_name or ""
        names = sorted(inspector.get_schema_names() or [default])
        return [name for name in names if name.lower() not in self.system_schemas]

    def _scan_schema(
        self, session: DatabaseSession, schema: str, selection: Selection, stop: Stop
    ) -> Iterator[Table]:
        return _tables(_inspector(session), schema)

    def read(
        self, session: DatabaseSession, table_id: TableId, *, brief: bool = False
    ) -> Table | None:
        """One table fresh from the catalog, or None where there is none."""
        tables = _tables(_inspector(session), table_id.schema, [table_id.name])
        return next((table for table in tables if table.id == table_id), None)


def _inspector(session: DatabaseSession) -> Inspector:
    from sqlalchemy import inspect

    if not isinstance(session, EngineSession):
        raise Fault("this database has no SQLAlchemy connection")
    return inspect(session.connection)


def _all(
    read: Callable[..., Mapping[Any, Any]], **arguments: object
) -> Mapping[Any, Any]:
    """One of the inspector's bulk reads; nothing where the database has none."""
    from sqlalchemy.exc import SQLAlchemyError

    try:
        return read(**arguments)
    except (NotImplementedError, SQLAlchemyError):
        return {}


def _tables(
    inspector: Inspector, schema: str, names: Sequence[str] | None = None
) -> Iterator[Table]:
    """All tables and views of a schema, or some of them."""
    from sqlalchemy.exc import SQLAlchemyError

    kinds = {
        TableKind.TABLE: inspector.get_table_names,
        TableKind.VIEW: inspector.get_view_names,
        TableKind.MATERIALIZED_VIEW: inspector.get_materialized_view_names,
    }
    for kind, listed in kinds.items():
        try:
            yield from _of_kind(inspector, schema, kind, names)
        except SQLAlchemyError:  # nothing was handed out yet
            with suppress(NotImplementedError):
                for name in listed(schema or None):
                    if names is None or name in names:
                        yield from _alone(inspector, schema, kind, name)


def _alone(
    inspector: Inspector, schema: str, kind: TableKind, name: str
) -> Iterator[Table]:
    """One table or view, by its name alone where it cannot be read."""
    from sqlalchemy.exc import DBAPIError, SQLAlchemyError

    try:
        yield from _of_kind(inspector, schema, kind, [name])
    except SQLAlchemyError as error:
        said = error.orig if isinstance(error, DBAPIError) and error.orig else error
        if isinstance(error, DBAPIError) and error.connection_invalidated:
            raise Fault(server_words(said), lost=True) from error
        yield Table(TableId(schema, name), kind, (), unread=server_words(said))


def _of_kind(
    inspector: Inspector, schema: str, kind: TableKind, names: Sequence[str] | None
) -> Iterator[Table]:
    """Tables of one kind, all of them or some; all is asked before the first."""
    from sqlalchemy.engine.reflection import ObjectKind

    wanted = ObjectKind[kind.name]
    about = {"schema": schema or None, "filter_names": names, "kind": wanted}
    try:
        columns = inspector.get_multi_columns(**about)  # type: ignore[arg-type]
    except NotImplementedError:
        return
    comments = _all(inspector.get_multi_table_comment, **about)
    primary = _all(inspector.get_multi_pk_constraint, **about)
    foreign = _all(inspector.get_multi_foreign_keys, **about)
    nothing: dict[str, Any] = {}
    for key in sorted(columns, key=lambda key: key[1]):
        table_id = TableId(schema, key[1])
        yield Table(
            table_id,
            kind,
            tuple(
                _column(table_id, position, column)
                for position, column in enumerate(columns[key], 1)
            ),
            tuple((primary.get(key) or nothing).get("constrained_columns") or ()),
            tuple(
                ForeignKey(
                    tuple(one["constrained_columns"]),
                    TableId(
                        one.get("referred_schema") or schema, one["referred_table"]
                    ),
                    tuple(one["referred_columns"]),
                )
                for one in foreign.get(key) or ()
            ),
            normal((comments.get(key) or nothing).get("text")),
            Generic.why_no_comments,
        )


def _column(table_id: TableId, position: int, column: Mapping[str, Any]) -> Column:
    from sqlalchemy.exc import CompileError

    try:
        type_ = str(column["type"])
    except CompileError:
        type_ = "unknown"
    return Column(
        ColumnId(table_id, column["name"]),
        position,
        type_,
        bool(column.get("nullable", True)),
        column.get("default"),
        normal(column.get("comment")),
        Generic.why_no_comments,
    )
