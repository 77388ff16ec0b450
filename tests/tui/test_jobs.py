"""Jobs on a real DuckDB file while somebody else is at work; each was once wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest

from catalog.change import Outcome
from catalog.choice import Scope
from catalog.errors import RefusedError
from catalog.objects import ColumnId, Profile, Table, TableId, make_target, table_of
from catalog.rescan import Rescan
from catalog.suggestion import Draft, Source, State
from connectors.database import Database
from model.remote import RemoteEngine, RemoteModel
from tests.conftest import comments
from tests.model.scripted import Asked, Say, serving
from tui.flow import draft_plan, drafting, scanning, writes
from tui.flow.engines import Running
from tui.flow.session import Session

ORDERS = TableId("sales", "orders")
STATUS = make_target("sales", "orders", "status")
AMOUNT = make_target("sales", "orders", "total_amount")


def sql(shop: Path, statement: str) -> None:
    connection = duckdb.connect(str(shop))
    connection.execute(statement)
    connection.close()


def scanned(session: Session) -> Session:
    for _ in scanning.scan(session):
        pass
    return session


def put(session: Session, *targets: object, text: str = "Drafted.") -> None:
    session.suggestions.put(
        (Draft(target, text, Source.MODEL, 0.5), None)  # type: ignore[arg-type]
        for target in targets
    )


def accept_all(session: Session) -> None:
    session.suggestions.accept_chosen(session.choices.to_accept(Scope()))


def test_a_draft_gives_way_to_a_comment_made_while_it_was_drafted(
    session: Session, shop: Path
) -> None:
    """The plan was fixed at the start, and the human's text became `previous`."""
    plan = draft_plan.plan_drafts(scanned(session))
    under_way = drafting.draft(session, plan, samples=False)
    sql(shop, "COMMENT ON COLUMN sales.orders.status IS 'Theirs.'")
    scanned(session)
    drafts = {draft.target for draft in under_way}
    assert STATUS not in drafts
    assert STATUS not in session.suggestions.of_table(ORDERS)
    accept_all(session)
    list(writes.apply(session))
    assert comments(shop)["sales", "orders", "status"] == "Theirs."


def test_accepted_text_survives_a_table_that_is_gone_for_one_scan(
    session: Session, shop: Path
) -> None:
    """It became stale for good, and the next draft took its place."""
    scanned(session)
    session.suggestions.write_own(STATUS, "My own careful words.", previous=None)
    put(session, AMOUNT)
    sql(shop, "ALTER TABLE sales.orders DROP COLUMN status")
    scanned(session)
    assert session.suggestions.of_table(ORDERS)[STATUS].state is State.STALE
    put(session, STATUS, text="A draft.")
    sql(shop, "ALTER TABLE sales.orders ADD COLUMN status VARCHAR")
    scanned(session)
    found = session.suggestions.of_table(ORDERS)
    assert found[STATUS].text == "My own careful words."
    assert found[STATUS].state is State.EDITED
    assert found[AMOUNT].state is State.PENDING


def test_an_accept_taken_back_during_a_run_is_not_written(
    session: Session, shop: Path
) -> None:
    scanned(session)
    customers = TableId("sales", "customers")
    put(session, customers)
    accept_all(session)
    put(session, ORDERS)
    accept_all(session)
    run = writes.apply(session)
    first = next(run)
    session.suggestions.decisions.undo()
    rest = list(run)
    assert [r.change.target for r in [first, *rest]] == [customers]
    assert ("sales", "orders", None) not in comments(shop)
    assert session.suggestions.of_table(ORDERS)[ORDERS].state is State.PENDING


def test_an_interrupted_revert_is_finished_by_the_next_not_skipped(
    session: Session, shop: Path
) -> None:
    """One restored comment was enough, and `--last` took an older run back."""
    before = comments(shop)
    scanned(session)
    put(session, AMOUNT)
    accept_all(session)
    list(writes.apply(session))
    kept = comments(shop)
    customers = TableId("sales", "customers")
    put(session, ORDERS, customers)
    accept_all(session)
    list(writes.apply(session))
    second = session.ledger.last_revertible()
    reverting = writes.revert(session)
    next(reverting)
    reverting.close()  # type: ignore[attr-defined]
    assert session.ledger.last_revertible() == second
    list(writes.revert(session))
    assert comments(shop) == kept
    list(writes.revert(session))
    assert comments(shop) == before
    with pytest.raises(RefusedError):
        list(writes.revert(session))


def test_a_run_that_was_killed_is_taken_back_by_its_number(
    session: Session, shop: Path
) -> None:
    """What a kill left open was not counted, so the run had written nothing."""
    before = comments(shop)
    scanned(session)
    put(session, AMOUNT)
    accept_all(session)
    list(writes.apply(session))
    run = session.ledger.last_revertible()
    assert run is not None
    with session.workspace.transaction() as db:
        db.execute("UPDATE main.ledger SET outcome = NULL")
    writes.settle_open(session)
    assert writes.revertible(session, run.id).written == 1
    list(writes.revert(session, run.id))
    assert comments(shop) == before


def test_bulk_accept_leaves_existing_comments_to_single_decisions(
    session: Session,
) -> None:
    scanned(session)
    email = make_target("sales", "customers", "email")
    imported = Draft(email, "Imported.", Source.IMPORTED, 1.0)
    session.suggestions.put([(imported, "Address written to by support.")])
    put(session, STATUS)
    choice = session.choices.to_accept(Scope())
    assert [s.target for s in session.suggestions.get(choice.ids)] == [STATUS]
    assert choice.left_out == {"replaces": 1}


def test_editing_after_a_conflict_takes_their_comment_as_seen(
    session: Session, shop: Path
) -> None:
    """It conflicted for ever: the old `previous` stayed."""
    scanned(session)
    put(session, STATUS)
    accept_all(session)
    sql(shop, "COMMENT ON COLUMN sales.orders.status IS 'Theirs.'")
    (result,) = writes.apply(session)
    assert result.outcome is Outcome.CONFLICT
    table = session.snapshot.table(ORDERS)
    assert table is not None
    seen = table.comment_of(STATUS)
    assert seen == "Theirs."
    session.suggestions.write_own(STATUS, "Both.", previous=seen)
    (result,) = writes.apply(session)
    assert result.outcome is Outcome.WRITTEN
    assert comments(shop)["sales", "orders", "status"] == "Both."


def test_a_decision_on_other_words_than_were_seen_changes_nothing(
    session: Session,
) -> None:
    scanned(session)
    put(session, STATUS)
    (drafted,) = session.suggestions.all()
    session.suggestions.edit(drafted, "One.")
    (seen,) = session.suggestions.all()
    session.suggestions.edit(seen, "Two.")
    assert session.suggestions.accept([seen]).count == 0
    assert session.suggestions.all()[0].text == "Two."


def test_undoing_an_accept_brings_the_reason_of_a_rejection_back(
    session: Session,
) -> None:
    scanned(session)
    put(session, STATUS)
    session.suggestions.reject(session.suggestions.all(), reason="wrong unit")
    session.suggestions.accept(session.suggestions.all())
    session.suggestions.decisions.undo()
    (found,) = session.suggestions.all()
    assert (found.state, found.reason) == (State.REJECTED, "wrong unit")


def test_a_scan_that_began_earlier_does_not_forget_what_a_later_one_found(
    session: Session, shop: Path
) -> None:
    slow = scanning.scan(session)
    next(slow)
    sql(shop, "CREATE TABLE sales.late (i INTEGER)")
    scanned(session)
    for _ in slow:
        pass
    names = {summary.id.name for summary in session.snapshot.summaries()}
    assert "late" in names
    assert "customers" in names


def test_a_wide_table_is_drafted_whole_and_in_linear_time(
    session: Session, shop: Path
) -> None:
    columns = ", ".join(f"value_{n}_amount INTEGER" for n in range(1200))
    sql(shop, f"CREATE TABLE sales.wide ({columns})")
    scanned(session)
    plan = draft_plan.plan_drafts(session, globs=["wide"])
    drafts = list(drafting.draft(session, plan, samples=False))
    assert len({draft.target for draft in drafts}) == 1201


def test_drafting_goes_on_from_the_table_on_the_screen(
    session: Session, shop: Path
) -> None:
    for number in range(6):
        sql(shop, f"CREATE TABLE sales.t{number} (total_amount INTEGER)")
    scanned(session)
    plan = draft_plan.plan_drafts(session, globs=["sales.t*"])
    assert [table.name for table in plan.work] == [f"t{n}" for n in range(6)]
    order: list[str] = []

    def screen() -> TableId:
        return TableId("sales", "t1" if order else "t3")

    for draft in drafting.draft(session, plan, samples=False, first=screen):
        order.append(table_of(draft.target).name)
    # The one on the screen, what follows it, and round to the rest.
    assert list(dict.fromkeys(order)) == ["t3", "t1", "t2", "t4", "t5", "t0"]


def test_a_table_that_comes_on_the_screen_is_drafted_though_it_was_not_asked_for(
    session: Session, shop: Path
) -> None:
    scanned(session)
    plan = draft_plan.plan_drafts(session, tables=[TableId("sales", "customers")])
    before = plan.targets
    assert set(plan.work) == {TableId("sales", "customers")}
    drafts = list(drafting.draft(session, plan, samples=False, first=lambda: ORDERS))
    assert {table_of(draft.target).name for draft in drafts} == {"customers", "orders"}
    assert plan.targets == len(drafts) > before


def test_a_view_inherits_what_its_base_columns_say(
    session: Session, shop: Path
) -> None:
    """Under another name too, where the column comes through as it is."""
    sql(
        shop,
        "CREATE VIEW sales.mails AS SELECT email AS reached_at, upper(email) AS loud"
        " FROM sales.customers",
    )
    scanned(session)
    view = TableId("sales", "mails")
    plan = draft_plan.plan_drafts(session, tables=[view])
    drafts = {d.target: d for d in drafting.draft(session, plan)}
    inherited = drafts[ColumnId(view, "reached_at")]
    assert inherited.text == "Address written to by support."
    assert inherited.origin == "sales.customers.email"
    assert drafts[ColumnId(view, "loud")].source is not Source.INHERITED


def test_a_scan_killed_at_its_end_forgets_no_table_without_its_suggestions(
    session: Session, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The table was gone for good, and its suggestion waited for ever."""
    scanned(session)
    target = ColumnId(TableId("legacy", "zz9"), "x2")
    put(session, target)
    sql(shop, "DROP TABLE legacy.zz9")
    with monkeypatch.context() as killed:
        killed.setattr(Rescan, "finish", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            scanned(session)
    scanned(session)
    found = session.suggestions.of_table(target.table)
    assert found[target].state is State.STALE


def test_what_others_tell_keeps_no_model_waiting_and_is_not_sampled(
    session: Session, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Thousands of such tables were sampled first, one by one."""
    lines = [
        "CREATE SCHEMA more; CREATE TABLE more.base (ship_mode VARCHAR);"
        "COMMENT ON TABLE more.base IS 'Ways.';"
        "COMMENT ON COLUMN more.base.ship_mode IS 'Way in which it travels.';"
        "CREATE TABLE more.zz (flavour VARCHAR); COMMENT ON TABLE more.zz IS 'Last.'"
    ]
    for number in range(100):
        name = f"more.t{number}"
        lines.append(f"CREATE TABLE {name} (ship_mode VARCHAR)")
        lines.append(f"COMMENT ON TABLE {name} IS 'Told.'")
    sql(shop, ";".join(lines))
    scanned(session)
    sampled: list[str] = []
    profile = type(session.database).profile

    def seen(database: Database, table: Table, **options: Any) -> dict[str, Profile]:
        sampled.append(table.id.name)
        return profile(database, table, **options)

    monkeypatch.setattr(type(session.database), "profile", seen)
    events: list[Source] = []

    def script(asked: Asked) -> Say:
        events.append(Source.MODEL)
        return Say()

    plan = draft_plan.plan_drafts(session, schemas=["more"])
    with serving(script) as served, RemoteEngine(RemoteModel.at(served.url)) as engine:
        model = engine.start()
        for draft in drafting.draft(session, plan, Running(engine, model)):
            events.append(draft.source)
    assert events.count(Source.INHERITED) == 100
    assert events[0] is Source.MODEL
    assert sampled == ["zz"]
