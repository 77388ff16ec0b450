"""What the database did not take is not stuck: by run, by key and by right."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from catalog.change import CommentChange, Outcome, WriteResult
from catalog.objects import TableId
from catalog.suggestion import Draft, Source, State
from catalog.suggestions import Suggestions
from catalog.workspace import Workspace
from connectors.connect import open_database
from tests.servers import Server, execute
from tests.tui.test_pilot import (  # noqa: F401  # fixtures
    ORDERS,
    STATUS,
    drafted,
    opened,
    state,
    store,
    to_orders,
)
from tui.flow import scanning, writes
from tui.flow.plan import plan_writes
from tui.flow.session import Session, attach
from tui.flow.settings import Settings


@contextmanager
def session_at(url: str, settings: Settings) -> Iterator[Session]:
    session = attach(settings, Workspace(settings.workspace), open_database(url))
    try:
        yield session
    finally:
        session.close()


@pytest.mark.live
def test_a_right_that_was_granted_since_is_noticed(
    postgresql_url: str, postgresql_server: Server, settings: Settings
) -> None:
    """The catalog as last read went on saying that nobody may."""
    user = f"ann{time.monotonic_ns() % 10**12}"
    execute(
        postgresql_url,
        "CREATE TABLE t (a integer)",
        f"CREATE ROLE {user} LOGIN PASSWORD 'ann'",
    )
    name = postgresql_url.rsplit("/", 1)[1]
    url = postgresql_server.with_user(user, "ann", database=name)
    table = TableId("public", "t")
    try:
        with session_at(url, settings) as session:
            for _ in scanning.scan(session):
                pass
            draft = Draft(table, "Things.", Source.IMPORTED, 1.0)
            session.suggestions.put([(draft, None)])
            session.suggestions.accept(session.suggestions.all())
            for _ in range(2):
                (result,) = writes.apply(session)
                assert result.outcome is Outcome.REFUSED
                (refused,) = session.suggestions.all()
                assert refused.state is State.REFUSED
            execute(postgresql_url, f"ALTER TABLE t OWNER TO {user}")
            planned = plan_writes(session, session.suggestions.staged())
            assert len(planned.statements) == 1
            (result,) = writes.apply(session)
            assert result.outcome is Outcome.WRITTEN
    finally:
        execute(postgresql_url, f"DROP OWNED BY {user}", f"DROP ROLE {user}")


async def test_keys_decide_on_what_was_refused(
    settings: Settings,
    shop: Path,
    drafted: Suggestions,  # noqa: F811
) -> None:
    drafted.accept(drafted.all())
    refused = [
        WriteResult(CommentChange(t, None, f"About {t.name}."), Outcome.REFUSED, "")
        for t in drafted.of_table(ORDERS)
    ]
    drafted.record(refused)
    async with opened(settings, shop) as (app, pilot):
        screen = await to_orders(app, pilot)
        assert screen._line is not None
        assert screen._line.undecided
        await pilot.press("a")
        assert state(drafted, ORDERS)[0] is State.ACCEPTED
        await pilot.press("A", "y")
        await pilot.pause()
        assert state(drafted, STATUS)[0] is State.ACCEPTED
        drafted.record(refused)
        await pilot.press("R", "y")
        await pilot.pause()
        assert state(drafted, STATUS)[0] is State.REJECTED
