"""Oracle: the ALL_ views of the dictionary, and COMMENT that commits by itself."""

from __future__ import annotations

from typing import ClassVar

from catalog.objects import TableKind
from connectors.dialects.bases.schema import SchemaDialect
from connectors.dialects.bases.sequential import SequentialDialect
from connectors.dialects.dialect import ConnectFault, wrong_password

# A dropped table is in the recycle bin under a name that begins with BIN$. The table
# behind a materialized view has its name, and the view's comment is elsewhere.
_RELATIONS = """
SELECT t.table_name,
       CASE WHEN m.mview_name IS NOT NULL THEN 'MATERIALIZED VIEW'
            WHEN x.table_name IS NOT NULL THEN 'FOREIGN TABLE'
            WHEN a.partitioned = 'YES' THEN 'PARTITIONED TABLE'
            ELSE t.table_type END,
       CASE WHEN m.mview_name IS NULL THEN t.comments ELSE m.comments END,
       v.text_vc, a.num_rows
FROM all_tab_comments t
LEFT JOIN all_mview_comments m ON m.owner = t.owner AND m.mview_name = t.table_name
LEFT JOIN all_tables a ON a.owner = t.owner AND a.table_name = t.table_name
LEFT JOIN all_external_tables x ON x.owner = t.owner AND x.table_name = t.table_name
LEFT JOIN all_views v ON v.owner = t.owner AND v.view_name = t.table_name
WHERE t.owner = :schema AND SUBSTR(t.table_name, 1, 4) <> 'BIN$' {one}
ORDER BY t.table_name
"""

_FIELDS = """
SELECT t.table_name, t.column_name, t.nullable, t.data_default, c.comments,
       t.data_type, t.char_length, t.data_precision, t.data_scale
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
WHERE t.owner = :schema {one}
  AND (t.constraint_type = 'P' OR t.constraint_type = 'R' AND r.owner IS NOT NULL)
ORDER BY t.table_name, t.constraint_name, c.position
"""


def _type_text(
    name: str, length: int | None, digits: int | None, scale: int | None
) -> str:
    if name.endswith(("CHAR", "CHAR2")) and length:
        return f"{name}({length})"
    if name == "NUMBER" and digits is not None:
        return f"NUMBER({digits},{scale})" if scale else f"NUMBER({digits})"
    return name


class Oracle(SchemaDialect, SequentialDialect):
    """Comments on tables, views, materialized views and their columns."""

    name = "oracle"
    label = "Oracle"
    drivername = "oracle+oracledb"
    default_port = 1521
    sqlglot = "oracle"
    timeout_arguments: ClassVar = {"oracledb": "tcp_connect_timeout"}
    # https://docs.oracle.com/en/database/oracle/oracle-database/19/sqlrf/SET-TRANSACTION.html
    read_only_begin = "SET TRANSACTION READ ONLY"
    # https://docs.oracle.com/en/database/oracle/oracle-database/19/refrn/ALL_USERS.html
    schemas_sql = "SELECT username FROM all_users WHERE oracle_maintained = 'N'"
    relations_sql = _RELATIONS
    fields_sql = _FIELDS
    type_text = staticmethod(_type_text)
    keys_sql = (_KEYS,)
    sample_query = "SELECT {expressions} FROM {table} FETCH FIRST {rows} ROWS ONLY"
    as_text: ClassVar = {
        r"\w*(CHAR2?|CLOB)\b": "CAST(SUBSTR({column}, 1, 256) AS VARCHAR2(1024))",
        r"(NUMBER|FLOAT|BINARY_FLOAT|BINARY_DOUBLE)\b": "TO_CHAR({column})",
        r"(DATE|TIMESTAMP)\b": "TO_CHAR({column}, 'YYYY-MM-DD HH24:MI:SS')",
    }
    settings = ("ALTER SESSION SET DDL_LOCK_TIMEOUT = 2",)
    probe_sql = "SELECT {literal} FROM dual"
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
        "00942": "it is no longer in the database, or you may not see it",
        "01031": "you lack the right COMMENT ANY TABLE",
        "00904": "the column is no longer in the database; scan again",
        "16000": "the database is open read-only, perhaps a standby",
        "00054": "somebody else holds it",
    }
    connect_faults: ClassVar = (
        wrong_password(r"ORA-01017"),
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
