"""Which database of the workspace it is that answers at an address.

An address is not enough: another server may answer there tomorrow, and one server has
many addresses. Where a server says who it is, that is kept beside the address, and
what was decided follows it.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from catalog.errors import RefusedError

_CHOOSE = (
    "`columnist --same-database …` carries over what was decided there,"
    " `columnist --other-database …` begins anew."
)


class AnotherDatabase(RefusedError):
    """It is not certain that this is the database that was decided on."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What is known of a database that was opened."""

    key: str
    """Its address: dialect, host, port and database, or the path of a file."""
    label: str
    """The same for people."""
    server: str = ""
    """What it says that it is, wherever it answers; empty where it says nothing."""
    instance: str = ""
    """Which running server this is; a copy of its files is another one."""


def find(db: sqlite3.Connection, answer: Answer, same: bool | None) -> int | None:
    """The database that answers, or None where it is a new one.

    Args:
        db: the workspace, in a transaction.
        answer: what is known of it.
        same: whether it is the one that the address or the server was known for; None
            has not been asked.

    Raises:
        AnotherDatabase: it has to be asked.
    """
    key, server = answer.key, answer.server
    if not server:
        return _one(db, "key = ?", key)
    known = _one(db, "key = ? AND server = ?", key, server)
    if known is not None:
        return known
    proved = None
    if answer.instance:
        proved = _one(db, "server = ? AND instance = ?", server, answer.instance)
    before = _one(db, "key = ? AND server = ''", key)
    if before is not None and (proved is None or _is_used(db, before)):
        return before
    if proved is not None:
        return proved
    copied = _one(db, "server = ?", server)
    replaced = _one(db, "key = ?", key)
    if copied is None and replaced is None:
        return None
    if same is None and copied is not None:
        raise AnotherDatabase(
            f"{answer.label} is {_label(db, copied)} or a copy of it.",
            f"Opening that one first may prove it; or: {_CHOOSE}",
        )
    if same is None:
        raise AnotherDatabase(
            f"Another database answers as {answer.label} than before.", _CHOOSE
        )
    if not same:
        return None
    return copied if copied is not None else replaced


def note(db: sqlite3.Connection, answer: Answer, database: int, at: str) -> None:
    """Remember that a database answered at an address."""
    if answer.server:
        # What the address alone stood for is known by name from now on.
        db.execute("DELETE FROM addresses WHERE key = ? AND server = ''", (answer.key,))
    elif _one(db, "key = ?", answer.key) is not None:
        return
    db.execute(
        "INSERT OR REPLACE INTO addresses VALUES (?, ?, ?, ?, ?)",
        (answer.key, answer.server, answer.instance, database, at),
    )


def _one(db: sqlite3.Connection, condition: str, *values: str) -> int | None:
    row = db.execute(
        f"SELECT database FROM addresses WHERE {condition} ORDER BY at DESC LIMIT 1",
        values,
    ).fetchone()
    return None if row is None else int(row["database"])


def _is_used(db: sqlite3.Connection, database: int) -> bool:
    """Whether anything was drafted, decided or written there."""
    found = db.execute(
        "SELECT 1 FROM main.suggestions WHERE database = ?1"
        " UNION ALL SELECT 1 FROM runs WHERE database = ?1 LIMIT 1",
        (database,),
    )
    return found.fetchone() is not None


def _label(db: sqlite3.Connection, database: int) -> str:
    found = db.execute("SELECT label FROM databases WHERE id = ?", (database,))
    return str(found.fetchone()["label"])
