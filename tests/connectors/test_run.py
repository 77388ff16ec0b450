"""A run is a value: what is shown, saved and executed are the same bytes.

Executed is it here on a stage that records, with every dialect there is; what the
statements do is shown where there is a server to do it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.addresses import DatabaseIdentity
from catalog.change import CommentChange, Outcome
from catalog.objects import (
    Column,
    ColumnId,
    Table,
    TableId,
    TableKind,
    Target,
    column_of,
)
from connectors.database import Database
from connectors.database_session import DatabaseSession, Row, SessionSource
from connectors.definition import slice_table
from connectors.dialects.dialect import Dialect, dialect_named, dialect_names
from connectors.limits import Limits
from connectors.run import Allowed, Part, Run, Statement
from connectors.script import render_script
from tests.connectors.nasty import NAMES, PLAIN_TEXTS, SUPPLEMENTARY
from tests.connectors.recording import RecordingLedger
from tests.connectors.targets import (
    Proved,
    changes_to,
    execute_run,
    fresh,
    outcomes,
    plan,
)
from tui.app.screens.write_rows import Planned, change_of, plan_rows, row_sql

COLUMNS = ("a", "b'`\"c", "d e")
CREATE = (
    "CREATE TABLE `t` (\n  `a` int(11) NOT NULL DEFAULT 7 CHECK (`a` > 0),\n"
    "  `b'``\"c` varchar(9) DEFAULT 'it''s',\n  `d e` text\n) ENGINE=InnoDB"
)
CONTROL = ("BEGIN", "COMMIT", "ROLLBACK", "LOCK TABLES", "UNLOCK TABLES")


class Stage(SessionSource):
    """A database that records its statements and believes what their run says."""

    def __init__(self, dialect: Dialect, tables: Sequence[Table]) -> None:
        self.tables = {table.id: table for table in tables}
        self.run = Run()
        self.ran: list[str] = []
        self.comments: dict[Target, str | None] = {}
        self.begun: list[CommentChange] | None = None
        self.database = Database(
            DatabaseIdentity("stage:", "stage"),
            dialect,
            "stage://",
            self,
            limits=Limits(connections=1),  # two would take turns as they like
        )
        for name in ("pin", "read", "comments", "kinds", "printed"):
            if hasattr(dialect, name):
                setattr(dialect, name, getattr(self, f"said_{name}"))

    def open(self, *, write: bool) -> DatabaseSession:
        return StageSession(self)

    def close(self) -> None:
        return

    def plan(self, changes: Sequence[CommentChange]) -> Run:
        work = [
            (table, [c for c in changes if c.target in set(table.targets())])
            for table in self.tables.values()
        ]
        allowed = Allowed(unproved=True, rebuild=True)
        self.run = self.database.plan_run(work, allowed)
        return self.run

    def execute(self, sql: str) -> None:
        self.ran.append(sql)
        made = [
            change
            for statement in self.run.statements
            if statement.sql == sql
            for change in statement.changes
        ]
        if sql == "BEGIN":
            self.begun = []
        elif sql == "ROLLBACK":
            self.begun = None
        elif sql == "COMMIT":
            made, self.begun = self.begun or [], None
        if self.begun is not None:
            self.begun += made
        else:
            self.comments |= {change.target: change.text or None for change in made}

    # What the dialect would ask for:

    def said_pin(self, session: DatabaseSession) -> None:
        return

    def said_read(
        self, session: DatabaseSession, table_id: TableId, *, brief: bool = False
    ) -> Table:
        table = self.tables[table_id]
        columns = tuple(
            column._replace(comment=self.comments.get(column.id))
            for column in table.columns
        )
        return replace(table, comment=self.comments.get(table_id), columns=columns)

    def said_comments(
        self, session: DatabaseSession, tables: Sequence[TableId]
    ) -> dict[Target, str]:
        return {target: text for target, text in self.comments.items() if text}

    def said_kinds(
        self, session: DatabaseSession, tables: Sequence[TableId]
    ) -> dict[TableId, TableKind]:
        return {table.id: table.kind for table in self.tables.values()}

    def said_printed(self, session: DatabaseSession, table_id: TableId) -> str | None:
        table = self.tables[table_id]
        there = {column_of(t): self.comments.get(t) for t in table.targets()}
        return slice_table(CREATE).with_comments(there)


class StageSession(DatabaseSession):
    """A session on it."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    def run(self, sql: str) -> None:
        self._stage.execute(sql)

    def rows(self, sql: str, **parameters: object) -> list[Row]:
        return []

    def witness(self) -> DatabaseSession:
        return StageSession(self._stage)

    def close(self) -> None:
        return


def writing_dialects() -> list[str]:
    """Every dialect that has comments."""
    found = ((name, dialect_named(name)) for name in dialect_names())
    return [n for n, one in found if one is not None and not one.why_no_comments]


def stage_of(name: str, table_name: str = "t") -> Stage:
    dialect = dialect_named(name)
    assert dialect is not None
    kinds = [*dict.fromkeys([*dialect.table_keywords, *dialect.column_kinds])]
    tables: list[Table] = []
    for number, kind in enumerate(sorted(kinds, key=lambda kind: kind.value)):
        table_id = TableId("s", f"{table_name}{number}")
        columns = tuple(
            Column(ColumnId(table_id, column), position, "int")
            for position, column in enumerate(COLUMNS, 1)
        )
        tables.append(Table(table_id, kind, columns))
    return Stage(dialect, tables)


texts = st.one_of(
    st.sampled_from([*PLAIN_TEXTS, *SUPPLEMENTARY, "", None, "nul\0", "x" * 5000]),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=40),
)


def test_there_are_many_dialects() -> None:
    assert len(writing_dialects()) >= 17


@pytest.mark.parametrize("name", writing_dialects())
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_what_is_shown_saved_and_executed_are_the_same_bytes(
    name: str, data: st.DataObject
) -> None:
    stage = stage_of(name, data.draw(st.sampled_from(NAMES)))
    targets = [t for table in stage.tables.values() for t in table.targets()]
    some = data.draw(st.lists(texts, min_size=1, max_size=5))
    changes = [
        CommentChange(target, None, some[place % len(some)])
        for place, target in enumerate(targets)
    ]
    whole = stage.plan(changes)
    assert sorted(map(str, [*whole.changes, *(c for c, _ in whole.refused)])) == sorted(
        map(str, changes)
    )
    # Lines that the steward drops stay out of all three.
    dropped = data.draw(st.sets(st.integers(0, len(whole.statements)), max_size=3))
    run = whole.without(
        {
            change
            for number, statement in enumerate(whole.statements)
            if number in dropped
            for change in statement.changes
        }
    )
    left = [s for n, s in enumerate(whole.statements) if n not in dropped]
    assert list(run.statements) == left
    planned = [statement.sql for statement in left]
    notes = [f"-- {statement.note}\n" * bool(statement.note) for statement in left]
    shown = [note + sql for note, sql in zip(notes, planned, strict=True)]
    rows = [row for row in plan_rows(run) if isinstance(row, Planned)]
    assert {row_sql(row) for row in rows} == set(shown)
    assert Counter(map(change_of, rows)) == Counter(run.changes)
    script = render_script(stage.database.dialect, run)
    place = 0
    for sql in planned:
        place = script.index(f"{sql};\n", place) + len(sql)
    ledger = RecordingLedger()
    results = execute_run(stage.database, run, ledger)
    assert [sql for sql in stage.ran if not sql.startswith(CONTROL)] == planned
    made = {change: s.sql for s in left for change in s.changes}
    assert {i.change: i.statement for i in ledger.intents.values()} == made
    ended = {r.change: r for r in results}
    assert {c: ended[c].statement for c in made} == made
    assert {ended[change].outcome for change in made} <= {Outcome.WRITTEN}
    others = {r.change: r.reason for r in results if r.change not in made}
    assert others == dict(run.refused)


@pytest.mark.parametrize("name", writing_dialects())
def test_a_comment_changed_since_it_was_planned_is_a_conflict(name: str) -> None:
    stage = stage_of(name)
    changes = [
        change
        for table in stage.tables.values()
        for change in changes_to(table, "ours")
    ]
    run = stage.plan(changes)
    changed = run.changes[-1].target
    stage.comments[changed] = "theirs"
    # What is left of a statement is of its own clauses, nothing rendered anew.
    stage.run = run.without([run.changes[-1]])
    results = execute_run(stage.database, run)
    assert outcomes([r for r in results if r.statement]) == {
        change.target: Outcome.CONFLICT if change.target == changed else Outcome.WRITTEN
        for change in run.changes
    }
    assert stage.comments[changed] == "theirs"
    ran = {sql for sql in stage.ran if not sql.startswith(CONTROL)}
    left = {statement.sql for statement in stage.run.statements}
    assert left <= ran <= left | {statement.sql for statement in run.statements}


@pytest.mark.live
def test_a_definition_changed_between_plan_and_execution_is_a_conflict(
    mariadb: Proved,
) -> None:
    """Also where all that changed is a default, which the statement would undo."""
    mariadb.run("CREATE TABLE t (a int DEFAULT 1, b int)", "CREATE TABLE u (a int)")
    database = mariadb.open()
    t, u = (fresh(database, mariadb.id(name)) for name in "tu")
    run = database.plan_run([(t, changes_to(t, "ours")), (u, changes_to(u, "ours"))])
    mariadb.run("ALTER TABLE t ALTER a SET DEFAULT 2")
    before = mariadb.run("SHOW CREATE TABLE t")[0][1]
    results = execute_run(database, run)
    a = ColumnId(t.id, "a")
    assert outcomes(results) == {
        target: Outcome.CONFLICT if target == a else Outcome.WRITTEN
        for target in (*t.targets(), *u.targets())
    }
    [conflict] = [r for r in results if r.outcome is Outcome.CONFLICT]
    assert conflict.reason == (
        "its definition was changed meanwhile: int(11) DEFAULT 1 is now int(11)"
        " DEFAULT 2"
    )
    after = str(mariadb.run("SHOW CREATE TABLE t")[0][1])
    for comment in (" COMMENT 'ours'", " COMMENT='ours'"):
        after = after.replace(comment, "")
    assert after == before
    assert fresh(database, t.id).comment_of(a) is None
    # Planned again, it is written as it is now.
    again = plan(database, fresh(database, t.id), [CommentChange(a, None, "ours")])
    assert outcomes(execute_run(database, again)) == {a: Outcome.WRITTEN}
    [[default]] = mariadb.run("SELECT default(a) FROM (SELECT 1) x LEFT JOIN t ON 1")
    assert str(default) == "2"


def test_a_statement_keeps_its_clauses_where_some_are_left_out() -> None:
    table = TableId("s", "t")
    changes = [CommentChange(ColumnId(table, name), None, name) for name in "abc"]
    parts = tuple(Part(change, f"SET {change.text}") for change in changes)
    statement = Statement(parts, "ALTER t ", ", NOW")
    assert statement.sql == "ALTER t SET a, SET b, SET c, NOW"
    assert statement.only(changes) is statement
    assert statement.only([]) is None
    left = statement.only([changes[0], changes[2]])
    assert left is not None
    assert left.sql == "ALTER t SET a, SET c, NOW"
    assert [half.sql for half in statement.halves()] == [
        "ALTER t SET a, NOW",
        "ALTER t SET b, SET c, NOW",
    ]
