"""Fixtures that take the machine out of every test."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import duckdb
import hypothesis
import pytest

from catalog.errors import ColumnistError
from catalog.workspace import Workspace
from connectors.connect import open_database
from model.base import fetch
from model.library import DEFAULT, Library, ModelFile, digest
from tests.model import tiny_gguf
from tui.flow import offline
from tui.flow.model_choice import library
from tui.flow.session import Session, attach
from tui.flow.settings import Settings, locate

pytest_plugins = ["tests.servers"]

# How long a case takes says how busy the machine is.
hypothesis.settings.register_profile("any machine", deadline=None)
hypothesis.settings.load_profile("any machine")

SHOP = """
CREATE SCHEMA sales;
CREATE TABLE sales.customers (
    customer_id INTEGER PRIMARY KEY, full_name VARCHAR, email VARCHAR,
    segment_cd VARCHAR, created_at TIMESTAMP, is_active BOOLEAN
);
CREATE TABLE sales.orders (
    order_id INTEGER PRIMARY KEY,
    customer_id INTEGER REFERENCES sales.customers (customer_id),
    order_date DATE, total_amount DECIMAL(10, 2), status VARCHAR
);
CREATE TABLE sales."odd ""table"".%" ("select" INTEGER, "ünï côde" INTEGER);
CREATE VIEW sales.open_orders AS
    SELECT order_id, total_amount FROM sales.orders WHERE status = 'open';
CREATE SCHEMA legacy;
CREATE TABLE legacy.zz9 (x1 INTEGER, x2 VARCHAR);
INSERT INTO sales.customers
    SELECT i, 'Customer number ' || i, 'c' || i || '@example.com',
        ['A', 'B', 'C'][1 + i % 3], TIMESTAMP '2026-01-01 00:00:00', i % 2 = 0
    FROM range(200) t (i);
INSERT INTO sales.orders
    SELECT i, i % 200, DATE '2026-01-01' + (i % 300)::INTEGER, i * 1.5,
        ['open', 'paid', 'shipped'][1 + i % 3]
    FROM range(600) t (i);
COMMENT ON COLUMN sales.customers.customer_id IS 'Number that names the customer.';
COMMENT ON COLUMN sales.customers.email IS 'Address written to by support.';
"""
"""Five relations, eighteen descriptions missing of twenty-two."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options of the tests' own."""
    parser.addoption(
        "--update-looks",
        action="store_true",
        help="write tests/tui/looks anew from what the screens show now",
    )
    parser.addoption(
        "--unpressed",
        action="store_true",
        help="name the keys of the app that no test of those run presses",
    )


@pytest.fixture(autouse=True)
def _no_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No user's files, keyring, editor or locale reach a test."""
    monkeypatch.setenv("COLUMNIST_WORKSPACE", str(tmp_path / "home" / "workspace.db"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    for name in ("MODEL", "PASSWORD", "API_KEY", "REGISTRY", "HOURLY_PRICE"):
        monkeypatch.delenv(f"COLUMNIST_{name}", raising=False)
    for name in ("EDITOR", "VISUAL"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def _sockets_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """`--offline` takes the sockets of its process: here, for one test."""
    monkeypatch.setattr(offline, "_allowed", None)


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    """An empty workspace."""
    with Workspace(tmp_path / "workspace.db") as opened:
        yield opened


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A small DuckDB file with names that need quoting."""
    path = tmp_path / "shop.duckdb"
    connection = duckdb.connect(str(path))
    connection.execute(SHOP)
    connection.close()
    return path


@pytest.fixture
def settings() -> Settings:
    """Settings on this test's own folder."""
    return locate()


@pytest.fixture
def session(shop: Path, settings: Settings) -> Iterator[Session]:
    """The shop, open and not yet read."""
    opened = attach(
        settings,
        Workspace(settings.workspace),
        open_database(f"duckdb:///{shop}"),
    )
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real GGUF with random weights."""
    return tiny_gguf.write(tmp_path_factory.mktemp("model") / "tiny.gguf")


@pytest.fixture(scope="session")
def fetched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the program's own model: this account's, or fetched for a run.

    `make test` installs, and installing fetches it.
    """
    known = library(locate())
    if not known.own().present:
        known = Library(tmp_path_factory.mktemp("fetched"))
        try:
            fetch(known)
        except ColumnistError as error:
            from tests.servers import unavailable  # pytest rewrites it: not before

            unavailable(error.message)
    return known.shared


@pytest.fixture
def own_model(fetched: Path, settings: Settings) -> ModelFile:
    """The program's own model, there for this test; it is large, so it is not copied.

    Nothing may write into its file.
    """
    settings.models.mkdir(parents=True)
    for name in (f"{DEFAULT}.gguf", f"{DEFAULT}.json"):
        try:
            os.link(fetched / name, settings.models / name)
        except OSError:  # on another file system
            (settings.models / name).symlink_to(fetched / name)
    return library(settings).find(None)


@pytest.fixture
def own_tiny(tiny_model: Path, settings: Settings) -> ModelFile:
    """Random weights in the place of the program's own model."""
    return stand_in(settings, tiny_model)


def stand_in(settings: Settings, weights: Path) -> ModelFile:
    """Have another file taken for the program's own model."""
    known = library(settings)
    path = known.own().path
    path.parent.mkdir(parents=True, exist_ok=True)
    for each in (path, path.with_suffix(".json")):
        each.unlink(missing_ok=True)  # it may be a link to the account's own
    path.write_bytes(weights.read_bytes())
    made = {"file": path.name, "sha256": digest(path), "bytes": path.stat().st_size}
    manifest = known.own().manifest | made | {"merged": {"command": "a test"}}
    path.with_suffix(".json").write_text(json.dumps(manifest))
    return known.find(None)


def comments(path: Path) -> dict[tuple[str, str, str | None], str]:
    """What DuckDB itself says of every comment: (schema, table, column) to text."""
    connection = duckdb.connect(str(path), read_only=True)
    try:
        rows = connection.execute(
            "SELECT schema_name, table_name, NULL, comment FROM duckdb_tables()"
            " UNION ALL SELECT schema_name, view_name, NULL, comment"
            " FROM duckdb_views() WHERE NOT internal"
            " UNION ALL SELECT schema_name, table_name, column_name, comment"
            " FROM duckdb_columns() WHERE NOT internal"
        ).fetchall()
    finally:
        connection.close()
    return {(s, t, c): text for s, t, c, text in rows if text is not None}
