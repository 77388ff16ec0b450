"""A server that says it is another one gets no decisions that were made before."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from sqlalchemy import make_url

from catalog.objects import TableId
from catalog.suggestion import Draft, Source
from catalog.suggestions import Suggestions
from catalog.workspace import Workspace
from connectors.connect import identify
from tests.servers import execute
from tests.tui.in_process import columnist
from tests.tui.test_pilot import until
from tui.app.app import ColumnistApp
from tui.app.screens.confirm import ConfirmModal
from tui.flow.settings import Settings

TABLE = "CREATE TABLE orders (id INTEGER PRIMARY KEY)"


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    file = tmp_path / "docs.csv"
    file.write_text(
        "schema,table,column,description\npublic,orders,,What was ordered\n"
    )
    return file


@pytest.fixture
def replace(postgresql_url: str, docs: Path) -> Callable[[], str]:
    """A database with something accepted; a call puts another in its place."""
    url = make_url(postgresql_url)
    name = url.database or ""
    maintenance = url.set(database="postgres").render_as_string(hide_password=False)
    execute(postgresql_url, TABLE)
    columnist("import", postgresql_url, docs)
    columnist("accept", postgresql_url, "--all")

    def call() -> str:
        execute(
            maintenance,
            f"DROP DATABASE {name} WITH (FORCE)",
            f"CREATE DATABASE {name} TEMPLATE template0",
        )
        execute(postgresql_url, TABLE)
        return postgresql_url

    return call


def accepted(url: str) -> bool:
    return "orders" in columnist("suggestions", url, "--state", "accepted").stdout


def test_the_addresses_of_a_server_share_decisions(
    postgresql_url: str, docs: Path
) -> None:
    execute(postgresql_url, TABLE)
    columnist("import", postgresql_url, docs)
    other = make_url(postgresql_url).set(host="localhost")
    name = other.render_as_string(hide_password=False)
    columnist("accept", name, "--all")
    assert accepted(postgresql_url)
    handed = docs.with_name("handed.json")
    columnist("decisions", "export", name, "-o", handed)
    columnist("decisions", "import", postgresql_url, handed)
    columnist("apply", postgresql_url, "--yes")
    assert "orders" in columnist("suggestions", name, "--state", "written").stdout


def test_what_an_older_workspace_has_of_two_addresses_becomes_one(
    postgresql_url: str, docs: Path, settings: Settings
) -> None:
    execute(postgresql_url, TABLE)
    other = make_url(postgresql_url).set(host="localhost")
    name = other.render_as_string(hide_password=False)
    target = TableId("public", "orders")
    with Workspace(settings.workspace) as workspace:
        for url, text in ((name, "By name."), (postgresql_url, "By number.")):
            identity = identify(url)
            number = workspace.database(identity, url=url)
            suggestions = Suggestions(workspace, number)
            suggestions.put([(Draft(target, text, Source.HUMAN, 1.0), None)])
            suggestions.accept(suggestions.all())
    columnist("scan", name)
    done = columnist("scan", postgresql_url)
    [line] = [each for each in done.stderr.splitlines() if "are one database" in each]
    assert "localhost" in line
    assert "127.0.0.1" in line
    for url in (name, postgresql_url):
        done = columnist("suggestions", url, "--jsonl")
        assert [json.loads(each)["text"] for each in done.stdout.splitlines()] == [
            "By number."
        ]
        assert "are one" not in done.stderr
    columnist("apply", name, "--yes")
    rows = execute(postgresql_url, "SELECT obj_description('orders'::regclass)")
    assert rows == [("By number.",)]


def make_file(kind: str, path: Path, *names: str) -> None:
    """Another file in the place of the one that is there."""
    path.unlink(missing_ok=True)
    connection = (duckdb if kind == "duckdb" else sqlite3).connect(str(path))
    for each in names:
        connection.execute(f"CREATE TABLE {each} (id INTEGER)")
    connection.close()


@pytest.mark.parametrize("kind", ["duckdb", "sqlite"])
def test_another_file_at_the_same_path_is_asked_about(
    kind: str, tmp_path: Path
) -> None:
    """It got the decisions of the file that was there before."""
    path = tmp_path / "file.db"
    url = f"{kind}:///{path}"
    make_file(kind, path, "orders", "customers", "items")
    docs = tmp_path / "docs.csv"
    docs.write_text("schema,table,column,description\nmain,orders,,What was ordered\n")
    columnist("import", url, docs)
    columnist("accept", url, "--all")
    # Made anew, and changed: most of it is there.
    make_file(kind, path, "orders", "customers", "returns", "staff")
    assert accepted(url)
    make_file(kind, path, "orders", "planets", "moons")
    for command in (["scan"], ["suggestions"], ["apply", "--yes"], ["accept", "--all"]):
        done = columnist(command[0], url, *command[1:], code=3)
        assert f"{path} holds another database than before" in done.stderr
    columnist("--other-database", "scan", url)
    assert not accepted(url)
    make_file(kind, path, "orders", "customers", "items")
    assert accepted(url)
    make_file(kind, path, "orders", "stars", "suns")
    columnist("--same-database", "scan", url)
    assert accepted(url)


@pytest.mark.parametrize(
    "command", [["scan"], ["draft"], ["accept", "--all"], ["apply", "--yes"]]
)
def test_no_command_carries_decisions_over_unasked(
    replace: Callable[[], str], command: list[str]
) -> None:
    url = replace()
    first, *rest = command
    done = columnist(first, url, *rest, code=3)
    assert "Another database answers as" in done.stderr
    assert "--same-database" in done.stderr
    assert execute(url, "SELECT obj_description('orders'::regclass)") == [(None,)]


def test_begun_anew_nothing_of_it_is_there(replace: Callable[[], str]) -> None:
    url = replace()
    columnist("--other-database", "scan", url)
    assert not accepted(url)
    assert "Wrote 0 comments" in columnist("apply", url, "--yes").stdout


def test_carried_over_all_of_it_is_there(replace: Callable[[], str]) -> None:
    url = replace()
    columnist("--same-database", "scan", url)
    assert accepted(url)
    assert "Wrote 1 comment" in columnist("apply", url, "--yes").stdout


@pytest.mark.parametrize("same", [True, False])
async def test_the_app_asks(
    replace: Callable[[], str], settings: Settings, same: bool
) -> None:
    app = ColumnistApp(settings, replace())

    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, ConfirmModal))
        await pilot.press("y" if same else "n")
        if same:
            await until(pilot, lambda: app.session is not None)
            assert app.session is not None
            assert len(app.session.suggestions.staged()) == 1
        else:
            await until(pilot, lambda: not isinstance(app.screen, ConfirmModal))
            await app.workers.wait_for_complete()
            assert app.session is None
        await app.workers.wait_for_complete()
        app.close_session()
