"""The watch over a workspace: from drafts and decisions to alarms and screens."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from textual.widgets import Static
from typer.testing import CliRunner

from catalog import choice
from catalog.addresses import DatabaseIdentity
from catalog.choice import Choices
from catalog.drift import QUARTER, WEEK, Drift, Extent, Measure, monday
from catalog.errors import ColumnistError, UsageError
from catalog.metrics import DecisionLog
from catalog.objects import Column, ColumnId, Table, TableId, TableKind, make_target
from catalog.snapshot import Snapshot
from catalog.suggestion import Draft, Finding, Source
from catalog.suggestions import Suggestions
from catalog.workspace import Workspace
from tests.tui.drifting import MONDAY, Steward
from tests.tui.test_figures import drawn, numbers, to_figures
from tests.tui.test_pilot import opened, settled
from tui.app.screens.catalog import CatalogScreen
from tui.cli import app
from tui.flow.session import open_session
from tui.flow.settings import Settings, locate
from tui.flow.watching import EMPTY, TOO_FEW, basis, gather, sentence

EVIL = "[b]worse\x1b[31m\u202e<script>"


@pytest.fixture
def number(workspace: Workspace) -> int:
    return workspace.database(DatabaseIdentity("k", "l"), url="u")


@pytest.fixture
def store(workspace: Workspace, number: int) -> Suggestions:
    return Suggestions(workspace, number)


def seen(workspace: Workspace, number: int) -> Callable[[date], Drift]:
    """What one sees on the day after one that is over."""
    log = DecisionLog(workspace, number)
    return lambda day: gather(log, today=day + timedelta(days=1))


@pytest.mark.parametrize("seed", range(20))
def test_a_worse_model_alarms_within_its_week_and_nothing_does_before(
    seed: int,
    workspace: Workspace,
    number: int,
    store: Suggestions,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Twelve weeks with two looks in each, then a model whose drafts are worse."""
    look = seen(workspace, number)
    steward = Steward(store, monkeypatch, seed)
    alarms: list[object] = []
    for _ in range(12):
        steward.work("good", after=lambda day: alarms.extend(look(day).alarms))
    alarms.extend(look(steward.week - timedelta(days=1)).alarms)
    assert alarms == []
    week = steward.week
    steward.work("worse", worse=0.3)
    drift = look(week + timedelta(days=6))
    (alarm, *_) = drift.alarms
    assert (alarm.series.measure, alarm.series.scope) == (
        Measure.ACCEPTANCE,
        Extent.ALL,
    )
    assert alarm.began.week == week
    assert alarm.models == ("worse",)
    assert f"in the week of {week}" in sentence(alarm)
    assert sentence(alarm).endswith("; it began with worse.")


def test_a_day_that_is_not_over_is_not_counted(
    workspace: Workspace,
    number: int,
    store: Suggestions,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """However often one looks on a day, one sees the same."""
    Steward(store, monkeypatch).work("m", days=(0,))
    log = DecisionLog(workspace, number)
    assert gather(log, today=MONDAY).series == ()
    (first, *_) = gather(log, today=MONDAY + timedelta(days=1)).series
    assert first.points[0].tables == 40
    assert gather(log, today=MONDAY + 2 * timedelta(days=365)).series == ()


def test_what_each_measure_is_of(
    workspace: Workspace,
    number: int,
    store: Suggestions,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    at = "2026-09-06T23:59:59.000000+00:00"
    for module in ("suggestions", "decisions"):
        monkeypatch.setattr(f"catalog.{module}.now", lambda: at)
    names = ["order_id", "xqzzy", "kundennummer", "shape", "note", "status"]
    types = ["bigint", "text", "text", "geography", "text", "text"]
    table_id = TableId("s", "orders")
    columns = tuple(
        Column(ColumnId(table_id, name), place, type_)
        for place, (name, type_) in enumerate(zip(names, types, strict=True), 1)
    )
    snapshot = Snapshot(workspace, number)
    snapshot.save([Table(table_id, TableKind.TABLE, columns)], scan=snapshot.begin())

    def put(name: str, text: str | None, source: Source, previous: str | None) -> None:
        found = (Finding.LEAK,) if name == "order_id" else ()
        target = make_target("s", "orders", name)
        draft = Draft(target, text, source, 0.75, found, "m")
        store.put([(draft, previous)])

    put(
        "order_id",
        "0123456789",
        Source.MODEL,
        "Laufende Nummer der Bestellung beim Lieferanten.",
    )
    put("xqzzy", "0123456789", Source.MODEL, None)
    put("kundennummer", "0123456789", Source.RULES, "Number of the customer.")
    put("shape", "0123456789", Source.MODEL, None)
    put("note", None, Source.MODEL, None)
    put("status", "0123456789", Source.MODEL, None)
    waiting = {s.target.name: s for s in store.all()}
    store.accept([waiting["order_id"], waiting["kundennummer"]])
    store.edit(waiting["xqzzy"], "01234567")
    store.reject([waiting["shape"]])
    store.accept_chosen(Choices(workspace, number).to_accept(choice.Scope()))
    drift = seen(workspace, number)(date(2026, 9, 6))
    (point,) = {p.week for each in drift.series for p in each.points}
    assert point == MONDAY
    points = {each.measure: each.points[0] for each in drift.of(Extent.ALL)}
    found = {each: (point.value.share, point.texts) for each, point in points.items()}
    wanted = {
        Measure.ACCEPTANCE: (2 / 4, 4),
        Measure.EDITS: (0.2 / 3, 3),
        Measure.CONFIDENCE: (0.75 - 2 / 4, 4),
        Measure.FINDINGS: (1 / 5, 5),
        Measure.OWN_WORDS: (4 / 5, 5),
        Measure.NAMES: (2 / 7, 7),  # with the table's own
        Measure.TYPES: (1 / 6, 6),
        Measure.LANGUAGE: (3 / 9, 9),
    }
    assert set(found) == set(wanted)
    for measure, (share, texts) in wanted.items():
        assert found[measure][0] == pytest.approx(share), measure
        assert found[measure][1] == texts, measure
    assert not drift.told


def test_other_input_alarms_beside_what_comes_of_it(
    workspace: Workspace,
    number: int,
    store: Suggestions,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    steward = Steward(store, monkeypatch)
    for _ in range(5):
        steward.work("m")
    german = "kundennummer bestelldatum lieferant rechnungsbetrag xqz xqy xqw xqv"
    steward.work("m", name=german.split().__getitem__)
    found = seen(workspace, number)(steward.week - timedelta(days=1)).alarms
    told = {alarm.series.measure: sentence(alarm) for alarm in found}
    assert set(told) == {Measure.NAMES, Measure.LANGUAGE}
    assert "not in English in sales rose from 0% to" in told[Measure.LANGUAGE]
    assert "model" not in told[Measure.LANGUAGE]


# By command


@pytest.fixture
def fallen(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[Path, str]:
    """A workspace whose last whole week was drafted by a worse model."""
    workspace, url = tmp_path / "w.db", f"duckdb:///{shop}"
    session = open_session(locate(workspace), url)
    with monkeypatch.context() as clock:
        steward = Steward(session.suggestions, clock)
        steward.week = monday(datetime.now(UTC).date()) - 5 * WEEK
        for _ in range(4):
            steward.work("good")
        steward.work(EVIL, worse=0.5)
    session.close()
    return workspace, url


def test_a_watch_writes_a_file_prints_alarms_and_exits_with_3(
    fallen: tuple[Path, str], tmp_path: Path
) -> None:
    workspace, url = fallen
    file = tmp_path / "drift.json"
    call = ["--workspace", str(workspace), "metrics", url, "--watch-file", str(file)]
    done = CliRunner().invoke(app, call)
    assert done.exit_code == 3
    lines = done.stdout.splitlines()
    assert lines[0].startswith("Acceptance fell from 7")
    assert lines[0].endswith(
        "; it began with [b]worse␛[31m<202e><script>. So in finance, sales."
    )
    # What fell in all texts is told once, with the parts it fell in.
    assert len({line.split(" fell ")[0].split(" rose ")[0] for line in lines}) == 3
    assert len(lines) == 3
    assert "\x1b" not in done.stdout
    assert done.stderr == ""
    found = json.loads(file.read_text())
    first = found["alarms"][0]
    assert (first["measure"], first["scope"]) == ("acceptance", "all")
    assert first["new_models"] == [EVIL]
    assert first["at_least"] > 0.05
    assert first["since"] == first["now"]["week"]
    words = [alarm["words"] for alarm in found["alarms"]]
    assert len(words) > len(lines)
    assert [line.split(" So in ")[0] for line in lines] == words[:3]
    series = found["series"][0]
    assert [point["alarm"] for point in series["points"]] == [False] * 4 + [True]
    assert (found["level"], found["weeks"]) == (0.05, QUARTER)
    everything = CliRunner().invoke(app, [*call, "--json"])
    assert everything.exit_code == 3
    assert json.loads(everything.stdout)["warnings"] == lines
    drift = json.loads(everything.stdout)["drift"]
    assert drift == {k: v for k, v in found.items() if k != "of"}
    # Looking is no watch: nothing fails because of it.
    plain = CliRunner().invoke(app, call[:4])
    assert plain.exit_code == 0
    assert lines[0] in plain.stderr


def test_a_named_reference_ends_an_alarm(
    fallen: tuple[Path, str], shop: Path, tmp_path: Path
) -> None:
    workspace, _ = fallen
    file = tmp_path / "drift.json"
    call = ["--workspace", str(workspace), "metrics", "--watch-file", str(file)]
    last = monday(datetime.now(UTC).date()) - WEEK
    done = CliRunner().invoke(app, [*call, "--reference", f"{last}..{last}"])
    assert (done.exit_code, done.stdout) == (0, "")
    found = json.loads(file.read_text())
    assert found["reference"] == {"from": f"{last}", "to": f"{last}"}
    assert found["of"] == "all databases"
    names = {each["name"] for each in found["series"] if each["scope"] == "schema"}
    assert names == {f"{shop}: finance", f"{shop}: sales"}


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("yesterday", "no period"),
        ("2026-13-01..2026-14-01", "no period"),
        ("2026-09-01..", "no period"),
        ("2026-09-10..2026-09-01", "ends before it begins"),
        ("2026-09-01..2999-01-01", "not over"),
    ],
)
def test_a_reference_that_is_no_period_is_said_in_a_line(
    reference: str, said: str, tmp_path: Path
) -> None:
    file = tmp_path / "drift.json"
    call = ["--workspace", str(tmp_path / "w.db"), "metrics", "--watch-file", str(file)]
    error = CliRunner().invoke(app, [*call, "--reference", reference]).exception
    assert isinstance(error, UsageError)
    assert said in error.message
    assert not file.exists()


def test_an_empty_workspace_is_watched_too(tmp_path: Path) -> None:
    file = tmp_path / "drift.json"
    call = ["--workspace", str(tmp_path / "w.db"), "metrics", "--watch-file"]
    done = CliRunner().invoke(app, [*call, str(file)])
    assert (done.exit_code, done.stdout) == (0, "")
    found = json.loads(file.read_text())
    assert (found["alarms"], found["series"]) == ([], [])


def test_a_full_disk_leaves_the_file_of_the_last_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "drift.json"
    file.write_text("before")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    call = ["--workspace", str(tmp_path / "w.db"), "metrics", "--watch-file"]
    CliRunner().invoke(app, call[:3])
    monkeypatch.setattr("os.fsync", full)
    error = CliRunner().invoke(app, [*call, str(file)]).exception
    assert isinstance(error, ColumnistError)
    assert "No space left" in error.message
    assert file.read_text() == "before"
    for name in ("", "none/drift.json"):
        error = (
            CliRunner().invoke(app, [*call, name and str(tmp_path / name)]).exception
        )
        assert isinstance(error, ColumnistError)


def test_contradictory_decisions_count_as_they_stand(
    workspace: Workspace,
    number: int,
    store: Suggestions,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What was accepted and then rejected was rejected, in the week of that."""
    steward = Steward(store, monkeypatch)
    steward.work("m", tables=12)
    steward.work("m", tables=12)
    store.reject(store.all())
    drift = seen(workspace, number)(steward.week - timedelta(days=1))
    (series, *_) = drift.of(Extent.ALL)
    first, second = series.points
    assert first.value.share == second.value.share == 0
    assert second.texts > 3 * first.texts
    assert "every week before it" in basis(drift)


# On the screen


async def test_d_shows_the_weeks_and_s_those_of_the_next_part(
    settings: Settings, shop: Path, fallen: tuple[Path, str]
) -> None:
    settings = replace(settings, workspace=fallen[0])
    async with opened(settings, shop, size=(200, 60)) as (app, pilot):
        screen = await to_figures(app, pilot)
        warnings = str(screen.query_one("#warnings", Static).content)
        assert warnings.startswith("! Acceptance fell from 7")
        assert "[b]worse␛[31m<202e><script>." in warnings
        assert not screen.query_one("#weeks").display
        await pilot.press("d")
        await settled(app, pilot)
        assert not screen.query_one("#panels").display
        basis = str(screen.query_one("#basis", Static).content)
        assert basis.startswith("Weeks of all texts, 1 of ")
        told = numbers(screen, "acceptance").split("\n")
        assert "of 40 tables in the week of" in told[0]
        assert told[1].startswith("! 7")
        assert not screen.query_one("#types").display  # nothing was scanned
        text = drawn(screen)
        assert "Accepted as drafted of what was read" in text
        assert "│" in text
        assert "\x1b" not in text
        parts = set()
        for _ in range(int(basis.split(" of ")[2].split(";")[0])):
            await pilot.press("s")
            said = str(screen.query_one("#basis", Static).content)
            parts.add(said.split(",")[0])
        assert parts == {
            "Weeks of all texts",
            "Weeks of schema sales",
            "Weeks of schema finance",
            "Weeks of model good",
            "Weeks of model [b]worse␛[31m<202e><script>",
        }
        await pilot.press("d")
        assert screen.query_one("#panels").display
        await pilot.press("q")
        assert isinstance(app.screen, CatalogScreen)


async def test_before_yesterday_the_page_says_what_it_counts(
    settings: Settings, shop: Path
) -> None:
    async with opened(settings, shop) as (app, pilot):
        screen = await to_figures(app, pilot)
        await pilot.press("d", "s")
        await settled(app, pilot)
        assert str(screen.query_one("#basis", Static).content) == EMPTY
        assert not [panel for panel in screen.query("#weeks Panel") if panel.display]
        assert "Nothing was drafted or decided" in drawn(screen)


async def test_few_tables_are_drawn_and_not_compared(
    settings: Settings, shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = open_session(settings, f"duckdb:///{shop}")
    with monkeypatch.context() as clock:
        steward = Steward(session.suggestions, clock)
        steward.week = monday(datetime.now(UTC).date()) - WEEK
        steward.work("m", tables=4)
    session.close()
    async with opened(settings, shop, size=(80, 24)) as (app, pilot):
        screen = await to_figures(app, pilot)
        await pilot.press("d")
        await settled(app, pilot)
        assert str(screen.query_one("#warnings", Static).content) == ""
        assert TOO_FEW in str(screen.query_one("#basis", Static).content)
        assert "too few tables to compare it" in numbers(screen, "acceptance")
        page = screen.query_one("#page")
        assert page.max_scroll_y > 0
        assert page.max_scroll_x == 0
