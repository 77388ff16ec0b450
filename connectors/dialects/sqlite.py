"""SQLite: read-only, because it has no comments to write."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote as quote_path

from catalog.errors import ColumnistError
from catalog.objects import Column, ColumnId, ForeignKey, Table, TableId, TableKind
from connectors.database_session import DatabaseSession, EngineSource, Fault, Source
from connectors.dialects.dialect import ConnectFault, Dialect, Selection

if TYPE_CHECKING:
    from sqlalchemy import URL


def _decode_leniently(connection: Any) -> None:
    """One name or value that is not UTF-8 spoils no other; its bytes are written out.

    SQLite takes any bytes: https://www.sqlite.org/invalidutf.html
    """

    def decode(text: bytes) -> str:
        return text.decode(errors="backslashreplace")

    connection.text_factory = decode


def _distrust(connection: Any) -> None:
    """No view or trigger of the file calls what has effects or loads code.

    Python leaves `load_extension` off by itself. Builds differ in what they trust:
    https://www.sqlite.org/pragma.html#pragma_trusted_schema
    """
    connection.execute("PRAGMA trusted_schema = off")


_RELATIONS = (
    "FROM sqlite_master WHERE type IN ('table', 'view') "
    "AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
)


class SQLite(Dialect):
    """One schema, `main`; comments stay in the workspace and in exported files."""

    name = "sqlite"
    label = "SQLite"
    drivername = "sqlite"
    sqlglot = "sqlite"
    is_file = True
    names_sql = f"SELECT 'main', name {_RELATIONS}"
    # `CREATE TABLE t(a int comment 'x')` is accepted, but as a type of that name:
    # https://www.sqlite.org/datatype3.html
    why_no_comments = (
        "SQLite cannot hold comments; export writes the descriptions to a file instead"
    )
    read_only_begin = "BEGIN"  # the file itself is open read-only
    connect_faults: ClassVar = (
        ConnectFault(
            r"not a database",
            "{label} is not an SQLite file.",
            "Check the path; a DuckDB file's URL begins with duckdb:///.",
        ),
        ConnectFault(
            r"unable to open",
            "{label} may not be opened.",
            "Check the file's and the folder's permissions.",
        ),
    )

    def source(self, url: URL, *, timeout: float, read_only: bool) -> Source:
        """The file, opened read-only so that it is never made or changed."""
        path = Path(url.database or "").expanduser().resolve()
        if not path.is_file():
            raise ColumnistError(f"There is no SQLite file {path}.", "Check the path.")
        name = f"file:{quote_path(str(path))}"
        source = EngineSource(
            url.set(database=name, query={"mode": "ro", "uri": "true"}),
            connect_args={"timeout": timeout, "check_same_thread": False},
        )
        source.on_connect(_distrust)
        source.on_connect(_decode_leniently)
        return source

    def resolve(self, session: DatabaseSession) -> Dialect:
        """Reads the first page: until then anything opens."""
        session.value("SELECT count(*) FROM sqlite_master")
        return self

    def scan(
        self, source: Source, selection: Selection, stop: Callable[[], bool]
    ) -> Iterator[Table]:
        """Streams tables and views."""
        if not selection.takes_schema("main"):
            return
        with source.session() as session:
            rows = session.rows(f"SELECT name {_RELATIONS} ORDER BY name")
            for (name,) in rows:
                if stop():
                    return
                table_id = TableId("main", name)
                if selection.takes(table_id):
                    yield self._read_or_say_why(session, table_id)

    def _read_or_say_why(self, session: DatabaseSession, table_id: TableId) -> Table:
        """A table, or its name alone: a view whose table is gone spoils no other."""
        why = "it vanished, or its name is not UTF-8"
        try:
            if table := self.read(session, table_id):
                return table
        except Fault as fault:
            why = fault.message
        return Table(table_id, TableKind.OTHER, (), unread=why)

    def read(
        self, session: DatabaseSession, table_id: TableId, *, brief: bool = False
    ) -> Table | None:
        """One table fresh from the catalog, or None where there is none."""
        found = session.rows(
            "SELECT type, sql FROM sqlite_master WHERE name = :name "
            "AND type IN ('table', 'view')",
            name=table_id.name,
        )
        if table_id.schema != "main" or not found:
            return None
        kind, sql = found[0]
        # hidden: 1 belongs to a virtual table itself, 2 and 3 are generated
        rows = session.rows(
            'SELECT name, type, "notnull", dflt_value, pk, hidden '
            "FROM pragma_table_xinfo(:name) WHERE hidden <> 1 ORDER BY cid",
            name=table_id.name,
        )
        primary = sorted((row[4], row[0]) for row in rows if row[4])
        return Table(
            table_id,
            TableKind(kind),
            unread=None if rows else "its columns cannot be read",
            columns=tuple(
                Column(
                    ColumnId(table_id, row[0]),
                    position,
                    row[1],
                    not row[2],
                    "GENERATED" if row[5] else row[3],
                    comment_refused=self.why_no_comments,
                )
                for position, row in enumerate(rows, 1)
            ),
            primary_key=tuple(name for _, name in primary),
            foreign_keys=tuple(self._foreign_keys(session, table_id)),
            comment_refused=self.why_no_comments,
            view_sql=sql if kind == "view" else None,
        )

    def _foreign_keys(
        self, session: DatabaseSession, table_id: TableId
    ) -> Iterator[ForeignKey]:
        rows = session.rows(
            'SELECT id, "table", "from", "to" FROM pragma_foreign_key_list(:name) '
            "ORDER BY id, seq",
            name=table_id.name,
        )
        for number in dict.fromkeys(row[0] for row in rows):
            part = [row for row in rows if row[0] == number]
            yield ForeignKey(
                tuple(row[2] for row in part),
                TableId("main", part[0][1]),
                # None stands for the other table's primary key
                tuple(row[3] for row in part if row[3] is not None),
            )

    def sample_expression(self, column: str, kind: str) -> str | None:
        """A column as short text; None for a type that makes no text."""
        if "BLOB" in kind.upper():
            return None
        return f"substr(CAST({self.quote(column)} AS TEXT), 1, 256)"
