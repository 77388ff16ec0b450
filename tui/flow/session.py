"""One open database together with what the workspace knows of it."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Self

from catalog.bounds import Bounds
from catalog.change import CommentChange
from catalog.choice import Choices
from catalog.ledger import Ledger
from catalog.objects import Profile, Table, TableId, Target, table_of
from catalog.snapshot import Snapshot
from catalog.stopping import Stop
from catalog.suggestion import Finding
from catalog.suggestions import Suggestions
from catalog.workspace import Workspace
from tui.flow import offline
from tui.flow.connection_file import SavedConnection
from tui.flow.connections import Connections
from tui.flow.model_choice import remote_model
from tui.flow.settings import Settings

if TYPE_CHECKING:
    from connectors.database import Database


@dataclass(frozen=True, slots=True)
class Session:
    """What every job works on."""

    settings: Settings
    """Global options."""
    workspace: Workspace
    """The workspace file."""
    database: Database
    """The open database."""
    database_id: int
    """Its id in the workspace."""
    snapshot: Snapshot
    """Its catalog as last read."""
    suggestions: Suggestions
    """Suggestions and decisions."""
    choices: Choices
    """What bulk decisions take."""
    ledger: Ledger
    """Writes."""
    saved: SavedConnection | None = None
    """The saved connection it was opened by; None where by URL."""
    notes: tuple[str, ...] = ()
    """What turned out when it was opened, a line each."""
    lock: threading.RLock = field(default_factory=threading.RLock, compare=False)
    """Held while the database is used: one thread at a time."""

    @property
    def files_only(self) -> str:
        """Why this database holds no comments at all; empty where it does."""
        return self.database.dialect.why_no_comments

    @property
    def bounds(self) -> Bounds:
        """What the URL or the saved connection names; there is nothing beyond it."""
        return self.workspace.bounds_of(self.database_id)

    @property
    def glossary(self) -> Path:
        """The file of terms: the connection's, else the one beside the workspace.

        It need not be there.
        """
        if self.saved is not None and self.saved.glossary is not None:
            return self.saved.glossary
        return self.workspace.path.with_name("glossary.csv")

    @property
    def style(self) -> Path:
        """The file of rules for descriptions, which may not be there."""
        if self.saved is not None and self.saved.style is not None:
            return self.saved.style
        return self.settings.connections.with_name("style.toml")

    def table_for(self, changes: Sequence[CommentChange]) -> Table | None:
        """The one table of changes as last read, or as it is where that refuses some.

        A right that was missing may be granted by now, and a table may be back. None
        where it is gone or beyond the bounds.
        """
        table_id = table_of(changes[0].target)
        table, dialect = self.snapshot.table(table_id), self.database.dialect
        if dialect.why_no_comments:
            return table
        if table is None or any(dialect.refusal(table, each) for each in changes):
            with self.lock:
                table = self.database.read(table_id)
        if table is None or not self.bounds.takes(table.id, table.kind):
            return None
        return table

    def findings(self, target: Target, text: str) -> tuple[Finding, ...]:
        """What is wrong with a text that a person wrote, by the checks of writing."""
        from model.checks import writing_only

        limit = self.database.limit(isinstance(target, TableId))
        return writing_only(text, limit=limit)

    def profile(self, table: Table, *, stop: Stop) -> dict[str, Profile]:
        """What a bounded sample of a table's rows says of its columns, by name.

        What may tell of people is in no code list and no range.
        """
        from model.personal import inside  # the words of names are read

        with self.lock:
            found = self.database.profile(table, stop=stop)
        return inside(table, found)

    def __enter__(self) -> Self:
        """Itself, closed with the block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Close the database and the workspace."""
        self.database.close()
        self.workspace.close()


def settings_for(settings: Settings, target: str) -> Settings:
    """The settings with the model that a saved connection names for itself.

    Raises:
        UsageError: `connections.toml` is wrong.
        RefusedError: the model is elsewhere, and nothing may leave.
    """
    if settings.model is not None or "://" in target:
        return settings
    saved = Connections(settings.connections).find(target)
    if saved is None or saved.model is None:
        return settings
    found = replace(settings, model=saved.model)
    remote_model(found)
    return found


def open_session(
    settings: Settings, target: str, *, password: str | None = None
) -> Session:
    """Open a database by URL or saved name, and the workspace with it.

    Args:
        settings: global options.
        target: URL or the name of a saved connection.
        password: asked for, and takes the place of every other.

    Raises:
        PasswordWanted: the server wants a password, and there is none.
        ColumnistError: either cannot be opened, with the reason.
    """
    from connectors.connect import host_of, open_database

    found = Connections(settings.connections).resolve(
        target, password_env=settings.password_env
    )
    settings = settings_for(settings, target)
    if settings.offline:
        offline.refuse_sockets()
        offline.allow(host_of(found.url))
    with ExitStack() as opened:
        database = open_database(
            found.url,
            read_only=settings.read_only,
            password=found.password if password is None else password,
            limits=found.saved.limits if found.saved else None,
        )
        opened.callback(database.close)
        workspace = Workspace(settings.workspace, waiting=settings.waiting)
        opened.callback(workspace.close)
        session = attach(settings, workspace, database, found.saved)
        opened.pop_all()
    return session


def attach(
    settings: Settings,
    workspace: Workspace,
    database: Database,
    saved: SavedConnection | None = None,
) -> Session:
    """A session from its two open halves."""
    bounds = saved.bounds if saved else Bounds()
    bounds = bounds.within(database.schemas)
    notes: list[str] = []
    number = workspace.database(
        database.identity,
        url=database.url,
        same=settings.same_database,
        tell=notes.append,
    )
    workspace.bound(number, bounds)
    return Session(
        settings=settings,
        workspace=workspace,
        database=database,
        database_id=number,
        snapshot=Snapshot(workspace, number),
        suggestions=Suggestions(workspace, number),
        choices=Choices(workspace, number),
        ledger=Ledger(workspace, number),
        saved=saved,
        notes=tuple(notes),
    )
