"""Oracle: the ALL_ views of the dictionary, and COMMENT that commits by itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil
from typing import TYPE_CHECKING, ClassVar

from catalog.objects import Table, TableId, TableKind
from connectors.database_session import DatabaseSession, EngineSource, Source
from connectors.dialects.bases.comment_on import CommentOnDialect, check_literals
from connectors.dialects.dialect import ConnectFault, Selection
from connectors.schema import Field, Key, Relation, SchemaDialect

if TYPE_CHECKING:
    from sqlalchemy import URL

# https://docs.oracle.com/en/database/oracle/oracle-database/19/refrn/ALL_USERS.html
_SCHEMAS = """
SELECT username FROM all_users WHERE oracle_maintained = 'N' ORDER BY username
"""

# A dropped table is in the recycle bin under a name that begins with BIN$. The table
# behind a materialized view has its name, and the view's comment is elsewhere.
_RELATIONS = """
SELECT t.table_name, t.table_type, t.comments, m.mview_name, m.comments,
       a.num_rows, a.partitioned, x.table_name, v.text_vc
FROM all_tab_comments t
LEFT JOIN all_mview_comments m ON m.owner = t.owner AND m.mview_name = t.table_name
LEFT JOIN all_tables a ON a.owner = t.owner AND a.table_name = t.table_name
LEFT JOIN all_external_tables x ON x.owner = t.owner AND x.table_name = t.table_name
LEFT JOIN all_views v ON v.owner = t.owner AND v.view_name = t.table_name
WHERE t.owner = :schema AND SUBSTR(t.table_name, 1, 4) <> 'BIN$' {one}
ORDER BY t.table_name
"""

_COLUMNS = """
SELECT t.table_name, t.column_name, t.data_type, t.char_length, t.data_precision,
       t.data_scale, t.nullable, t.data_default, c.comments
FROM all_tab_columns t
LEFT JOIN all_col_comments c ON c.owner = t.owner AND c.table_name = t.table_name
  AND c.column_name = t.column_name
WHERE t.owner = :schema AND SUBSTR(t.table_name, 1, 4) <> 'BIN$' {one}
ORDER BY t.table_name, t.column_id
"""

_KEYS = """
SELECT t.table_name, t.constraint_name, c.column_name, r.owner, r.table_name,
       r.column_name
FROM all_constraints t
JOIN all_cons_columns c ON c.owner = t.owner AND c.constraint_name = t.constraint_name
LEFT JOIN all_cons_columns r ON r.owner = t.r_owner
  AND r.constraint_name = t.r_constraint_name AND r.position = c.position
WHERE t.owner = :schema AND t.constraint_type IN ('P', 'R') {one}
ORDER BY t.table_name, t.constraint_name, c.position
"""

_GONE = "it is no longer in the database, or you may not see it"


class Oracle(SchemaDialect, CommentOnDialect):
    """Comments on tables, views, materialized views and their columns."""

    name = "oracle"
    label = "Oracle"
    drivername = "oracle+oracledb"
    default_port = 1521
    sqlglot = "oracle"
    # https://docs.oracle.com/en/database/oracle/oracle-database/19/sqlrf/COMMENT.html:
    # TABLE is for views too, and there is no ON VIEW.
    table_keywords: ClassVar = {
        TableKind.TABLE: "TABLE",
        TableKind.PARTITIONED_TABLE: "TABLE",
        TableKind.VIEW: "TABLE",
        TableKind.MATERIALIZED_VIEW: "MATERIALIZED VIEW",
    }
    column_kinds: ClassVar = frozenset(table_keywords)
    # IS NULL is ORA-01780, and '' is NULL: the same page
    no_comment = "''"
    table_limit = 4000
    column_limit = 4000
    limit_encoding = "utf-8"
    lock = "exclusively the table's definition, for the moment of the statement"
    cannot: ClassVar = (
        "comment on external tables, which was not looked into",
        "keep characters that the database's character set does not have",
    )
    code_pattern = r"ORA-(\d{5})"
    # https://docs.oracle.com/en/error-help/db/
    lock_codes: ClassVar = frozenset({"00054", "04021", "00060"})
    table_refusals: ClassVar = frozenset({"00942", "01031", "16000"})
    refusals: ClassVar = {
        "00942": _GONE,
        "01031": "you lack the right COMMENT ANY TABLE",
        "00904": "the column is no longer in the database; scan again",
        "16000": "the database is open read-only, perhaps a standby",
        "00054": "somebody else holds it",
    }
    connect_faults: ClassVar = (
        ConnectFault(
            r"ORA-01017",
            "{label} refused the user name or the password.",
            "Check both; the password can be saved with the connection.",
        ),
        ConnectFault(
            r"ORA-12514|ORA-12505|DPY-6001|DPY-6003",
            "The listener does not know this service: {label}.",
            "Name it in the URL: oracle://user@host/?service_name=NAME.",
        ),
        ConnectFault(
            r"DPY-3010|DPY-3015|DPY-3001",
            "{label} is too old, or asks for more than the driver's thin mode has.",
            "Install Oracle's client libraries and use their thick mode.",
        ),
    )
    # https://docs.oracle.com/en/database/oracle/oracle-database/19/sqlrf/SET-TRANSACTION.html
    read_only_begin = "SET TRANSACTION READ ONLY"

    def source(self, url: URL, *, timeout: float, read_only: bool) -> Source:
        """A pool of python-oracledb connections."""
        known = url.drivername.endswith("+oracledb")
        arguments = {"tcp_connect_timeout": max(1, ceil(timeout))} if known else {}
        return EngineSource(url, connect_args=arguments)

    # -- reading ---------------------------------------------------------------

    def schemas(self, session: DatabaseSession, selection: Selection) -> Iterator[str]:
        """Names of the users who may own tables, without Oracle's own."""
        yield from (row[0] for row in session.rows(_SCHEMAS))

    def relations(
        self, session: DatabaseSession, schema: str, name: str = ""
    ) -> Iterator[Relation]:
        """Tables and views of a schema, or the one named."""
        for row in self.ask(session, _RELATIONS, schema, name):
            table, type_, comment, mview, on_mview, rows, parts, external, text = row
            kind = TableKind.VIEW if type_ == "VIEW" else TableKind.TABLE
            if mview is not None:
                kind, comment = TableKind.MATERIALIZED_VIEW, on_mview
            elif external is not None:
                kind = TableKind.FOREIGN_TABLE
            elif parts == "YES":
                kind = TableKind.PARTITIONED_TABLE
            count = None if rows is None else int(rows)
            yield Relation(table, kind, comment, rows=count, view_sql=text)

    def fields(
        self, session: DatabaseSession, schema: str, name: str = ""
    ) -> Iterator[Field]:
        """Columns of all tables of a schema, or of the one named."""
        for (
            table,
            column,
            kind,
            length,
            digits,
            scale,
            null,
            default,
            comment,
        ) in self.ask(session, _COLUMNS, schema, name):
            type_ = str(kind)
            if type_.endswith(("CHAR", "CHAR2")) and length:
                type_ = f"{type_}({length})"
            elif type_ == "NUMBER" and digits is not None:
                type_ = f"NUMBER({digits},{scale})" if scale else f"NUMBER({digits})"
            made = None if default is None else str(default).strip()
            yield Field(table, column, type_, null == "Y", made or None, comment)

    def keys(
        self, session: DatabaseSession, schema: str, name: str = ""
    ) -> Iterator[Key]:
        """Key columns of all tables of a schema, or of the one named."""
        for table, key, column, owner, other, far in self.ask(
            session, _KEYS, schema, name
        ):
            references = None if other is None else TableId(owner, other)
            yield Key(table, key, column, references, far)

    # -- sampling --------------------------------------------------------------

    def sample_sql(self, table: Table, expressions: Sequence[str], rows: int) -> str:
        """The first rows; there is no LIMIT."""
        return (
            f"SELECT {', '.join(expressions)} FROM {self.table_name(table.id)} "
            f"FETCH FIRST {rows} ROWS ONLY"
        )

    def sample_expression(self, column: str, kind: str) -> str | None:
        """A column as short text; None for a type that makes no text."""
        word = kind.partition("(")[0]
        if word.endswith(("CHAR", "CHAR2", "CLOB")):
            return f"CAST(SUBSTR({self.quote(column)}, 1, 256) AS VARCHAR2(1024))"
        if word in ("NUMBER", "FLOAT", "BINARY_FLOAT", "BINARY_DOUBLE"):
            return f"TO_CHAR({self.quote(column)})"
        if word in ("DATE", "TIMESTAMP"):
            return f"TO_CHAR({self.quote(column)}, 'YYYY-MM-DD HH24:MI:SS')"
        return None

    # -- writing ---------------------------------------------------------------

    def pin(self, session: DatabaseSession) -> None:
        """Limits waiting for locks, and asks how literals are read."""
        session.run("ALTER SESSION SET DDL_LOCK_TIMEOUT = 2")
        check_literals(self, session, "SELECT {literal} FROM dual")
