from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.documentation import (
    Description,
    from_csv,
    from_dbt,
    from_json,
    match,
    read_file,
    to_csv,
    to_dbt,
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


@given(descriptions)
def test_csv_comes_back_as_it_went(found: list[Description]) -> None:
    assert from_csv(to_csv(found)) == found


@given(descriptions)
def test_json_comes_back_as_it_went(found: list[Description]) -> None:
    assert by_target(from_json(to_json(found))) == by_target(found)


@given(descriptions)
def test_dbt_comes_back_as_it_went(found: list[Description]) -> None:
    assert by_target(from_dbt(to_dbt(found))) == by_target(found)


def test_csv_is_what_the_contract_says() -> None:
    text = to_csv([Description(TableId("s", "t"), 'He said "a, b"')])
    assert text == 'schema,table,column,description\r\ns,t,,"He said ""a, b"""\r\n'
    assert list(csv.reader(io.StringIO(text)))[1] == ["s", "t", "", 'He said "a, b"']


def test_dbt_models_and_sources_are_both_read() -> None:
    text = """
        version: 2
        sources:
          - name: raw
            schema: sales
            tables:
              - name: o
                identifier: orders
                description: All orders.
        models:
          - name: customers
            columns:
              - name: id
                description: Names the customer.
              - name: untold
    """
    assert from_dbt(text) == [
        Description(TableId("sales", "orders"), "All orders."),
        Description(make_target("", "customers", "id"), "Names the customer."),
    ]


def table(schema: str, name: str) -> Table:
    table_id = TableId(schema, name)
    return Table(
        table_id, TableKind.TABLE, (Column(ColumnId(table_id, "id"), 1, "INTEGER"),)
    )


def test_a_file_without_schemas_fits_where_the_name_is_unique() -> None:
    tables = [table("a", "one"), table("a", "two"), table("b", "two")]
    known, unknown = match(
        [
            Description(make_target("", "one", "id"), "Fits."),
            Description(make_target("", "two", "id"), "Which?"),
            Description(make_target("a", "one", "gone"), "No."),
        ],
        tables,
    )
    assert known == [Description(make_target("a", "one", "id"), "Fits.")]
    assert unknown == [make_target("", "two", "id"), make_target("a", "one", "gone")]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.csv", b"a,b\n", "header"),
        ("x.csv", b"schema,table,column,description\na,b\n", "Line 2"),
        ("x.json", b"{", "not JSON"),
        ("x.json", b'{"a": 1}', "array"),
        ("x.yml", b"a: [", "not YAML"),
        ("x.yml", b"sources: 3", "list of sources"),
        ("x.csv", b"\xff\xfe", "UTF-8"),
        ("x.txt", b"", "format"),
    ],
)
def test_a_wrong_file_is_named_with_the_reason(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(UsageError, match=message):
        read_file(path)


def test_markdown_holds_text_that_cannot_break_the_table() -> None:
    one = table("s", "t")
    text = to_markdown([one], [Description(one.columns[0].id, "a | b\n<script>")])
    assert "| id | INTEGER | a \\| b \\<script\\> |" in text
