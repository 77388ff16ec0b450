"""The workspace file: one SQLite database per user that survives being killed."""

from __future__ import annotations

import getpass
import secrets
import sqlite3
import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from catalog import addresses
from catalog.addresses import DatabaseIdentity, named
from catalog.bounds import Bounds, keep_within
from catalog.busy import Busy, is_busy
from catalog.edit_distance import levenshtein
from catalog.errors import ColumnistError
from catalog.migrations import MIGRATIONS, migrate
from catalog.stopping import Stop

_T = TypeVar("_T")
STEPS = 100_000
"""Of SQLite between two looks whether a long query is to be stopped; some ms."""


def steward() -> str:
    """The login name that decisions are signed with."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"


def now() -> str:
    """The present moment as stored everywhere: ISO 8601, UTC, microseconds."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


READING = "reading"
"""Stands where a whole scan has its bounds, for a scan of any tables, ended or not."""


@dataclass(frozen=True, slots=True)
class KnownDatabase:
    """A database that was opened before."""

    id: int
    """Row id."""
    key: str
    """What identifies it, whatever the URL's user or driver."""
    label: str
    """Its name for people."""
    url: str
    """Its URL without secrets."""
    scanned_at: str | None
    """When its catalog was last read completely."""


class Workspace:
    """An open workspace file.

    Any thread may use it: one connection, one lock, short transactions. Every commit is
    durable (WAL with `synchronous=FULL`), so what was shown as saved is saved.

    Args:
        path: the file; it is made where it is not there.
        waiting: told within a second what another process keeps us waiting for; where
            it is left out, that is an error instead.
    """

    def __init__(
        self, path: Path, *, waiting: Callable[[str], None] | None = None
    ) -> None:
        self.path = path
        self.waiting = waiting
        self.window = secrets.token_hex(8)
        """Tells what is decided here from what is in other windows of the program."""
        self._lock = threading.RLock()
        self._depth = 0
        self._bounds: dict[int, Bounds] = {}
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(
                path, timeout=0.05, isolation_level=None, check_same_thread=False
            )
        except (OSError, sqlite3.Error) as error:
            raise ColumnistError(
                f"Cannot open the workspace {path}: {error}.",
                "Choose another file with --workspace or COLUMNIST_WORKSPACE.",
            ) from error
        try:
            with _explained(path):
                self._patiently(self._begin)
        except BaseException:
            self._db.close()
            raise

    def _begin(self) -> None:
        self._db.row_factory = sqlite3.Row
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        if version > len(MIGRATIONS):
            raise ColumnistError(
                f"The workspace {self.path} was made by a newer Columnist.",
                "Upgrade, or choose another file with --workspace.",
            )
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.execute("PRAGMA foreign_keys = ON")
        # Once: anew it would have every statement prepared anew.
        self._db.create_function("edit_distance", 2, levenshtein, deterministic=True)
        if version < len(MIGRATIONS):
            migrate(self._db)

    def _patiently(self, act: Callable[[], _T]) -> _T:
        """Do what another process may keep from being done, when it no longer does.

        Other threads may use the file between two tries.
        """
        busy: Busy | None = None
        while True:
            try:
                with self._lock:
                    return act()
            except sqlite3.OperationalError as error:
                if not is_busy(error):
                    raise
                busy = busy or Busy(self.path, self.waiting)
                busy.wait(error)

    def close(self) -> None:
        """Close the file; everything committed stays."""
        with self._lock:
            self._db.close()

    def __enter__(self) -> Workspace:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def transaction(self) -> Generator[sqlite3.Connection]:
        """A write transaction; nested ones join the outer."""
        with _explained(self.path), self._entered():
            if self._depth > 1:
                yield self._db
                return
            try:
                yield self._db
                self._patiently(lambda: self._db.execute("COMMIT"))
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    @contextmanager
    def _entered(self) -> Generator[None]:
        """Holds our lock, and the file's from the outermost transaction on."""

        def enter() -> None:
            if not self._depth:
                self._db.execute("BEGIN IMMEDIATE")
            self._lock.acquire()
            self._depth += 1

        self._patiently(enter)
        try:
            yield
        finally:
            self._depth -= 1
            self._lock.release()

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[sqlite3.Row]:
        """All rows of a query."""
        with _explained(self.path):
            return self._patiently(lambda: self._db.execute(sql, parameters).fetchall())

    def aside(
        self, sql: str, parameters: Sequence[Any] = (), *, stop: Stop
    ) -> list[tuple[Any, ...]]:
        """All rows of a query that takes long; nobody else waits for it.

        It has a connection of its own, which sees what is committed.

        Args:
            sql: the query.
            parameters: its values.
            stop: ends it with no rows.
        """
        with _explained(self.path), closing(sqlite3.connect(self.path)) as db:
            db.set_progress_handler(stop, STEPS)
            try:
                return db.execute(sql, parameters).fetchall()
            except sqlite3.OperationalError:
                if stop():
                    return []
                raise

    def each(
        self, sql: str, parameters: Sequence[Any] = ()
    ) -> Generator[tuple[Any, ...]]:
        """The rows of a query, read as they are taken; nobody else reads meanwhile."""
        with self._lock, _explained(self.path):
            cursor = self._patiently(lambda: self._db.execute(sql, parameters))
            cursor.row_factory = None
            with closing(cursor):
                yield from cursor

    def row(self, sql: str, parameters: Sequence[Any] = ()) -> sqlite3.Row | None:
        """The first row of a query, or None."""
        found = self.rows(sql, parameters)
        return found[0] if found else None

    def records(
        self, kind: type[_T], sql: str, parameters: Sequence[Any] = ()
    ) -> list[_T]:
        """All rows of a query whose columns are called as the fields of a kind."""
        # SQLite has numbers for them.
        flags = {name for name, of in kind.__annotations__.items() if of == "bool"}
        return [
            msgspec.convert(dict(row) | {name: bool(row[name]) for name in flags}, kind)
            for row in self.rows(sql, parameters)
        ]

    def version(self) -> tuple[int, int]:
        """Another one whenever anything in the file was changed, by whomever."""
        return self._db.total_changes, self.others()

    def others(self) -> int:
        """Another one whenever anything was changed, but through this connection."""
        return int(self.rows("PRAGMA data_version")[0][0])

    def database(
        self,
        identity: DatabaseIdentity,
        *,
        url: str,
        same: bool | None = None,
        tell: Callable[[str], None] = lambda line: None,
    ) -> int:
        """The id of a database, remembered as opened now.

        Args:
            identity: what is known of it.
            url: how it was opened, without a secret.
            same: whether it is what the address was known for, where it says otherwise.
            tell: called with a line where it turns out to be known twice.

        Raises:
            AnotherDatabase: it says otherwise, and `same` is None.
        """
        server = identity.server or named(identity.names)
        answer = replace(identity, server=server)
        key, label = identity.key, identity.label
        at = now()
        with self.transaction() as db:
            found = addresses.find(db, answer, same)
            if found is None:
                taken = db.execute("SELECT 1 FROM databases WHERE key = ?", (key,))
                unique = f"{key} {server}" if taken.fetchone() else key
                cursor = db.execute(
                    "INSERT INTO databases (key, label, url, opened_at, apart)"
                    " VALUES (?, ?, ?, ?, ?)",
                    (unique, label, url, at, same is False),
                )
                found = int(cursor.lastrowid or 0)
            addresses.note(db, answer, found, at)
            found, lines = addresses.united(db, answer, found)
            db.execute(
                "UPDATE databases SET label = ?, url = ?, opened_at = ? WHERE id = ?",
                (label, url, at, found),
            )
        for line in lines:
            tell(line)
        return found

    def bound(self, database: int, bounds: Bounds) -> None:
        """From now on nothing is seen of a database beyond these bounds."""
        with _explained(self.path):
            self._patiently(lambda: keep_within(self._db, database, bounds))
            self._bounds = {database: bounds}

    def bounds_of(self, database: int) -> Bounds:
        """What of a database is seen."""
        return self._bounds.get(database, Bounds())

    def beside(self) -> Workspace:
        """Another connection to the file for the same window, with the same bounds."""
        other = Workspace(self.path, waiting=self.waiting)
        other.window = self.window
        for database, bounds in self._bounds.items():
            other.bound(database, bounds)
        return other

    def scanned_at(self, database: int) -> str | None:
        """When all within the bounds of a database was last read, or None."""
        row = self.row(
            "SELECT max(scanned_at) AS at FROM (SELECT scanned_at FROM databases"
            " WHERE id = ? UNION ALL SELECT scanned_at FROM scans"
            " WHERE database = ? AND bounds = ?)",
            (database, database, self.bounds_of(database).key),
        )
        return row["at"] if row else None

    def note_scan(self, database: int) -> None:
        """All within the bounds of a database was read now."""
        bounds = self.bounds_of(database)
        with self.transaction() as db:
            if bounds:
                db.execute(
                    "INSERT OR REPLACE INTO scans VALUES (?, ?, ?)",
                    (database, bounds.key, now()),
                )
            else:
                db.execute(
                    "UPDATE databases SET scanned_at = ? WHERE id = ?",
                    (now(), database),
                )

    def note_reading(self, database: int) -> None:
        """Some tables of a database were read now, or found to be gone."""
        with self.transaction() as db:
            db.execute(
                "INSERT OR REPLACE INTO scans VALUES (?, ?, ?)",
                (database, READING, now()),
            )

    def read_at(self, database: int) -> str | None:
        """When anything of a database was read last, or None."""
        row = self.row(
            "SELECT scanned_at FROM scans WHERE database = ? AND bounds = ?",
            (database, READING),
        )
        return row["scanned_at"] if row else None

    def answers_at(self, database: int, key: str) -> bool:
        """Whether a database was opened at an address."""
        found = "SELECT 1 FROM addresses WHERE database = ? AND key = ?"
        return self.row(found, (database, key)) is not None

    def databases(self) -> list[KnownDatabase]:
        """Every database opened so far, the latest first."""
        return self.records(
            KnownDatabase,
            "SELECT * FROM databases WHERE merged_into IS NULL ORDER BY opened_at DESC",
        )


@contextmanager
def _explained(path: Path) -> Generator[None]:
    """Turn SQLite's errors into ours: what is wrong, and what to do."""
    try:
        yield
    except sqlite3.Error as error:
        text = str(error)
        if "full" in text:
            hint = "Free some disk space and start again; what was saved is intact."
        elif "not a database" in text or "malformed" in text:
            hint = "Choose another file with --workspace, or restore this one."
        elif "locked" in text or "busy" in text:
            hint = "Another Columnist is writing; try again in a moment."
        elif "readonly" in text:
            hint = "Make it writable, or choose another file with --workspace."
        else:
            hint = "Choose another file with --workspace or COLUMNIST_WORKSPACE."
        raise ColumnistError(f"The workspace {path}: {text}.", hint) from error
