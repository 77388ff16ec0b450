"""What a URL or a connection names is the limit of every command."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import duckdb
import pytest
from sqlalchemy import make_url

from connectors.connect import open_database
from tests.conftest import comments
from tests.servers import execute
from tests.tui.in_process import columnist
from tests.tui.test_pilot import settled, until
from tui.app.app import ColumnistApp
from tui.app.screens.bulk import AcceptModal
from tui.app.screens.catalog import CatalogScreen
from tui.app.widgets.row_list import RowList
from tui.flow.settings import Settings

CSV = """schema,table,column,description
sales,orders,,What was ordered
sales,orders,status,Where it stands
sales,open_orders,,What is not paid
legacy,zz9,,Nobody knows
"""


@pytest.fixture
def imported(shop: Path, tmp_path: Path) -> str:
    """A file of which all is known and has a text, by its URL."""
    url = f"duckdb:///{shop}"
    file = tmp_path / "docs.csv"
    file.write_text(CSV)
    columnist("import", url, file)
    return url


def saved(url: str, *options: str) -> str:
    columnist("connections", "add", "narrow", url, *options)
    return "narrow"


NARROW = [["--schema", "sales", "--kind", "table"], ["--exclude", "*.zz9"]]


@pytest.mark.parametrize("options", NARROW, ids=["schemas and kinds", "exclude"])
def test_no_command_reaches_beyond_a_connections_limit(
    imported: str, shop: Path, tmp_path: Path, options: list[str]
) -> None:
    narrow = saved(imported, *options)
    view = options == NARROW[1]
    beyond = {"zz9"} if view else {"zz9", "open_orders"}

    def said(*arguments: object, code: int = 0) -> None:
        done = columnist(*arguments, code=code)
        assert not any(name in done.stdout for name in beyond), done.stdout

    said("scan", narrow, "--json")
    said("tables", narrow, "--json")
    said("suggestions", narrow, "--jsonl")
    for form in ("csv", "json", "dbt", "markdown", "sql"):
        said("export", narrow, "--format", form)
    said("questions", narrow)
    took = json.loads(columnist("accept", narrow, "--all", "--json").stdout)
    assert took["accepted"] == 2 + view
    said("decisions", "export", narrow)
    said("metrics", narrow, "--json")
    said("apply", narrow, "--dry-run")
    run = json.loads(columnist("apply", narrow, "--yes", "--json").stdout)["run"]
    there = {(schema, table) for schema, table, _ in comments(shop)}
    assert ("legacy", "zz9") not in there
    assert (("sales", "open_orders") in there) is view
    # What is beyond waits as it did, and an import through the limit does not know it.
    waiting = columnist("suggestions", imported, "--state", "pending").stdout
    assert "legacy.zz9" in waiting
    done = columnist("import", narrow, tmp_path / "docs.csv", code=3)
    assert "legacy.zz9" in done.stderr
    columnist("reject", narrow, "--all")
    assert "legacy.zz9" in columnist("suggestions", imported).stdout
    # A run of the whole is taken back within the limit alone.
    columnist("revert", narrow, "--run", run, "--yes")
    columnist("accept", imported, "--all")
    whole = json.loads(columnist("apply", imported, "--yes", "--json").stdout)["run"]
    columnist("revert", narrow, "--run", whole, "--yes")
    left = {table for _, table, _ in comments(shop)} & {"orders", "zz9", "open_orders"}
    assert left == beyond


async def test_the_app_shows_and_accepts_no_more(
    imported: str, settings: Settings
) -> None:
    app = ColumnistApp(settings, saved(imported, *NARROW[0]))
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, CatalogScreen))
        await settled(app, pilot)
        tables = app.screen.query_one("#tables", RowList)
        await until(pilot, lambda: len(tables.found) > 0)
        names = {tables.cells(row)[0].text for row in range(len(tables.found))}
        assert all(name.startswith("sales.") for name in names)
        assert "sales.open_orders" not in names
        await pilot.press("A")
        await until(pilot, lambda: isinstance(app.screen, AcceptModal))
        await pilot.press("y")
        assert app.session is not None
        store = app.session.suggestions
        await until(pilot, lambda: len(store.staged()) == 2)
        await settled(app, pilot)
        app.close_session()
    waiting = columnist("suggestions", imported, "--state", "pending").stdout
    assert "sales.open_orders" in waiting
    assert "legacy.zz9" in waiting


def commands(*narrowed: str, both: bool = True) -> list[list[str]]:
    one = [["suggestions"], ["accept"], ["reject"]]
    two = [
        ["scan"],
        ["tables"],
        ["draft"],
        ["apply", "--yes"],
        ["apply", "--dry-run"],
        ["export", "--format", "csv"],
        ["decisions", "export"],
    ]
    return [[*each, *narrowed] for each in (two + one if both else two)]


def check(
    url: str, asked: Sequence[Sequence[str]], message: str, hint: str = ""
) -> None:
    for first, *rest in asked:
        command = [first, rest.pop(0)] if first == "decisions" else [first]
        done = columnist(*command, url, *rest, code=2)
        assert message in done.stderr, (command, done.stderr)
        assert hint in done.stderr, (command, done.stderr)


def test_a_table_that_is_not_there_is_an_error_with_the_nearest_names(
    imported: str,
) -> None:
    check(imported, commands("--table", "order"), "has no table order.", "orders")
    wrong = ["--table", "sales.Orders", "--table", "*"]
    check(imported, commands(*wrong)[:2], "no table sales.Orders.", "sales.orders")


def test_a_schema_that_is_not_there_is_an_error_with_the_nearest_names(
    imported: str,
) -> None:
    asked = commands("--schema", "sale", both=False)
    check(imported, asked, "has no schema sale.", "Did you mean sales?")
    both = ["--schema", "legacy", "--table", "orders"]
    check(imported, commands(*both, both=False)[:3], "fits all of that")


def test_names_beyond_the_limit_are_not_there(imported: str) -> None:
    narrow = saved(imported, "--schema", "sales")
    asked = commands("--schema", "legacy", both=False)
    check(narrow, asked[:4], "narrow has no schema legacy.")
    check(narrow, commands("--table", "zz9")[:4], "narrow has no table zz9.")


def test_a_table_made_since_the_last_scan_is_there(imported: str, shop: Path) -> None:
    with duckdb.connect(str(shop)) as connection:
        connection.execute("CREATE TABLE sales.fresh (id INTEGER)")
    assert "fresh" in columnist("tables", imported, "--table", "fresh").stdout


@pytest.fixture
def two_databases(mariadb_url: str) -> Callable[[str], str]:
    """A server with two databases of ours; the URL of either, or of none."""
    execute(
        mariadb_url,
        *("DROP DATABASE IF EXISTS bound_a", "DROP DATABASE IF EXISTS bound_b"),
        *("CREATE DATABASE bound_a", "CREATE DATABASE bound_b"),
        "CREATE TABLE bound_a.customer (id INT PRIMARY KEY, name TEXT)",
        "CREATE TABLE bound_b.invoice (id INT PRIMARY KEY, total INT)",
    )

    def url(name: str) -> str:
        parsed = make_url(mariadb_url).set(database=name)
        return parsed.render_as_string(hide_password=False)

    return url


def test_a_url_that_names_a_mariadb_database_means_that_database(
    two_databases: Callable[[str], str], tmp_path: Path, mariadb_url: str
) -> None:
    url = two_databases("bound_b")
    file = tmp_path / "docs.csv"
    file.write_text(
        "schema,table,column,description\n"
        "bound_a,customer,,Who buys\nbound_b,invoice,,What is owed\n"
    )
    schemas = json.loads(columnist("scan", url, "--json").stdout)["schemas"]
    assert [each["schema"] for each in schemas] == ["bound_b"]
    assert "bound_a.customer" in columnist("import", url, file, code=3).stderr
    columnist("accept", url, "--all")
    columnist("apply", url, "--yes")
    rows = execute(
        mariadb_url,
        "SELECT table_schema, table_comment FROM information_schema.tables"
        " WHERE table_schema LIKE 'bound\\_%' ORDER BY 1",
    )
    assert rows == [("bound_a", ""), ("bound_b", "What is owed")]
    done = columnist("scan", url, "--schema", "bound_a", code=2)
    assert "has no schema bound_a." in done.stderr
    narrow = saved(url, "--schema", "bound_a")
    assert "together they name nothing" in columnist("scan", narrow, code=2).stderr


def test_a_url_without_a_database_means_all_and_says_how_many(
    two_databases: Callable[[str], str],
) -> None:
    done = columnist("scan", two_databases(""), "--json")
    schemas = [each["schema"] for each in json.loads(done.stdout)["schemas"]]
    assert {"bound_a", "bound_b"} <= set(schemas)
    assert f"every one that you see is meant: {len(schemas)} with" in done.stderr
    with open_database(two_databases("bound_a")) as database:
        found = [str(table.id) for table in database.scan(schemas=["bound_b"])]
        assert not found
        found = [str(table.id) for table in database.scan()]
        assert found == ["bound_a.customer"]
