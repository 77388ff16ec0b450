r"""Google BigQuery: descriptions are options, set in batches for each table.

A dataset is a schema here. Every change of a table's metadata counts towards a rate
limit, so many columns go into one statement.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import ClassVar

from catalog.change import CommentChange
from catalog.objects import Table, TableKind, column_of
from connectors.comment_text import normal
from connectors.database_session import DatabaseSession
from connectors.dialects.bases.schema import Relation, SchemaDialect
from connectors.dialects.bases.sequential import SequentialDialect
from connectors.dialects.dialect import ConnectFault, Selection
from connectors.run import Part, Run, Statement

BATCH = 100
"""Columns in one statement. Five changes of a table's metadata in ten seconds are
allowed: https://cloud.google.com/bigquery/quotas#standard_tables"""

# https://cloud.google.com/bigquery/docs/information-schema-tables; an option's value
# is a literal: https://cloud.google.com/bigquery/docs/information-schema-table-options
_RELATIONS = """
SELECT t.table_name, t.table_type, o.option_value, v.view_definition
FROM {schema}.INFORMATION_SCHEMA.TABLES t
LEFT JOIN {schema}.INFORMATION_SCHEMA.TABLE_OPTIONS o
  ON o.table_name = t.table_name AND o.option_name = 'description'
LEFT JOIN {schema}.INFORMATION_SCHEMA.VIEWS v ON v.table_name = t.table_name
WHERE t.table_schema = :schema {one}
ORDER BY t.table_name
"""

# https://cloud.google.com/bigquery/docs/information-schema-column-field-paths has the
# description as text, and nested fields by paths with dots.
_FIELDS = """
SELECT t.table_name, t.column_name, t.is_nullable, NULLIF(t.column_default, 'NULL'),
       p.description, t.data_type
FROM {schema}.INFORMATION_SCHEMA.COLUMNS t
LEFT JOIN {schema}.INFORMATION_SCHEMA.COLUMN_FIELD_PATHS p
  ON p.table_name = t.table_name AND p.column_name = t.column_name
  AND p.field_path = t.column_name
WHERE t.table_schema = :schema AND t.is_hidden = 'NO' {one}
ORDER BY t.table_name, t.ordinal_position
"""

# https://cloud.google.com/bigquery/docs/information-schema-key-column-usage; the other
# side of a key of several columns is not said column by column.
_KEYS = """
SELECT t.table_name, t.constraint_name, k.column_name, u.table_schema, u.table_name,
       u.column_name
FROM {schema}.INFORMATION_SCHEMA.TABLE_CONSTRAINTS t
JOIN {schema}.INFORMATION_SCHEMA.KEY_COLUMN_USAGE k
  ON k.constraint_name = t.constraint_name
LEFT JOIN (SELECT constraint_name, ANY_VALUE(table_schema) AS table_schema,
                  ANY_VALUE(table_name) AS table_name,
                  IF(COUNT(*) = 1, ANY_VALUE(column_name), NULL) AS column_name
           FROM {schema}.INFORMATION_SCHEMA.CONSTRAINT_COLUMN_USAGE
           GROUP BY constraint_name) u
  ON u.constraint_name = t.constraint_name AND t.constraint_type = 'FOREIGN KEY'
WHERE t.table_schema = :schema {one}
  AND (t.constraint_type = 'PRIMARY KEY' OR u.table_name IS NOT NULL)
ORDER BY t.table_name, t.constraint_name, k.ordinal_position
"""

_ESCAPE = re.compile(
    r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|(.))", re.S
)

_SHORT = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


class BigQuery(SchemaDialect, SequentialDialect):
    """Descriptions of tables, views and their columns, and of materialized views."""

    name = "bigquery"
    label = "BigQuery"
    sqlglot = "bigquery"
    # https://cloud.google.com/bigquery/docs/reference/standard-sql/lexical#case_sensitivity
    folds_tables = False
    isolation = None  # there is no connection to keep
    read_only_begin = "SELECT 1"  # a transaction would need a session
    database_is_schema = True
    schemas_sql = "SELECT schema_name FROM INFORMATION_SCHEMA.SCHEMATA"
    relations_sql = _RELATIONS
    kinds: ClassVar = {
        **SchemaDialect.kinds,
        "CLONE": TableKind.TABLE,
        "EXTERNAL": TableKind.FOREIGN_TABLE,
    }
    fields_sql = _FIELDS
    keys_sql = (_KEYS,)
    as_text: ClassVar = {
        "BYTES|STRUCT|ARRAY|JSON|GEOGRAPHY|RANGE|INTERVAL": "",
        "": "SUBSTR(CAST({column} AS STRING), 1, 256)",
    }
    # https://cloud.google.com/bigquery/docs/reference/standard-sql/data-definition-language
    # has ALTER COLUMN SET OPTIONS for tables and views.
    table_keywords: ClassVar = {
        TableKind.TABLE: "TABLE",
        TableKind.VIEW: "VIEW",
        TableKind.MATERIALIZED_VIEW: "MATERIALIZED VIEW",
    }
    column_kinds: ClassVar = frozenset({TableKind.TABLE, TableKind.VIEW})
    # https://cloud.google.com/bigquery/quotas#standard_tables
    table_limit = 16_384
    column_limit = 1024
    lock = "nothing, but every statement counts towards a rate limit of its table"
    cannot: ClassVar = (
        "describe nested fields: that takes the API",
        "describe columns of materialized views, external tables and snapshots",
        "list the datasets outside the US: name them with --schema or in the URL",
        "sample more cheaply than by hundredths of a table, which is billed",
    )
    # The client's errors have a reason in their text and no code:
    # https://cloud.google.com/bigquery/docs/error-messages
    code_pattern = r"(Exceeded rate limits|Access Denied|Not found: Table)"
    lock_codes: ClassVar = frozenset({"Exceeded rate limits"})
    table_refusals: ClassVar = frozenset({"Access Denied", "Not found: Table"})
    refusals: ClassVar = {
        "Access Denied": "you lack the right bigquery.tables.update",
        "Not found: Table": "it is no longer there; scan again",
    }
    connect_faults: ClassVar = (
        ConnectFault(
            r"default credentials",
            "{label} needs Google's application default credentials.",
            "Run gcloud auth application-default login, or name a key in the URL.",
        ),
    )

    # -- reading ---------------------------------------------------------------

    def schemas(self, session: DatabaseSession, selection: Selection) -> Iterable[str]:
        """The datasets asked for, the URL's, or those of the default region."""
        if selection.schemas:
            return selection.schemas
        # https://cloud.google.com/bigquery/docs/reference/system-variables
        default = session.value("SELECT @@dataset_id")
        return [str(default)] if default else super().schemas(session, selection)

    def relations(
        self, session: DatabaseSession, schema: str, name: str = ""
    ) -> Iterator[Relation]:
        """Tables and views of a dataset, or the one named."""
        for relation in super().relations(session, schema, name):
            yield relation._replace(comment=decoded(relation.comment or ""))

    # -- sampling --------------------------------------------------------------

    def sampled(self, table: Table, rows: int) -> str:
        """A hundredth of a table's blocks, because LIMIT does not lower the bill."""
        # https://cloud.google.com/bigquery/docs/table-sampling
        share = " TABLESAMPLE SYSTEM (1 PERCENT)" * (table.kind is TableKind.TABLE)
        return super().sampled(table, rows) + share

    # -- rendering -------------------------------------------------------------

    def literal(self, text: str) -> str:
        """A string literal with escapes, which the driver leaves as it is.

        https://cloud.google.com/bigquery/docs/reference/standard-sql/lexical#escape_sequences
        """
        return _without_pairs(super().literal(text))

    def quote(self, *parts: str) -> str:
        """A dotted name in backquotes, inside which escapes are those of literals."""
        return _without_pairs(super().quote(*parts))

    def render(
        self,
        session: DatabaseSession | None,
        table: Table,
        changes: Sequence[CommentChange],
        *,
        allow_rebuild: bool = False,
    ) -> Run:
        """One statement for the table itself, and one for every `BATCH` columns."""
        keyword = self.table_keywords[table.kind]
        head = f"ALTER {keyword} {self.table_name(table.id)} "
        parts = [Part(one, self.sql(table, one, keyword), keyword) for one in changes]
        own = [part for part in parts if column_of(part.change.target) is None]
        columns = [part for part in parts if column_of(part.change.target) is not None]
        batches = (
            columns[start : start + BATCH] for start in range(0, len(columns), BATCH)
        )
        batched = (*([part] for part in own), *batches)
        return Run(tuple(Statement(tuple(some), head) for some in batched))

    def sql(self, table: Table, change: CommentChange, basis: str) -> str:
        """The clause of one change."""
        name, text = column_of(change.target), normal(change.text)
        value = "NULL" if text is None else self.literal(text)
        column = "" if name is None else f"ALTER COLUMN {self.quote(name)} "
        return f"{column}SET OPTIONS (description={value})"


def decoded(literal: str) -> str:
    """The text of a literal as INFORMATION_SCHEMA.TABLE_OPTIONS gives it.

    What is not in quotes is taken as it is.
    """
    mark = literal[:1]
    if len(literal) < 2 or mark not in "'\"" or not literal.endswith(mark):
        return literal

    def meaning(found: re.Match[str]) -> str:
        hexadecimal = found[1] or found[2] or found[3]
        if hexadecimal:
            return chr(int(hexadecimal, 16))
        if found[4]:
            return chr(int(found[4], 8))
        return _SHORT.get(found[5], found[5])

    return _ESCAPE.sub(meaning, literal[1:-1])


def _without_pairs(sql: str) -> str:
    r"""Writes the second of two percent signs as `\x25`.

    google-cloud-bigquery makes one of two in every statement, parameters or not.
    """
    return sql.replace("%%", "%\\x25")
