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


def m003_coverage_history(db: sqlite3.Connection) -> None:
    """How much was described when: a row for each change, not for each table."""
    db.execute(
        """CREATE TABLE coverage_history (
            database INTEGER NOT NULL REFERENCES databases(id),
            at TEXT NOT NULL,
            tables INTEGER NOT NULL,
            tables_described INTEGER NOT NULL,
            columns INTEGER NOT NULL,
            columns_described INTEGER NOT NULL,
            PRIMARY KEY (database, at)
        ) WITHOUT ROWID"""
    )


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


def m005_waiting(db: sqlite3.Connection) -> None:
    """How many suggestions of each table wait, kept by triggers.

    Counting a million suggestions for a list of tables takes seconds.
    """
    for statement in (
        """CREATE TABLE waiting (
            database INTEGER NOT NULL REFERENCES databases(id),
            schema TEXT NOT NULL,
            name TEXT NOT NULL,
            undecided INTEGER NOT NULL,
            staged INTEGER NOT NULL,
            PRIMARY KEY (database, schema, name)
        ) WITHOUT ROWID""",
        # columns of one name
        "CREATE INDEX suggestions_by_column ON suggestions (database, column_name)"
        " WHERE current AND column_name IS NOT NULL",
        # the history of one object
        "CREATE INDEX suggestions_by_table ON suggestions (database, schema, name)",
        "CREATE INDEX ledger_by_table ON ledger (schema, name)",
    ):
        db.execute(statement)
    _count_waiting(db, ("pending", "abstained", "stale", "conflict"))


def _count_waiting(db: sqlite3.Connection, states: tuple[str, ...]) -> None:
    """Count what waits, and let triggers go on counting.

    Args:
        db: the open transaction.
        states: those that wait for the steward.
    """
    undecided = f"{{0}}.current AND {{0}}.state IN {states}"
    staged = "{0}.current AND {0}.state IN ('accepted', 'edited')"

    def count(row: str, sign: str) -> str:
        return (
            "INSERT OR IGNORE INTO waiting"
            f" VALUES ({row}.database, {row}.schema, {row}.name, 0, 0);"
            "UPDATE waiting SET"
            f" undecided = undecided {sign} ({undecided.format(row)}),"
            f" staged = staged {sign} ({staged.format(row)})"
            f" WHERE database = {row}.database AND schema = {row}.schema"
            f" AND name = {row}.name;"
        )

    for statement in (
        "INSERT INTO waiting SELECT database, schema, name,"
        f" sum({undecided.format('suggestions')}), sum({staged.format('suggestions')})"
        " FROM suggestions GROUP BY database, schema, name",
        "CREATE TRIGGER suggestion_added AFTER INSERT ON suggestions BEGIN "
        + count("new", "+")
        + " END",
        "CREATE TRIGGER suggestion_moved AFTER UPDATE OF state, current, schema, name"
        " ON suggestions BEGIN " + count("old", "-") + count("new", "+") + " END",
        "CREATE TRIGGER suggestion_removed AFTER DELETE ON suggestions BEGIN "
        + count("old", "-")
        + " END",
    ):
        db.execute(statement)


def m006_places(db: sqlite3.Connection) -> None:
    """Where each database was left, and the hints that were given."""
    for statement in (
        """CREATE TABLE places (
            database INTEGER PRIMARY KEY REFERENCES databases(id),
            schema TEXT NOT NULL,
            name TEXT NOT NULL,
            column_name TEXT,
            reviewing INTEGER NOT NULL
        )""",
        "CREATE TABLE hints (hint TEXT PRIMARY KEY) WITHOUT ROWID",
    ):
        db.execute(statement)


def m007_bounds(db: sqlite3.Connection) -> None:
    """What connections are bounded to is read, and its coverage noted, by itself."""
    for statement in (
        """CREATE TABLE scans (
            database INTEGER NOT NULL REFERENCES databases(id),
            bounds TEXT NOT NULL,
            scanned_at TEXT NOT NULL,
            PRIMARY KEY (database, bounds)
        ) WITHOUT ROWID""",
        "ALTER TABLE coverage_history RENAME TO coverage_before",
        """CREATE TABLE coverage_history (
            database INTEGER NOT NULL REFERENCES databases(id),
            bounds TEXT NOT NULL,
            at TEXT NOT NULL,
            tables INTEGER NOT NULL,
            tables_described INTEGER NOT NULL,
            columns INTEGER NOT NULL,
            columns_described INTEGER NOT NULL,
            PRIMARY KEY (database, bounds, at)
        ) WITHOUT ROWID""",
        "INSERT INTO coverage_history SELECT database, '', at, tables,"
        " tables_described, columns, columns_described FROM coverage_before",
        "DROP TABLE coverage_before",
    ):
        db.execute(statement)


def m008_addresses(db: sqlite3.Connection) -> None:
    """Where databases answer, and what each says that it is."""
    for statement in (
        """CREATE TABLE addresses (
            key TEXT NOT NULL,
            server TEXT NOT NULL,
            instance TEXT NOT NULL,
            database INTEGER NOT NULL REFERENCES databases(id),
            at TEXT NOT NULL,
            PRIMARY KEY (key, server)
        ) WITHOUT ROWID""",
        "CREATE INDEX addresses_by_server ON addresses (server)",
        "INSERT INTO addresses SELECT key, '', '', id, opened_at FROM databases",
    ):
        db.execute(statement)


def m009_refused_waits(db: sqlite3.Connection) -> None:
    """What the database refused waits for the steward too."""
    for trigger in ("added", "moved", "removed"):
        db.execute(f"DROP TRIGGER suggestion_{trigger}")
    db.execute("DELETE FROM waiting")
    _count_waiting(db, ("pending", "abstained", "stale", "conflict", "refused"))


def m010_documented(db: sqlite3.Connection) -> None:
    """What is described: by a comment, or where none can be by a text for files.

    Only tables that were flagged are looked into: it costs a look at every column.
    """
    accepted = (
        "EXISTS (SELECT 1 FROM suggestions s WHERE s.database = t.database"
        " AND s.schema = t.schema AND s.name = t.name AND s.current"
        " AND ifnull(s.column_name, char(0)) = {column}"
        " AND s.state IN ('accepted', 'edited', 'refused'))"
    )
    for statement in (
        "ALTER TABLE tables ADD COLUMN refuses INTEGER NOT NULL DEFAULT 0",
        "CREATE VIEW documented AS SELECT t.database, t.schema, t.name, t.kind,"
        " t.row_estimate, t.described OR t.refuses"
        " AND json_extract(t.body, '$.comment_refused') IS NOT NULL"
        f" AND {accepted.format(column='char(0)')} AS described,"
        " t.columns, t.columns_described + CASE WHEN t.refuses THEN"
        " (SELECT count(*) FROM json_each(t.body, '$.columns') c"
        " WHERE c.value ->> 5 IS NULL AND c.value ->> 6 IS NOT NULL"
        f" AND {accepted.format(column='c.value ->> 0')}) ELSE 0 END"
        " AS columns_described FROM tables t",
    ):
        db.execute(statement)


def m011_merged(db: sqlite3.Connection) -> None:
    """Databases that turned out to be another one of them, or were said not to be."""
    db.execute("ALTER TABLE databases ADD COLUMN merged_into INTEGER")
    db.execute("ALTER TABLE databases ADD COLUMN apart INTEGER NOT NULL DEFAULT 0")


def m012_undone(db: sqlite3.Connection) -> None:
    """What was undone is looked for at every decision, among all there ever were."""
    db.execute(
        "CREATE INDEX batches_undone ON batches (database) WHERE standing = 'undone'"
    )


def m013_provenance(db: sqlite3.Connection) -> None:
    """Whose words a text is, what was seen when it was decided on, and in which window.

    `a` on an edited text called it accepted: what a text is follows from text against
    draft, and what was logged otherwise is put right. Of what was decided before, one
    by one counts as seen, and several at once do not.
    """
    for statement in (
        "ALTER TABLE suggestions ADD COLUMN author TEXT",
        "ALTER TABLE suggestions ADD COLUMN rank INTEGER",
        "ALTER TABLE suggestions ADD COLUMN own_findings TEXT NOT NULL DEFAULT '[]'",
        "ALTER TABLE decisions ADD COLUMN author TEXT",
        "ALTER TABLE decisions ADD COLUMN rank INTEGER",
        "ALTER TABLE decisions ADD COLUMN own_findings TEXT NOT NULL DEFAULT '[]'",
        "ALTER TABLE decisions ADD COLUMN seen INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE batches ADD COLUMN who TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE batches ADD COLUMN window TEXT NOT NULL DEFAULT ''",
        # how many were looked at before the others were accepted with them
        "ALTER TABLE batches ADD COLUMN sampled INTEGER",
        # the action that took it back
        "ALTER TABLE batches ADD COLUMN undone INTEGER REFERENCES batches(id)",
        "UPDATE suggestions SET author = 'human',"
        " state = iif(state = 'accepted', 'edited', state) WHERE text IS NOT drafted",
        "UPDATE decisions SET author = iif(text_after IS s.drafted, NULL, 'human'),"
        " state_before = iif(state_before = 'accepted'"
        " AND text_before IS NOT s.drafted, 'edited', state_before),"
        " state_after = iif(state_after = 'accepted'"
        " AND text_after IS NOT s.drafted, 'edited', state_after),"
        " verdict = iif(verdict = 'accepted'"
        " AND text_after IS NOT s.drafted, 'edited', verdict)"
        " FROM suggestions s WHERE s.id = decisions.suggestion"
        " AND (text_before IS NOT s.drafted OR text_after IS NOT s.drafted)",
        # what an undo left was logged with the distance of what it took back
        "UPDATE decisions SET edit_distance = 0"
        " WHERE author IS NULL AND edit_distance <> 0",
        "UPDATE decisions SET seen = 1 WHERE batch IN"
        " (SELECT batch FROM decisions GROUP BY batch HAVING count(*) = 1)",
        "UPDATE batches SET who = ifnull("
        "(SELECT who FROM decisions d WHERE d.batch = batches.id LIMIT 1), '')",
        "CREATE INDEX batches_done ON batches (database, window)"
        " WHERE standing = 'done'",
    ):
        db.execute(statement)
    # The latest were undone first. Many are called alike: of two the earlier was later.
    last: dict[int, int] = {}
    undone = "SELECT id, database, what FROM batches WHERE standing = 'undone'"
    for id_, database, what in db.execute(f"{undone} ORDER BY id").fetchall():
        (log,) = db.execute(
            "SELECT max(id) FROM batches WHERE database = ? AND standing = 'log'"
            " AND what = ? AND id < ?",
            (database, f"undo: {what}", last.get(database, 1 << 62)),
        ).fetchone()
        last[database] = log
        db.execute("UPDATE batches SET undone = ? WHERE id = ?", (log, id_))


def m014_inferences(db: sqlite3.Connection) -> None:
    """What each draft took and when it was first shown; what drafting took by day.

    Of drafts that were made before, neither is known.
    """
    for statement in (
        """CREATE TABLE drafting (
            id INTEGER PRIMARY KEY,
            database INTEGER NOT NULL REFERENCES databases(id),
            day TEXT NOT NULL,
            model TEXT,
            digest TEXT,
            form TEXT NOT NULL,
            meter TEXT NOT NULL,
            seconds REAL NOT NULL,
            drafts INTEGER NOT NULL,
            columns INTEGER NOT NULL,
            prompt_tokens INTEGER NOT NULL,
            generated_tokens INTEGER NOT NULL,
            joules REAL
        )""",
        "CREATE INDEX drafting_by_day ON drafting (database, day)",
        """CREATE TABLE inferences (
            suggestion INTEGER PRIMARY KEY REFERENCES suggestions(id)
                ON DELETE CASCADE,
            drafting INTEGER REFERENCES drafting(id),
            prompt_tokens INTEGER,
            generated_tokens INTEGER,
            seconds REAL,
            shown_at TEXT
        )""",
        "INSERT INTO inferences (suggestion) SELECT id FROM suggestions"
        " WHERE source NOT IN ('human', 'imported')",
    ):
        db.execute(statement)


def m015_pairs(db: sqlite3.Connection) -> None:
    """Two models' drafts of one target: whose each is, and how they stand together.

    A draft of an arm without a place waits for the other's; with place 0 it is by
    itself; with 1 and 2 both stand side by side, each with the other's id.
    """
    for statement in (
        "ALTER TABLE suggestions ADD COLUMN arm TEXT",
        "ALTER TABLE suggestions ADD COLUMN place INTEGER",
        "ALTER TABLE suggestions ADD COLUMN rival INTEGER REFERENCES suggestions(id)",
        # which of both was favoured, whichever was accepted
        "ALTER TABLE decisions ADD COLUMN favour TEXT",
        "CREATE INDEX suggestions_of_arms ON suggestions (database, arm, place)"
        " WHERE arm IS NOT NULL",
        "CREATE INDEX pairs ON suggestions (database) WHERE place = 1",
    ):
        db.execute(statement)


MIGRATIONS: tuple[Migration, ...] = (
    m001_first_light,
    m002_rescans,
    m003_coverage_history,
    m004_unasked,
    m005_waiting,
    m006_places,
    m007_bounds,
    m008_addresses,
    m009_refused_waits,
    m010_documented,
    m011_merged,
    m012_undone,
    m013_provenance,
    m014_inferences,
    m015_pairs,
)


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
