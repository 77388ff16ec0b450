"""One open database together with what the workspace knows of it."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from catalog.ledger import Ledger
from catalog.snapshot import Snapshot
from catalog.suggestions import Suggestions
from catalog.workspace import Workspace
from tui import offline
from tui.connections import Connections
from tui.settings import Settings

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
    ledger: Ledger
    """Writes."""
    lock: threading.RLock = field(default_factory=threading.RLock, compare=False)
    """Held while the database is used: one thread at a time."""

    @property
    def files_only(self) -> str:
        """Why this database holds no comments at all; empty where it does."""
        return self.database.dialect.why_no_comments

    def close(self) -> None:
        """Close the database and the workspace."""
        self.database.close()
        self.workspace.close()


def open_session(settings: Settings, target: str) -> Session:
    """Open a database by URL or saved name, and the workspace with it.

    Raises:
        ColumnistError: either cannot be opened, with the reason.
    """
    from connectors.connect import host_of, open_database

    url, password = Connections(settings.connections).resolve(target)
    if settings.offline:
        offline.refuse_sockets()
        offline.allow(host_of(url))
    database = open_database(url, read_only=settings.read_only, password=password)
    try:
        workspace = Workspace(settings.workspace)
    except BaseException:
        database.close()
        raise
    return attach(settings, workspace, database)


def attach(settings: Settings, workspace: Workspace, database: Database) -> Session:
    """A session from its two open halves."""
    identity = database.identity
    number = workspace.database(identity.key, label=identity.label, url=database.url)
    return Session(
        settings=settings,
        workspace=workspace,
        database=database,
        database_id=number,
        snapshot=Snapshot(workspace, number),
        suggestions=Suggestions(workspace, number),
        ledger=Ledger(workspace, number),
    )
