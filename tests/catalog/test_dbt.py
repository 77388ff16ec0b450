"""dbt files as real projects have them, put on catalogs as dbt builds them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from catalog.dbt import from_dbt
from catalog.dbt_project import Project, find
from catalog.description import Contents, Description, LeftOut, Matched, match
from catalog.documentation import from_json, read_file
from catalog.errors import ColumnistError, UsageError
from catalog.objects import Column, ColumnId, Table, TableId, TableKind, make_target


def table(name: str, *columns: str) -> Table:
    table_id = TableId(*name.split("."))
    return Table(
        table_id,
        TableKind.TABLE,
        tuple(
            Column(ColumnId(table_id, column), place, "INTEGER")
            for place, column in enumerate(columns or ["id"], 1)
        ),
    )


def put(found: Contents, *tables: str) -> Matched:
    return match(
        found.descriptions, map(table, tables), fold_tables=True, fold_columns=True
    )


def known(matched: Matched) -> dict[str, str]:
    return {str(each.target): each.text for each in matched.known}


def test_models_and_sources_are_both_read() -> None:
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
    assert from_dbt(text).descriptions == [
        Description(TableId("sales", "orders"), "All orders."),
        Description(make_target("", "customers", "id"), "Names the customer."),
    ]


@pytest.mark.parametrize("text", ["", "version: 2", "models:", "models: []\nmacros: 3"])
def test_a_file_may_describe_nothing(text: str) -> None:
    assert from_dbt(text) == Contents()


@pytest.mark.parametrize("style", ["|", ">", ">+", "|-"])
def test_the_line_break_that_ends_a_block_is_not_part_of_the_text(style: str) -> None:
    text = f"models:\n- name: t\n  description: {style}\n    Spend a day\n\nseeds: []\n"
    (found,) = from_dbt(text).descriptions
    assert found.text == "Spend a day"


def test_what_is_no_text_is_named_and_not_offered() -> None:
    found = from_dbt(
        """
        models:
          - name: t
            description: [a, b]
            columns:
              - {name: a, description: 5}
              - {name: b, description: {x: y}}
              - {name: c, description: 2020-01-01}
              - {name: d, description: true}
              - {name: e, description: Fine.}
        """
    )
    assert [each.text for each in found.descriptions] == ["Fine."]
    assert {each.what: each.reason.split("is ")[1] for each in found.left_out} == {
        "t": "a list, not a text",
        "t.a": "a number, not a text",
        "t.b": "a mapping, not a text",
        "t.c": "a date, not a text",
        "t.d": "a truth value, not a text",
    }


def test_what_has_no_name_spoils_nothing_else() -> None:
    found = from_dbt(
        """
        models:
          - {description: Of what?}
          - name: t
            columns: [{description: Of what?}, {name: a, description: Fine.}]
        """
    )
    assert [each.text for each in found.descriptions] == ["Fine."]
    assert found.left_out == [
        LeftOut("a table", "it has no name"),
        LeftOut("a column of t", "it has no name"),
    ]


# Where tables are

SOURCE = """
sources:
  - name: crm
    schema: "{schema}"
    tables:
      - name: account
        identifier: "{identifier}"
        description: An account.
"""


@pytest.mark.parametrize(
    ("schema", "identifier", "tables", "found"),
    [
        (
            "{{ var('s', 'crm') }}",
            "account",
            ["crm.account", "b.account"],
            "crm.account",
        ),
        ("{{ var('s', 'crm') }}", "account", ["b.account"], "b.account"),
        ("{{ var('s') }}", "account", ["b.account"], "b.account"),
        ("{{ env_var('HOME', 'crm') }}", "account", ["crm.account"], "crm.account"),
        ("{{ target.schema }}", "account", ["b.account"], "b.account"),
        ("{{ target.schema }}_raw", "account", ["b_raw.account", "b.account"], "b_raw"),
        ("raw_{{ target.name }}", "account", ["b.account", "raw_x.account"], "raw_x"),
        ("{% if a %}x{% else %}y{% endif %}", "account", ["b.account"], "b.account"),
        ("crm", "{{ var('i', 'acc') }}", ["crm.acc", "crm.account"], "crm.acc"),
        ("crm", "{{ var('i', 'acc') }}", ["crm.account"], "crm.account"),
        ("crm", "{{ var('i') }}", ["crm.account", "b.account"], "crm.account"),
        ("crm", "acc", ["crm.account", "b.acc"], None),
        ("crm", "account", ["b.account"], None),
        ("crm", "account", ["CRM.ACCOUNT"], "CRM.ACCOUNT"),
        ("{{ var('s', 'crm') }}", "account", ["CRM.Account", "b.account"], "CRM"),
        ("c.m", "account", ["crm.account"], None),
        ("{{ target.schema }}.*", "account", ["crm.account"], "crm.account"),
    ],
)
def test_a_source_is_found_by_its_name_or_a_default(
    schema: str, identifier: str, tables: list[str], found: str | None
) -> None:
    text = SOURCE.replace("{schema}", schema).replace("{identifier}", identifier)
    matched = put(from_dbt(text), *tables)
    assert [name.startswith(found or "?") for name in known(matched)] == [True] * bool(
        found
    )
    assert len(matched.unknown) == (not found)


@pytest.mark.parametrize(
    ("model", "tables", "found"),
    [
        ("config: {schema: marketing}", ["dev_marketing.t"], "dev_marketing.t"),
        ("config: {schema: marketing}", ["marketing.t", "a.t"], "marketing.t"),
        ("config: {schema: marketing}", ["remarketing.t"], None),
        (
            "config: {schema: m, alias: other}",
            ["dev_m.other", "dev_m.t"],
            "dev_m.other",
        ),
        ("config: {target_schema: snap}", ["snap.t", "dev_snap.t"], "snap.t"),
        ("config: {alias: \"{{ var('a', 'u') }}\"}", ["a.u", "a.t"], "a.u"),
        ("config: {schema: \"{{ var('s', 'm') }}\"}", ["dev_m.t", "a.t"], "dev_m.t"),
        ("config: {materialized: table}", ["a.t", "a.u"], "a.t"),
        ("config: {materialized: table}", ["A.T"], "A.T"),
        ("versions: [{v: 2}]", ["a.t_v2"], "a.t_v2"),
        ("versions: [{v: 2}]", ["a.t_v2", "a.t"], "a.t_v2"),
        ("versions: [{v: 1}, {v: 2}]", ["a.t"], "a.t"),
        ("versions: [{v: 1.5}]", ["a.t_v1_5"], "a.t_v1_5"),
        ("versions: [{v: 1, config: {alias: u}}]", ["a.u"], "a.u"),
    ],
)
def test_a_model_is_found_where_dbt_builds_it(
    model: str, tables: list[str], found: str | None
) -> None:
    text = f"models:\n- name: t\n  description: A text.\n  {model}\n"
    matched = put(from_dbt(text), *tables)
    assert list(known(matched)) == ([found] if found else [])
    assert not matched.left_out


def test_each_version_has_its_columns() -> None:
    text = """
        models:
          - name: t
            latest_version: 1
            description: Of all.
            columns: [{name: a, description: A.}, {name: b, description: B.}]
            versions:
              - v: 1
              - v: 2
                description: The second.
                columns: [{include: all, exclude: [a]}, {name: c, description: C.}]
              - v: 3
                columns: [{include: [a]}, {name: b, description: Another B.}]
    """
    tables = [table(f"s.{name}", "a", "b", "c") for name in ("t", "t_v2", "t_v3")]
    matched = match(from_dbt(text).descriptions, tables)
    assert known(matched) == {
        "s.t": "Of all.",
        "s.t.a": "A.",
        "s.t.b": "B.",
        "s.t_v2": "The second.",
        "s.t_v2.b": "B.",
        "s.t_v2.c": "C.",
        "s.t_v3": "Of all.",
        "s.t_v3.a": "A.",
        "s.t_v3.b": "Another B.",
    }


@pytest.mark.parametrize(
    ("text", "tables"),
    [
        ("models: [{name: t, description: x}]", ["dev.t", "prod.t"]),
        (
            "models: [{name: t, config: {schema: m}, description: x}]",
            ["dev_m.t", "prod_m.t"],
        ),
        (
            "sources: [{name: s, schema: '{{ target.schema }}', tables:"
            " [{name: t, description: x}]}]",
            ["dev.t", "prod.t"],
        ),
    ],
)
def test_what_could_be_of_several_names_them(text: str, tables: list[str]) -> None:
    matched = put(from_dbt(text), *tables)
    assert not matched.known
    (left,) = matched.left_out
    assert left.reason == f"it could be of {' or '.join(tables)}"


# What descriptions refer to


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    files = {
        "dbt_project.yml": """
            name: shop
            vars:
              unit: euros
              computed: "{{ env_var('X') }}"
              shop: {owner: Sales}
              other: {crm_schema: crm_2}
        """,
        "models/docs.md": """
            # Not a block
            {% docs id %}
            Key of the *thing*.
            Second line.
            {% enddocs %}
            {%- docs code -%} Written {% raw %}{{ so }}{% endraw %} {%- enddocs -%}
            {% docs template %} {{ run_query('x') }} {% enddocs %}
            {% docs never_closed %} lost
        """,
        "dbt_packages/other/dbt_project.yml": "name: other\n",
        "dbt_packages/other/docs/o.md": "{% docs id %}Their key.{% enddocs %}"
        "{% docs only_there %}Of the package.{% enddocs %}",
        "dbt_packages/broken/dbt_project.yml": "name: [",
        "dbt_packages/broken/o.md": "{% docs id %}Another's key.{% enddocs %}",
        "target/compiled.md": "{% docs made %}By dbt.{% enddocs %}",
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    (folder / "models/latin.md").write_bytes(b"\xff{% docs x %}y{% enddocs %}")
    (folder / "models/gone.md").symlink_to(tmp_path / "nowhere")
    (folder / "models/folder.md").mkdir()
    return folder


@pytest.mark.parametrize(
    ("description", "text"),
    [
        ("{{ doc('id') }}", "Key of the *thing*.\n            Second line."),
        ("{{ doc('shop', 'code') }}", "Written {{ so }}"),
        ("Is: {{ doc('other', 'id') }}", "Is: Their key."),
        ("{{ doc('only_there') }}", "Of the package."),
        ("{{ doc('broken', 'id') }}", "Another's key."),
        ("In {{ var('unit') }} of {{ var('owner', 'nobody') }}.", "In euros of Sales."),
        ("{{ var('gone', 'here') }}", "here"),
        ("{{ '{{' }} so }}", "{{ so }}"),
    ],
)
def test_references_are_looked_up_in_the_project_around_a_file(
    project: Path, tmp_path: Path, description: str, text: str
) -> None:
    inside = project / "models" / "staging" / "schema.yml"
    outside = tmp_path / "copy.yml"
    inside.parent.mkdir()
    for file in (inside, outside):
        file.write_text(f"models:\n- name: t\n  description: {json.dumps(description)}")
    assert [each.text for each in read_file(inside).descriptions] == [text]
    found = read_file(outside, project=project)
    assert [each.text for each in found.descriptions] == [text]


@pytest.mark.parametrize(
    "description",
    [
        "{{ doc('gone') }}",
        "{{ doc('gone', 'id') }}",
        "{{ doc('template') }}",
        "{{ doc('never_closed') }}",
        "{{ doc('made') }}",
        "{{ var('computed') }}",
        "{{ env_var('HOME') }}",
        "Half of it: {{ doc('id') }} and {{ doc('gone') }}",
        "{% docs x %}",
        "{{ doc('id').__class__ }}",
    ],
)
def test_what_cannot_be_resolved_is_named_and_never_a_text(
    project: Path, description: str
) -> None:
    text = f"models:\n- name: t\n  description: {json.dumps(description)}"
    found = from_dbt(text, project=Project(project))
    assert not found.descriptions
    (left,) = found.left_out
    assert left.what == "t"
    assert "which was not found" in left.reason
    assert "--dbt-project" not in left.reason


def test_without_a_project_the_way_to_it_is_said() -> None:
    found = from_dbt("models: [{name: t, description: \"{{ doc('id') }}\"}]")
    reason = "it refers to {{ doc('id') }}, which was not found: name the project with"
    assert found.left_out == [LeftOut("t", f"{reason} --dbt-project")]


def test_variables_of_a_project_name_tables_too(project: Path) -> None:
    text = SOURCE.replace("{schema}", "{{ var('crm_schema', 'crm') }}").replace(
        "{identifier}", "account"
    )
    found = from_dbt(text, project=Project(project))
    assert list(known(put(found, "crm.account", "crm_2.account"))) == ["crm_2.account"]


def test_a_folder_that_is_no_project_is_refused(tmp_path: Path) -> None:
    assert find(tmp_path / "schema.yml") is None
    with pytest.raises(UsageError, match=r"no dbt_project\.yml"):
        Project(tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a: [", r"dbt_project\.yml:1"),
        (b"\xff", "not UTF-8"),
        (b"a: 1\na: 2", ":2: the"),
    ],
)
def test_a_broken_project_is_named_with_the_reason(
    tmp_path: Path, content: bytes, message: str
) -> None:
    (tmp_path / "dbt_project.yml").write_bytes(content)
    file = tmp_path / "schema.yml"
    file.write_text("models: [{name: t, description: \"{{ var('a') }}\"}]")
    with pytest.raises(ColumnistError, match=message):
        read_file(file)
    file.write_text("models: [{name: t, description: It needs no project.}]")
    assert len(read_file(file).descriptions) == 1


def test_a_manifest_is_taken_as_dbt_resolved_it() -> None:
    columns = {
        "id": {"name": "id", "description": "Key, {{ so to say }}."},
        "untold": {"name": "untold", "description": ""},
    }
    manifest = {
        "metadata": {"dbt_schema_version": "https://schemas.getdbt.com/v12.json"},
        "nodes": {
            "model.shop.t.v2": {
                "resource_type": "model",
                "schema": "dev_marketing",
                "name": "t",
                "alias": "t_v2",
                "description": "A model.",
                "columns": columns,
                "config": {"materialized": "table"},
            },
            "model.shop.e": {
                "resource_type": "model",
                "schema": "dev",
                "alias": "e",
                "description": "In no database.",
                "config": {"materialized": "ephemeral"},
            },
            "seed.shop.s": {
                "resource_type": "seed",
                "schema": "dev",
                "name": "s",
                "description": "A seed.",
            },
            "test.shop.x": {"resource_type": "test", "description": "A test."},
        },
        "sources": {
            "source.shop.crm.account": {
                "schema": "crm",
                "name": "account",
                "identifier": "acc",
                "description": "A source.",
                "columns": {},
            }
        },
    }
    found = from_json(json.dumps(manifest))
    matched = put(found, "dev_marketing.t_v2", "dev.s", "crm.acc", "dev.e", "a.t_v2")
    assert known(matched) == {
        "crm.acc": "A source.",
        "dev_marketing.t_v2": "A model.",
        "dev_marketing.t_v2.id": "Key, {{ so to say }}.",
        "dev.s": "A seed.",
    }
    assert not matched.unknown
    assert not matched.left_out
