"""Every statement, exactly, and literals that read back as what went in."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlglot import exp, parse_one

from catalog.change import CommentChange
from catalog.errors import UsageError
from catalog.objects import Column, ColumnId, Table, TableId, TableKind
from connectors.definition import slice_table
from connectors.dialects.dialect import Dialect, dialect_named
from connectors.dialects.mariadb import MariaDB
from connectors.dialects.mysql import MySQL
from tests.connectors.nasty import NAMES, PLAIN_TEXTS, SUPPLEMENTARY, UNSEEN_TEXTS
from tests.connectors.targets import script_for


def dialect(name: str) -> Dialect:
    found = dialect_named(name)
    assert found is not None
    return found


def table_of_kind(kind: TableKind, schema: str = "s", name: str = "t") -> Table:
    table_id = TableId(schema, name)
    return Table(table_id, kind, (Column(ColumnId(table_id, "c"), 1, "integer"),))


def rendered(name: str, kind: TableKind, text: str | None, column: str | None) -> str:
    table = table_of_kind(kind)
    target = ColumnId(table.id, column) if column else table.id
    return dialect(name).sql(table, CommentChange(target, None, text), "")


@pytest.mark.parametrize(
    ("name", "kind", "text", "column", "sql"),
    [
        (
            "postgresql",
            TableKind.TABLE,
            "x",
            None,
            """COMMENT ON TABLE "s"."t" IS 'x'""",
        ),
        (
            "postgresql",
            TableKind.PARTITIONED_TABLE,
            "it's",
            None,
            """COMMENT ON TABLE "s"."t" IS 'it''s'""",
        ),
        (
            "postgresql",
            TableKind.VIEW,
            "a\\b",
            None,
            """COMMENT ON VIEW "s"."t" IS E'a\\\\b'""",
        ),
        (
            "postgresql",
            TableKind.MATERIALIZED_VIEW,
            "a\nb",
            None,
            """COMMENT ON MATERIALIZED VIEW "s"."t" IS 'a\nb'""",
        ),
        (
            "postgresql",
            TableKind.FOREIGN_TABLE,
            None,
            None,
            """COMMENT ON FOREIGN TABLE "s"."t" IS NULL""",
        ),
        (
            "postgresql",
            TableKind.MATERIALIZED_VIEW,
            "100% 🙂",
            'we"ird.c',
            """COMMENT ON COLUMN "s"."t"."we""ird.c" IS '100% 🙂'""",
        ),
        ("duckdb", TableKind.TABLE, "", None, """COMMENT ON TABLE "s"."t" IS NULL"""),
        ("duckdb", TableKind.VIEW, "x", None, """COMMENT ON VIEW "s"."t" IS 'x'"""),
        (
            "duckdb",
            TableKind.VIEW,
            "x\\'",
            "c",
            """COMMENT ON COLUMN "s"."t"."c" IS 'x\\'''""",
        ),
    ],
)
def test_comment_on(
    name: str, kind: TableKind, text: str | None, column: str | None, sql: str
) -> None:
    assert rendered(name, kind, text, column) == sql


CREATE = """CREATE TABLE `t` (
  `c` int(11) NOT NULL DEFAULT 7 COMMENT 'old' CHECK (`c` > 0),
  `s` int(11) GENERATED ALWAYS AS (`c` + 1) STORED
) ENGINE=InnoDB"""


def altered(
    name: str, changes: list[tuple[str | None, str | None]], *, rebuild: bool = False
) -> list[str]:
    found = dialect(name)
    assert isinstance(found, MySQL)
    table = table_of_kind(TableKind.TABLE)
    wanted = [
        CommentChange(ColumnId(table.id, column) if column else table.id, None, text)
        for column, text in changes
    ]
    run = found.restate(slice_table(CREATE), wanted, allow_rebuild=rebuild)
    return [statement.sql for statement in run.statements]


def test_mariadb_alters_all_at_once() -> None:
    assert altered("mariadb", [(None, "it's"), ("c", "a\\b\n")]) == [
        "ALTER TABLE `s`.`t` COMMENT='it''s', MODIFY COLUMN `c` int(11) NOT NULL "
        "DEFAULT 7 COMMENT 'a\\\\b\\n' CHECK (`c` > 0), ALGORITHM=INSTANT, LOCK=NONE"
    ]
    assert altered("mariadb", [(None, None), ("c", "")]) == [
        "ALTER TABLE `s`.`t` COMMENT='', MODIFY COLUMN `c` int(11) NOT NULL "
        "DEFAULT 7 CHECK (`c` > 0), ALGORITHM=INSTANT, LOCK=NONE"
    ]


def test_mysql_alters_the_table_apart() -> None:
    assert altered("mysql", [(None, "x"), ("c", "y")]) == [
        "ALTER TABLE `s`.`t` COMMENT='x', ALGORITHM=INPLACE, LOCK=NONE",
        "ALTER TABLE `s`.`t` MODIFY COLUMN `c` int(11) NOT NULL DEFAULT 7 "
        "COMMENT 'y' CHECK (`c` > 0), ALGORITHM=INSTANT",
    ]


def test_stored_columns_are_copied_only_where_allowed() -> None:
    assert altered("mariadb", [("s", "x")]) == []
    assert altered("mariadb", [("s", "x")], rebuild=True) == [
        "ALTER TABLE `s`.`t` MODIFY COLUMN `s` int(11) GENERATED ALWAYS AS (`c` + 1) "
        "STORED COMMENT 'x', ALGORITHM=COPY"
    ]


def test_duckdb_names_the_catalog_where_a_schema_is_called_the_same() -> None:
    found = dialect("duckdb")

    class Session:
        def value(self, sql: str) -> str:
            return "sales"

    found.resolve(Session())  # type: ignore[arg-type]
    assert found.table_name(TableId("sales", "t")) == '"sales"."sales"."t"'
    assert found.table_name(TableId("main", "t")) == '"main"."t"'


texts = st.one_of(
    st.sampled_from([*PLAIN_TEXTS, *SUPPLEMENTARY, *UNSEEN_TEXTS]),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r")),
)
identifiers = st.one_of(
    st.sampled_from(NAMES),
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1),
)


@pytest.fixture(scope="module")
def engine() -> Iterator[duckdb.DuckDBPyConnection]:
    connection = duckdb.connect()
    yield connection
    connection.close()


# sqlglot takes PostgreSQL's E'...' for bytes; the engine below reads it.
@pytest.mark.parametrize("name", ["duckdb", "mysql", "mariadb"])
@given(text=texts)
def test_literals_parse_to_what_went_in(name: str, text: str) -> None:
    found = dialect(name)
    parsed = parse_one(found.literal(text), read=found.sqlglot)
    assert isinstance(parsed, exp.Literal)
    assert parsed.this == text


@given(text=texts)
def test_standard_literals_are_read_back_by_an_engine(
    engine: duckdb.DuckDBPyConnection, text: str
) -> None:
    for name in ("duckdb", "postgresql"):
        row = engine.execute(f"SELECT {dialect(name).literal(text)}").fetchone()
        assert row == (text,)


@pytest.mark.parametrize("name", ["postgresql", "duckdb", "mysql", "mariadb"])
@given(parts=st.lists(identifiers, min_size=1, max_size=3))
def test_identifiers_parse_to_what_went_in(name: str, parts: list[str]) -> None:
    found = dialect(name)
    mark = "`" if "m" in name[:1] else '"'
    quoted = found.quote(*parts)
    # Split by hand: a quote inside is doubled, a dot outside separates.
    rest, seen = quoted, []
    while rest:
        assert rest[0] == mark
        end = 1
        while rest[end : end + 2] == mark * 2 or rest[end] != mark:
            end += 2 if rest[end] == mark else 1
        seen.append(rest[1:end].replace(mark * 2, mark))
        rest = rest[end + 1 :].removeprefix(".")
    assert seen == parts


@given(text=texts)
def test_a_rendered_comment_is_one_statement(text: str) -> None:
    sql = rendered("postgresql", TableKind.TABLE, text, "c")
    assert len(duckdb.extract_statements(sql)) == 1


def test_mysql_is_not_proved_and_mariadb_is() -> None:
    assert not MySQL.proved
    assert MariaDB.proved
    assert MySQL.family == MariaDB.family == "mysql"


def test_a_script_names_what_it_leaves_out() -> None:
    table = table_of_kind(TableKind.TABLE)
    changes = [
        CommentChange(table.id, None, "it's"),
        CommentChange(ColumnId(table.id, "c"), None, "nul\0"),
        CommentChange(ColumnId(table.id, "gone\nDROP"), None, "x"),
    ]
    assert script_for("postgresql", [(table, changes)]) == (
        "-- Comments for PostgreSQL.\n"
        "SET standard_conforming_strings = on;\n"
        "BEGIN;\n"
        "-- left out: s.t.c: the text holds the control character U+0000\n"
        "-- left out: s.t.gone DROP: s.t has no column gone DROP\n"
        """COMMENT ON TABLE "s"."t" IS 'it''s';\n"""
        "COMMIT;\n"
    )


@pytest.mark.parametrize("name", ["sqlite", "generic"])
def test_there_is_no_script_without_statements(name: str) -> None:
    with pytest.raises(UsageError):
        script_for(name, [])
