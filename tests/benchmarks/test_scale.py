"""`benchmarks.scale` on small catalogs, through the real worker process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import scale
from catalog.snapshot import Snapshot
from catalog.suggestion import Source
from catalog.workspace import Workspace


def test_each_size_is_compared_with_the_smallest(run: Callable[..., Any]) -> None:
    found = run("scale", "--repeats", "1", "--sizes", "20,60", "--drafted", "15")
    small, large = found["rows"]
    assert (small["tables"], large["tables"]) == (20, 60)
    assert small["drafted"] == large["drafted"] == 15
    assert small["drafts"] == 15 * (scale.COLUMNS + 1)
    assert small["times_smallest"]["median"] == 1.0
    for row in found["rows"]:
        assert row["milliseconds_a_table"] > 0
        assert row["engine_cpu_milliseconds_a_table"] > 0
        assert row["app_peak_bytes"] > 1 << 20
        assert set(row["stages_milliseconds_a_table"]) == set(scale._STAGES)


def test_the_catalog_is_the_same_each_time_and_one_table_in_ten_is_documented(
    tmp_path: Path,
) -> None:
    tables = list(scale.catalog(40))
    assert tables == list(scale.catalog(40))
    assert sum(table.comment is not None for table in tables) == 4
    assert {len(table.columns) for table in tables} == {scale.COLUMNS}
    path = tmp_path / "workspace.db"
    scale.build(path, 40)
    with Workspace(path) as workspace:
        stored = list(Snapshot(workspace, 1).tables())
    assert {table.id for table in stored} == {table.id for table in tables}


def test_the_null_model_has_its_texts_looked_at(tmp_path: Path) -> None:
    """They go through choosing and checks as a model's do, and some are taken."""
    path = tmp_path / "workspace.db"
    scale.build(path, 12)
    found = scale.run_one(path, 4, bundled=False)
    assert found["drafts"] == 4 * (scale.COLUMNS + 1)
    with Workspace(path) as workspace:
        work = scale.session(workspace, tmp_path)
        sources = {each.draft.source for each in work.suggestions.all()}
    assert sources & {Source.MODEL, Source.RULES}


def test_small_catalogs_are_drafted_whole() -> None:
    assert scale.drafted(1_000, None) == 1_000
    assert scale.drafted(100_000, None) == scale.DRAFTED
    assert scale.drafted(1_000, 5) == 5
