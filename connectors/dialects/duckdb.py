"""DuckDB: a file that is opened, used and closed, and commented in one transaction.

A file held read-write by one process cannot even be read by another, and one process
cannot mix the two modes (ran on 2.0.0). So nothing here keeps the file open.
"""

from __future__ import annotations

import os
import re
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, closing, contextmanager
from itertools import chain, groupby, islice
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from catalog.errors import ColumnistError, UsageError
from catalog.objects import (
    Column,
    ColumnId,
    ForeignKey,
    Table,
    TableId,
    TableKind,
    Target,
)
from catalog.stopping import Stop
from connectors.comment_text import normal
from connectors.database_session import (
    DatabaseSession,
    Fault,
    Row,
    SessionSource,
    watched,
)
from connectors.dialects.bases.transactional import TransactionalDialect
from connectors.dialects.dialect import Dialect, Selection
from connectors.quoting import double_quoted, single_quoted

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection
    from sqlalchemy import URL


class DuckDBSession(DatabaseSession):
    """A session on an open file, or a cursor beside it."""

    def __init__(
        self, connection: DuckDBPyConnection, release: Callable[[], None]
    ) -> None:
        self._connection = connection
        self._release = release

    def run(self, sql: str) -> None:
        """Execute one statement, passing the text through untouched."""
        with _faults():
            self._connection.execute(sql)

    def rows(self, sql: str, **parameters: object) -> list[Row]:
        """All rows of a query; parameters are bound by name, written `$name`."""
        with _faults():
            if parameters:
                return list(self._connection.execute(sql, parameters).fetchall())
            return list(self._connection.execute(sql).fetchall())

    def stream(self, sql: str) -> Iterator[Row]:
        """Rows of a query a few at a time; nothing else may be asked meanwhile."""
        with _faults():
            result = self._connection.execute(sql)
            while some := result.fetchmany(_ROWS):
                yield from some

    @property
    def connection(self) -> DuckDBPyConnection:
        """The open file."""
        return self._connection

    def witness(self) -> DatabaseSession:
        """A cursor with its own transaction on the same open file."""
        return DuckDBSession(self._connection.cursor(), lambda: None)

    def limited(self, seconds: float, stop: Stop) -> AbstractContextManager[None]:
        """Interrupts what runs in it after some seconds or on `stop`."""
        return watched(seconds, stop, self._connection.interrupt)

    def close(self) -> None:
        """Close the file and let the next operation have it."""
        try:
            self._connection.close()
        finally:
            self._release()


class DuckDBFile(SessionSource):
    """Sessions of one file; one at a time in this process."""

    _locks: ClassVar[dict[str, threading.Lock]] = defaultdict(threading.Lock)

    def __init__(self, path: Path, *, timeout: float) -> None:
        self._path = path
        self._timeout = timeout
        self._held: DuckDBPyConnection | None = None
        self._held_to_write = False

    def open(self, *, write: bool) -> DuckDBSession:
        """Open the file, waiting a bounded time for whoever holds it."""
        if self._held is not None and (self._held_to_write or not write):
            return DuckDBSession(self._held.cursor(), lambda: None)
        lock = self._locks[str(self._path)]
        deadline = time.monotonic() + self._timeout
        if not lock.acquire(timeout=self._timeout):
            raise ColumnistError(
                f"{self._path} is in use by another part of this program.",
                "Wait for it to finish, or stop it.",
            )
        try:
            return DuckDBSession(self._connect(deadline, write=write), lock.release)
        except BaseException:
            lock.release()
            raise

    @contextmanager
    def hold(self, *, write: bool = True) -> Generator[None]:
        """Keeps the file open: opening it anew takes 20 to 100 ms, as it has tables."""
        session = self.open(write=write)
        try:
            self._held, self._held_to_write = session.connection, write
            yield
        finally:
            self._held = None
            session.close()

    def close(self) -> None:
        """Nothing is held between operations."""

    def _connect(self, deadline: float, *, write: bool) -> DuckDBPyConnection:
        import duckdb  # 60 ms; not paid before a file is opened

        pause = 0.05
        while True:
            if not self._path.is_file():
                raise ColumnistError(
                    f"There is no DuckDB file {self._path}.", "Check the path."
                )
            try:
                with _faults():
                    return duckdb.connect(
                        str(self._path),
                        read_only=not write,
                        config=dict(_CONFIG),
                    )
            except Fault as fault:
                held = "lock" in fault.message or "different config" in fault.message
                if not held or time.monotonic() + pause > deadline:
                    raise self._problem(fault, held=held) from fault
            time.sleep(pause)
            pause = min(pause * 2, 0.5)

    def _problem(self, fault: Fault, *, held: bool) -> ColumnistError:
        if "external extensions" in fault.message:
            return ColumnistError(
                f"{self._path} cannot be opened without an extension of DuckDB,"
                " and Columnist loads none.",
                "If it is an SQLite file, begin its URL with sqlite:///.",
            )
        if held:
            holder = re.search(r"held in (.+?)(?: by user .+?)?\.? See", fault.message)
            who = holder[1] if holder else "another connection"
            return ColumnistError(
                f"{self._path} is held by {who}.",
                "Close it there and try again.",
            )
        if "permission" in fault.message.lower() or "read-only" in fault.message:
            return ColumnistError(
                f"{self._path} may not be opened: {fault.message}",
                "Check the file's and the folder's permissions.",
            )
        return ColumnistError(
            f"{self._path} cannot be opened as a DuckDB file: {fault.message}",
            "Check that it is one, and that this DuckDB version is not too old for it.",
        )


@contextmanager
def _faults() -> Generator[None]:
    """Turns DuckDB's errors into faults."""
    import duckdb

    try:
        yield
    except duckdb.Error as error:
        raise Fault(str(error), code=type(error).__name__) from error
    except (OSError, UnicodeError) as error:
        raise Fault(str(error)) from error


_CONFIG: Mapping[str, str | int] = {
    "custom_user_agent": "columnist",
    "threads": 1,
    # A file's views and macros are a stranger's: none of them may read another file,
    # attach one, load code or use the network. Once that is set nothing sets it back:
    # https://duckdb.org/docs/stable/operations_manual/securing_duckdb/overview
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
    "lock_configuration": "true",
}

_ELSEWHERE = re.compile(r"[a-z][a-z0-9+]+:", re.IGNORECASE)
"""How MotherDuck, buckets and other databases begin; a drive has one letter."""

_ROWS = 20_000
"""Rows fetched at a time."""

_KEPT = 5_000
"""Tables that are kept in memory, so that others can have the file; 10 KB each."""

_BLOCKS = 200_000
"""Rows that a sample of a large table is drawn from: about a hundred blocks."""

# By number, which is less to fetch and to sort than schema and name on every row.
_TABLES = """
SELECT table_oid AS number, schema_name, table_name AS name, comment, estimated_size,
       'table', NULL
FROM duckdb_tables()
WHERE database_name = current_database() AND NOT internal AND NOT temporary {one}
UNION ALL
SELECT view_oid, schema_name, view_name AS name, comment, NULL, 'view', sql
FROM duckdb_views()
WHERE database_name = current_database() AND NOT internal AND NOT temporary {one}
ORDER BY number
"""

_COLUMNS = """
SELECT table_oid, column_name, data_type, is_nullable,
       CASE WHEN is_generated
            THEN 'GENERATED ALWAYS AS (' || generation_expression || ')'
            ELSE column_default END,
       comment
FROM duckdb_columns()
WHERE database_name = current_database() AND NOT internal {one}
ORDER BY table_oid, column_index
"""

_KEYS = """
SELECT table_oid, schema_name, constraint_type, constraint_column_names,
       referenced_table, referenced_column_names
FROM duckdb_constraints()
WHERE database_name = current_database()
  AND constraint_type IN ('PRIMARY KEY', 'FOREIGN KEY') {one}
ORDER BY table_oid, constraint_index
"""


_COMMENTS = """
SELECT schema_name, table_name, NULL, comment FROM duckdb_tables()
WHERE comment IS NOT NULL AND database_name = current_database()
UNION ALL
SELECT schema_name, view_name, NULL, comment FROM duckdb_views()
WHERE comment IS NOT NULL AND database_name = current_database()
UNION ALL
SELECT schema_name, table_name, column_name, comment FROM duckdb_columns()
WHERE comment IS NOT NULL AND database_name = current_database()
"""


def _columns(table_id: TableId, rows: Iterable[Row]) -> tuple[Column, ...]:
    return tuple(
        [
            Column(
                ColumnId(table_id, name),
                position,
                type_,
                nullable,
                default,
                comment or None,
            )
            for position, (_, name, type_, nullable, default, comment) in (
                enumerate(rows, 1)
            )
        ]
    )


_KINDS = """
SELECT schema_name, table_name, 'table' FROM duckdb_tables()
WHERE database_name = current_database() AND NOT internal AND NOT temporary
UNION ALL
SELECT schema_name, view_name, 'view' FROM duckdb_views()
WHERE database_name = current_database() AND NOT internal AND NOT temporary
"""


class DuckDB(TransactionalDialect):
    """Comments on tables, views and their columns, in one transaction a table."""

    name = "duckdb"
    label = "DuckDB"
    sqlglot = "duckdb"
    is_file = True
    names_sql = f"SELECT schema_name, table_name FROM ({_KINDS})"
    proved = True
    # https://duckdb.org/docs/stable/sql/statements/comment_on
    script_head: ClassVar = ("BEGIN",)
    script_tail: ClassVar = ("COMMIT",)
    table_keywords: ClassVar = {TableKind.TABLE: "TABLE", TableKind.VIEW: "VIEW"}
    column_kinds: ClassVar = frozenset({TableKind.TABLE, TableKind.VIEW})
    read_only_begin = "BEGIN"  # the file itself is open read-only
    as_text: ClassVar = {"BLOB|BIT": "", "": "left(CAST({column} AS VARCHAR), 256)"}
    # Another process cannot even read the file meanwhile. duckdb_columns() goes over
    # every table, so it is asked seldom.
    exclusive = True
    chunk = 20_000
    lock = "the file, for other processes, until the run ends"

    def __init__(self) -> None:
        self._catalog = ""
        self._path = Path()

    def source(self, url: URL, *, timeout: float, read_only: bool) -> SessionSource:
        """The file, opened for each operation."""
        # A file's own name is its catalog's name; the resolved path decides it.
        self._path = Path(url.database or "").resolve()
        elsewhere = _ELSEWHERE.match(url.database or "")
        if elsewhere and not self._path.is_file():
            raise UsageError(
                f"{url.database} is elsewhere, and Columnist opens files on this"
                " machine alone with DuckDB.",
                "Name a file: duckdb:///FILE; what it attaches or reads beyond itself"
                " is not sampled.",
            )
        return DuckDBFile(self._path, timeout=timeout)

    def literal(self, text: str) -> str:
        """A string literal."""
        return single_quoted(text)

    def quote(self, *parts: str) -> str:
        """A dotted name with every part quoted."""
        return double_quoted(parts)

    def table_name(self, table_id: TableId) -> str:
        """The quoted name, with the catalog: `sales.t` is ambiguous in sales.duckdb."""
        if table_id.schema in (self._catalog, "system", "temp"):
            return self.quote(self._catalog, table_id.schema, table_id.name)
        return self.quote(table_id.schema, table_id.name)

    def resolve(self, session: DatabaseSession) -> Dialect:
        """Learns the catalog's name."""
        self._catalog = str(session.value("SELECT current_database()"))
        return self

    def scan(
        self, source: SessionSource, selection: Selection, stop: Stop
    ) -> Iterator[Table]:
        """Reads everything, closes the file, then hands out the tables.

        The file of a large catalog stays open until the last one is handed out.
        """
        with source.session() as session:
            found = self._read_all(session)
            wanted = (table for table in found if selection.takes(table.id))
            kept = list(islice(wanted, _KEPT))
            if len(kept) == _KEPT:
                for table in chain(kept, wanted):
                    if stop():
                        return
                    yield table
                return
        for table in kept:
            if stop():
                return
            yield table

    def read(
        self, session: DatabaseSession, table_id: TableId, *, brief: bool = False
    ) -> Table | None:
        """One table fresh from the catalog, or None where there is none."""
        return next(self._read_all(session, table_id, brief=brief), None)

    def _read_all(
        self,
        session: DatabaseSession,
        only: TableId | None = None,
        *,
        brief: bool = False,
    ) -> Iterator[Table]:
        def query(session: DatabaseSession, sql: str, name: str) -> Iterable[Row]:
            if only is not None:
                one = f"AND schema_name = $schema AND {name} = $name"
                return session.rows(
                    sql.format(one=one), schema=only.schema, name=only.name
                )
            sql = sql.format(one="")
            if isinstance(session, DuckDBSession):
                return session.stream(sql)
            return session.rows(sql)

        def others(session: DatabaseSession) -> tuple[list[Row], list[Row]]:
            return list(query(session, _TABLES, "name")), (
                [] if brief else list(query(session, _KEYS, "table_name"))
            )

        # Both are in the same order, so one look at the columns is enough.
        groups = groupby(query(session, _COLUMNS, "table_name"), key=itemgetter(0))
        if only is None:
            # DuckDB sorts the columns while it works on the others.
            with ThreadPoolExecutor(1) as pool, closing(session.witness()) as beside:
                asked = pool.submit(others, beside)
                group = next(groups, None)
                tables, keys = asked.result()
        else:
            group = next(groups, None)
            tables, keys = others(session)

        primary: dict[int, tuple[str, ...]] = {}
        foreign: dict[int, list[ForeignKey]] = defaultdict(list)
        for number, schema, kind, names, other, other_names in keys:
            if kind == "PRIMARY KEY":
                primary[number] = tuple(names)
            else:  # DuckDB allows foreign keys within one schema only
                key = ForeignKey(
                    tuple(names), TableId(schema, other), tuple(other_names)
                )
                foreign[number].append(key)
        for number, schema, name, comment, size, kind, sql in tables:
            table_id = TableId(schema, name)
            while group is not None and group[0] < number:
                group = next(groups, None)
            columns: tuple[Column, ...] = ()
            if group is not None and group[0] == number:
                columns = _columns(table_id, group[1])
                group = next(groups, None)
            yield Table(
                table_id,
                TableKind(kind),
                columns,
                primary.get(number, ()),
                tuple(foreign.get(number, ())),
                normal(comment),
                row_estimate=size,
                view_sql=sql,
            )

    def comments(
        self, session: DatabaseSession, tables: Sequence[TableId]
    ) -> dict[Target, str]:
        """The comments there are on some tables and their columns, in one look."""
        if len(tables) == 1:
            return super().comments(session, tables)
        wanted = set(tables)
        found: dict[Target, str] = {}
        for schema, name, column, comment in session.rows(_COMMENTS):
            table_id = TableId(schema, name)
            if table_id in wanted and normal(comment):
                found[ColumnId(table_id, column) if column else table_id] = comment
        return found

    def kinds(
        self, session: DatabaseSession, tables: Sequence[TableId]
    ) -> Mapping[TableId, TableKind]:
        """What some tables are now, in one look: DuckDB itself does not mind."""
        wanted = set(tables)
        return {
            table: TableKind(kind)
            for schema, name, kind in session.rows(_KINDS)
            if (table := TableId(schema, name)) in wanted
        }

    def denied(
        self, source: SessionSource, tables: Sequence[TableId]
    ) -> Mapping[TableId, str]:
        """All of them where the file may not be written, which is not opened for it."""
        reason = ""
        if not self._path.exists():
            return {}  # writing says so
        if not os.access(self._path, os.W_OK):
            reason = "you have no right to write the file"
        elif not os.access(self._path.parent, os.W_OK):
            # DuckDB keeps its log of writes beside the file.
            reason = "you have no right to write in the file's folder"
        return dict.fromkeys(tables, reason) if reason else {}

    def takes_first(self, table: Table, rows: int) -> bool:
        """Of a view, and of a table that seems to have no more."""
        return table.kind is not TableKind.TABLE or (table.row_estimate or 0) <= rows

    def sample_sql(
        self, table: Table, expressions: Sequence[str], rows: int, seconds: float
    ) -> str:
        """The first rows of a view, a spread sample of a table."""
        if self.takes_first(table, rows):
            return super().sample_sql(table, expressions, rows, seconds)
        name = self.table_name(table.id)
        # A reservoir reads every row, so a large table is thinned by blocks first.
        share = 100 * max(_BLOCKS, 20 * rows) / (table.row_estimate or 1)
        if share < 100:
            name = f"(SELECT * FROM {name} TABLESAMPLE {share:.6f} PERCENT (system, 1))"
        return (
            f"SELECT {', '.join(expressions)} FROM {name} "
            f"USING SAMPLE reservoir({rows} ROWS) REPEATABLE (1)"
        )
