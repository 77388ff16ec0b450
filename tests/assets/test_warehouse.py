"""The demo warehouse is large enough to be believed and always the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest
from columnist_assets.demo.values import parse
from columnist_assets.demo.warehouse import build


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("demo") / "demo.duckdb"
    build(path)
    return path


def rows(path: Path, query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.execute(query).fetchall()


def catalog(path: Path) -> list[tuple[Any, ...]]:
    return rows(
        path,
        "SELECT schema_name, table_name, column_name, data_type, comment "
        "FROM duckdb_columns() WHERE NOT internal ORDER BY ALL",
    )


def test_it_is_a_believable_warehouse(warehouse: Path) -> None:
    columns = catalog(warehouse)
    assert len({row[0] for row in columns}) >= 5
    assert len({row[:2] for row in columns}) >= 60
    assert len(columns) >= 600
    keys = rows(
        warehouse,
        "SELECT constraint_type, count(*) FROM duckdb_constraints() "
        "WHERE constraint_type IN ('PRIMARY KEY', 'FOREIGN KEY') GROUP BY 1",
    )
    assert all(count >= 40 for _, count in keys)


def test_about_a_tenth_is_documented(warehouse: Path) -> None:
    columns = catalog(warehouse)
    described = sum(row[4] is not None for row in columns)
    tables = rows(warehouse, "SELECT comment FROM duckdb_tables() WHERE NOT internal")
    views = rows(warehouse, "SELECT comment FROM duckdb_views() WHERE NOT internal")
    share = described + sum(row[0] is not None for row in [*tables, *views])
    assert 0.08 <= share / (len(columns) + len(tables) + len(views)) <= 0.12


def test_every_table_has_rows_and_every_view_runs(warehouse: Path) -> None:
    names = rows(
        warehouse,
        "SELECT schema_name, table_name FROM duckdb_tables() UNION ALL "
        "SELECT schema_name, view_name FROM duckdb_views() WHERE NOT internal",
    )
    for schema, table in names:
        assert rows(warehouse, f'SELECT 1 FROM "{schema}"."{table}" LIMIT 1'), table


def test_it_is_the_same_every_time(warehouse: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.duckdb"
    build(again)
    assert catalog(again) == catalog(warehouse)
    for table in ("sales.orders", "hr.employee", "legacy.BSEG", "web.session"):
        query = f"SELECT * FROM {table} ORDER BY ALL LIMIT 200"
        assert rows(again, query) == rows(warehouse, query)


def test_a_failed_build_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "demo.duckdb"
    path.write_bytes(b"old")
    monkeypatch.setattr("columnist_assets.demo.warehouse.SCHEMAS", ("nowhere",))
    with pytest.raises(FileNotFoundError):
        build(path)
    assert path.read_bytes() == b"old"


def test_an_unknown_specification_is_refused() -> None:
    with pytest.raises(ValueError, match="no way to make nonsense"):
        parse("nonsense 1 2")
