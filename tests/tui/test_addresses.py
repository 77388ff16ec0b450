"""A server that says it is another one gets no decisions that were made before."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import make_url

from tests.servers import execute
from tests.tui.in_process import columnist
from tests.tui.test_pilot import until
from tui.app import ColumnistApp
from tui.screens.confirm import ConfirmModal
from tui.settings import Settings

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
