"""Random keys, mouse events and terminal sizes for a live app, and what must hold.

One run is one workspace and two DuckDB files. The app is started as `run_app` does,
given events until it is left or the run is over, ended, and started again; between two
starts somebody else may change a comment. Some starts, and one at the end, are of the
real program in a pseudo terminal, which disappears: nothing of it may go on.

Everything random comes from the seed, but threads take their own time, so a replay is
close to the run and not always the same.
"""

from __future__ import annotations

import asyncio
import io
import os
import signal
import sqlite3
import sys
import threading
import time
import traceback
import webbrowser
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from types import FrameType
from typing import Any

import duckdb
import pytest
from textual import events
from textual.app import App
from textual.drivers.headless_driver import HeadlessDriver
from textual.geometry import Size
from textual.keys import _character_to_key
from textual.message import Message

from catalog.errors import ColumnistError
from catalog.objects import make_target
from catalog.suggestion import State
from catalog.workspace import Workspace
from connectors.connect import open_database
from connectors.dialects.duckdb import DuckDBSession
from tests.conftest import comments
from tests.tui.in_terminal import SECONDS, Terminal
from tests.tui.in_terminal import app as in_terminal
from tui.app.app import ColumnistApp
from tui.app.palette import Palette
from tui.app.screens.confirm import ConfirmModal
from tui.app.screens.help import HelpModal
from tui.app.screens.picker import PickerScreen
from tui.app.screens.too_small import TooSmallModal
from tui.app.screens.write import WriteScreen
from tui.flow import scanning, writes
from tui.flow.session import attach
from tui.flow.settings import Settings

SMALLEST, LARGEST = (20, 5), (220, 70)
KEPT = 60
"""Events that a failure prints."""
PROGRESS = bool(os.environ.get("COLUMNIST_FUZZ_PROGRESS"))
"""Whether a long run says how far it is."""
PATIENCE = 60.0
"""Seconds within which the app has dealt with an event, on a loaded machine."""
ENOUGH_TURNS = 2000
"""Turns of the loop that it has had meanwhile."""
NAMED = (
    *("enter", "escape", "tab", "shift+tab", "up", "down", "left", "right", "home"),
    *("end", "pageup", "pagedown", "backspace", "delete", "space", "ctrl+c"),
    *("ctrl+a", "ctrl+e", "ctrl+k", "ctrl+u", "ctrl+w", "ctrl+v", "ctrl+x", "ctrl+z"),
    *("ctrl+d", "ctrl+left", "shift+right", "alt+enter", "ctrl+home", "ctrl+end"),
    *(f"f{n}" for n in range(1, 13)),
)
TYPED = "abcdefghijklmnopqrstuvwxyzAERUNVG0123456789 /[]{}?!.,;:'\"\\%$*-_=<>ü寸"
PASTED = ("one line", "two\nlines\n", "\x1b[2J\x1b]0;t\x07", "[bold]m[/]", "\u202eabc")
HOME = (PickerScreen, Palette, HelpModal)
"""Where little can happen, and chance alone would stay for long."""
WAYS = (
    ("enter",),
    ("a", "a", "w", "enter", "y"),
    ("w", "enter", "y"),
    ("w", "enter", "y", "b", "y"),
    ("w", "d", "enter", "n"),
    ("A", "y"),
    ("A", "s", "a", "a", "r", "q", "y"),
    ("R", "y"),
    ("e", "X", "enter"),
    ("E",),
    ("x", "v"),
    ("f", "j", "space", "f"),
    ("slash", "o", "enter"),
    ("slash", "'", "o", "d", "enter", "A", "y"),
    ("]", "a", "[", "r"),
    ("N", "G", "space", "g", "space", "R", "y"),
    ("t", "1"),
    ("v", "j", "j", "v", "A", "y"),
    ("m", "h", "d", "s", "q"),
    ("d",),
    ("D", "y"),
    ("r",),
    ("u", "u"),
    ("U",),
    ("n",),
    ("ctrl+p", "d", "r", "a", "enter"),
    ("ctrl+p", "t", "h", "e", "m", "e", "enter", "down", "enter"),
    ("question_mark", "escape"),
    ("q",),
    ("ctrl+q", "n"),
)
"""Keys that lead somewhere, which chance alone would seldom press in that order."""
DISAPPEARS = 0.2
"""The share of starts in a terminal that disappears."""
ENDS = ("master", "master", "SIGHUP", "SIGTERM")
BYTES = {
    **{"enter": "\r", "escape": "\x1b", "tab": "\t", "shift+tab": "\x1b[Z"},
    **{"up": "\x1b[A", "down": "\x1b[B", "right": "\x1b[C", "left": "\x1b[D"},
    **{"home": "\x1b[H", "end": "\x1b[F", "pageup": "\x1b[5~", "pagedown": "\x1b[6~"},
    **{"backspace": "\x7f", "delete": "\x1b[3~", "space": " ", "slash": "/"},
    **{"question_mark": "?", "shift+right": "\x1b[1;2C", "alt+enter": "\x1b\r"},
    **{f"ctrl+{letter}": chr(ord(letter) & 31) for letter in "acdekpquvwx"},
}
"""What a terminal sends for a key; without ctrl+z, which stops what lent it out."""


@dataclass
class Witness:
    """What was seen of the app from outside."""

    confirmed: list[str] = field(default_factory=list)
    """Questions of the write screen that were answered with yes, and not used yet."""
    runs: Counter[str] = field(default_factory=Counter[str])
    """Runs that wrote or took back."""
    statements: list[str] = field(default_factory=list)
    """Statements that could change a comment, as the driver got them."""
    explained: Counter[str] = field(default_factory=Counter[str])
    """Errors of our own that the steward was told."""
    wrong: list[str] = field(default_factory=list)
    """What must not be."""


@contextmanager
def watched(patch: pytest.MonkeyPatch) -> Iterator[Witness]:
    """See every confirmation, run, statement and unhandled exception."""
    seen = Witness()
    dismiss = ConfirmModal.dismiss
    explain = ColumnistApp.explain

    def dismissed(self: ConfirmModal, result: bool | None = None) -> object:
        stack = self.app.screen_stack
        on_write = len(stack) > 1 and isinstance(stack[-2], WriteScreen)
        asked = self._question.startswith(("Write ", "Restore "))  # others may follow
        if result and stack[-1] is self and on_write and asked:
            seen.confirmed.append(self._question)
        return dismiss(self, result)

    def explained(self: ColumnistApp, error: BaseException, what: str = "") -> None:
        if isinstance(error, ColumnistError):
            seen.explained[error.message.split("/")[0]] += 1
        else:
            text = "".join(traceback.format_exception(error))
            seen.wrong.append(f"{what} failed:\n{text}")
        explain(self, error, what)

    def applied(session: Any, runs: Any, **options: Any) -> Any:
        question = seen.confirmed.pop() if seen.confirmed else ""
        number = sum(len(planned.changes) for planned in runs)
        if not question.startswith(f"Write {number:,} comment"):
            seen.wrong.append(f"{number} comments written after {question!r}")
        seen.runs["apply"] += 1
        return apply(session, runs, **options)

    def reverted(session: Any, run: int | None = None, **options: Any) -> Any:
        question = seen.confirmed.pop() if seen.confirmed else ""
        if not (question.startswith("Restore ") and question.endswith(f"run {run}?")):
            seen.wrong.append(f"run {run} taken back after {question!r}")
        seen.runs["revert"] += 1
        return revert(session, run, **options)

    def executed(self: DuckDBSession, sql: str) -> None:
        if sql.lstrip().upper().startswith("COMMENT"):
            seen.statements.append(sql)
        run(self, sql)

    run = DuckDBSession.run
    apply, revert = writes.apply, writes.revert
    patch.setattr(ConfirmModal, "dismiss", dismissed)
    patch.setattr(ColumnistApp, "explain", explained)
    patch.setattr(writes, "apply", applied)
    patch.setattr(writes, "revert", reverted)
    patch.setattr(App, "suspend", lambda self: nullcontext())
    patch.setattr(webbrowser, "open", lambda *_, **__: True)
    patch.setattr(
        threading,
        "excepthook",
        lambda args: seen.wrong.append(f"a thread died: {args.exc_value!r}"),
    )
    patch.setattr(DuckDBSession, "run", executed)
    yield seen


class Fuzz:
    """One run.

    Args:
        seed: of everything random.
        settings: whose workspace and model the app uses.
        files: DuckDB files that the app may open, the first at its start.
        seen: what is seen from outside.
    """

    def __init__(
        self, seed: int, settings: Settings, files: list[Path], seen: Witness
    ) -> None:
        self.seed = seed
        self.random = Random(seed)
        self.settings = settings
        self.files = files
        self.seen = seen
        self.sent = 0
        self.starts = 0
        self.screens: Counter[str] = Counter()
        self.log: deque[str] = deque(maxlen=KEPT)
        self._next: deque[str] = deque()
        self._foreign = {file: [comments(file)] for file in files}
        self._contents = {file: contents(file) for file in files}

    def run(self, number: int) -> None:
        """Send so many events, starting the app as often as it takes, then check."""
        signal.signal(signal.SIGALRM, self._stuck)
        while self.sent < number and not self.seen.wrong:
            if self.starts:
                self._somebody_else()
            if self.random.random() < DISAPPEARS:
                self._disappear()
            self._start(number)
        self._disappear()
        signal.alarm(0)
        self.check()

    def fail(self, what: str) -> None:
        """Say what went wrong, and how to see it again."""
        events = "\n  ".join(self.log)
        pytest.fail(
            f"{what}\n\nCOLUMNIST_FUZZ_SEED={self.seed}, event {self.sent}; the last"
            f" {len(self.log)}:\n  {events}",
            pytrace=False,
        )

    def _start(self, number: int) -> None:
        self.starts += 1
        target = f"duckdb:///{self.files[0]}" if self.random.random() < 0.9 else None
        self.log.append(f"start {self.starts}: {target}")
        app = ColumnistApp(self.settings, target)
        try:
            # Its end waits for the threads, as it does after `App.run`.
            asyncio.run(self._drive(app, number))
            app.close_session()
        except Exception:
            self.fail(traceback.format_exc())
        if app.fatal is not None:
            self.fail("ended by " + "".join(traceback.format_exception(app.fatal)))

    def _disappear(self) -> None:
        """Type into the real program until its terminal disappears or a signal comes.

        What it leaves open is settled, as its next start does.
        """
        way = self.random.choice(ENDS)
        url = f"duckdb:///{self.files[0]}"
        self.starts += 1
        self.log.append(f"start {self.starts}, in a terminal")
        signal.alarm(8 * int(PATIENCE))
        with in_terminal("--model", str(self.settings.model), "open", url) as terminal:
            terminal.shows("? Help")
            for _ in range(self.random.randint(0, 30)):
                self._type(terminal)
                terminal.read(self.random.choice((0.0, 0.02, 0.3)))
            self.log.append(f"ended by {way}")
            try:
                terminal.ends(way)
            except AssertionError as error:
                self.fail(f"{error} {SECONDS:.0f} s after {way}, at\n{terminal.screen}")
        database = open_database(url)
        session = attach(self.settings, Workspace(self.settings.workspace), database)
        for _ in scanning.scan(session):
            pass
        session.close()

    def _type(self, terminal: Terminal) -> None:
        chance = self.random.random()
        if chance < 0.6:
            keys = "".join(BYTES.get(k, k) for k in self.random.choice(WAYS))
        elif chance < 0.9:
            keys = self.random.choice([*BYTES.values(), *TYPED])
        elif chance < 0.95:
            keys = f"\x1b[200~{self.random.choice(PASTED)}\x1b[201~"
        else:
            x, y = self.random.randint(1, 120), self.random.randint(1, 40)
            keys = f"\x1b[<0;{x};{y}M\x1b[<0;{x};{y}m"
        self.log.append(f"types {keys!r}")
        with suppress(OSError):  # it was left
            terminal.type(keys)

    def _stuck(self, number: int, frame: FrameType | None) -> None:
        where = "".join(traceback.format_stack(frame)[-8:])
        raise TimeoutError(f"stuck at\n{where}")

    async def _drive(self, app: ColumnistApp, number: int) -> None:
        asyncio.get_running_loop().set_exception_handler(
            lambda _, found: self.seen.wrong.append(f"asyncio: {found}")
        )
        size = self._size()
        if self.random.random() < 0.5:
            app.animation_level = "none"
        async with app.run_test(size=size, notifications=True, tooltips=True):
            while self.sent < number and not self.seen.wrong:
                if app._exit or app._exception is not None:
                    return
                await self._event(app)
            app.exit()
        if self.seen.wrong:
            self.fail("\n".join(self.seen.wrong))

    def _somebody_else(self) -> None:
        """Another program changes a comment while the app is closed."""
        if self.random.random() < 0.5:
            return
        file = self.files[0]
        with duckdb.connect(str(file)) as connection:
            column = self.random.choice(["order_date", "status", "total_amount"])
            text = f"Theirs {self.sent}."
            connection.execute(f"COMMENT ON COLUMN sales.orders.{column} IS '{text}'")
        self.log.append(f"somebody writes {text!r} to {column}")
        self._foreign[file].append({("sales", "orders", column): text})

    # Events

    async def _event(self, app: ColumnistApp) -> None:
        self.sent += 1
        if PROGRESS and self.sent % 100 == 0:
            depth = len(app.screen_stack)
            line = f"seed {self.seed}: {self.sent} events, {depth} screens, {app.size}"
            print(line, file=sys.__stderr__, flush=True)
        signal.alarm(2 * int(PATIENCE))
        self.screens[type(app.screen).__name__] += 1
        chance = self.random.random()
        if self._next:
            self._key(app, self._next.popleft())
        elif isinstance(app.screen, TooSmallModal) and chance < 0.3:
            self._resize(
                app, (self.random.randint(70, 220), self.random.randint(18, 70))
            )
        elif isinstance(app.screen, HOME) and chance < 0.3:
            self._key(
                app, "enter" if isinstance(app.screen, PickerScreen) else "escape"
            )
        elif chance < 0.45:
            keys = [k for k in app.screen.active_bindings if k not in ("ctrl+q",)]
            self._key(app, self.random.choice(keys or ["enter"]))
        elif chance < 0.60:
            self._next.extend(self.random.choice(WAYS))
            self._key(app, self._next.popleft())
        elif chance < 0.70:
            self._key(app, self.random.choice(NAMED))
        elif chance < 0.80:
            self._key(app, self.random.choice(TYPED))
        elif chance < 0.96:
            self._mouse(app)
        elif chance < 0.98:
            self._resize(app, self._size())
        elif chance < 0.99:
            self._send(app, events.Paste(self.random.choice(PASTED)))
        elif chance < 0.998:
            self._send(app, self.random.choice((events.AppFocus, events.AppBlur))())
        else:
            self._key(app, "ctrl+q")
        # Some look at what they did, some type on while it is being done.
        if self._next or self.random.random() < 0.4:
            await self._dealt_with(app)
        elif self.random.random() < 0.05:
            await asyncio.sleep(0.3)
        else:
            await asyncio.sleep(0)

    async def _dealt_with(self, app: ColumnistApp) -> None:
        """Wait for the app: an event goes to a widget and comes back from it.

        Raises:
            TimeoutError: it does not come back, with where everything waits.
        """
        for _ in range(3):
            done = asyncio.Event()
            app.call_later(done.set)
            turns, since = 0, time.monotonic()
            while not (done.is_set() or app._exit or app._exception):
                await asyncio.sleep(0.001)
                turns += 1
                # The whole process may have been kept from running.
                if turns > ENOUGH_TURNS and time.monotonic() - since > PATIENCE:
                    raise TimeoutError(f"no answer in {turns} turns\n{waiting()}")

    def _size(self) -> tuple[int, int]:
        if self.random.random() < 0.6:
            return self.random.choice(((80, 24), (120, 40), (200, 60)))
        return (
            self.random.randint(SMALLEST[0], LARGEST[0]),
            self.random.randint(SMALLEST[1], LARGEST[1]),
        )

    def _send(self, app: ColumnistApp, message: Message) -> None:
        if not isinstance(message, events.Key):
            self.log.append(f"{type(app.screen).__name__}: {message!r}")
        assert app._driver is not None
        app._driver.process_message(message)

    def _key(self, app: ColumnistApp, key: str) -> None:
        self.log.append(f"{type(app.screen).__name__}: {key}")
        character = key if len(key) == 1 else None
        if character is not None and not character.isalnum():
            key = _character_to_key(character)
        elif key == "space":
            character = " "
        elif key in ("slash", "question_mark"):
            character = {"slash": "/", "question_mark": "?"}[key]
        elif key in ("left_square_bracket", "right_square_bracket"):
            character = "[" if key.startswith("left") else "]"
        self._send(app, events.Key(key, character))

    def _resize(self, app: ColumnistApp, size: tuple[int, int]) -> None:
        self.log.append(f"{type(app.screen).__name__}: resize to {size}")
        assert isinstance(app._driver, HeadlessDriver)
        app._driver._size = size
        app.post_message(events.Resize(Size(*size), Size(*size)))

    def _mouse(self, app: ColumnistApp) -> None:
        width, height = app.size
        x, y = self.random.randint(-2, width + 2), self.random.randint(-2, height + 2)
        what = self.random.choice(("click", "double", "drag", "scroll", "move"))
        button = self.random.choice((1, 1, 1, 2, 3))

        def at(kind: type[events.MouseEvent], x: int, y: int, button: int) -> None:
            message = kind(None, x, y, 0, 0, button, False, False, False, x, y)
            self._send(app, message)

        at(events.MouseMove, x, y, 0)
        if what == "scroll":
            kinds = (events.MouseScrollDown, events.MouseScrollUp)
            for _ in range(self.random.randint(1, 3)):
                at(self.random.choice(kinds), x, y, 0)
        elif what == "drag":
            at(events.MouseDown, x, y, button)
            for _ in range(3):
                x, y = x + self.random.randint(-9, 9), y + self.random.randint(-9, 9)
                at(events.MouseMove, x, y, button)
            at(events.MouseUp, x, y, button)
        elif what != "move":
            for _ in range(2 if what == "double" else 1):
                at(events.MouseDown, x, y, button)
                at(events.MouseUp, x, y, button)

    # What must hold

    def check(self) -> None:
        """Look at the databases and the workspace with no program of ours."""
        for what in self.seen.wrong:
            self.fail(what)
        db = sqlite3.connect(self.settings.workspace)
        db.row_factory = sqlite3.Row
        try:
            found = [*structure(db), *counts(db), *replayed(db), *unasked(db)]
            for file in self.files:
                found += self._unexplained(db, file)
            known = {row[0] for row in db.execute("SELECT statement FROM ledger")}
        finally:
            db.close()
        for statement in self.seen.statements:
            if not any(statement.rstrip(";") in each for each in known):
                found.append(f"not in the ledger: {statement}")
        if found:
            self.fail("\n".join(found))

    def _unexplained(self, db: sqlite3.Connection, file: Path) -> list[str]:
        found = []
        if contents(file) != self._contents[file]:
            found.append(f"{file.name} holds other tables or rows than before")
        theirs = {
            (make_target(*place), text)
            for known in self._foreign[file]
            for place, text in known.items()
        }
        ours = {
            (make_target(row["schema"], row["name"], row["column_name"]), row["text"])
            for row in db.execute(
                "SELECT l.* FROM ledger l JOIN runs r ON r.id = l.run"
                " JOIN databases d ON d.id = r.database"
                " WHERE l.outcome = 'written' AND d.url LIKE ?",
                (f"%{file.name}",),
            )
        }
        there = {make_target(*place): text for place, text in comments(file).items()}
        for target, text in there.items():
            if (target, text) not in theirs | ours:
                found.append(f"nobody accepted this comment on {target}: {text!r}")
        return found


def waiting() -> str:
    """Where every task and every thread stands."""
    found = io.StringIO()
    for task in asyncio.all_tasks():
        task.print_stack(limit=6, file=found)
    for number, frame in sys._current_frames().items():
        found.write(f"thread {number}\n{''.join(traceback.format_stack(frame)[-6:])}")
    return found.getvalue()


def contents(file: Path) -> list[tuple[object, ...]]:
    """Definitions and numbers of rows, without the comments."""
    with duckdb.connect(str(file), read_only=True) as connection:
        rows = connection.execute(
            "SELECT schema_name, table_name, sql FROM duckdb_tables() ORDER BY ALL"
        ).fetchall()
        for schema, table, _ in rows[:]:
            name = f'"{schema}"."{table.replace(chr(34), chr(34) * 2)}"'
            rows += connection.execute(f"SELECT count(*) FROM {name}").fetchall()
    return rows


def structure(db: sqlite3.Connection) -> list[str]:
    """The file itself is whole, and no write was left half done."""
    found = [
        f"integrity_check: {row[0]}"
        for row in db.execute("PRAGMA integrity_check")
        if row[0] != "ok"
    ]
    found += [
        f"foreign key: {tuple(r)}" for r in db.execute("PRAGMA foreign_key_check")
    ]
    found += [
        f"open intent: {tuple(row)}"
        for row in db.execute("SELECT * FROM ledger WHERE outcome IS NULL")
    ]
    return found


def counts(db: sqlite3.Connection) -> list[str]:
    """One current suggestion a target, and `waiting` is what a count says."""
    found = [
        f"{row['n']} current suggestions of {tuple(row)}"
        for row in db.execute(
            "SELECT count(*) AS n, schema, name, column_name FROM suggestions"
            " WHERE current GROUP BY database, schema, name, column_name HAVING n > 1"
        )
    ]
    fresh = db.execute(
        "SELECT database, schema, name,"
        " sum(current AND state IN ('pending', 'abstained', 'stale', 'conflict')),"
        " sum(current AND state IN ('accepted', 'edited'))"
        " FROM suggestions GROUP BY database, schema, name"
    )
    kept = db.execute(
        "SELECT database, schema, name, undecided, staged FROM waiting"
        " WHERE undecided OR staged"
    )
    counted = {tuple(row) for row in fresh if row[3] or row[4]}
    if counted != {tuple(row) for row in kept}:
        found.append("waiting is not what a fresh count says")
    return found


MOVED = {State.WRITTEN, State.CONFLICT, State.REFUSED, State.STALE}
"""States that no decision gives."""


def replayed(db: sqlite3.Connection) -> list[str]:
    """Decisions, one after the other, lead to the state that a suggestion is in."""
    found = []
    for row in db.execute("SELECT * FROM suggestions ORDER BY id"):
        state = State.ABSTAINED if row["drafted"] is None else State.PENDING
        text = row["drafted"]
        decisions = db.execute(
            "SELECT * FROM decisions WHERE suggestion = ? ORDER BY id", (row["id"],)
        ).fetchall()
        was_written = db.execute(
            "SELECT count(*) FROM ledger WHERE schema = ? AND name = ?"
            " AND column_name IS ? AND outcome = 'written'",
            (row["schema"], row["name"], row["column_name"]),
        ).fetchone()[0]
        for each in decisions:
            before = State(each["state_before"])
            back = before is State.PENDING and was_written  # its write was taken back
            if before is not state and before not in MOVED and not back:
                found.append(f"decision {each['id']} is on {before}, it was {state}")
            if each["verdict"] == "accepted" and each["edit_distance"]:
                found.append(f"decision {each['id']} calls an edited text accepted")
            if each["text_before"] != text:
                found.append(f"decision {each['id']} is on another text")
            state, text = State(each["state_after"]), each["text_after"]
        now = State(row["state"])
        back = now is State.PENDING and was_written
        if now is not state and now not in MOVED and not back:
            found.append(f"suggestion {row['id']} is {now}, its decisions say {state}")
        whose = ("author", "rank", "own_findings")
        if decisions and any(row[name] != decisions[-1][name] for name in whose):
            found.append(f"suggestion {row['id']} has words of somebody else")
        if row["text"] != text:
            found.append(f"suggestion {row['id']} has a text that nobody decided on")
    return found


def unasked(db: sqlite3.Connection) -> list[str]:
    """Each comment written by a run was accepted or edited before it."""
    found = []
    for row in db.execute(
        "SELECT l.*, r.database FROM ledger l JOIN runs r ON r.id = l.run"
        " WHERE r.what = 'apply' AND l.outcome = 'written'"
    ):
        decided = db.execute(
            "SELECT 1 FROM decisions d JOIN suggestions s ON s.id = d.suggestion"
            " WHERE s.database = ? AND s.schema = ? AND s.name = ?"
            " AND s.column_name IS ? AND d.text_after = ? AND d.at <= ?"
            " AND d.state_after IN ('accepted', 'edited')",
            (
                row["database"],
                row["schema"],
                row["name"],
                row["column_name"],
                row["text"],
                row["intended_at"],
            ),
        ).fetchone()
        if decided is None:
            found.append(f"written without a decision: {tuple(row)}")
    return found
