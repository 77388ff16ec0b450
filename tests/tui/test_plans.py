"""What a plan holds of a catalog with very many tables."""

from __future__ import annotations

import gc
import tracemalloc
from pathlib import Path

import pytest

from benchmarks import scale
from catalog.objects import ColumnId, TableId, column_of, table_of
from catalog.suggestion import Draft, Source
from catalog.workspace import Workspace
from tui.flow.draft_plan import Targets, lacking, plan_drafts
from tui.flow.session import Session

TABLES, WIDTH = 600, 36
MOST = 300
"""Bytes a target, at most, while a plan is made; a suggestion alone has 1,500."""


@pytest.fixture
def opened(tmp_path: Path) -> Session:
    path = tmp_path / "many.db"
    scale.build(path, TABLES, width=WIDTH)
    return scale.session(Workspace(path), tmp_path)


def column_ids() -> int:
    gc.collect()
    return sum(type(each) is ColumnId for each in gc.get_objects())


def test_a_plan_holds_names_that_tables_share_and_no_targets(opened: Session) -> None:
    """It held a value for each of a million columns: 187 MB for 100,000 tables."""
    before = column_ids()
    plan = plan_drafts(opened)
    assert plan.targets > 0.8 * TABLES * WIDTH
    # Documented columns are known by their own.
    assert column_ids() - before < 0.2 * TABLES * WIDTH
    names = [each for table in plan.work._columns.values() for each in table]
    assert len({id(name) for name in names}) == len(set(names))


def test_what_is_drafted_already_is_not_read_for_a_plan(opened: Session) -> None:
    """All suggestions were read at once: more than a gigabyte for 100,000 tables."""
    targets = [t for ts in plan_drafts(opened).work.values() for t in ts]
    opened.suggestions.put(
        (Draft(target, "Said.", Source.RULES, 0.5), None) for target in targets[:-1]
    )
    tracemalloc.start()
    plan = plan_drafts(opened)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [t for ts in plan.work.values() for t in ts] == targets[-1:]
    assert most < MOST * len(targets)
    assert lacking(opened, table_of(targets[0])) == ()


def test_targets_are_a_mapping_of_tables_in_their_order() -> None:
    one, two = TableId("a", "one"), TableId("a", "two")
    found = Targets({one: (one, ColumnId(one, "x")), two: (ColumnId(two, "x"),)})
    assert list(found.items()) == [
        (one, (one, ColumnId(one, "x"))),
        (two, (ColumnId(two, "x"),)),
    ]
    rest = found.copy()
    assert rest.take(one) == (one, ColumnId(one, "x"))
    assert rest.take(one) == ()
    assert list(rest) == [two]
    assert len(found) == 2
    found.reorder([two, one])
    assert [column_of(t) for ts in found.values() for t in ts] == ["x", None, "x"]
