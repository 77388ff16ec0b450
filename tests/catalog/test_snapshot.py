from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.addresses import DatabaseIdentity
from catalog.bounds import matches
from catalog.listing import name_like
from catalog.objects import (
    Column,
    ColumnId,
    ForeignKey,
    Table,
    TableId,
    TableKind,
    make_target,
)
from catalog.snapshot import Snapshot
from catalog.workspace import Workspace

names = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1
)


@st.composite
def tables(draw: st.DrawFn) -> Table:
    table = TableId(draw(names), draw(names))
    columns = draw(st.lists(names, unique=True, max_size=5))
    return Table(
        id=table,
        kind=draw(st.sampled_from(TableKind)),
        columns=tuple(
            Column(
                ColumnId(table, name),
                position,
                draw(names),
                draw(st.booleans()),
                draw(st.none() | names),
                draw(st.none() | names),
                draw(st.none() | names),
            )
            for position, name in enumerate(columns, 1)
        ),
        primary_key=tuple(columns[:1]),
        foreign_keys=(
            (ForeignKey((columns[0],), TableId("a", "b"), ("c",)),) if columns else ()
        ),
        comment=draw(st.none() | names),
        row_estimate=draw(st.none() | st.integers(0, 10**12)),
        view_sql=draw(st.none() | names),
    )


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(table=tables())
def test_a_table_comes_back_as_it_was_saved(workspace: Workspace, table: Table) -> None:
    number = workspace.database(DatabaseIdentity("k", "l"), url="u")
    snapshot = Snapshot(workspace, number)
    snapshot.save([table], scan=snapshot.begin())
    assert snapshot.table(table.id) == table


def small(name: str, *, schema: str = "s", described: bool = False) -> Table:
    table = TableId(schema, name)
    comment = "Said." if described else None
    columns = (
        Column(ColumnId(table, "a"), 1, "INTEGER", comment=comment),
        Column(ColumnId(table, "b"), 2, "INTEGER"),
    )
    return Table(table, TableKind.TABLE, columns, comment=comment)


def filled(workspace: Workspace) -> Snapshot:
    snapshot = Snapshot(
        workspace, workspace.database(DatabaseIdentity("k", "l"), url="u")
    )
    scan = snapshot.begin()
    snapshot.save(
        [small("one", described=True), small("two"), small("three", schema="t")],
        scan=scan,
    )
    snapshot.finish(scan)
    return snapshot


def test_coverage_counts_tables_and_columns_by_schema(workspace: Workspace) -> None:
    by_schema, total = filled(workspace).coverage()
    assert [each.as_json() for each in by_schema] == [
        {
            "schema": "s",
            "tables": 2,
            "tables_described": 1,
            "columns": 4,
            "columns_described": 1,
        },
        {
            "schema": "t",
            "tables": 1,
            "tables_described": 0,
            "columns": 2,
            "columns_described": 0,
        },
    ]
    assert total.as_json() == {
        "tables": 3,
        "tables_described": 1,
        "columns": 6,
        "columns_described": 1,
    }
    assert total.share == 2 / 9


def test_of_nothing_nothing_is_covered(workspace: Workspace) -> None:
    """It was 100 %, so that an empty database passed for a documented one."""
    snapshot = Snapshot(
        workspace, workspace.database(DatabaseIdentity("k", "l"), url="u")
    )
    assert snapshot.coverage()[1].share is None


def test_a_scan_forgets_what_it_should_have_met_and_nothing_else(
    workspace: Workspace,
) -> None:
    snapshot = filled(workspace)
    scan = snapshot.begin()
    snapshot.save([small("one")], scan=scan)
    [gone] = snapshot.finish(scan, schemas=["s"])
    assert str(gone.id) == "s.two"
    assert [str(table.id) for table in snapshot.tables()] == ["s.one", "t.three"]


def test_patterns_fit_the_table_or_the_qualified_name_and_mind_case() -> None:
    table = TableId("Sales", "orders")
    assert matches(table, [])
    assert matches(table, ["ord*"])
    assert matches(table, ["Sales.*"])
    assert matches(table, ["x", "orders"])
    assert not matches(table, ["sales.*"])
    assert not matches(table, ["order"])


def test_a_written_comment_shows_in_the_snapshot_and_its_counts(
    workspace: Workspace,
) -> None:
    snapshot = filled(workspace)
    snapshot.set_comments({make_target("s", "two", "b"): "New."})
    table = snapshot.table(TableId("s", "two"))
    assert table is not None
    assert table.comment_of(make_target("s", "two", "b")) == "New."
    counts = {summary.id.name: summary for summary in snapshot.summaries()}
    assert counts["two"].columns_described == 1
    snapshot.set_comments({make_target("s", "gone", "b"): "New."})


def test_replacing_one_comment_leaves_the_others(workspace: Workspace) -> None:
    snapshot = filled(workspace)
    table = small("one", described=True)
    snapshot.save([table], scan=snapshot.begin())
    snapshot.set_comments({table.columns[0].id: None, table.columns[1].id: "New."})
    changed = snapshot.table(table.id)
    assert changed is not None
    assert changed.comment == "Said."
    assert [column.comment for column in changed.columns] == [None, "New."]
    snapshot.set_comments({table.id: None})
    assert snapshot.table(table.id) == replace(changed, comment=None)


def test_nobody_waits_while_all_tables_are_looked_through(workspace: Workspace) -> None:
    """Letters typed into the review's filter stood still until the look was over."""
    snapshot = filled(workspace)
    with ThreadPoolExecutor(1) as pool, workspace.transaction():
        found = pool.submit(snapshot.tables_with, name_like("tw")).result(timeout=10)
    assert found == {TableId("s", "two")}


def test_no_filter_is_too_long_to_look_for(workspace: Workspace) -> None:
    """SQLite takes no pattern of 50,000 characters: a text pasted by mistake."""
    snapshot = filled(workspace)
    assert snapshot.tables_with(name_like("tw" + "x" * 100_000)) == frozenset()
    assert snapshot.tables_with(name_like("'two" + "x" * 100_000)) == frozenset()
