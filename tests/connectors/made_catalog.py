"""A vendor's catalog made in DuckDB, which answers that vendor's queries.

sqlglot turns a query into DuckDB's, so its joins, conditions and CASE are run, on
tables with the columns that it names. What the vendor's server makes of it, and whether
its catalog has these columns, is not shown.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb
from sqlglot import exp, parse_one

from connectors.database_session import DatabaseSession, Row

Catalog = Mapping[str, Sequence[Mapping[str, object]]]
"""Rows by table; what a row does not have is NULL."""


@dataclass
class MadeCatalog(DatabaseSession):
    """Answers from `catalog`; a table that is not in it is empty."""

    catalog: Catalog
    language: str
    """sqlglot's name for the language of the queries."""

    def run(self, sql: str) -> None:
        raise AssertionError(sql)

    def rows(self, sql: str, **parameters: object) -> list[Row]:
        query = parse_one(sql, read=self.language).transform(_in_duckdb, parameters)
        with duckdb.connect() as connection:
            connection.execute("CREATE MACRO type_name(x) AS x")
            for name, columns in self._columns(query).items():
                rows = self.catalog.get(name, ())
                types = {
                    column: "BIGINT"
                    if any(isinstance(row.get(column), int) for row in rows)
                    else "VARCHAR"
                    for column in columns
                }
                made = ", ".join(f'"{key}" {type_}' for key, type_ in types.items())
                connection.execute(f'CREATE TABLE "{name}" ({made})')
                marks = ", ".join("?" * len(types))
                for row in rows:
                    values = [row.get(column) for column in types]
                    connection.execute(f'INSERT INTO "{name}" VALUES ({marks})', values)
            return list(connection.execute(query.sql("duckdb")).fetchall())

    def _columns(self, query: exp.Expr) -> dict[str, list[str]]:
        """Columns that the query or a row names, by table."""
        names: dict[str, set[str]] = defaultdict(set)
        for table in query.find_all(exp.Table):
            for column in query.find_all(exp.Column):
                if column.table == table.alias_or_name or not column.table:
                    names[table.name].add(column.name)
            for row in self.catalog.get(table.name, ()):
                names[table.name] |= set(row)
        return {table: sorted(names[table]) for table in sorted(names)}

    def witness(self) -> DatabaseSession:
        return self

    def close(self) -> None:
        return


def _in_duckdb(node: exp.Expr, parameters: Mapping[str, object]) -> exp.Expr:
    """What sqlglot leaves as it is, and DuckDB does not have."""
    if isinstance(node, exp.Placeholder):
        return exp.Literal.string(str(parameters[node.name]))
    if isinstance(node, exp.National):
        return exp.Literal.string(node.name)
    if isinstance(node, exp.Table):
        alias = node.alias_or_name
        return exp.alias_(exp.to_table(f'"{node.name}"'), alias, table=True)
    if isinstance(node, exp.Add) and isinstance(node.left, exp.National):
        text = exp.Literal.string(node.left.name)
        return exp.DPipe(this=text, expression=node.right)
    if isinstance(node, exp.DataType) and node.expressions:
        return exp.DataType.build("VARCHAR")
    return node
