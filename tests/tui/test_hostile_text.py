"""Hostile names, comments and drafts on every screen, in every command and the report.

Nothing of them may reach a terminal that it would obey, or that nobody would see; and
what looks like markup is drawn as it is.
"""

from __future__ import annotations

import io
import sys
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from textual import events
from textual.pilot import Pilot

from catalog.suggestion import Draft, Finding, Source, State
from catalog.workspace import Workspace
from connectors.connect import open_database
from tests.tui.test_pilot import settled, until
from tui import cli
from tui.app.app import ColumnistApp
from tui.app.screens.catalog import CatalogScreen
from tui.app.screens.password import PasswordModal
from tui.app.screens.review import ReviewScreen
from tui.flow import draft_plan, scanning
from tui.flow.session import attach
from tui.flow.settings import Settings
from tui.flow.text import plain

MARKUP = "[bold red]m[/]"
ESCAPES = "\x1b[2J\x1b]0;t\x07\x9b1A\x7f\r\b"
DIRECTIONS = "\u202eabc\u2066d\u200f\u061c"
NOTHING = "z\u200bz\u2060z\ufeffz\u3164z\U000e0041z\u200dz"
LETTERS = "שלום عربي e\u0301 寸 한 ü"
EVIL = f"{MARKUP}{ESCAPES}\n\t{DIRECTIONS}{NOTHING}{LETTERS}'\"\\"
SHOWN = plain(EVIL)
ALLOWED_UNSEEN = "\u0301"


def unseen(text: str) -> set[str]:
    """Characters that a terminal would obey, or that nobody would see."""
    return {
        f"{ord(c):04x}"
        for c in text
        if c not in ALLOWED_UNSEEN
        and (unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") or c == "\u3164")
    }


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


@pytest.fixture
def evil(tmp_path: Path, settings: Settings) -> Path:
    """Two tables whose every text is hostile, with suggestions in every state."""
    path = tmp_path / f"{MARKUP.replace('/', '')}\x1b[2J\u202e.duckdb"
    table = f"{quoted(EVIL)}.{quoted('t' + EVIL)}"
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"CREATE SCHEMA {quoted(EVIL)}")
        columns = ", ".join(f"{quoted(f'{n}{EVIL}')} VARCHAR" for n in range(8))
        connection.execute(f"CREATE TABLE {table} ({columns})")
        connection.execute(f'CREATE VIEW {table[:-1]}v" AS SELECT * FROM {table}')
        values = ", ".join(["?"] * 8)
        connection.execute(f"INSERT INTO {table} VALUES ({values})", [EVIL] * 8)
        comment = EVIL.replace("'", "''")
        connection.execute(f"COMMENT ON TABLE {table} IS '{comment}'")
        connection.execute(
            f"COMMENT ON COLUMN {table}.{quoted('0' + EVIL)} IS '{comment}'"
        )
    session = attach(
        settings, Workspace(settings.workspace), open_database(f"duckdb:///{path}")
    )
    for _ in scanning.scan(session):
        pass
    plan = draft_plan.plan_drafts(session)
    targets = [t for work in plan.work.values() for t in work]
    for number, target in enumerate(targets):
        draft = Draft(
            target,
            None if number % 6 == 5 else f"Draft {number} {EVIL}",
            (Source.MODEL, Source.INHERITED)[number % 2],
            0.5,
            (Finding.CONTROL,) if number % 4 == 3 else (),
            model=f"model {EVIL}",
            origin=f"origin {EVIL}",
            guess=f"guess {EVIL}",
        )
        session.suggestions.put([(draft, None)])
    found = session.suggestions.all()
    session.suggestions.accept(found[1:3])
    session.suggestions.reject(found[3:5], reason=f"reason {EVIL}")
    with session.workspace.transaction() as db:
        db.execute(
            "UPDATE suggestions SET state = ?, reason = ? WHERE id = ?",
            (State.CONFLICT.value, f"why {EVIL}", found[6].id),
        )
    session.close()
    return path


class Watched:
    """The app, whose every drawing is looked at."""

    def __init__(self, app: ColumnistApp, pilot: Pilot[None]) -> None:
        self.app = app
        self.pilot = pilot
        self.drawn = ""

    async def press(self, *keys: str) -> str:
        """Press keys one by one; what was drawn after the last."""
        for key in keys:
            await self.pilot.press(key)
            await self.app.workers.wait_for_complete()
            await self.pilot.pause()
            self.look(key)
        return self.drawn

    def paste(self, text: str) -> None:
        """As the terminal hands it over."""
        assert self.app._driver is not None
        self.app._driver.process_message(events.Paste(text))

    def look(self, after: str) -> None:
        """Nothing of it is obeyed or unseen."""
        lines = [s.text for s in self.app.screen._compositor.render_strips()]
        self.drawn = "\n".join(lines)
        found = unseen("".join(lines))
        assert not found, f"after {after} on {type(self.app.screen).__name__}: {found}"


@pytest.mark.parametrize("size", [(80, 24), (200, 60)])
async def test_no_screen_obeys_them(
    evil: Path,
    settings: Settings,
    size: tuple[int, int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(evil.parent)
    app = ColumnistApp(settings, f"duckdb:///{evil}")
    async with app.run_test(size=size, notifications=True) as pilot:
        await until(pilot, lambda: isinstance(app.screen, CatalogScreen))
        await settled(app, pilot)
        see = Watched(app, pilot)
        assert MARKUP in await see.press("j", "k")
        await see.press("tab", "j", "tab", "slash", "m", "escape", "f", "j", "escape")
        await see.press("ctrl+p", "a", "escape")
        await see.press("m", "end", "h", "q")
        await see.press("A", "s", "a", "j", "q", "n")
        await see.press("R", "n")
        await see.press("o", "b", "escape", "Q", "j", "enter", "z", "escape", "q")
        app.push_screen(PasswordModal(EVIL, can_keep=True))
        assert MARKUP in await see.press("tab")
        see.paste(EVIL)
        await see.press("left", "end", "escape")
        while not isinstance(app.screen, CatalogScreen):
            await see.press("q")
        await see.press("g", "enter")
        assert isinstance(app.screen, ReviewScreen)
        await settled(app, pilot)
        assert MARKUP in await see.press("g")
        for _ in range(10):
            await see.press("x", "escape", "e", "left", "home", "escape")
            await see.press("i", "j", "k", "p", "escape", "T", "z", "escape")
            await see.press("y", "c", "j", "space", "a", "n")
            while not isinstance(app.screen, ReviewScreen):
                await see.press("escape")
            await see.press("a", "n", "u", "j")
            await see.press("escape")
        await see.press(
            "f1", "escape", "space", "A", "n", "slash", "0", "escape", "u", "U"
        )
        await see.press("A", "y", "u")
        assert MARKUP in await see.press("w", "j", "k", "v", "end", "y")
        await see.press("v", "enter", "n", "d", "enter", "y", "j", "b", "y")
        assert app.drafting is not None
        app.drafting.note = f"Note {EVIL}"
        app.explain(ValueError(EVIL), f"Doing {EVIL}")
        await see.press("j")
        await see.press("q", "q", "q")
        app.close_session()


async def test_what_is_pasted_is_not_obeyed_either(
    evil: Path, settings: Settings
) -> None:
    app = ColumnistApp(settings, f"duckdb:///{evil}")
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, CatalogScreen))
        await settled(app, pilot)
        see = Watched(app, pilot)
        await see.press("slash")
        see.paste(EVIL)
        await see.press("left", "end", "escape", "enter", "slash")
        see.paste(EVIL)
        await see.press("left", "end", "escape", "e")
        see.paste(EVIL)
        await see.press("left", "home", "escape")
        # What is copied here is pasted by ctrl+v with no terminal between.
        await see.press("y", "slash", "ctrl+v", "left", "home", "escape")
        app.close_session()


class Terminal(io.StringIO):
    """Says that it is one."""

    def isatty(self) -> bool:
        return True


COMMANDS = [
    ("scan", "{url}"),
    ("tables", "{url}"),
    ("suggestions", "{url}"),
    ("suggestions", "{url}", "--jsonl"),
    ("accept", "{url}", "--all"),
    ("accept", "{url}", "--table", "{evil}"),
    ("reject", "{url}", "--table", "{evil}"),
    ("apply", "{url}", "--dry-run"),
    ("apply", "{url}", "--yes"),
    ("revert", "{url}", "--yes", "--last"),
    ("metrics", "{url}"),
    ("export", "{url}", "--format", "markdown"),
    ("export", "{url}", "--format", "csv"),
    ("export", "{url}", "--format", "sql"),
    ("export", "{url}", "--format", "json"),
    ("export", "{url}", "--format", "dbt"),
    ("import", "{url}", "{evil}.csv"),
    ("connections", "list"),
    ("connections", "add", "{evil}", "{url}"),
    ("models", "show", "{evil}"),
    ("draft", "{url}", "--limit", "0"),
    ("export", "{url}", "--format", "markdown", "-o", "{file}"),
    ("export", "{url}", "--format", "sql", "-o", "{evil}"),
    ("metrics", "{url}", "--html", "{file}"),
    ("metrics", "{url}", "--compare", "{evil},other"),
    ("questions", "{url}"),
    ("answer", "{url}", "{evil}", "{evil}"),
    ("answer", "{url}", "z{evil}", "{evil}", "--scope", "{evil}"),
    ("decisions", "export", "{url}", "-o", "{file}"),
    ("decisions", "export", "{url}", "-o", "{evil}"),
    ("decisions", "review", "{evil}"),
    ("doctor",),
    ("open", "{evil}"),
    ("nonsense{evil}",),
    ("tables", "{url}", "--{evil}"),
]


@pytest.mark.gguf
@pytest.mark.parametrize("command", COMMANDS, ids=lambda c: " ".join(c)[:40])
def test_no_command_prints_them(
    command: tuple[str, ...],
    evil: Path,
    tiny_model: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    printed = ran(monkeypatch, ["--model", str(tiny_model), *filled(command, evil)])
    assert ("No such option" in printed) == command[-1].startswith("--{")


TWO_STEWARDS = [
    ("decisions", "export", "{url}", "-o", "{file}"),
    ("decisions", "review", "{file}"),
    ("decisions", "sign", "{file}", "--by", "{evil}"),
    ("decisions", "sign", "{file}", "--by", "z{evil}", "--reject", "{evil}"),
    ("decisions", "review", "{file}"),
    ("decisions", "import", "{url}", "{file}"),
    ("decisions", "import", "{url}", "{file}", "--require-approval"),
]


def test_no_command_of_two_stewards_prints_them(
    evil: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    printed = [ran(monkeypatch, filled(command, evil)) for command in TWO_STEWARDS]
    assert MARKUP in printed[1]
    assert not any("No such option" in each for each in printed)


def filled(command: tuple[str, ...], evil: Path) -> list[str]:
    """A command's words, with what is hostile in them."""
    file = str(evil.parent / f"out {EVIL.replace('/', '')}.txt")
    return [
        part.replace("{url}", f"duckdb:///{evil}")
        .replace("{file}", file)
        .replace("{evil}", EVIL)
        for part in command
    ]


def ran(monkeypatch: pytest.MonkeyPatch, arguments: list[str]) -> str:
    """All that a command prints, once it was looked at."""
    out, err = Terminal(), io.StringIO()
    monkeypatch.setattr(sys, "argv", ["columnist", *arguments])
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)
    with pytest.raises(SystemExit):
        cli.main()
    for printed in (out.getvalue(), err.getvalue()):
        assert not unseen(printed.replace("\n", "")), ascii(printed)
        assert "Traceback" not in printed
    return out.getvalue() + err.getvalue()


@pytest.fixture
def report(evil: Path, settings: Settings) -> Iterator[str]:
    from tui.flow.figures import gather
    from tui.flow.report import render

    with Workspace(settings.workspace) as workspace:
        (known,) = workspace.databases()
        yield render(gather(workspace, known.id, known.label))


def test_the_report_shows_them(report: str) -> None:
    assert "[bold red]m[/]" in report
    assert not unseen(report.replace("\n", ""))


def test_all_of_it_is_in_the_tests(evil: Path, settings: Settings) -> None:
    """DuckDB keeps these names as they are, so that the tests above test something."""
    with Workspace(settings.workspace) as workspace:
        (known,) = workspace.databases()
        names = workspace.rows("SELECT schema, name, column_name FROM suggestions")
    assert {name[0] for name in names} == {EVIL}
    assert ESCAPES in known.label or "\x1b[2J" in known.label
    assert {"001b", "202e", "200b", "3164", "e0041", "009b"} <= unseen(EVIL)
    assert not unseen(SHOWN)
