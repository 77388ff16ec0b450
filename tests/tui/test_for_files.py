"""Drafting is for everyone who may read: what takes no comment goes to files."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

import pytest

from catalog.change import Outcome
from catalog.coverage import CoverageHistory
from catalog.objects import ColumnId, TableId, Target
from catalog.snapshot import TableSummary
from catalog.suggestion import Source
from tests.servers import Server, execute
from tests.tui.test_ways_out import session_at
from tui.flow import draft_plan, drafting, scanning, writes
from tui.flow.session import Session
from tui.flow.settings import Settings


def draft_all(session: Session) -> draft_plan.DraftPlan:
    for _ in scanning.scan(session):
        pass
    plan = draft_plan.plan_drafts(session)
    for _ in drafting.draft(session, plan):
        pass
    return plan


def shares(session: Session) -> tuple[float | None, float, float]:
    """The coverage as told by the snapshot, its list of tables, and the history."""
    CoverageHistory(session.workspace, session.database_id).record()
    last = CoverageHistory(session.workspace, session.database_id).points()[-1]
    _, total = session.snapshot.coverage()
    described = sum(s.described + s.columns_described for s in _all(session))
    return (
        total.share,
        described / sum(1 + s.columns for s in _all(session)),
        (last.tables_described + last.columns_described) / (last.tables + last.columns),
    )


def _all(session: Session) -> list[TableSummary]:
    return session.snapshot.summaries()


def accept_all(session: Session) -> None:
    waiting = session.suggestions.all()
    session.suggestions.say_of_all(waiting, "Said by a person.")


def test_accepted_texts_make_a_file_that_holds_no_comments_described(
    tmp_path: Path, settings: Settings
) -> None:
    path = tmp_path / "app.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE orders (order_id INTEGER, order_date TEXT)")
    with session_at(f"sqlite:///{path}", settings) as session:
        plan = draft_all(session)
        assert plan.for_files.total() == plan.targets == 3
        assert shares(session) == (0.0, 0.0, 0.0)
        accept_all(session)
        assert shares(session) == (1.0, 1.0, 1.0)
        assert {each.outcome for each in writes.apply(session)} == {Outcome.REFUSED}
        assert shares(session) == (1.0, 1.0, 1.0)
        session.suggestions.reject(session.suggestions.all())
        assert shares(session) == (0.0, 0.0, 0.0)


@pytest.mark.live
def test_who_may_not_comment_gets_drafts_to_export(
    postgresql_url: str, postgresql_server: Server, settings: Settings
) -> None:
    """It said that all was described or had a draft, and nothing was."""
    user = f"ann{time.monotonic_ns() % 10**12}"
    execute(
        postgresql_url,
        "CREATE TABLE theirs (order_id integer, order_date date)",
        "COMMENT ON COLUMN theirs.order_date IS 'Day of the order.'",
        "CREATE TABLE own (order_date date)",
        f"CREATE ROLE {user} LOGIN PASSWORD 'ann'",
        f"GRANT SELECT ON theirs TO {user}",
        f"ALTER TABLE own OWNER TO {user}",
    )
    name = postgresql_url.rsplit("/", 1)[1]
    url = postgresql_server.with_user(user, "ann", database=name)
    try:
        with session_at(url, settings) as session:
            plan = draft_all(session)
            assert plan.notes() == [
                "Of 4 descriptions to draft 2 can be written to the database;"
                " 2 can only be exported:",
                "  2: only its owner steward may comment on it",
            ]
            drafts = {each.target: each.draft for each in session.suggestions.all()}
            assert len(drafts) == 4
            # What others wrote is there to inherit, though not ours to change.
            date = ColumnId(TableId("public", "own"), "order_date")
            assert drafts[date].source is Source.INHERITED
            accept_all(session)
            assert shares(session)[0] == 0.6  # own is not described before it is
            results = list(writes.apply(session))
            assert sum(r.outcome is Outcome.WRITTEN for r in results) == 2
            assert shares(session) == (1.0, 1.0, 1.0)
    finally:
        execute(postgresql_url, f"DROP OWNED BY {user}", f"DROP ROLE {user}")


@pytest.mark.live
def test_views_that_hold_no_comment_are_drafted_too(
    mariadb_url: str, settings: Settings
) -> None:
    execute(
        mariadb_url,
        "CREATE TABLE orders (order_id INTEGER COMMENT 'Number of the order.')",
        "CREATE VIEW recent AS SELECT order_id, order_id + 1 AS next_id FROM orders",
    )
    with session_at(mariadb_url, settings) as session:
        plan = draft_all(session)
        view = next(table for table in plan.work if table.name == "recent")
        # The view's first column shows the comment of the table's.
        assert plan.work[view] == (view, ColumnId(view, "next_id"))
        assert plan.for_files.total() == 2
        accept_all(session)
        list(writes.apply(session))
        assert shares(session) == (1.0, 1.0, 1.0)


@pytest.mark.live
def test_a_child_table_inherits_what_its_parents_columns_mean(
    postgresql_url: str, settings: Settings
) -> None:
    execute(
        postgresql_url,
        "CREATE TABLE animal (id integer, keeper text, food text)",
        "COMMENT ON COLUMN animal.keeper IS 'Person who looks after the animal.'",
        "COMMENT ON COLUMN animal.food IS 'What it eats.'",
        "CREATE TABLE cat (mane integer) INHERITS (animal)",
        "COMMENT ON COLUMN cat.food IS 'Meat, and of whom.'",
        "CREATE TABLE lion () INHERITS (cat)",
        "CREATE TABLE event (at date, keeper text) PARTITION BY RANGE (at)",
        "CREATE TABLE event_1 PARTITION OF event DEFAULT",
    )
    with session_at(postgresql_url, settings) as session:
        plan = draft_all(session)
        assert "event_1" not in {table.name for table in plan.work}
        found: dict[Target, tuple[str | None, str | None]] = {
            each.target: (each.text, each.draft.origin)
            for each in session.suggestions.all()
            if each.draft.source is Source.INHERITED
        }
        cat, lion = TableId("public", "cat"), TableId("public", "lion")
        keeper = ("Person who looks after the animal.", "public.animal.keeper")
        assert found == {
            ColumnId(cat, "keeper"): keeper,
            ColumnId(lion, "keeper"): keeper,
            ColumnId(lion, "food"): ("Meat, and of whom.", "public.cat.food"),
        }
