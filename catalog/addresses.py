"""Which database of the workspace it is that answers at an address.

An address is not enough: another server may answer there tomorrow, and one server has
many addresses. Where a server says who it is, that is kept beside the address, and
what was decided follows it. A file says nothing of itself, and is known by its path and
the names of its tables.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Collection
from dataclasses import dataclass

from catalog.errors import RefusedError
from catalog.merging import is_held, is_used, merge
from catalog.objects import TableId

_CHOOSE = (
    "`columnist --same-database …` carries over what was decided there,"
    " `columnist --other-database …` begins anew."
)


class AnotherDatabase(RefusedError):
    """It is not certain that this is the database that was decided on."""


@dataclass(frozen=True, slots=True)
class DatabaseIdentity:
    """Which database was opened, the same from every driver and user."""

    key: str
    """Its address: dialect, host, port and database, or the resolved path of a file."""
    label: str
    """The same for people; holds no password."""
    server: str = ""
    """What the server says that it is, at every address; empty where it does not."""
    instance: str = ""
    """Which running server says so; a copy of its files is another one."""
    names: frozenset[TableId] = frozenset()
    """The tables and views there, of a file, which says nothing of itself."""


def named(names: Collection[TableId]) -> str:
    """What stands for tables in the place of what a server says; empty without any."""
    if not names:
        return ""
    listed = "\0".join(f"{each.schema}\0{each.name}" for each in sorted(names))
    return f"names:{hashlib.sha256(listed.encode(errors='replace')).hexdigest()[:32]}"


def find(
    db: sqlite3.Connection, answer: DatabaseIdentity, same: bool | None
) -> int | None:
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
    if answer.names:
        return _by_names(db, answer, same)
    proved = None
    if answer.instance:
        proved = _one(db, "server = ? AND instance = ?", server, answer.instance)
    before = _one(db, "key = ? AND server = ''", key)
    if before is not None:
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


def _by_names(
    db: sqlite3.Connection, answer: DatabaseIdentity, same: bool | None
) -> int | None:
    """The database at a path: half of its tables are left, or are all that there is."""
    there = [
        int(row["database"])
        for row in db.execute(
            "SELECT database FROM addresses WHERE key = ? GROUP BY database"
            " ORDER BY max(at) DESC",
            (answer.key,),
        )
    ]
    unknown: int | None = None
    for database in there:
        rows = db.execute(
            "SELECT schema, name FROM main.tables WHERE database = ?", (database,)
        )
        tables = [TableId(row["schema"], row["name"]) for row in rows]
        if not tables:
            unknown = database if unknown is None else unknown
        elif 2 * len(answer.names.intersection(tables)) >= min(
            len(tables), len(answer.names)
        ):
            return database
    if unknown is not None or not there:
        return unknown
    if same is None:
        raise AnotherDatabase(
            f"{answer.label} holds another database than before: most of its tables"
            " are gone.",
            _CHOOSE,
        )
    return there[0] if same else None


def united(
    db: sqlite3.Connection, answer: DatabaseIdentity, database: int
) -> tuple[int, list[str]]:
    """The database with those that turned out to be it merged, and a line for each.

    The same running server says of all that it is they; or one that was merged before
    got something since from a process that had it open.
    """
    others = db.execute(
        "SELECT DISTINCT database FROM addresses a JOIN databases d ON d.id = database"
        " WHERE server = ?1 AND instance = ?2 AND ?2 != '' AND database != ?3"
        " AND NOT apart AND NOT (SELECT apart FROM databases WHERE id = ?3)",
        (answer.server, answer.instance, database),
    )
    found = sorted({database, *(int(row["database"]) for row in others)})
    late = db.execute(
        "SELECT id FROM databases WHERE merged_into = ?", (found[0],)
    ).fetchall()
    found += [int(row["id"]) for row in late if is_used(db, row["id"])]
    if len(found) == 1 or any(is_held(db, each) for each in found):
        return database, []
    into, *rest = found
    lines: list[str] = []
    for each in rest:
        names = f"{_label(db, into)} and {_label(db, each)}"
        both = merge(db, each, into)
        lines.append(
            f"{names} are one database: what was decided at either is one by now"
            + (f", the newer where both had something ({both})." if both else ".")
        )
    return into, lines


def note(
    db: sqlite3.Connection, answer: DatabaseIdentity, database: int, at: str
) -> None:
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


def _label(db: sqlite3.Connection, database: int) -> str:
    found = db.execute("SELECT label FROM databases WHERE id = ?", (database,))
    return str(found.fetchone()["label"])
