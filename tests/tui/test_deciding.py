"""What the review shows after a decision, its own or somebody else's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from catalog.objects import table_of
from catalog.snapshot import Snapshot
from catalog.suggestion import Draft, Source, State
from catalog.suggestions import Suggestions
from tests.tui.review import heading, lines, signs
from tests.tui.test_pilot import (
    ORDERS,
    STATUS,
    drafted,
    opened,
    settled,
    state,
    store,
    to_orders,
)
from tui.app.screens.facets import Facet
from tui.app.screens.review import ReviewScreen
from tui.flow.settings import Settings

__all__ = ["drafted", "store"]  # fixtures


async def test_a_decision_on_one_reads_neither_the_table_nor_its_suggestions(
    settings: Settings,
    shop: Path,
    drafted: Suggestions,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every key read both anew: 4 ms for a table of 300 columns, and more to draw."""
    read: list[str] = []

    def noted(kind: type, name: str) -> None:
        there: Callable[..., object] = getattr(kind, name)

        def note(*arguments: object) -> object:
            read.append(name)
            return there(*arguments)

        monkeypatch.setattr(kind, name, note)

    async with opened(settings, shop) as (app, pilot):
        screen = await to_orders(app, pilot)
        waiting = len(screen._lines)
        noted(Suggestions, "of_table")
        noted(Snapshot, "table")
        await pilot.press("a")
        assert screen._target == screen._lines[1].target
        assert signs(screen)[ORDERS] == "✓"
        told = heading(screen, ORDERS)
        assert f"· {waiting - 1} to decide · 1 accepted" in told
        await pilot.press("u")
        assert signs(screen)[ORDERS] == "○"
        told = heading(screen, ORDERS)
        assert screen._target == ORDERS
        assert f"· {waiting} to decide " in told
        assert "accepted" not in told
        await pilot.press("U", "r")
        told = heading(screen, ORDERS)
        assert f"· {waiting - 2} to decide · 1 accepted" in told
        assert read == []
    assert state(drafted, ORDERS)[0] is State.ACCEPTED


async def test_a_suggestion_that_somebody_replaced_is_not_accepted_but_shown(
    settings: Settings,
    shop: Path,
    drafted: Suggestions,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # It looks by itself too, a few times a second.
    monkeypatch.setattr(ReviewScreen, "_tick", lambda self: None)
    async with opened(settings, shop) as (app, pilot):
        screen = await to_orders(app, pilot)
        drafted.put([(Draft(ORDERS, "Another.", Source.MODEL, 0.5), None)])
        assert screen._lines[0].text == "About orders."
        await pilot.press("a")
        assert screen._lines[0].text == "Another."
        assert screen._target == ORDERS  # to be read, as it is another text
        told = [each.message for each in app._notifications]
        assert any(text.startswith("Nothing was changed") for text in told)
        await pilot.press("u")
        await settled(app, pilot)
    assert state(drafted, ORDERS) == (State.PENDING, "Another.")


async def test_what_somebody_else_decided_meanwhile_is_shown_with_the_next_key(
    settings: Settings,
    shop: Path,
    drafted: Suggestions,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # It looks by itself too, a few times a second.
    monkeypatch.setattr(ReviewScreen, "_tick", lambda self: None)
    async with opened(settings, shop) as (app, pilot):
        screen = await to_orders(app, pilot)
        drafted.reject([drafted.of_table(ORDERS)[STATUS]])
        await pilot.press("a")
        assert signs(screen)[STATUS] == "✗"
        assert state(drafted, ORDERS)[0] is State.ACCEPTED


async def test_accepting_in_a_list_of_what_waits_leaves_none_out(
    settings: Settings, shop: Path, drafted: Suggestions
) -> None:
    """The next one came up in the place of what left the list, and was gone past."""
    async with opened(settings, shop) as (app, pilot):
        screen = await to_orders(app, pilot)
        screen._facets = frozenset({Facet("state", State.PENDING, State.PENDING.words)})
        screen._narrow()
        await settled(app, pilot)
        there = [
            line.target for line in lines(screen) if table_of(line.target) == ORDERS
        ]
        assert screen._target == there[0] == ORDERS
        await pilot.press("a", "a", "a")
        left = [
            line.target for line in lines(screen) if table_of(line.target) == ORDERS
        ]
        assert left == there[3:]
        assert screen._target == there[3]
        found = drafted.of_table(ORDERS)
        assert {found[target].state for target in there[:3]} == {State.ACCEPTED}
