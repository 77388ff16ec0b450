"""Profiles of columns from a bounded, read-only sample.

The sample is bounded in rows, in bytes (256 characters a value, 200,000 values) and in
time, and runs in a transaction that cannot write. Its values stay in memory. Which of
them a text may name, `model.personal` says: names are read there.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal, InvalidOperation

from catalog.errors import ColumnistError
from catalog.objects import Column, Profile, Table, TableKind
from catalog.stopping import Stop
from connectors.database_session import DatabaseSession, Fault, Row, SessionSource
from connectors.dialects.dialect import Dialect

_VALUES = 200_000
"""Values fetched at most; a wide table gives fewer rows."""

_CODES = range(2, 51)
"""Distinct values of a code list."""

_CODE_LENGTH = 24
"""Characters of the longest code."""

_ROWS_FOR_CODES = 8
"""Fewer values than this prove nothing."""

_SAMPLES = 20
"""Values kept for the leak check."""

_NUMBER = re.compile(
    r"\b(u?(tiny|small|medium|big|huge)?int(eger)?\d{0,3}|numeric|decimal|number|float\d*"
    r"|double|real|money|serial|bigserial)\b",
    re.IGNORECASE,
)
_DATE = re.compile(r"^(date|datetime|timestamp|year)", re.IGNORECASE)
_TEXT = re.compile(r"char|text|string|enum|set\(|uuid|name\b", re.IGNORECASE)


def profile_table(
    dialect: Dialect,
    source: SessionSource,
    table: Table,
    *,
    columns: Sequence[str] | None,
    rows: int,
    seconds: float,
    stop: Stop,
) -> dict[str, Profile]:
    """Profiles of one table's columns; empty where no sample can be taken."""
    wanted = [
        column for column in table.columns if columns is None or column.name in columns
    ]
    expressions = {
        column.name: expression
        for column in wanted
        if (expression := dialect.sample_expression(column.name, column.type))
    }
    if not expressions or stop():
        return {}
    sampled = [column for column in wanted if column.name in expressions]
    rows = max(1, min(rows, _VALUES // len(sampled)))
    deadline = time.monotonic() + seconds
    takes_first = dialect.takes_first(table, rows)
    unique = table.primary_key if len(table.primary_key) == 1 else ()
    found: dict[str, Profile] = {}
    todo = [sampled]
    try:
        with source.session() as session, session.limited(seconds, stop):
            if dialect.may_change(session, table):
                return {}
            while todo and not stop() and (left := deadline - time.monotonic()) > 0:
                some = todo.pop()
                parts = [expressions[column.name] for column in some]
                sql = dialect.sample_sql(table, parts, rows, left)
                try:
                    sample = _fetch(dialect, session, sql, left, table.kind)
                except Fault as fault:
                    if fault.lost:
                        break
                    # A column that cannot be read is found by halves and left out.
                    if middle := len(some) // 2:
                        todo += (some[middle:], some[:middle])
                    continue
                whole = takes_first and len(sample) < rows
                for index, column in enumerate(some):
                    values = [
                        None if row[index] is None else str(row[index])
                        for row in sample
                    ]
                    is_unique = column.name in unique
                    profile = profile_column(column, values, is_unique=is_unique)
                    found[column.name] = replace(profile, whole=whole)
    except (Fault, ColumnistError):
        return {}
    return found


def _fetch(
    dialect: Dialect,
    session: DatabaseSession,
    sql: str,
    seconds: float,
    kind: TableKind,
) -> list[Row]:
    """The rows of a query, in a transaction that cannot write and not for long."""
    session.run(dialect.read_only_begin)
    try:
        if dialect.time_limit:
            milliseconds = max(1, int(seconds * 1000))
            session.run(dialect.time_limit.format(milliseconds=milliseconds))
        return session.rows(sql)
    finally:
        session.quietly("ROLLBACK")
        if dialect.after_sample and kind is TableKind.VIEW:
            session.quietly(dialect.after_sample)


def profile_column(
    column: Column, values: Sequence[str | None], *, is_unique: bool = False
) -> Profile:
    """What some values say of their column.

    Args:
        column: The column.
        values: Its values as text; None is NULL.
        is_unique: The catalog says that no value comes twice.
    """
    counts = Counter(value for value in values if value is not None)
    present = sum(counts.values())
    rows = len(values)
    lowest, highest = _extremes(column, counts)
    codes = () if is_unique else _codes(column, counts, present)
    return Profile(
        rows,
        (rows - present) / rows if rows else 0.0,
        len(counts),
        lowest,
        highest,
        codes,
        () if codes else _samples(column, counts),
        _patterns(counts) if _TEXT.search(column.type) and not codes else (),
    )


def _extremes(column: Column, counts: Counter[str]) -> tuple[str | None, str | None]:
    """Smallest and largest value of a number or date column."""
    if _NUMBER.search(column.type):
        numbers: list[tuple[Decimal, str]] = []
        for value in counts:
            try:
                number = Decimal(value)
            except InvalidOperation:
                continue
            if number.is_finite():
                numbers.append((number, value))
        return (min(numbers)[1], max(numbers)[1]) if numbers else (None, None)
    if _DATE.match(column.type):
        # Text of a date sorts like the date, but for those before Christ.
        dates = [value for value in counts if value[:1].isdigit() and "BC" not in value]
        return (min(dates), max(dates)) if dates else (None, None)
    return None, None


def _codes(column: Column, counts: Counter[str], present: int) -> tuple[str, ...]:
    """All values where they are few, short and repeated, else nothing."""
    if len(counts) not in _CODES or _DATE.match(column.type):
        return ()
    if present < _ROWS_FOR_CODES or len(counts) > present / 4:
        return ()
    if max(map(len, counts)) > _CODE_LENGTH:
        return ()
    return tuple(sorted(counts))


def _samples(column: Column, counts: Counter[str]) -> tuple[str, ...]:
    """Values whose appearance in a description would give data away."""
    shortest = 5 if _NUMBER.search(column.type) else 3
    telling = (value for value in counts if shortest <= len(value.strip()) <= 80)
    return tuple(value for value, _ in zip(telling, range(_SAMPLES), strict=False))


def _patterns(counts: Counter[str]) -> tuple[str, ...]:
    """The commonest shapes, each of at least a tenth of the values."""
    short = {value: count for value, count in counts.items() if 0 < len(value) <= 40}
    total = sum(counts.values())
    for shape_of in (_shape, _loose_shape):
        shapes: Counter[str] = Counter()
        for value, count in short.items():
            shapes[shape_of(value)] += count
        common = [(s, n) for s, n in shapes.most_common(3) if n * 10 >= total]
        if sum(n for _, n in common) * 2 >= total:
            return tuple(shape for shape, _ in common)
    return ()


def _shape(value: str) -> str:
    """Letters as A or a, digits as 9, anything else as it is."""
    return "".join(
        "9"
        if character.isdigit()
        else "A"
        if character.isupper()
        else "a"
        if character.isalpha()
        else character
        for character in value
    )


def _loose_shape(value: str) -> str:
    """The shape with runs of any length folded, such as `A+-9+`."""
    return re.sub(r"([Aa9])\1+", r"\1+", _shape(value))
