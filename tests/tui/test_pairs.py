"""Two models' drafts side by side in the review: shown without names, chosen by key."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Static, TextArea
from typer.testing import CliRunner

from catalog.objects import ColumnId, TableId, Target, make_target
from catalog.pairs import Fate, PairOutcome, Pairs, outcomes
from catalog.suggestion import Draft, Finding, Source, State, Suggestion
from catalog.suggestions import Suggestions
from catalog.trial import Favoured, drawn_order
from catalog.workspace import Workspace
from connectors.connect import identify
from tests.tui import test_pilot
from tests.tui.review import details, drawn, go, place, told
from tests.tui.test_pilot import ORDERS, STATUS, opened, settled, to_orders, until
from tui.app.app import ColumnistApp
from tui.app.screens.bulk import AcceptModal
from tui.app.screens.facets import FACETS, Facet
from tui.app.screens.inspect import InspectModal
from tui.app.screens.review import ReviewScreen
from tui.cli import app as columnist
from tui.flow.pair_votes import pair_votes
from tui.flow.settings import Settings

store = test_pilot.store
drafted = test_pilot.drafted

MODELS = ("apple-7b", "pear-1b")
ROUND, LONG = "Round words.", "Long words."
TEXTS = dict(zip(MODELS, (ROUND, LONG), strict=True))
DATE, AMOUNT = (
    make_target("sales", "orders", name) for name in ("order_date", "total_amount")
)
SIZES = [(80, 24), (120, 40), (200, 60)]


class House:
    """The shop with two drafts of all of sales.orders."""

    def __init__(self, shop: Path, drafted: Suggestions) -> None:
        self.url = f"duckdb:///{shop}"
        self.key = identify(self.url).key
        self.store = drafted
        self.workspace: Workspace = drafted._workspace
        pairs = Pairs(self.workspace, drafted._database, self.key, MODELS)
        for number, model in enumerate(MODELS):
            pairs.put(
                model,
                [
                    (self.draft(target, model, 0.9 - number / 2), None)
                    for target in drafted.of_table(ORDERS)
                ],
            )

    def draft(self, target: Target, model: str, sure: float) -> Draft:
        found = (Finding.RESTATES,) if model == MODELS[1] else ()
        source = Source.MODEL if model == MODELS[0] else Source.RULES
        made = Draft(target, TEXTS[model], source, sure, found, model, "f00dcafe")
        return made

    def texts(self, target: Target = STATUS) -> list[str]:
        return [TEXTS[model] for model in self.order(target)]

    def order(self, target: Target = STATUS) -> tuple[str, str]:
        return drawn_order(self.key, target, MODELS)

    def of(self, target: Target = STATUS) -> Suggestion:
        return self.store.of_table(ORDERS)[target]

    def state(self, target: Target = STATUS) -> tuple[State, str | None]:
        return self.of(target).state, self.of(target).text

    def outcome(self, target: Target = STATUS) -> PairOutcome:
        found = outcomes(self.workspace, None, MODELS)
        return next(each for each in found if each.target == target)


@pytest.fixture
def house(shop: Path, drafted: Suggestions) -> House:
    return House(shop, drafted)


def screen_text(app: ColumnistApp) -> str:
    """All that stands on the screen, whatever lies over what."""
    return "\n".join(strip.text for strip in app.screen._compositor.render_strips())


def names_nothing(text: str) -> None:
    """Neither who wrote what, nor what would tell."""
    for word in (*MODELS, "by model", "by rules", "likely", "90%", "40%", "f00dcafe"):
        assert word not in text
    for mark in "▅▃▁":
        assert mark not in text


def row(screen: ReviewScreen, name: str) -> list[str]:
    """The lines of a column's row in the list."""
    rows = drawn(screen)
    at = next(n for n, line in enumerate(rows) if name in line)
    return rows[at : at + 2]


# What is shown


@pytest.mark.parametrize("size", SIZES)
async def test_both_texts_stand_in_the_list_with_their_keys(
    settings: Settings, shop: Path, house: House, size: tuple[int, int]
) -> None:
    async with opened(settings, shop, size=size) as (app, pilot):
        screen = await to_orders(app, pilot)
        await go(pilot, screen, STATUS)
        await pilot.pause()
        signs = [f"{'†' if text == LONG else ''}{text}" for text in house.texts()]
        one, two = row(screen, "status")
        assert one.endswith(f"1 {signs[0]}")
        assert two.endswith(f"2 {signs[1]}")
        names_nothing(f"{one}\n{two}")


@pytest.mark.parametrize("size", SIZES)
async def test_the_details_say_what_to_press_and_name_nobody(
    settings: Settings, shop: Path, house: House, size: tuple[int, int]
) -> None:
    async with opened(settings, shop, size=size) as (app, pilot):
        screen = await to_orders(app, pilot)
        for target in (STATUS, AMOUNT, ORDERS):
            await go(pilot, screen, target)
            await pilot.pause()
            shown = " ".join(details(screen).split())
            assert "two drafts, unnamed until you choose" in shown
            assert "1 or 2 takes the better one, 0 if neither is" in shown
            number = house.texts(target).index(LONG) + 1
            assert f"{number} says no more than the name does" in shown
            names_nothing(shown)


async def test_the_whole_screen_names_nobody_until_the_vote(
    settings: Settings, shop: Path, house: House
) -> None:
    async with opened(settings, shop, size=(200, 60)) as (app, pilot):
        screen = await to_orders(app, pilot)
        await go(pilot, screen, STATUS)
        await pilot.pause()
        shown = screen_text(app)
        assert not any(word in shown for word in (*MODELS, "f00dcafe"))
        await pilot.press("1")
        await go(pilot, screen, STATUS)
        await pilot.pause()
        assert house.of().draft.model == house.order()[0]
        said = "by model" if house.order()[0] == MODELS[0] else "by rules"
        assert said in details(screen)


async def inspected(app: ColumnistApp, pilot: Pilot[None]) -> str:
    await pilot.press("i")
    await until(pilot, lambda: isinstance(app.screen, InspectModal))
    history = app.screen.query_one("#history", Static)
    await until(pilot, lambda: "History" in str(history.visual))
    await pilot.press("p")
    prompt = app.screen.query_one("#prompt", Static)
    await until(pilot, lambda: bool(str(prompt.visual)))
    await settled(app, pilot)
    parts = [str(each.visual) for each in app.screen.query(Static)]
    await pilot.press("escape")
    await until(pilot, lambda: isinstance(app.screen, ReviewScreen))
    return "\n".join(parts)


async def test_inspecting_has_both_and_no_name_no_history_of_them_and_no_prompt(
    settings: Settings, shop: Path, house: House
) -> None:
    async with opened(settings, shop) as (app, pilot):
        await go(pilot, await to_orders(app, pilot), STATUS)
        shown = await inspected(app, pilot)
        names_nothing(shown)
        assert all(text in shown for text in TEXTS.values())
        assert "would tell which model wrote what" in shown


async def test_a_filter_by_source_confidence_lists_neither(
    settings: Settings, shop: Path, house: House
) -> None:
    """The catalog's and the review's `f`, which would tell them apart."""
    async with opened(settings, shop) as (app, pilot):
        screen = await to_orders(app, pilot)
        hinting: list[Facet] = [
            f for f in FACETS if f.group in ("source", "confidence")
        ]
        for facet in hinting:
            screen._facets = frozenset([facet])
            screen._narrow()
            listed = [
                line.target for line in screen._lines if screen._tables.fits(line)
            ]
            assert STATUS not in listed


async def test_other_wordings_would_tell_and_wait(
    settings: Settings, shop: Path, house: House
) -> None:
    async with opened(settings, shop) as (app, pilot):
        screen = await to_orders(app, pilot)
        await go(pilot, screen, STATUS)
        for key in ("t", "T"):
            await pilot.press(key)
            assert "would tell which model wrote what" in told(screen)[-1]
            assert app.screen is screen
        await pilot.press("3")
        assert "1 or 2 takes the better one" in told(screen)[-1]
        await pilot.press("c")
        assert "Two drafts stand here" in told(screen)[-1]
        assert house.state()[0] is State.PENDING


def test_lists_and_exports_name_nobody(house: House) -> None:
    call = ["--workspace", str(house.workspace.path), "suggestions", house.url]
    call += ["--table", "sales.orders"]
    for more in ((), ("--jsonl",)):
        shown = CliRunner().invoke(columnist, [*call, *more])
        assert shown.exit_code == 0, shown.output
        assert house.texts()[0] in shown.stdout
        for word in (*MODELS, "rules", "0.9", "0.4", "likely", "f00dcafe"):
            assert word not in shown.stdout
    lines = CliRunner().invoke(columnist, [*call, "--jsonl"]).stdout.splitlines()
    assert {json.loads(line)["model"] for line in lines} == {None}
    csv = [*call[:2], "export", house.url, "--format", "csv"]
    exported = CliRunner().invoke(columnist, csv).stdout
    assert not any(word in exported for word in (*MODELS, *TEXTS.values()))


async def test_bulk_leaves_them_and_says_so(
    settings: Settings, shop: Path, house: House
) -> None:
    async with opened(settings, shop) as (app, pilot):
        screen = await to_orders(app, pilot)
        await pilot.press("A")
        await settled(app, pilot)
        assert "6 two drafts" in told(screen)[-1]
        await pilot.press("q")
        await pilot.press("A")
        await until(pilot, lambda: isinstance(app.screen, AcceptModal))
        await pilot.pause()
        text = screen_text(app)
        assert "6 where two drafts stand; 1 or 2 takes one" in text
        await pilot.press("y")
        await settled(app, pilot)
        assert house.state()[0] is State.PENDING
    done = CliRunner().invoke(
        columnist,
        ["--workspace", str(house.workspace.path), "accept", house.url, "--all"],
    )
    assert "6 two drafts" in done.stdout


# Keys


@pytest.mark.parametrize("size", SIZES[:2])
@pytest.mark.parametrize(("key", "number"), [("1", 0), ("2", 1), ("0", 0)])
async def test_a_key_takes_one_with_its_vote_and_u_takes_both_back(
    settings: Settings,
    shop: Path,
    house: House,
    size: tuple[int, int],
    key: str,
    number: int,
) -> None:
    fate = Fate.TIE if key == "0" else Fate.VOTED
    winner = None if key == "0" else house.order(DATE)[number]
    accepted = (State.ACCEPTED, house.texts(DATE)[number])
    async with opened(settings, shop, size=size) as (app, pilot):
        screen = await to_orders(app, pilot)
        await go(pilot, screen, DATE)
        await pilot.press(key)
        assert screen._target == AMOUNT  # on to the next
        assert house.state(DATE) == accepted
        outcome = house.outcome(DATE)
        assert (outcome.fate, outcome.winner) == (fate, winner)
        # Whose it is, is known from then on: it is that model's own draft.
        taken = house.of(DATE)
        assert taken.draft.model == house.order(DATE)[number]
        assert (taken.author, taken.rank) == (None, None)
        await pilot.press("u")
        assert screen._target == DATE
        assert house.outcome(DATE).fate is Fate.OPEN
        one, two = row(screen, "order_date")
        assert house.texts(DATE)[0] in one
        assert house.texts(DATE)[1] in two
        await pilot.press("U")
        assert house.state(DATE) == accepted
        outcome = house.outcome(DATE)
        assert (outcome.fate, outcome.winner) == (fate, winner)


async def test_a_alone_takes_neither(
    settings: Settings, shop: Path, house: House
) -> None:
    async with opened(settings, shop) as (app, pilot):
        screen = await to_orders(app, pilot)
        await go(pilot, screen, STATUS)
        await pilot.press("a")
        assert house.state()[0] is State.PENDING
        assert "1 or 2 takes the better one, 0 if neither is" in told(screen)[-1]


async def edited(pilot: Pilot[None]) -> None:
    await pilot.press("e", *" More", "enter")


async def rejected(pilot: Pilot[None]) -> None:
    await pilot.press("r")


async def because(pilot: Pilot[None]) -> None:
    await pilot.press("x", "v")


@pytest.mark.parametrize(
    ("act", "state", "fate"),
    [
        (edited, State.EDITED, Fate.EDITED),
        (rejected, State.REJECTED, Fate.REJECTED),
        (because, State.REJECTED, Fate.REJECTED),
    ],
)
async def test_other_keys_work_and_are_no_votes(
    settings: Settings,
    shop: Path,
    house: House,
    act: Callable[[Pilot[None]], object],
    state: State,
    fate: Fate,
) -> None:
    async with opened(settings, shop) as (app, pilot):
        screen = await to_orders(app, pilot)
        await go(pilot, screen, STATUS)
        await act(pilot)  # type: ignore[misc]
        await pilot.pause()
        assert house.state()[0] is state
        assert (house.outcome().fate, house.outcome().winner) == (fate, None)
        await pilot.press("u")
        assert house.outcome().fate is Fate.OPEN


async def test_going_on_without_a_word_is_no_vote_and_e_begins_with_the_first(
    settings: Settings, shop: Path, house: House
) -> None:
    async with opened(settings, shop) as (app, pilot):
        screen = await to_orders(app, pilot)
        await go(pilot, screen, STATUS)
        await pilot.press("N", "y")
        assert house.outcome().fate is Fate.OPEN
        await go(pilot, screen, STATUS)
        await pilot.press("2", "u", "e")
        assert screen.query_one(TextArea).text == house.texts()[0]
        await pilot.press("escape")


async def test_0_and_2_elsewhere_do_what_they_say(
    settings: Settings, shop: Path, house: House
) -> None:
    async with opened(settings, shop) as (app, pilot):
        screen = await to_orders(app, pilot)
        await go(pilot, screen, STATUS)
        await pilot.press("1")
        await go(pilot, screen, STATUS)
        await pilot.press("0")
        assert told(screen)[-1] == "0 is for two drafts side by side."
        await pilot.press("2")
        assert "There is no such wording" in told(screen)[-1]
        assert house.outcome().fate is Fate.VOTED


async def test_another_window_voted_meanwhile(
    settings: Settings, shop: Path, house: House
) -> None:
    async with opened(settings, shop) as (app, pilot):
        screen = await to_orders(app, pilot)
        await go(pilot, screen, STATUS)
        seen = house.of()
        house.store.vote(seen, Favoured.SECOND)
        screen._others = screen._session.workspace.others()  # it has not heard of it
        await pilot.press("1")
        assert house.state() == (State.ACCEPTED, house.texts()[1])
        assert house.outcome().winner == house.order()[1]
        await until(pilot, lambda: "✓" in row(screen, "status")[0])


# How far it is


async def test_a_quiet_line_tells_how_far_it_is_and_not_who_leads(
    settings: Settings, shop: Path, house: House
) -> None:
    async with opened(settings, shop, size=(80, 24)) as (app, pilot):
        screen = await to_orders(app, pilot)
        await until(pilot, lambda: "0 votes, not decided" in place(screen))
        await go(pilot, screen, STATUS)
        await pilot.press("1")
        await until(pilot, lambda: "1 vote, not decided" in place(screen))
        await pilot.press("u")
        await until(pilot, lambda: "0 votes, not decided" in place(screen))


def tables_before(house: House, number: int, winner: str, schema: str = "past") -> None:
    """So many tables of one column that a model won."""
    pairs = Pairs(house.workspace, house.store._database, house.key, MODELS)
    for at in range(number):
        target = ColumnId(TableId(schema, f"t{at}"), "c")
        for model in MODELS:
            pairs.put(model, [(house.draft(target, model, 0.5), None)])
        found = house.store.of_table(target.table)[target]
        order = drawn_order(house.key, target, MODELS)
        house.store.vote(found, list(Favoured)[order.index(winner)])


async def test_when_it_is_decided_it_says_so_with_the_command(
    settings: Settings, shop: Path, house: House
) -> None:
    tables_before(house, 10, MODELS[1])
    async with opened(settings, shop) as (app, pilot):
        screen = await to_orders(app, pilot)
        await until(pilot, lambda: "10 votes, not decided" in place(screen))
        for target in house.store.of_table(ORDERS):
            await go(pilot, screen, target)
            await pilot.press(str(house.order(target).index(MODELS[1]) + 1))
        await until(pilot, lambda: "decided after 16 votes" in place(screen))
        said = next(each for each in told(screen) if each.startswith("Decided"))
        assert said == (
            "Decided after 16 votes: texts of pear-1b are preferred to those of"
            " apple-7b; you may stop. `columnist --model pear-1b draft URL` drafts"
            " with it."
        )
        await pilot.press("u")
        await until(pilot, lambda: "15 votes, not decided" in place(screen))


# The report


def test_votes_are_told_by_vote_and_by_table(house: House, tmp_path: Path) -> None:
    tables_before(house, 6, MODELS[0])
    house.store.vote(house.of(STATUS), Favoured.TIE)
    house.store.vote(house.of(AMOUNT), Favoured.FIRST)
    house.store.reject([house.of(ORDERS)])
    call = ["--workspace", str(house.workspace.path), "metrics", house.url]
    call += ["--compare", ",".join(MODELS)]
    shown = CliRunner().invoke(columnist, call)
    assert shown.exit_code == 0, shown.output
    wins = (6, 1) if house.order(AMOUNT)[0] == MODELS[1] else (7, 0)
    assert (
        f"Side by side: 8 votes, {wins[0]} for apple-7b, {wins[1]} for pear-1b, 1 tie."
    ) in shown.stdout
    assert "No vote: 1 with both rejected, 3 left to choose." in shown.stdout
    assert "Of 6 finished tables that either won, apple-7b has 100%" in shown.stdout
    assert (
        "Go on: 8 votes so far, 6 finished tables, not decided. 1 table more will count"
        " when nothing in it is left to choose. A table is one unit"
    ) in shown.stdout
    assert "percentage points" not in shown.stdout  # nothing was split between them
    found = json.loads(CliRunner().invoke(columnist, [*call, "--json"]).stdout)
    votes = found["comparison"]["votes"]
    assert votes["by_votes"]["wins"] == dict(zip(MODELS, wins, strict=True))
    assert votes["by_tables"]["p"] == pytest.approx(2 / 64, abs=1e-6)
    assert (votes["finished_tables"], votes["unfinished_tables"]) == (6, 1)
    assert (votes["tie"], votes["rejected"], votes["open"]) == (1, 1, 3)
    assert votes["better"] is None
    page = tmp_path / "figures.html"
    assert CliRunner().invoke(columnist, [*call, "--html", str(page)]).exit_code == 0
    html = page.read_text(encoding="utf-8")
    assert "Side by side: 8 votes" in html
    assert "acceptance" not in html.split("Two models side by side")[1][:400]


def test_a_table_counts_once_and_when_nothing_in_it_is_left(house: House) -> None:
    """Columns of one table are of one mind: 30 votes of it are not 30."""

    def vote(target: Target, model: str) -> None:
        at = house.order(target).index(model)
        house.store.vote(house.of(target), list(Favoured)[at])

    targets = list(house.store.of_table(ORDERS))
    for target in targets[:-1]:
        vote(target, MODELS[0])
    before = pair_votes(house.workspace, None, MODELS)
    assert before is not None
    assert (before.votes, before.finished, before.unfinished) == (5, (), 1)
    vote(targets[-1], MODELS[1])
    after = pair_votes(house.workspace, None, MODELS)
    assert after is not None
    assert (after.wins, after.table_wins, after.unfinished) == ((5, 1), (1, 0), 0)
    swapped = pair_votes(house.workspace, None, MODELS[::-1])
    assert swapped is not None
    assert (swapped.wins, swapped.table_wins) == ((1, 5), (0, 1))


def test_what_is_decided_stays_so_whatever_becomes_of_old_texts(house: House) -> None:
    """The test goes by tables in the order in which they were finished."""

    def verdict() -> str:
        found = pair_votes(house.workspace, None, MODELS)
        assert found is not None
        return found.progress

    first = ColumnId(TableId("past", "t0"), "c")
    alike = ColumnId(TableId("past", "t1"), "same")
    pairs = Pairs(house.workspace, house.store._database, house.key, MODELS)
    for model in MODELS:
        made = replace(house.draft(alike, model, 0.5), text="The same.")
        pairs.put(model, [(made, None)])
    tables_before(house, 11, MODELS[0])
    assert verdict() == "decided after 11 votes"
    tables_before(house, 6, MODELS[1], schema="later")
    assert verdict() == "decided after 11 votes"
    house.store.edit(house.store.of_table(first.table)[first], "Other words.")
    house.store.accept([house.store.of_table(alike.table)[alike]])
    assert verdict() == "decided after 11 votes"
