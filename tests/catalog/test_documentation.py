from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.dbt import from_dbt, to_dbt
from catalog.description import Contents, Description, LeftOut, match
from catalog.documentation import (
    from_csv,
    from_json,
    read_file,
    to_csv,
    to_json,
    to_markdown,
)
from catalog.errors import UsageError
from catalog.objects import Column, ColumnId, Table, TableId, TableKind, make_target

# YAML cannot hold control characters or surrogates, and neither may comments.
characters = st.characters(
    exclude_categories=["Cc", "Cs", "Cn"], exclude_characters="\ufeff\ufffe\uffff"
)
names = st.text(characters, min_size=1, max_size=12)
texts = st.text(st.one_of(characters, st.just("\n")), min_size=1)
descriptions = st.lists(
    st.builds(
        lambda schema, table, column, text: Description(
            make_target(schema, table, column), text
        ),
        names,
        names,
        st.none() | names,
        texts,
    ),
    unique_by=lambda each: each.target,
    max_size=8,
)


def by_target(found: list[Description]) -> dict[object, str]:
    return {each.target: each.text for each in found}


def all_of(contents: Contents) -> list[Description]:
    assert not contents.left_out
    assert not contents.remarks
    return contents.descriptions


@given(descriptions)
def test_csv_comes_back_as_it_went(found: list[Description]) -> None:
    assert all_of(from_csv(to_csv(found))) == found


@given(descriptions)
def test_json_comes_back_as_it_went(found: list[Description]) -> None:
    assert by_target(all_of(from_json(to_json(found)))) == by_target(found)


@given(descriptions)
def test_dbt_comes_back_as_it_went(found: list[Description]) -> None:
    assert by_target(all_of(from_dbt(to_dbt(found)))) == by_target(found)


def test_csv_is_what_the_contract_says() -> None:
    text = to_csv([Description(TableId("s", "t"), 'He said "a, b"')])
    assert text == 'schema,table,column,description\r\ns,t,,"He said ""a, b"""\r\n'
    assert list(csv.reader(io.StringIO(text)))[1] == ["s", "t", "", 'He said "a, b"']


def table(schema: str, name: str) -> Table:
    table_id = TableId(schema, name)
    return Table(
        table_id, TableKind.TABLE, (Column(ColumnId(table_id, "id"), 1, "INTEGER"),)
    )


def test_a_file_without_schemas_fits_where_the_name_is_unique() -> None:
    tables = [table("a", "one"), table("a", "two"), table("b", "two")]
    found = match(
        [
            Description(make_target("", "one", "id"), "Fits."),
            Description(make_target("", "two", "id"), "Which?"),
            Description(make_target("a", "one", "gone"), "No."),
        ],
        tables,
    )
    assert found.known == [Description(make_target("a", "one", "id"), "Fits.")]
    assert found.left_out == [LeftOut("two.id", "it could be of a.two or b.two")]
    assert found.unknown == [make_target("a", "one", "gone")]


def test_case_does_not_matter_where_the_database_folds_it() -> None:
    tables = [
        table("SALES", "ORDERS"),
        table("SALES", "Twice"),
        table("SALES", "TWICE"),
    ]
    wanted = [
        Description(make_target("sales", "orders", "ID"), "Key."),
        Description(make_target("", "Twice", None), "As spelled."),
        Description(make_target("", "twice", None), "Which?"),
    ]
    exact = match(wanted, tables)
    assert [each.text for each in exact.known] == ["As spelled."]
    assert len(exact.unknown) == 2
    folded = match(wanted, tables, fold_tables=True, fold_columns=True)
    assert folded.known == [
        Description(make_target("SALES", "ORDERS", "id"), "Key."),
        Description(TableId("SALES", "Twice"), "As spelled."),
    ]
    (ambiguous,) = folded.left_out
    assert ambiguous.reason == "it could be of SALES.Twice or SALES.TWICE"
    tables_only = match(wanted[:1], tables, fold_tables=True)
    assert tables_only.unknown == [wanted[0].target]


def test_a_target_that_is_described_twice_keeps_the_first_and_says_so() -> None:
    one = TableId("a", "one")
    found = match(
        [
            Description(one, "First."),
            Description(one, "First."),
            Description(one, "No."),
        ],
        [table("a", "one")],
    )
    assert found.known == [Description(one, "First.")]
    assert found.left_out == [LeftOut("a.one", "another text of it comes before")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_csv_file_is_taken_as_spreadsheets_save_it(
    tmp_path: Path, encoding: str, end: str, delimiter: str
) -> None:
    lines = [
        ["Description", "table", "SCHEMA", "reviewer", "column"],
        ['"Größe; in €, ""netto"""', "t", "s", "me", "id"],
        ["", "t", "s", "me", ""],
        ["", "", "", "", ""],
    ]
    path = tmp_path / "x.csv"
    path.write_bytes(end.join(map(delimiter.join, lines)).encode(encoding))
    found = read_file(path)
    target = make_target("s", "t", "id")
    assert found.descriptions == [Description(target, 'Größe; in €, "netto"')]
    word = {",": None, ";": "semicolons", "\t": "tabs"}[delimiter]
    said = [f"It is separated by {word}."] if word else []
    assert found.remarks == [*said, "Not read: the columns reviewer."]


def test_a_quote_that_swallowed_a_row_is_named_and_not_offered() -> None:
    text = """schema,table,column,description
main,t,id,"Key of the thing
main,t,a,Amount"
main,t,b,"Two lines,
of main.t"
"""
    found = from_csv(text)
    assert [each.text for each in found.descriptions] == ["Two lines,\nof main.t"]
    reason = "a line of it begins like a row: is its quote, of line 2, closed?"
    assert found.left_out == [LeftOut("main.t.id", reason)]


def test_json_of_something_else_than_texts_is_named_and_not_offered() -> None:
    text = """[{"schema": "s", "table": "t", "description": ["a"], "columns": [
        {"name": "a", "description": 5}, {"name": "b", "description": false},
        {"name": "c", "description": {}}, {"name": "d", "description": "Fine."}]}]"""
    found = from_json(text)
    assert found.descriptions == [Description(make_target("s", "t", "d"), "Fine.")]
    assert found.left_out == [
        LeftOut("s.t", "its description is a list, not a text"),
        LeftOut("s.t.a", "its description is a number, not a text"),
        LeftOut("s.t.b", "its description is a truth value, not a text"),
        LeftOut("s.t.c", "its description is a mapping, not a text"),
    ]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.csv", b"", "lacks schema and table and column and description"),
        ("x.csv", b"a,b\n", "header"),
        ("x.csv", b"schema,table,column,text\n", "lacks description"),
        ("x.csv", b"schema,table,table,column,description\n", "lacks table"),
        ("x.csv", b"schema,table,column,description\na,b\n", "Line 2"),
        (
            "x.csv",
            b'schema,table,column,description\na,b,,"c\na,b,d,e\n',
            "Line 2.*clos",
        ),
        ("x.json", b"{", "not JSON"),
        ("x.json", b'{"a": 1}', "array"),
        ("x.json", b"[" * 100_000, "not JSON"),
        ("x.yml", b"a: [", "x.yml:1: this is not YAML"),
        ("x.yml", b"models:\n- name: a\n  name: b", "x.yml:3: the key name stands"),
        ("x.yml", b"a: 2020-13-45", "not YAML"),
        ("x.yml", b"a: \x07", "not YAML"),
        ("x.yml", b"[" * 5000, "not YAML"),
        ("x.yml", b"a: 1\n---\nb: 2\n", "x.yml:2: this is not YAML"),
        ("x.yml", b"sources: 3", "list of sources"),
        ("x.csv", b"\xff\xff", "UTF-8"),
        ("x.csv", b"\xff\xfea", "UTF-8"),
        ("x.txt", b"", "format"),
    ],
)
def test_a_wrong_file_is_named_with_the_reason(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(UsageError, match=message) as caught:
        read_file(path)
    assert "\n" not in caught.value.message + caught.value.hint


def test_markdown_holds_text_that_cannot_break_the_table() -> None:
    one = table("s", "t")
    text = to_markdown([one], [Description(one.columns[0].id, "a | b\n<script>")])
    assert "| id | INTEGER | a \\| b \\<script\\> |" in text
