"""Which column of a table a view's column is taken from.

Read from the view's definition with sqlglot. Only a column that comes through as it is
counts, under whatever name: its documentation is the view's too. What is computed,
comes from both sides of a UNION or cannot be parsed has no base.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from catalog.objects import ColumnId, Table, TableId

if TYPE_CHECKING:
    from sqlglot.optimizer.scope import Scope

LONGEST = 50_000
"""Characters of a definition that is still looked at."""


def base_columns(
    view: Table, *, dialect: str, lookup: Callable[[TableId], Table | None]
) -> dict[str, ColumnId]:
    """A view's columns that are columns of a table, each with that column.

    Args:
        view: The view, with its definition.
        dialect: sqlglot's name of the language that the definition is in.
        lookup: Finds the tables that the definition names.
    """
    sql = view.view_sql
    if not sql or len(sql) > LONGEST:
        return {}
    from sqlglot.errors import SqlglotError

    try:
        return _base_columns(view, sql, dialect, lookup)
    except (SqlglotError, RecursionError, KeyError, ValueError, AttributeError):
        # A definition is what somebody wrote; sqlglot trips over some in odd ways.
        return {}


def inherited_columns(
    table: Table, *, lookup: Callable[[TableId], Table | None]
) -> dict[str, ColumnId]:
    """Columns that a table inherits, each with the nearest one that is described.

    Where none is, it is the first parent's. A column of the same name is the parent's.

    Args:
        table: The child.
        lookup: Finds its parents.
    """
    found: dict[str, ColumnId] = {}
    for parent_id in table.parents:
        if (parent := lookup(parent_id)) is None:
            continue
        above = inherited_columns(parent, lookup=lookup)
        for column in parent.columns:
            base = column.id if column.comment else above.get(column.name, column.id)
            found.setdefault(column.name, base)
    return found


def _base_columns(
    view: Table, sql: str, dialect: str, lookup: Callable[[TableId], Table | None]
) -> dict[str, ColumnId]:
    from sqlglot import exp, parse_one
    from sqlglot.optimizer.qualify import qualify
    from sqlglot.optimizer.scope import build_scope

    parsed = parse_one(sql, read=dialect)
    query = parsed.expression if isinstance(parsed, exp.Create) else parsed
    if not isinstance(query, exp.Query):
        return {}
    tables: dict[TableId, Table] = {}
    for named in query.find_all(exp.Table):
        table_id = TableId(named.db or view.id.schema, named.name)
        if table_id not in tables and (found := lookup(table_id)):
            tables[table_id] = found
    schema: dict[str, object] = {}
    for table_id, table in tables.items():
        of_schema = schema.setdefault(table_id.schema, {})
        assert isinstance(of_schema, dict)
        of_schema[table_id.name] = {c.name: "unknown" for c in table.columns}
    qualified = qualify(
        query,
        schema=schema,
        dialect=dialect,
        db=view.id.schema,
        validate_qualify_columns=False,
        quote_identifiers=False,
    )
    scope = build_scope(qualified)
    if scope is None:
        return {}
    found_columns: dict[str, ColumnId] = {}
    for place, column in enumerate(view.columns):
        base = _base(scope, place, "")
        if base is None:
            continue
        there = tables.get(base.table)
        if there is not None and there.column(base.name) is not None:
            found_columns[column.name] = base
    return found_columns


def _base(scope: Scope, place: int, name: str) -> ColumnId | None:
    """The column behind a projection, by its place or by its name."""
    from sqlglot import exp
    from sqlglot.optimizer.scope import Scope as ScopeType

    if not isinstance(scope.expression, exp.Select):
        return None
    projections = scope.expression.selects
    if name:
        projections = [one for one in projections if one.alias_or_name == name]
        place = 0
    if place >= len(projections):
        return None
    column = projections[place].unalias()
    if not isinstance(column, exp.Column):
        return None
    source = scope.sources.get(column.table)
    if isinstance(source, ScopeType):
        return _base(source, 0, column.name)
    if isinstance(source, exp.Table):
        return ColumnId(TableId(source.db, source.name), column.name)
    return None
