"""Numbered changes of the workspace's schema; each runs once, in a transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

Migration = Callable[[sqlite3.Connection], None]


def m001_first_light(db: sqlite3.Connection) -> None:
    """Databases, their snapshot, suggestions, decisions, the ledger and leases."""
    for statement in (
        """CREATE TABLE databases (
            id INTEGER PRIMARY KEY,
            key TEXT NOT NULL UNIQUE,
            label TEXT NOT NULL,
            url TEXT NOT NULL,
            scanned_at TEXT,
            opened_at TEXT NOT NULL
        )""",
        """CREATE TABLE tables (
            database INTEGER NOT NULL REFERENCES databases(id),
            schema TEXT NOT NULL,
            name TEXT NOT NULL,
            kind TEXT NOT NULL,
            row_estimate INTEGER,
            described INTEGER NOT NULL,
            columns INTEGER NOT NULL,
            columns_described INTEGER NOT NULL,
            body TEXT NOT NULL,
            scan INTEGER NOT NULL,
            PRIMARY KEY (database, schema, name)
        ) WITHOUT ROWID""",
        """CREATE TABLE suggestions (
            id INTEGER PRIMARY KEY,
            database INTEGER NOT NULL REFERENCES databases(id),
            schema TEXT NOT NULL,
            name TEXT NOT NULL,
            column_name TEXT,
            state TEXT NOT NULL,
            text TEXT,
            drafted TEXT,
            source TEXT NOT NULL,
            confidence REAL NOT NULL,
            findings TEXT NOT NULL,
            model TEXT,
            prompt TEXT,
            origin TEXT,
            guess TEXT,
            previous TEXT,
            reason TEXT,
            created_at TEXT NOT NULL,
            current INTEGER NOT NULL DEFAULT 1
        )""",
        # char(0) cannot be part of a column name in any database we open
        """CREATE UNIQUE INDEX one_current_suggestion ON suggestions
            (database, schema, name, ifnull(column_name, char(0))) WHERE current""",
        "CREATE INDEX suggestions_by_state ON suggestions (database, state) "
        "WHERE current",
        """CREATE TABLE batches (
            id INTEGER PRIMARY KEY,
            database INTEGER NOT NULL REFERENCES databases(id),
            what TEXT NOT NULL,
            standing TEXT NOT NULL,
            at TEXT NOT NULL
        )""",
        """CREATE TABLE decisions (
            id INTEGER PRIMARY KEY,
            batch INTEGER NOT NULL REFERENCES batches(id),
            suggestion INTEGER NOT NULL REFERENCES suggestions(id),
            verdict TEXT NOT NULL,
            state_before TEXT NOT NULL,
            state_after TEXT NOT NULL,
            text_before TEXT,
            text_after TEXT,
            edit_distance INTEGER NOT NULL,
            reason_before TEXT,
            reason_after TEXT,
            who TEXT NOT NULL,
            at TEXT NOT NULL
        )""",
        "CREATE INDEX decisions_by_batch ON decisions (batch)",
        "CREATE INDEX decisions_by_suggestion ON decisions (suggestion)",
        """CREATE TABLE runs (
            id INTEGER PRIMARY KEY,
            database INTEGER NOT NULL REFERENCES databases(id),
            what TEXT NOT NULL,
            reverts INTEGER REFERENCES runs(id),
            started_at TEXT NOT NULL,
            ended_at TEXT
        )""",
        """CREATE TABLE ledger (
            id INTEGER PRIMARY KEY,
            run INTEGER NOT NULL REFERENCES runs(id),
            schema TEXT NOT NULL,
            name TEXT NOT NULL,
            column_name TEXT,
            previous TEXT,
            text TEXT,
            statement TEXT NOT NULL,
            intended_at TEXT NOT NULL,
            outcome TEXT,
            reason TEXT,
            read_back TEXT,
            closed_at TEXT
        )""",
        "CREATE INDEX ledger_by_run ON ledger (run)",
        "CREATE INDEX ledger_open ON ledger (id) WHERE outcome IS NULL",
        """CREATE TABLE leases (
            database INTEGER NOT NULL REFERENCES databases(id),
            what TEXT NOT NULL,
            token TEXT NOT NULL,
            host TEXT NOT NULL,
            pid INTEGER NOT NULL,
            process_started TEXT NOT NULL,
            who TEXT NOT NULL,
            beat_at REAL NOT NULL,
            PRIMARY KEY (database, what)
        )""",
    ):
        db.execute(statement)


def m002_rescans(db: sqlite3.Connection) -> None:
    """Fingerprints of tables, and comments whose targets have changed."""
    for statement in (
        "ALTER TABLE tables ADD COLUMN fingerprint TEXT NOT NULL DEFAULT ''",
        """CREATE TABLE outdated (
            database INTEGER NOT NULL REFERENCES databases(id),
            schema TEXT NOT NULL,
            name TEXT NOT NULL,
            column_name TEXT NOT NULL,
            comment TEXT NOT NULL,
            why TEXT NOT NULL,
            at TEXT NOT NULL,
            PRIMARY KEY (database, schema, name, column_name)
        ) WITHOUT ROWID""",
    ):
        db.execute(statement)


def m004_unasked(db: sqlite3.Connection) -> None:
    """Questions not worth asking, and tables by the beginning of their name."""
    for statement in (
        """CREATE TABLE unasked (
            database INTEGER NOT NULL REFERENCES databases(id),
            term TEXT NOT NULL,
            PRIMARY KEY (database, term)
        ) WITHOUT ROWID""",
        "CREATE INDEX tables_by_name ON tables (database, name COLLATE NOCASE)",
    ):
        db.execute(statement)


MIGRATIONS: tuple[Migration, ...] = (m001_first_light, m002_rescans, m004_unasked)


def migrate(db: sqlite3.Connection) -> None:
    """Bring the file up to date; every step is one transaction."""
    while True:
        db.execute("BEGIN IMMEDIATE")
        try:
            (version,) = db.execute("PRAGMA user_version").fetchone()
            if version >= len(MIGRATIONS):
                db.execute("COMMIT")
                return
            MIGRATIONS[version](db)
            db.execute(f"PRAGMA user_version = {version + 1}")
            db.execute("COMMIT")
        except BaseException:
            db.execute("ROLLBACK")
            raise
