"""SQLite: read-only, because it has no comments to write."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote as quote_path

from catalog.errors import ColumnistError
from catalog.objects import TableKind
from connectors.database_session import DatabaseSession, EngineSource, SessionSource
from connectors.dialects.bases.schema import SchemaDialect
from connectors.dialects.dialect import ConnectFault, Dialect

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


_USERS = "t.type IN ('table', 'view') AND t.name NOT LIKE 'sqlite!_%' ESCAPE '!'"

_WANTED = f"{_USERS} AND :schema = 'main' {{one}}"

_RELATIONS = f"""
SELECT t.name, UPPER(t.type), NULL, CASE WHEN t.type = 'view' THEN t.sql END
FROM sqlite_master t WHERE {_WANTED}
ORDER BY t.name
"""

# hidden: 1 belongs to a virtual table itself, 2 and 3 are generated. SQLite takes bytes
# that are not UTF-8 for U+FFFD; a table of such a name cannot be asked for again.
_FIELDS = f"""
SELECT t.name, x.name, NOT x."notnull",
       CASE WHEN x.hidden THEN 'GENERATED' ELSE x.dflt_value END, NULL, x.type
FROM sqlite_master t JOIN pragma_table_xinfo(t.name) x
WHERE x.hidden <> 1 AND t.name NOT LIKE '%' || CHAR(65533) || '%' AND {_WANTED}
ORDER BY t.name, x.cid
"""

_PRIMARY_KEYS = f"""
SELECT t.name, '', x.name FROM sqlite_master t JOIN pragma_table_xinfo(t.name) x
WHERE x.pk > 0 AND {_WANTED}
ORDER BY t.name, x.pk
"""

# No column on the other side stands for its primary key.
_FOREIGN_KEYS = f"""
SELECT t.name, f.id, f."from", 'main', f."table", f."to"
FROM sqlite_master t JOIN pragma_foreign_key_list(t.name) f
WHERE {_WANTED}
ORDER BY t.name, f.id, f.seq
"""


class SQLite(SchemaDialect):
    """One schema, `main`; comments stay in the workspace and in exported files."""

    name = "sqlite"
    label = "SQLite"
    drivername = "sqlite"
    sqlglot = "sqlite"
    is_file = True
    names_sql = f"SELECT 'main', t.name FROM sqlite_master t WHERE {_USERS}"
    schemas_sql = "SELECT 'main'"
    relations_sql = _RELATIONS
    fields_sql = _FIELDS
    keys_sql = (_PRIMARY_KEYS, _FOREIGN_KEYS)
    one_table = "AND t.name = :name"
    no_columns: ClassVar = dict.fromkeys(
        (TableKind.TABLE, TableKind.VIEW),
        "its columns cannot be read, or its name is not UTF-8",
    )
    # `CREATE TABLE t(a int comment 'x')` is accepted, but as a type of that name:
    # https://www.sqlite.org/datatype3.html
    why_no_comments = (
        "SQLite cannot hold comments; export writes the descriptions to a file instead"
    )
    refused_kinds: ClassVar = {"TABLE": why_no_comments, "VIEW": why_no_comments}
    as_text: ClassVar = {".*BLOB": "", "": "substr(CAST({column} AS TEXT), 1, 256)"}
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

    def source(self, url: URL, *, timeout: float, read_only: bool) -> SessionSource:
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
