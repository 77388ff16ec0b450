"""Statements of the databases that were never tried, exactly as vendors document them.

None of these statements was executed by the product it is for. What is checked: the
shape that the vendor's page shows, that sqlglot's parser for that product takes it
where it can, and that an independent lexer finds just what was meant in it.
"""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sqlalchemy import make_url
from sqlglot import exp, parse_one

from catalog.change import CommentChange
from catalog.objects import Column, ColumnId, Table, TableId, TableKind
from connectors.dialects.bases.sequential import PROBE
from connectors.dialects.bigquery import BATCH, decoded
from connectors.dialects.dialect import Dialect, dialect_named
from tests.connectors.lexer import RULES, Token, tokens
from tests.connectors.nasty import NAMES, PLAIN_TEXTS, SUPPLEMENTARY
from tests.connectors.targets import script_for

TABLE = TableKind.TABLE
VIEW = TableKind.VIEW
MATERIALIZED = TableKind.MATERIALIZED_VIEW

DIALECTS = sorted(RULES)


def dialect(name: str) -> Dialect:
    found = dialect_named(name)
    assert found is not None
    return found


def relation(kind: TableKind, *columns: str, name: str = "t") -> Table:
    table_id = TableId("s", name)
    return Table(
        table_id,
        kind,
        tuple(
            Column(ColumnId(table_id, column), position, "text")
            for position, column in enumerate(columns or ("c",), 1)
        ),
    )


def rendered(
    name: str,
    kind: TableKind,
    column: str | None,
    text: str | None,
    previous: str | None = None,
) -> str:
    table = relation(kind, column or "c")
    target = ColumnId(table.id, column) if column else table.id
    change = CommentChange(target, previous, text)
    found = dialect(name)
    assert found.refusal(table, change) is None
    assert found.text_refusal(change) is None
    [statement] = found.render(None, table, [change]).statements
    assert statement.changes == (change,)
    return statement.sql


EXACT = [
    # https://docs.aws.amazon.com/redshift/latest/dg/r_COMMENT.html
    ("redshift", TABLE, None, "x", """COMMENT ON TABLE "s"."t" IS 'x'"""),
    ("redshift", TABLE, None, None, """COMMENT ON TABLE "s"."t" IS NULL"""),
    ("redshift", VIEW, None, "it's", """COMMENT ON VIEW "s"."t" IS 'it''s'"""),
    (
        "redshift",
        TABLE,
        'a"b',
        "a\\b\n'\\",
        """COMMENT ON COLUMN "s"."t"."a""b" IS 'a\\\\b\n''\\\\'""",
    ),
    ("redshift", VIEW, "c", "", """COMMENT ON COLUMN "s"."t"."c" IS NULL"""),
    # https://www.cockroachlabs.com/docs/stable/comment-on
    ("cockroachdb", TABLE, None, "a\\b", """COMMENT ON TABLE "s"."t" IS 'a\\b'"""),
    ("cockroachdb", TABLE, "c", None, """COMMENT ON COLUMN "s"."t"."c" IS NULL"""),
    # https://techdocs.broadcom.com (Greenplum 7, COMMENT)
    ("greenplum", TABLE, None, "it's", """COMMENT ON TABLE "s"."t" IS 'it''s'"""),
    (
        "greenplum",
        TableKind.PARTITIONED_TABLE,
        None,
        "x",
        """COMMENT ON TABLE "s"."t" IS 'x'""",
    ),
    (
        "greenplum",
        TableKind.FOREIGN_TABLE,
        None,
        None,
        """COMMENT ON FOREIGN TABLE "s"."t" IS NULL""",
    ),
    (
        "greenplum",
        MATERIALIZED,
        "c",
        "ü 🙂",
        """COMMENT ON COLUMN "s"."t"."c" IS 'ü 🙂'""",
    ),
    # https://docs.snowflake.com/en/sql-reference/sql/comment
    ("snowflake", TABLE, None, "it's", """COMMENT ON TABLE "s"."t" IS 'it\\'s'"""),
    ("snowflake", TABLE, None, None, """COMMENT ON TABLE "s"."t" IS ''"""),
    ("snowflake", VIEW, None, "$$x$$", """COMMENT ON VIEW "s"."t" IS '$$x$$'"""),
    ("snowflake", VIEW, None, "", """COMMENT ON VIEW "s"."t" IS ''"""),
    (
        "snowflake",
        TABLE,
        'a"b',
        "a\\b\nü",
        """COMMENT ON COLUMN "s"."t"."a""b" IS 'a\\\\b\\nü'""",
    ),
    ("snowflake", TABLE, "c", None, """COMMENT ON COLUMN "s"."t"."c" IS ''"""),
    # https://docs.snowflake.com/en/sql-reference/sql/alter-materialized-view
    (
        "snowflake",
        MATERIALIZED,
        None,
        "x",
        """ALTER MATERIALIZED VIEW "s"."t" SET COMMENT = 'x'""",
    ),
    (
        "snowflake",
        MATERIALIZED,
        None,
        None,
        """ALTER MATERIALIZED VIEW "s"."t" UNSET COMMENT""",
    ),
    # https://cloud.google.com/bigquery/docs/reference/standard-sql/data-definition-language
    (
        "bigquery",
        TABLE,
        None,
        "it's\n",
        "ALTER TABLE `s`.`t` SET OPTIONS (description='it\\'s\\n')",
    ),
    (
        "bigquery",
        VIEW,
        None,
        "a\\b",
        "ALTER VIEW `s`.`t` SET OPTIONS (description='a\\\\b')",
    ),
    (
        "bigquery",
        MATERIALIZED,
        None,
        None,
        "ALTER MATERIALIZED VIEW `s`.`t` SET OPTIONS (description=NULL)",
    ),
    (
        "bigquery",
        TABLE,
        "a`b",
        "100%% ü",
        "ALTER TABLE `s`.`t` ALTER COLUMN `a\\`b` SET OPTIONS "
        "(description='100%\\x25 ü')",
    ),
    (
        "bigquery",
        VIEW,
        "c",
        "",
        "ALTER VIEW `s`.`t` ALTER COLUMN `c` SET OPTIONS (description=NULL)",
    ),
    # https://docs.oracle.com/en/database/oracle/oracle-database/19/sqlrf/COMMENT.html
    ("oracle", TABLE, None, "a\\b", """COMMENT ON TABLE "s"."t" IS 'a\\b'"""),
    ("oracle", VIEW, None, "it's", """COMMENT ON TABLE "s"."t" IS 'it''s'"""),
    ("oracle", VIEW, None, None, """COMMENT ON TABLE "s"."t" IS ''"""),
    (
        "oracle",
        MATERIALIZED,
        None,
        "a\nb",
        """COMMENT ON MATERIALIZED VIEW "s"."t" IS 'a\nb'""",
    ),
    ("oracle", MATERIALIZED, "c", "", """COMMENT ON COLUMN "s"."t"."c" IS ''"""),
    # https://trino.io/docs/current/sql/comment.html
    ("trino", TABLE, None, "it's", """COMMENT ON TABLE "s"."t" IS 'it''s'"""),
    ("trino", VIEW, None, None, """COMMENT ON VIEW "s"."t" IS NULL"""),
    ("trino", VIEW, "c", "a\\b", """COMMENT ON COLUMN "s"."t"."c" IS 'a\\b'"""),
    # https://docs.teradata.com (COMMENT, comment-placing form)
    ("teradata", TABLE, None, "it's", """COMMENT ON TABLE "s"."t" IS 'it''s'"""),
    ("teradata", VIEW, None, None, """COMMENT ON VIEW "s"."t" IS ''"""),
    ("teradata", VIEW, 'a"b', "x", """COMMENT ON COLUMN "s"."t"."a""b" IS 'x'"""),
]


@pytest.mark.parametrize(("name", "kind", "column", "text", "sql"), EXACT)
def test_statements(
    name: str, kind: TableKind, column: str | None, text: str | None, sql: str
) -> None:
    assert rendered(name, kind, column, text) == sql
    tokens(sql, RULES[name])


UNREADABLE = ("MATERIALIZED VIEW", "ALTER COLUMN", "IS NULL", "FOREIGN TABLE")
"""Statements that sqlglot takes for text, or not at all."""


@pytest.mark.parametrize(
    ("name", "kind", "column", "text", "sql"),
    [row for row in EXACT if not any(words in row[4] for words in UNREADABLE)],
)
def test_sqlglot_reads_the_text_that_was_meant(
    name: str, kind: TableKind, column: str | None, text: str | None, sql: str
) -> None:
    parsed = parse_one(sql, read=dialect(name).sqlglot)
    literals = [one.this for one in parsed.find_all(exp.Literal) if one.is_string]
    assert not isinstance(parsed, exp.Command)
    assert literals == ([] if "=NULL" in sql else [text or ""])


HEAD = "EXEC sys.sp_{}extendedproperty @name = N'MS_Description'"
LEVELS = "@level0type = N'SCHEMA', @level0name = N's', @level1type = N'{}', " + (
    "@level1name = N't'"
)


@pytest.mark.parametrize(
    ("kind", "column", "previous", "text", "sql"),
    [
        # https://learn.microsoft.com/sql/relational-databases/system-stored-procedures/sp-addextendedproperty-transact-sql
        (
            TABLE,
            None,
            None,
            "it's",
            HEAD.format("add") + ", @value = N'it''s', " + LEVELS.format("TABLE"),
        ),
        (
            VIEW,
            None,
            "old",
            "a\\b\nü",
            HEAD.format("update") + ", @value = N'a\\b\nü', " + LEVELS.format("VIEW"),
        ),
        (VIEW, None, "old", None, HEAD.format("drop") + ", " + LEVELS.format("VIEW")),
        (
            TABLE,
            "a'b]",
            "",
            "x",
            HEAD.format("add")
            + ", @value = N'x', "
            + LEVELS.format("TABLE")
            + ", @level2type = N'COLUMN', @level2name = N'a''b]'",
        ),
        (
            TABLE,
            "c",
            "old",
            "",
            HEAD.format("drop")
            + ", "
            + LEVELS.format("TABLE")
            + ", @level2type = N'COLUMN', @level2name = N'c'",
        ),
    ],
)
def test_sql_server_calls_the_procedure_that_fits_what_is_there(
    kind: TableKind, column: str | None, previous: str | None, text: str, sql: str
) -> None:
    assert rendered("mssql", kind, column, text, previous) == sql
    # sqlglot takes a procedure's call apart only into words.
    parse_one(sql, read="tsql")


REFUSED = [
    ("redshift", MATERIALIZED, None),
    ("redshift", MATERIALIZED, "c"),
    ("cockroachdb", VIEW, None),
    ("cockroachdb", VIEW, "c"),
    ("snowflake", VIEW, "c"),
    ("snowflake", MATERIALIZED, "c"),
    ("snowflake", TableKind.FOREIGN_TABLE, None),
    ("bigquery", MATERIALIZED, "c"),
    ("bigquery", TableKind.FOREIGN_TABLE, None),
    ("bigquery", TableKind.OTHER, None),
    ("oracle", TableKind.FOREIGN_TABLE, "c"),
    ("mssql", TableKind.FOREIGN_TABLE, None),
    ("trino", MATERIALIZED, None),
    ("teradata", TableKind.OTHER, None),
]


@pytest.mark.parametrize(("name", "kind", "column"), REFUSED)
def test_what_no_page_documents_is_refused(
    name: str, kind: TableKind, column: str | None
) -> None:
    table = relation(kind)
    target = ColumnId(table.id, column) if column else table.id
    assert dialect(name).refusal(table, CommentChange(target, None, "x"))


@pytest.mark.parametrize(
    ("name", "column", "longest", "unit"),
    [
        ("bigquery", None, "🙂" * 16_384, "x"),
        ("bigquery", "c", "🙂" * 1024, "x"),
        ("oracle", None, "ü" * 2000, "x"),
        ("oracle", "c", "🙂" * 1000, "x"),
        ("mssql", None, "ü" * 3750, "x"),
        ("mssql", "c", "🙂" * 1875, "x"),
        ("teradata", "c", "ü" * 255, "x"),
    ],
)
def test_limits(name: str, column: str | None, longest: str, unit: str) -> None:
    target = ColumnId(TableId("s", "t"), column) if column else TableId("s", "t")
    found = dialect(name)
    assert found.text_refusal(CommentChange(target, None, longest)) is None
    problem = found.text_refusal(CommentChange(target, None, longest + unit))
    assert "fit here" in (problem or "")


def test_sql_server_refuses_what_joins_lines() -> None:
    for text in ("a\\\nb", "a\\\r\nb"):
        change = CommentChange(TableId("s", "t"), None, text)
        assert "backslash" in (dialect("mssql").text_refusal(change) or "")
    change = CommentChange(TableId("s", "t"), None, "a\\ \nb\\")
    assert dialect("mssql").text_refusal(change) is None


def test_teradata_refuses_what_its_driver_acts_upon() -> None:
    for text in ("{fn teradata_write_csv(/tmp/x)}", "a { d '2020-01-01'}"):
        change = CommentChange(TableId("s", "t"), None, text)
        assert "brace" in (dialect("teradata").text_refusal(change) or "")


def test_bigquery_puts_many_columns_into_one_statement() -> None:
    names = [f"c{number}" for number in range(BATCH + 2)]
    table = relation(TABLE, *names)
    changes = [CommentChange(target, None, "x") for target in table.targets()]
    own, first, second = dialect("bigquery").render(None, table, changes).statements
    assert own.changes == (changes[0],)
    assert first.changes == tuple(changes[1 : BATCH + 1])
    assert second.changes == tuple(changes[BATCH + 1 :])
    assert second.sql == (
        "ALTER TABLE `s`.`t` "
        f"ALTER COLUMN `c{BATCH}` SET OPTIONS (description='x'), "
        f"ALTER COLUMN `c{BATCH + 1}` SET OPTIONS (description='x')"
    )


def test_none_of_them_is_proved() -> None:
    for name in DIALECTS:
        found = dialect(name)
        assert not found.proved
        assert found.lock
        assert "never tried" in script_for(name, [])


@pytest.mark.parametrize(
    ("url", "arguments", "isolation"),
    [
        ("oracle+oracledb://h", {"tcp_connect_timeout": 8}, "AUTOCOMMIT"),
        ("oracle+cx_oracle://h", {}, "AUTOCOMMIT"),
        ("mssql+pyodbc://h", {"timeout": 8}, "AUTOCOMMIT"),
        ("mssql+pymssql://h", {}, "AUTOCOMMIT"),
        ("redshift+psycopg2://h", {"connect_timeout": 8}, "AUTOCOMMIT"),
        ("redshift+redshift_connector://h", {"timeout": 8}, "AUTOCOMMIT"),
        (
            "cockroachdb+psycopg://h",
            {"application_name": "columnist", "connect_timeout": 8},
            "AUTOCOMMIT",
        ),
        ("snowflake://h", {"login_timeout": 8}, "AUTOCOMMIT"),
        ("databricks://h", {"user_agent_entry": "columnist"}, None),
        ("bigquery://h", {}, None),
        ("teradata://h", {}, None),
        ("trino://h", {}, None),
    ],
)
def test_connections_are_made_with_what_the_driver_knows(
    url: str,
    arguments: dict[str, object],
    isolation: str | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The names of an argument differ, and an unknown one is an error."""
    given: dict[str, object] = {}
    monkeypatch.setattr(
        "connectors.dialects.dialect.EngineSource",
        lambda url, **options: given.update(options),
    )
    parsed = make_url(url)
    found = dialect(parsed.get_backend_name())
    found.source(parsed, timeout=7.5, read_only=False)
    assert given["connect_args"] == arguments
    assert given["isolation"] == isolation


texts = st.one_of(
    st.sampled_from([*PLAIN_TEXTS, *SUPPLEMENTARY, PROBE]),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r")),
    st.text(st.sampled_from("'\"`\\%\n;-/*#{}nNx25u")),
)
identifiers = st.one_of(
    st.sampled_from(NAMES),
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1),
    st.text(st.sampled_from("'\"`\\%;-/*#]["), min_size=1),
)


@pytest.mark.parametrize("name", DIALECTS)
@given(text=texts)
def test_a_literal_is_one_token_that_says_the_text(name: str, text: str) -> None:
    found = dialect(name)
    change = CommentChange(TableId("s", "t"), None, text)
    # Limits are not meant here, and what is refused is never rendered.
    assume("fit here" in (found.text_refusal(change) or "fit here"))
    assert tokens(found.literal(text), RULES[name]) == [("text", text)]


@pytest.mark.parametrize("name", sorted({*DIALECTS} - {"mssql"}))
@given(parts=st.lists(identifiers, min_size=1, max_size=3))
def test_a_name_is_one_token_that_says_the_name(name: str, parts: list[str]) -> None:
    found = tokens(dialect(name).quote(*parts), RULES[name])
    assert [one for one in found if one != ("symbol", ".")] == [
        ("name", part) for part in parts
    ]
    assert len(found) == 2 * len(parts) - 1


def shape(name: str, schema: str, table: str, column: str, text: str) -> list[Token]:
    """What a statement on a table's column should be made of."""
    target = [("name", schema), ("symbol", "."), ("name", table)]
    if name == "mssql":
        pairs = {
            "name": "MS_Description",
            "value": text,
            "level0type": "SCHEMA",
            "level0name": schema,
            "level1type": "TABLE",
            "level1name": table,
            "level2type": "COLUMN",
            "level2name": column,
        }
        call = [("word", "EXEC"), ("word", "sys"), ("symbol", ".")]
        call.append(("word", "sp_addextendedproperty"))
        for key, value in pairs.items():
            call += [("word", f"@{key}"), ("symbol", "="), ("text", value)]
            call.append(("symbol", ","))
        return call[:-1]
    if name == "bigquery":
        options = [("word", "SET"), ("word", "OPTIONS"), ("symbol", "(")]
        options += [("word", "description"), ("symbol", "="), ("text", text)]
        head = [("word", "ALTER"), ("word", "TABLE"), *target]
        alter = [("word", "ALTER"), ("word", "COLUMN"), ("name", column)]
        return [*head, *alter, *options, ("symbol", ")")]
    head = [("word", "COMMENT"), ("word", "ON"), ("word", "COLUMN"), *target]
    return [*head, ("symbol", "."), ("name", column), ("word", "IS"), ("text", text)]


@pytest.mark.parametrize("name", DIALECTS)
@given(names=st.tuples(identifiers, identifiers, identifiers), text=texts)
def test_a_statement_holds_nothing_but_what_was_meant(
    name: str, names: tuple[str, str, str], text: str
) -> None:
    schema, table, column = names
    found = dialect(name)
    table_id = TableId(schema, table)
    target = ColumnId(table_id, column)
    change = CommentChange(target, None, text)
    assume(text and "fit here" in (found.text_refusal(change) or "fit here"))
    relation = Table(table_id, TABLE, (Column(target, 1, "text"),))
    [statement] = found.render(None, relation, [change]).statements
    expected = shape(name, schema, table, column, text)
    assert tokens(statement.sql, RULES[name]) == expected


@given(text=texts)
def test_bigquery_descriptions_are_decoded(text: str) -> None:
    """Options come as literals; the same escapes lead there and back."""
    assert decoded(dialect("bigquery").literal(text)) == text
    double = dialect("bigquery").literal(text).replace('"', '\\"')
    assert decoded('"' + double[1:-1] + '"') == text


def test_bigquery_decodes_every_escape() -> None:
    literal = r'"\x41\u00e4\U0001F642\101\n\t\\\"\'\`\? plain"'
    assert decoded(literal) == "Aä🙂A\n\t\\\"'`? plain"
    assert decoded("plain") == "plain"
    assert decoded("'") == "'"


@given(text=texts)
def test_no_two_percent_signs_reach_googles_client(text: str) -> None:
    """Its cursor makes one of two, in every statement."""
    assert "%%" not in dialect("bigquery").literal(text)
    assert "%%" not in dialect("bigquery").quote(text or "x")
