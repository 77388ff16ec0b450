"""`columnist --model A,B draft --both`: both draft each table, one after the other."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from catalog.objects import table_of
from catalog.pairs import Fate, Pairs, last_models, outcomes
from catalog.suggestions import Suggestions
from catalog.trial import drawn_for_both
from catalog.workspace import Workspace
from connectors.connect import identify
from tests.model.scripted import Asked, Say, Served, models, serving
from tui.cli import app
from tui.flow.settings import Settings

MISSING = 20
"""Descriptions that the shop lacks."""
WORDS = {"one": "Stage that it has reached", "two": "How far it has come"}


class Servers:
    """Two models, and what they were told to do."""

    def __init__(self, one: Served, two: Served) -> None:
        self.one, self.two = one, two
        self.names = f"{one.url}#one,{two.url}#two"
        self.signed = f"one at {one.place}", f"two at {two.place}"


broken: set[str] = set()
"""Models whose server fails."""


def script(name: str) -> Callable[[Asked], Say]:
    def say(asked: Asked) -> Say:
        if name in broken:
            return Say(status=400, data=b'{"error": {"message": "out of order"}}')
        # What tells one column from another is in its text, so that none is alike.
        number = sum(asked.content.encode()) % 9973
        return Say(f"{WORDS[name]} by {'abcdefghij'[number % 10] * 4}.")

    return say


@pytest.fixture
def servers() -> Iterator[Servers]:
    broken.clear()
    with (
        serving(script("one"), models("one")) as one,
        serving(script("two"), models("two")) as two,
    ):
        yield Servers(one, two)


@pytest.fixture
def url(shop: Path) -> str:
    return f"duckdb:///{shop}"


@pytest.fixture
def store(settings: Settings, url: str) -> Iterator[Suggestions]:
    settings.workspace.parent.mkdir(parents=True, exist_ok=True)
    with Workspace(settings.workspace) as workspace:
        yield Suggestions(workspace, workspace.database(identify(url), url=url))


def draft(names: str, url: str, *more: str) -> Any:
    return CliRunner().invoke(app, ["--model", names, "draft", url, *more])


def fates(store: Suggestions) -> Counter[Fate]:
    names = last_models(store._workspace) or ("", "")
    return Counter(each.fate for each in outcomes(store._workspace, None, names))


def test_each_table_is_drafted_by_both_and_the_texts_meet(
    servers: Servers, url: str, store: Suggestions
) -> None:
    done = draft(servers.names, url, "--both", "--json")
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert [arm["tables"] for arm in found["models"]] == [5, 5]
    joined = found["pairs"]
    assert sum(joined.values()) == MISSING
    assert joined["to_choose"] > 5
    assert fates(store)[Fate.OPEN] == joined["to_choose"]
    assert sum(bool(each.pair) for each in store.all()) == joined["to_choose"]
    # Whoever is asked for the same again has nothing to do.
    again = draft(servers.names, url, "--both")
    assert again.stdout.startswith("Nothing to draft")


def test_a_model_that_fails_leaves_no_models_text_to_see_and_is_gone_on_with(
    servers: Servers, url: str, store: Suggestions
) -> None:
    """The first one's texts wait, unseen; it is not asked for them again.

    An inherited text, which both would have, may be there by the time of the failure.
    """
    broken.add("two")
    failed = draft(servers.names, url, "--both")
    assert failed.exit_code != 0
    assert not any(each.draft.model for each in store.all())
    asked = len(servers.one.asked)
    assert asked > 5
    broken.clear()
    # Named the other way round it is the same.
    names = ",".join(servers.names.split(",")[::-1])
    done = draft(names, url, "--both")
    assert done.exit_code == 0, done.output
    assert len(servers.one.asked) == asked
    assert fates(store)[Fate.OPEN] > 5
    assert len(store.all()) == MISSING


def test_on_a_share_of_the_tables_the_others_are_split(
    servers: Servers, url: str, store: Suggestions
) -> None:
    key = identify(url).key
    done = draft(servers.names, url, "--both", "--share", "0.5")
    assert done.exit_code == 0, done.output
    assert "Drafts of both: " in done.stdout
    names = servers.signed
    for each in store.all():
        both = drawn_for_both(key, table_of(each.target), names, 0.5)
        assert both or not each.pair


def test_what_waits_is_drafted_again_where_one_model_is_to_draft_it_alone(
    servers: Servers, url: str, store: Suggestions
) -> None:
    """It would wait for ever: no other text of it is to come."""
    broken.add("two")
    assert draft(servers.names, url, "--both").exit_code != 0
    broken.clear()
    done = draft(servers.names, url, "--both", "--share", "0")
    assert done.exit_code == 0, done.output
    assert len(store.all()) == MISSING
    assert not any(each.pair for each in store.all())


def test_redo_drafts_both_anew_and_leaves_what_was_decided(
    servers: Servers, url: str, store: Suggestions
) -> None:
    first = draft(servers.names, url, "--both")
    assert first.exit_code == 0, first.output
    before = fates(store)[Fate.OPEN]
    chosen = next(each for each in store.all() if each.pair)
    store.reject([chosen])
    assert draft(servers.names, url, "--both", "--redo").exit_code == 0
    after = fates(store)
    assert after[Fate.GONE] == before - 1
    # Samples are drawn anew, and so are some texts, but none waits for another.
    assert after[Fate.OPEN] > 5
    assert len(store.all()) == MISSING
    pairs = Pairs(store._workspace, store._database, "", servers.signed)
    assert not any(pairs.waiting(name) for name in servers.signed)


def test_redo_of_some_tables_leaves_what_waits_of_others(
    servers: Servers, url: str, store: Suggestions
) -> None:
    broken.add("two")
    assert draft(servers.names, url, "--both").exit_code != 0
    pairs = Pairs(store._workspace, store._database, "", servers.signed)
    waiting = pairs.waiting(servers.signed[0])
    assert len({table_of(each) for each in waiting}) > 1
    draft(servers.names, url, "--both", "--redo", "--table", "sales.orders")
    left = pairs.waiting(servers.signed[0])
    others = {each for each in waiting if table_of(each).name != "orders"}
    assert others == {each for each in left if table_of(each).name != "orders"}


@pytest.mark.parametrize(
    ("names", "more", "problem"),
    [
        ("one", ("--both",), "--both takes two models."),
        ("a,b", ("--share", "0.2"), "--share goes with --both."),
        ("a,b", ("--both", "--share", "2"), "Invalid value for '--share'"),
    ],
)
def test_what_makes_no_sense_is_wrong_usage(
    url: str, names: str, more: tuple[str, ...], problem: str
) -> None:
    done = draft(names, url, *more)
    said = done.output + str(done.exception)
    assert done.exit_code != 0
    assert problem in said
