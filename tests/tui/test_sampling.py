"""Samples are taken ahead, once each, and the file is given back."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import duckdb
import pytest

from catalog.errors import ColumnistError
from catalog.objects import Profile, Table
from connectors.database import Database
from connectors.dialects.duckdb import DuckDBFile
from model.personal import inside
from tui.flow import draft_plan, drafting, scanning
from tui.flow.prefetch import Sampler
from tui.flow.session import Session


@pytest.fixture
def tables(session: Session) -> list[Table]:
    return list(scanning.scan(session))


def test_samples_are_those_of_the_database_and_the_file_is_free_again(
    session: Session, tables: list[Table], shop: Path
) -> None:
    sampler = Sampler(session, stop=lambda: False)
    for table in tables:
        sampler.ask(table)
    for table in tables:
        found = sampler.take(table.id, wait=True)
        assert found == inside(table, session.database.profile(table))
        assert sampler.take(table.id, wait=False) is None
    deadline = time.monotonic() + 20
    while True:  # another program may write once nothing is asked for
        try:
            with duckdb.connect(str(shop)) as connection:
                connection.execute("CREATE TABLE main.other (a INTEGER)")
            break
        except duckdb.Error:
            assert time.monotonic() < deadline
            time.sleep(0.05)
    sampler.close()


def test_what_is_wanted_at_once_goes_before_those_that_wait(
    session: Session, tables: list[Table], monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    go = threading.Event()

    def profile(self: Database, table: Table, **_: object) -> dict[str, Profile]:
        order.append(table.id.name)
        go.wait(20)
        return {}

    monkeypatch.setattr(Database, "profile", profile)
    sampler = Sampler(session, stop=lambda: False)
    first, second, third, *_ = tables
    sampler.ask(first)
    while not order:
        time.sleep(0.01)
    sampler.ask(second)
    sampler.ask(third)
    sampler.ask(third, at_once=True)
    sampler.ask(second)  # is asked for already
    go.set()
    for table in (first, second, third):
        assert sampler.take(table.id, wait=True) == {}
    assert order == [first.id.name, third.id.name, second.id.name]
    sampler.close()


def test_others_who_use_the_database_meanwhile_are_not_kept_waiting(
    session: Session, tables: list[Table], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once the two waited for each other, until DuckDB's ten seconds were over."""
    connect = DuckDBFile._connect
    opening = threading.Event()

    def slowly(self: DuckDBFile, deadline: float, *, write: bool) -> object:
        opening.set()
        time.sleep(0.3)
        return connect(self, deadline, write=write)

    monkeypatch.setattr(DuckDBFile, "_connect", slowly)
    sampler = Sampler(session, stop=lambda: False)
    sampler.ask(tables[0])
    assert opening.wait(10)
    with session.lock:  # as the review screen does
        assert session.database.profile(tables[1])
    assert sampler.take(tables[0].id, wait=True)
    sampler.close()


def test_a_file_that_cannot_be_opened_costs_the_sample_alone(
    session: Session, tables: list[Table], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Database) -> None:
        raise ColumnistError("It is held.")

    monkeypatch.setattr(Database, "hold_open", refuse)
    sampler = Sampler(session, stop=lambda: False)
    for table in tables[:2]:
        sampler.ask(table)
        assert sampler.take(table.id, wait=True) == {}
    sampler.close()


def test_a_defect_is_told_to_whoever_waits(
    session: Session, tables: list[Table], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: Database, table: Table, **_: object) -> dict[str, Profile]:
        raise ZeroDivisionError

    monkeypatch.setattr(Database, "profile", fail)
    plan = draft_plan.plan_drafts(session)
    with pytest.raises(ZeroDivisionError):
        list(drafting.draft(session, plan))


def test_closing_ends_it_with_samples_still_wanted(
    session: Session, tables: list[Table]
) -> None:
    sampler = Sampler(session, stop=lambda: True)
    for table in tables:
        sampler.ask(table)
    assert sampler.take(tables[0].id, wait=True) == {}
    sampler.close()
    assert not sampler._thread.is_alive()
