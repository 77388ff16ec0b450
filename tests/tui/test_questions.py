"""What names mean, asked and answered: keys, and what is then in file and workspace."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest
from textual.events import Paste
from textual.pilot import Pilot
from textual.widgets import Input

from catalog.errors import ColumnistError
from catalog.glossary import GlossaryFile, Term, render
from catalog.objects import TableId, Target, make_target
from catalog.suggestion import Draft, Source, State, Suggestion
from catalog.suggestions import Suggestions
from catalog.unasked import Unasked
from catalog.workspace import Workspace
from connectors.connect import identify
from model.questions import Question
from tests.tui.test_pilot import opened, settled, until
from tui.app.app import ColumnistApp
from tui.app.screens.questions import QuestionsScreen, in_place
from tui.app.screens.review import ReviewScreen
from tui.flow import draft_plan, drafting, scanning, terms
from tui.flow.background import BackgroundDrafting
from tui.flow.connections import Connections
from tui.flow.session import Session, open_session
from tui.flow.settings import Settings

SQL = """
CREATE SCHEMA crm;
CREATE TABLE crm.plans (rpid INTEGER, rpid_code VARCHAR, plan_name VARCHAR);
CREATE TABLE crm.customers (
    cust_rpid INTEGER, old_rpid INTEGER, qzt_rpid INTEGER, status VARCHAR
);
CREATE TABLE crm.moves (from_rpid INTEGER, wvxq VARCHAR);
CREATE VIEW crm.active AS SELECT wvxq AS wvxq_x FROM crm.moves;
COMMENT ON COLUMN crm.moves.from_rpid IS 'Rate plan before the move.';
"""
PLANS = TableId("crm", "plans")
CODE = make_target("crm", "plans", "rpid_code")
WHOLE = make_target("crm", "plans", "rpid")
CUSTOMER = make_target("crm", "customers", "cust_rpid")
OLD = make_target("crm", "customers", "old_rpid")
BOTH = make_target("crm", "customers", "qzt_rpid")
STATUS = make_target("crm", "customers", "status")


@pytest.fixture
def crm(tmp_path: Path) -> Path:
    """A file with names that nobody knows: rpid alone explains four columns."""
    path = tmp_path / "plans.duckdb"
    connection = duckdb.connect(str(path))
    connection.execute(SQL)
    connection.close()
    return path


@pytest.fixture
def by_rules(settings: Settings, tmp_path: Path) -> Settings:
    """Without a model, so that what is drafted is known."""
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF" + b"\xff" * 99)
    return replace(settings, model=str(broken))


@contextmanager
def stored(settings: Settings, path: Path) -> Iterator[tuple[Suggestions, Unasked]]:
    identity = identify(f"duckdb:///{path}")
    with Workspace(settings.workspace) as workspace:
        number = workspace.database(identity, url=f"duckdb:///{path}")
        yield Suggestions(workspace, number), Unasked(workspace, number)


def drafted(settings: Settings, path: Path) -> None:
    """Everything drafted by rules."""
    session = open_session(settings, f"duckdb:///{path}")
    for _ in scanning.scan(session):
        pass
    for _ in drafting.draft(session, draft_plan.plan_drafts(session), samples=False):
        pass
    session.close()


def texts(settings: Settings, path: Path) -> dict[Target, str | None]:
    with stored(settings, path) as (suggestions, _):
        return {s.target: s.text for s in suggestions.all()}


def found(settings: Settings, path: Path, target: Target) -> Suggestion:
    with stored(settings, path) as (suggestions, _):
        return next(s for s in suggestions.all() if s.target == target)


async def to_questions(app: ColumnistApp, pilot: Pilot[None]) -> QuestionsScreen:
    await pilot.press("Q")
    await until(pilot, lambda: isinstance(app.screen, QuestionsScreen))
    await settled(app, pilot)
    assert isinstance(app.screen, QuestionsScreen)
    return app.screen


def asked(screen: QuestionsScreen) -> list[str]:
    return [row.term for row in screen._list.found if isinstance(row, Question)]


async def test_an_answer_goes_into_the_file_and_drafts_again_what_it_touches(
    by_rules: Settings, crm: Path
) -> None:
    drafted(by_rules, crm)
    before = texts(by_rules, crm)
    with stored(by_rules, crm) as (suggestions, _):
        all_ = {s.target: s for s in suggestions.all()}
        suggestions.accept([all_[OLD]])
        suggestions.write_own(CUSTOMER, "My words.", previous=None)
    file = by_rules.workspace.with_name("glossary.csv")
    async with opened(by_rules, crm) as (app, pilot):
        screen = await to_questions(app, pilot)
        assert asked(screen)[0] == "rpid"
        first = screen._list.found[0]
        assert isinstance(first, Question)
        assert first.unlocks == 2
        await pilot.press("enter", *"rate plan", "enter")
        assert file.read_bytes() == b"term,meaning,scope\r\nrpid,rate plan,\r\n"
        await settled(app, pilot)
        told = [note.message for note in app._notifications]
        assert "Redrafting 3 columns in 2 tables." in told
        assert "rpid" not in asked(screen)
        assert screen._list.found[0] == Term("rpid", "rate plan")
        assert {type(row) for row in screen._list.found[1:]} == {Question}
    after = texts(by_rules, crm)
    assert after[CODE] == "Code of the rate plan."
    assert after[WHOLE] == "Rate plan."
    assert after[BOTH] == "Qzt rate plan of the customer."
    whole = found(by_rules, crm, WHOLE)
    assert (whole.draft.source, whole.draft.origin) == (
        Source.GLOSSARY,
        "glossary: rpid",
    )
    assert (after[CUSTOMER], after[OLD]) == ("My words.", before[OLD])
    assert found(by_rules, crm, OLD).state is State.ACCEPTED
    unchanged = set(before) - {CODE, WHOLE, BOTH, CUSTOMER}
    assert all(after[target] == before[target] for target in unchanged)


LENGTHS = (1, 60, 120, 400, 5000)


def sentence_of(length: int) -> str:
    """A rate plan, said in so many characters, on several lines and in sentences."""
    more = "The rate plan that a subscriber is on.\nIt may change with the contract. "
    return "x" if length == 1 else (more * 99)[: length - 1] + "x"


@pytest.mark.parametrize("length", LENGTHS)
async def test_an_answer_of_any_length_is_used_by_key(
    by_rules: Settings, crm: Path, length: int
) -> None:
    """More than six words went into the file, and nothing read them or said so."""
    drafted(by_rules, crm)
    meaning = sentence_of(length)
    file = by_rules.workspace.with_name("glossary.csv")
    async with opened(by_rules, crm) as (app, pilot):
        await to_questions(app, pilot)
        await pilot.press("enter")
        app.post_message(Paste(meaning))
        await pilot.press("enter")
        await settled(app, pilot)
    (term,) = GlossaryFile(file).read().terms
    assert term.meaning == " ".join(meaning.split())
    after = texts(by_rules, crm)
    known = "X" if length == 1 else "The " + term.meaning[4:]
    assert (after[WHOLE] or "").rstrip(".") == known.rstrip(".")
    inside = "X code of the plan." if length == 1 else "Code of the rate plan."
    assert after[CODE] == inside


@pytest.mark.parametrize("length", LENGTHS)
def test_an_answer_of_any_length_is_used_from_a_file(
    by_rules: Settings, crm: Path, length: int
) -> None:
    meaning = sentence_of(length)
    file = by_rules.workspace.with_name("glossary.csv")
    file.parent.mkdir(exist_ok=True)
    file.write_text(render([Term("rpid", meaning)]), newline="")
    drafted(by_rules, crm)
    after = texts(by_rules, crm)
    known = "X." if length == 1 else " ".join(meaning.split())
    assert (after[WHOLE] or "").rstrip(".") == known.rstrip(".")
    inside = "X code of the plan." if length == 1 else "Code of the rate plan."
    assert after[CODE] == inside


@pytest.mark.parametrize(
    "meaning", ["word " * 23 + "word", "x" * 120, "It is the rate plan.", "?"]
)
async def test_an_answer_that_cannot_be_used_is_refused_with_a_word(
    by_rules: Settings, crm: Path, meaning: str
) -> None:
    drafted(by_rules, crm)
    file = by_rules.workspace.with_name("glossary.csv")
    async with opened(by_rules, crm) as (app, pilot):
        await to_questions(app, pilot)
        await pilot.press("enter")
        app.post_message(Paste(meaning))
        await pilot.press("enter")
        await settled(app, pilot)
        told = [note.message for note in app._notifications]
        refused = "Not saved: inside names only a phrase can stand, of 6 words and 60"
        assert sum(each.startswith(refused) for each in told) == 1
        # What was typed is still there, to be made shorter.
        assert app.screen.query_one(Input).value == meaning
        assert app.focused is app.screen.query_one(Input)
    assert not file.exists()


async def test_undo_takes_the_answer_out_of_the_file_and_the_drafts(
    by_rules: Settings, crm: Path
) -> None:
    drafted(by_rules, crm)
    before = texts(by_rules, crm)
    file = by_rules.workspace.with_name("glossary.csv")
    file.write_text("term,meaning\n# ours,kept\n")
    async with opened(by_rules, crm) as (app, pilot):
        screen = await to_questions(app, pilot)
        order = asked(screen)
        await pilot.press("enter", *"rate plan", "enter")
        await settled(app, pilot)
        assert texts(by_rules, crm)[CODE] == "Code of the rate plan."
        await pilot.press("u")
        await settled(app, pilot)
        assert file.read_text() == "term,meaning\n# ours,kept\n"
        assert asked(screen) == order
        await pilot.press("u")
        assert file.read_text() == "term,meaning\n# ours,kept\n"
    assert texts(by_rules, crm) == before


async def test_an_answer_is_changed_and_taken_back_by_an_empty_one(
    by_rules: Settings, crm: Path
) -> None:
    drafted(by_rules, crm)
    before = texts(by_rules, crm)
    file = GlossaryFile(by_rules.workspace.with_name("glossary.csv"))
    file.answer("rpid", "rate plan")
    async with opened(by_rules, crm) as (app, pilot):
        screen = await to_questions(app, pilot)
        assert "rpid" not in asked(screen)
        await pilot.press("G", "enter")
        assert screen.query_one(Input).value == "rate plan"
        await pilot.press(*" tariff", "enter")
        await settled(app, pilot)
        assert file.read().of(PLANS)["rpid"].meaning == "rate plan tariff"
        assert texts(by_rules, crm)[CODE] == "Code of the rate plan tariff."
        await pilot.press("G", "enter", "ctrl+u", "enter")
        await settled(app, pilot)
        assert len(file.read()) == 0
        assert here(screen) == "rpid"  # where it was taken out
        assert asked(screen)[0] != "rpid"
        await pilot.press("r")
        await settled(app, pilot)
        assert asked(screen)[0] == "rpid"
        await pilot.press("G")
        await pilot.press("u")
        await settled(app, pilot)
        assert file.read().of(PLANS)["rpid"].meaning == "rate plan tariff"
        await pilot.press("u", "u", "u")
        await settled(app, pilot)
        assert file.read().of(PLANS)["rpid"].meaning == "rate plan"
    assert texts(by_rules, crm)[STATUS] == before[STATUS]


async def test_escape_answers_nothing_and_letters_are_text(
    by_rules: Settings, crm: Path
) -> None:
    async with opened(by_rules, crm) as (app, pilot):
        screen = await to_questions(app, pilot)
        order = asked(screen)
        await pilot.press("enter", "enter", *"xuqsr", "escape")
        assert asked(screen) == order
        assert app.screen is screen
        assert not by_rules.workspace.with_name("glossary.csv").exists()
        await pilot.press("q")
        await until(pilot, lambda: app.screen is not screen)


async def test_what_is_not_worth_asking_is_never_asked_again(
    by_rules: Settings, crm: Path
) -> None:
    async with opened(by_rules, crm) as (app, pilot):
        screen = await to_questions(app, pilot)
        await pilot.press("x")
        await settled(app, pilot)
        assert "rpid" not in asked(screen)
        await pilot.press("q")
        screen = await to_questions(app, pilot)
        assert "rpid" not in asked(screen)
        await pilot.press("x")
        await settled(app, pilot)
        await pilot.press("u")
        await settled(app, pilot)
    with stored(by_rules, crm) as (_, unasked):
        assert unasked.all() == {"rpid"}


def rows(screen: QuestionsScreen) -> list[str]:
    """What is listed, answers with a mark."""
    found = screen._list.found
    return [f"{r.term} ✓" if isinstance(r, Term) else r.term for r in found]


def here(screen: QuestionsScreen) -> str:
    return rows(screen)[screen._list.cursor]


async def test_the_cursor_stays_where_the_answer_was_given(
    by_rules: Settings, crm: Path
) -> None:
    async with opened(by_rules, crm) as (app, pilot):
        screen = await to_questions(app, pilot)
        order = asked(screen)
        assert order[:2] == ["rpid", "wvxq"]
        await pilot.press("j", "enter", *"price list", "enter")
        await settled(app, pilot)
        assert rows(screen)[:2] == ["rpid", "wvxq ✓"]
        assert here(screen) == "wvxq ✓"
        await pilot.press("k", "enter", *"rate plan", "enter")
        await settled(app, pilot)
        # The other word of a name explains it alone now, and is one key away.
        assert rows(screen) == ["rpid ✓", "qzt", "wvxq ✓"]  # until one leaves
        assert here(screen) == "rpid ✓"
        other = screen._list.found[1]
        assert isinstance(other, Question)
        assert other.unlocks == 1
        await pilot.press("G", "u")
        await settled(app, pilot)
        assert here(screen) == "rpid"
        await pilot.press("u")
        await settled(app, pilot)
        assert here(screen) == "wvxq"
        assert asked(screen) == order
        await pilot.press("q")
        screen = await to_questions(app, pilot)
        assert asked(screen) == order


async def test_what_is_put_away_makes_room_for_the_next_and_comes_back_there(
    by_rules: Settings, crm: Path
) -> None:
    async with opened(by_rules, crm) as (app, pilot):
        screen = await to_questions(app, pilot)
        order = asked(screen)
        await pilot.press("x")
        await settled(app, pilot)
        assert screen._list.cursor == 0
        assert asked(screen)[0] == order[1]
        await pilot.press("u")
        await settled(app, pilot)
        assert asked(screen) == order
        assert screen._list.cursor == 0


async def test_an_answer_for_one_table_answers_nothing_elsewhere(
    by_rules: Settings, crm: Path
) -> None:
    file = GlossaryFile(by_rules.workspace.with_name("glossary.csv"))
    file.path.parent.mkdir(parents=True, exist_ok=True)
    file.answer("rpid", "rate plan", scope="crm.plans")
    async with opened(by_rules, crm) as (app, pilot):
        screen = await to_questions(app, pilot)
        before = [r.unlocks for r in screen._list.found if isinstance(r, Question)]
        assert "rpid" in asked(screen)
        await pilot.press("G", "enter", *"s", "enter")
        await settled(app, pilot)
        assert "rpid" in asked(screen)
        after = [r.unlocks for r in screen._list.found if isinstance(r, Question)]
        assert before == after
        assert here(screen) == "rpid ✓"


def question(term: str) -> Question:
    return Question(term, 1, 1, 1, (), ())


def test_below_the_cursor_the_best_question_left_comes_next() -> None:
    a, b, c, d, new = map(question, ("a", "b", "c", "d", "new"))
    old, answer = Term("old", "x"), Term("b", "y")
    found: list[Question | Term] = [new, d, a, c, answer, old]
    assert in_place([a, b, c, d, old], found, 2) == [a, answer, new, d, c, old]
    assert in_place([a, b, c, d, old], [d, c, old], 2) == [d, c, old]
    assert in_place([], [a, old], 1) == [a, old]
    assert in_place([b], [answer, new], 1) == [answer, new]


async def test_nothing_to_ask_is_said(by_rules: Settings, tmp_path: Path) -> None:
    path = tmp_path / "plain.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE orders (order_id INTEGER, status VARCHAR)")
    async with opened(by_rules, path) as (app, pilot):
        screen = await to_questions(app, pilot)
        assert screen.has_class("-empty")
        assert "Nothing to ask" in drawn(app)
        await pilot.press("enter", "x", "u")
        assert app.screen is screen


async def test_questions_open_from_the_review_too(
    by_rules: Settings, crm: Path
) -> None:
    async with opened(by_rules, crm) as (app, pilot):
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, ReviewScreen))
        await settled(app, pilot)
        await to_questions(app, pilot)
        await pilot.press("q")
        await until(pilot, lambda: isinstance(app.screen, ReviewScreen))


async def test_a_broken_glossary_is_named_with_its_line_and_ends_nothing(
    by_rules: Settings, crm: Path
) -> None:
    file = by_rules.workspace.with_name("glossary.csv")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("term,meaning\nx\n")
    async with opened(by_rules, crm) as (app, pilot):
        screen = await to_questions(app, pilot)
        told = [note.message.split("\n")[0] for note in app._notifications]
        assert "glossary.csv:2: the meaning is missing." in told
        assert "r tries again" in drawn(app)
        file.write_text("term,meaning\nx,y\n")
        await pilot.press("r")
        await settled(app, pilot)
        assert asked(screen)[0] == "rpid"
        file.write_text("term,meaning\nx\n")
        await pilot.press("enter", *"rate", "enter")
        await settled(app, pilot)
        assert app.screen is screen
        assert file.read_text() == "term,meaning\nx\n"


HOSTILE = "[bold red]x\x1b[2J\u202e[/]"


async def test_hostile_terms_and_meanings_are_drawn_as_text(
    by_rules: Settings, tmp_path: Path
) -> None:
    path = tmp_path / "hostile.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute('CREATE TABLE "[/]\x1b[2J" ("[b]wvxq\x1b]0;t" INTEGER)')
    file = GlossaryFile(by_rules.workspace.with_name("glossary.csv"))
    file.path.parent.mkdir(parents=True, exist_ok=True)
    file.answer(HOSTILE, f"{HOSTILE}\nline\r\n\u05e2")
    async with opened(by_rules, path) as (app, pilot):
        screen = await to_questions(app, pilot)
        assert "[bold red]x" in drawn(app)
        assert "[b]wvxq" in drawn(app)
        await pilot.press("enter", *"z [red]", "enter")
        await settled(app, pilot)
        await pilot.press("G", "enter", "escape", "g", "enter")
        await pilot.pause()
        assert screen.query_one(Input).has_focus
        assert not {"\x1b", "\u202e", "\r"} & set(drawn(app))
        await pilot.press("escape")
        assert sum(isinstance(row, Term) for row in screen._list.found) == 2
    assert {term.term for term in file.read().terms} == {HOSTILE, "wvxq"}


def drawn(app: ColumnistApp) -> str:
    return "\n".join(strip.text for strip in app.screen._compositor.render_strips())


# Without a screen


@pytest.fixture
def session(by_rules: Settings, crm: Path) -> Iterator[Session]:
    drafted(by_rules, crm)
    opened_ = open_session(by_rules, f"duckdb:///{crm}")
    yield opened_
    opened_.close()


def test_what_people_wrote_decided_or_brought_is_never_drafted_again(
    session: Session,
) -> None:
    store = session.suggestions
    term = [Term("rpid", "rate plan")]
    everything = {CODE, WHOLE, CUSTOMER, OLD, BOTH}
    plan = draft_plan.plan_redrafts(session, term)
    assert {t for ts in plan.work.values() for t in ts} == everything
    assert (plan.targets, plan.columns) == (5, 5)
    store.put(
        [
            (Draft(CODE, "Brought.", Source.IMPORTED, 1.0), None),
            (Draft(WHOLE, "Elsewhere.", Source.INHERITED, 1.0), None),
        ]
    )
    store.write_own(CUSTOMER, "My words.", previous=None)
    store.reject([s for s in store.all() if s.target == OLD])
    # Edited, written and reverted: it waits again, with the steward's words.
    (both,) = (s for s in store.all() if s.target == BOTH)
    store.edit(both, "Mine too.")
    with session.workspace.transaction() as db:
        db.execute("UPDATE suggestions SET state = 'pending' WHERE state = 'edited'")
    assert draft_plan.plan_redrafts(session, term).work == {}


def test_only_where_the_scope_is(session: Session) -> None:
    plan = draft_plan.plan_redrafts(session, [Term("rpid", "x", "crm.plans")])
    assert set(plan.work) == {PLANS}


def test_an_answer_while_drafting_turns_the_run_to_what_it_touches(
    session: Session,
) -> None:
    told: list[str] = []
    drafting = BackgroundDrafting(session, tell=told.append)
    run = drafting.run(redo=True)
    GlossaryFile(session.glossary).answer("rpid", "rate plan")
    seen = [next(run)]
    drafting.redraft([Term("rpid", "rate plan")])
    seen += run
    drafting.close()
    assert told == ["Redrafting 5 columns in 2 tables."]
    texts = {s.target: s.text for s in session.suggestions.all()}
    assert texts[CODE] == "Code of the rate plan."
    assert len({draft.target for draft in seen}) == len(texts)
    assert drafting.progress.done == drafting.progress.total
    assert not drafting.asked


def test_a_stopped_run_forgets_what_it_was_asked(session: Session) -> None:
    told: list[str] = []
    drafting = BackgroundDrafting(session, tell=told.append)
    run = drafting.run(redo=True)
    next(run)
    drafting.redraft([Term("rpid", "rate plan")])
    drafting.stop()
    assert list(run)  # what was drafted by then is saved and told
    assert not drafting.asked
    assert told == []
    drafting.close()


def test_counting_can_be_stopped_and_tells_how_far_it_is(session: Session) -> None:
    read: list[int] = []
    census = terms.census(session, read=read.append, stop=lambda: len(read) >= 2)
    assert read == [1, 2]
    assert census.tables == 2
    begun = time.monotonic()
    assert isinstance(terms.census(session).ranked()[0], Question)
    assert time.monotonic() - begun < 5


def test_a_broken_glossary_stops_drafting_before_it_begins(session: Session) -> None:
    session.glossary.write_text("not a glossary\n")
    plan = draft_plan.plan_drafts(session, redo=True)
    with pytest.raises(ColumnistError, match=r"glossary\.csv:1: "):
        next(iter(drafting.draft(session, plan)))


def columnist(*arguments: object) -> subprocess.CompletedProcess[str]:
    code = "from tui.cli import main; main()"
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )


def test_questions_and_answers_of_a_script(
    settings: Settings, crm: Path, tiny_model: Path
) -> None:
    drafted(settings, crm)
    url = f"duckdb:///{crm}"
    done = columnist("questions", url, "--limit", "1", "--json")
    assert done.returncode == 0, done.stderr
    (question,) = json.loads(done.stdout)["questions"]
    assert question["term"] == "rpid"
    assert question["unlocks"] == 4
    assert question["found_in"] == ["crm.customers", "crm.plans"]
    plain = columnist("questions", url).stdout.split("\n")[0]
    assert plain.split() == [
        *("4", "rpid:", "cust_rpid,", "old_rpid,", "rpid", "in"),
        *("crm.customers,", "crm.plans"),
    ]
    done = columnist("answer", url, "rpid", "rate plan", "--no-draft", "--json")
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    assert (answer["before"], answer["redrafted"]) == (None, 0)
    before = texts(settings, crm)
    done = columnist(
        *("--model", tiny_model, "answer", url, "RPID", "rating plan"),
        *("--scope", "crm.plans", "--json"),
    )
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert (answer["redrafted"], answer["tables"]) == (2, 1)
    after = texts(settings, crm)
    assert {t for t in after if after[t] != before[t]} <= {CODE, WHOLE}
    assert after[WHOLE] == "Rating plan."
    text = Path(answer["glossary"]).read_text()
    assert text.split() == [
        *("term,meaning,scope", "rpid,rate", "plan,", "RPID,rating", "plan,crm.plans")
    ]
    long = "It is what somebody pays for"
    done = columnist("answer", url, "rpid", long, "--no-draft", "--json")
    assert json.loads(done.stdout)["before"] == "rate plan"
    assert "describes what is called rpid; inside names only a" in done.stderr
    done = columnist("draft", url, "--no-samples", "--redo")
    assert "rpid in the glossary describe what is called so;" in done.stderr
    done = columnist("answer", url, "rpid", "", "--no-draft")
    assert done.stdout.startswith("Taken out of ")
    assert columnist("answer", url, " ", "x").returncode == 1


def test_the_glossary_is_the_one_that_the_connection_names(
    settings: Settings, crm: Path
) -> None:
    Connections(settings.connections).add(
        "plans", f"duckdb:///{crm}", settings={"glossary": "ours.csv"}
    )
    done = columnist("answer", "plans", "rpid", "rate plan", "--no-draft", "--json")
    assert done.returncode == 0, done.stderr
    ours = settings.connections.with_name("ours.csv")
    assert json.loads(done.stdout)["glossary"] == str(ours)
    assert ours.read_text().split("\n")[1].startswith("rpid,rate plan")
    assert "rpid:" not in columnist("questions", "plans").stdout
    ours.write_text("term,meaning\nx\n")
    done = columnist("questions", "plans")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("columnist: ours.csv:2: the meaning is missing.\n")
