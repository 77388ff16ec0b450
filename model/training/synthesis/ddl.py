"""CREATE TABLE text in several dialects, checked with sqlglot."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass

from model.names import word_set

DIALECTS = (
    "postgres",
    "mysql",
    "duckdb",
    "snowflake",
    "bigquery",
    "tsql",
    "oracle",
    "spark",
)
"""Names as sqlglot spells them."""

_TYPES: dict[str, dict[str, tuple[str, ...]]] = {
    "postgres": {
        "key": ("bigint", "integer", "uuid", "character varying(36)"),
        "text": ("character varying({n})", "text", "varchar({n})"),
        "note": ("text",),
        "flag": ("boolean",),
        "date": ("date",),
        "time": ("timestamp with time zone", "timestamp without time zone"),
        "money": ("numeric(12,2)", "numeric(18,2)", "numeric"),
        "int": ("integer", "bigint", "smallint"),
        "number": ("numeric(14,3)", "double precision", "real"),
        "percent": ("numeric(5,2)", "double precision"),
        "json": ("jsonb", "json"),
        "code": ("character varying({n})", "varchar({n})", "text"),
    },
    "mysql": {
        "key": ("bigint", "int", "char(36)", "bigint unsigned"),
        "text": ("varchar({n})",),
        "note": ("text", "mediumtext"),
        "flag": ("tinyint(1)",),
        "date": ("date",),
        "time": ("datetime", "timestamp"),
        "money": ("decimal(12,2)", "decimal(18,2)"),
        "int": ("int", "int unsigned", "smallint"),
        "number": ("decimal(14,3)", "double", "float"),
        "percent": ("decimal(5,2)",),
        "json": ("json",),
        "code": ("varchar({n})", "char(2)"),
    },
    "duckdb": {
        "key": ("BIGINT", "INTEGER", "UUID", "VARCHAR"),
        "text": ("VARCHAR",),
        "note": ("VARCHAR",),
        "flag": ("BOOLEAN",),
        "date": ("DATE",),
        "time": ("TIMESTAMP", "TIMESTAMP WITH TIME ZONE"),
        "money": ("DECIMAL(18,2)", "DOUBLE"),
        "int": ("INTEGER", "BIGINT"),
        "number": ("DOUBLE", "DECIMAL(14,3)"),
        "percent": ("DOUBLE", "DECIMAL(5,2)"),
        "json": ("JSON",),
        "code": ("VARCHAR",),
    },
    "snowflake": {
        "key": ("NUMBER(38,0)", "VARCHAR(36)", "VARCHAR(64)"),
        "text": ("VARCHAR({n})", "VARCHAR(16777216)", "TEXT"),
        "note": ("VARCHAR(16777216)", "TEXT"),
        "flag": ("BOOLEAN",),
        "date": ("DATE",),
        "time": ("TIMESTAMP_NTZ(9)", "TIMESTAMP_LTZ(9)", "TIMESTAMP_TZ(9)"),
        "money": ("NUMBER(18,2)", "NUMBER(12,2)"),
        "int": ("NUMBER(38,0)", "NUMBER(10,0)"),
        "number": ("FLOAT", "NUMBER(14,3)"),
        "percent": ("FLOAT", "NUMBER(5,2)"),
        "json": ("VARIANT", "OBJECT"),
        "code": ("VARCHAR({n})", "VARCHAR(16777216)"),
    },
    "bigquery": {
        "key": ("STRING", "INT64"),
        "text": ("STRING",),
        "note": ("STRING",),
        "flag": ("BOOL",),
        "date": ("DATE",),
        "time": ("TIMESTAMP", "DATETIME"),
        "money": ("NUMERIC", "FLOAT64"),
        "int": ("INT64",),
        "number": ("FLOAT64", "NUMERIC"),
        "percent": ("FLOAT64",),
        "json": ("JSON", "STRING"),
        "code": ("STRING",),
    },
    "tsql": {
        "key": ("int", "bigint", "uniqueidentifier"),
        "text": ("nvarchar({n})", "varchar({n})"),
        "note": ("nvarchar(max)", "nvarchar(4000)"),
        "flag": ("bit",),
        "date": ("date",),
        "time": ("datetime2(7)", "datetime", "datetimeoffset(7)"),
        "money": ("decimal(18,2)", "money", "numeric(12,2)"),
        "int": ("int", "smallint", "bigint"),
        "number": ("decimal(14,3)", "float", "real"),
        "percent": ("decimal(5,2)",),
        "json": ("nvarchar(max)",),
        "code": ("nvarchar({n})", "varchar({n})", "char(2)"),
    },
    "oracle": {
        "key": ("NUMBER(10)", "NUMBER(19)", "VARCHAR2(20)"),
        "text": ("VARCHAR2({n})", "NVARCHAR2({n})"),
        "note": ("CLOB", "VARCHAR2(4000)"),
        "flag": ("CHAR(1)", "NUMBER(1)"),
        "date": ("DATE",),
        "time": ("TIMESTAMP(6)", "DATE"),
        "money": ("NUMBER(12,2)", "NUMBER(18,2)"),
        "int": ("NUMBER(10)", "NUMBER(5)"),
        "number": ("NUMBER(14,3)", "NUMBER"),
        "percent": ("NUMBER(5,2)",),
        "json": ("CLOB",),
        "code": ("VARCHAR2({n})", "CHAR(2)"),
    },
    "spark": {
        "key": ("BIGINT", "STRING"),
        "text": ("STRING",),
        "note": ("STRING",),
        "flag": ("BOOLEAN",),
        "date": ("DATE",),
        "time": ("TIMESTAMP",),
        "money": ("DECIMAL(18,2)", "DOUBLE"),
        "int": ("INT", "BIGINT"),
        "number": ("DOUBLE", "DECIMAL(14,3)"),
        "percent": ("DOUBLE",),
        "json": ("STRING", "MAP<STRING, STRING>"),
        "code": ("STRING",),
    },
}
_QUOTES = {"mysql": "``", "bigquery": "``", "spark": "``", "tsql": "[]"}
_MIXED = frozenset(("postgres", "snowflake", "oracle"))
"""Databases that fold the case of names without quotes."""

_RESERVED = word_set(
    "all alter and as asc between by case check column comment constraint create "
    "cross current date default delete desc distinct drop else end exists external "
    "file for foreign from full grant group having in index inner insert interval "
    "into is join key language left level like limit lock mode natural not null "
    "number of offset on option or order outer over partition percent plan position "
    "primary range rank read references resource right row rows schema select session "
    "set share size start status system table tag tags then time timestamp title to "
    "trigger type union unique update usage user using value values view when where "
    "window with year zone open close reference member match method message function "
    "procedure trade condition recurring call code location cost result rate record "
    "source state class"
)


@dataclass(frozen=True, slots=True)
class Cell:
    """A column as DDL needs it."""

    name: str
    """The identifier."""
    type: str
    """The type's text."""
    required: bool
    """Whether it is NOT NULL."""
    references: tuple[str, str] | None = None
    """Table and column of a declared foreign key."""


def type_of(kind: str, dialect: str, rng: random.Random) -> str:
    """A type's text for a logical kind, as the dialect's catalog would print it."""
    choices = _TYPES[dialect]["key" if kind == "ref" else kind]
    # The first is the usual one.
    chosen = choices[0] if rng.random() < 0.5 else rng.choice(choices)
    sizes = (10, 20) if kind == "code" else (30, 50, 100, 255)
    return chosen.replace("{n}", str(rng.choice(sizes)))


def quoted(name: str, dialect: str) -> str:
    """The identifier as DDL spells it, with quotes only where it needs them."""
    plain = re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) is not None
    mixed = dialect in _MIXED and name.lower() != name and name.upper() != name
    bare_underscore = dialect == "oracle" and name.startswith("_")
    if plain and not mixed and not bare_underscore and name.lower() not in _RESERVED:
        return name
    quotes = _QUOTES.get(dialect, '""')
    return f"{quotes[0]}{name}{quotes[1]}"


def create_table(
    schema: str,
    table: str,
    cells: Sequence[Cell],
    key: Sequence[str],
    dialect: str,
) -> str:
    """The statement that makes the table; keys where the dialect has them."""
    keyed = dialect not in ("bigquery", "spark")
    lines = []
    for cell in cells:
        line = f"{quoted(cell.name, dialect)} {cell.type}"
        lines.append(f"{line} NOT NULL" if cell.required else line)
    if key and keyed:
        lines.append(f"PRIMARY KEY ({', '.join(quoted(k, dialect) for k in key)})")
    for cell in cells:
        if cell.references and keyed:
            other, there = cell.references
            there = quoted(there, dialect)
            other = _path(schema, other, dialect)
            lines.append(
                f"FOREIGN KEY ({quoted(cell.name, dialect)})"
                f" REFERENCES {other} ({there})"
            )
    body = ",\n  ".join(lines)
    return f"CREATE TABLE {_path(schema, table, dialect)} (\n  {body}\n)"


def _path(schema: str, table: str, dialect: str) -> str:
    name = quoted(table, dialect)
    return f"{quoted(schema, dialect)}.{name}" if schema else name


def parses(statement: str, dialect: str) -> bool:
    """Whether sqlglot reads the statement as the making of a table."""
    # 0.2 s to import, and only training data needs it in this package.
    import sqlglot
    from sqlglot import exp
    from sqlglot.errors import SqlglotError

    try:
        found = sqlglot.parse_one(statement, dialect=dialect)
    except SqlglotError:
        return False
    return isinstance(found, exp.Create) and found.kind == "TABLE"
