"""What changed in a workspace since it was looked at, whoever changed it."""

from __future__ import annotations

from catalog.news import News
from catalog.objects import TableId, make_target
from catalog.places import Place, leave
from catalog.suggestion import Draft, Source
from tui.flow import scanning, writes
from tui.flow.session import Session, open_session

ORDERS = TableId("sales", "orders")
STATUS = make_target("sales", "orders", "status")
ZZ9 = TableId("legacy", "zz9")


def put(session: Session, *targets: object) -> None:
    drafts = [Draft(target, "A.", Source.RULES, 0.5) for target in targets]  # type: ignore[arg-type]
    session.suggestions.put((draft, None) for draft in drafts)


def seen(news: News) -> set[TableId]:
    found = news.read(most=9)
    assert found is not None
    return set(found)


def test_drafts_decisions_and_writes_of_others_are_news_once(session: Session) -> None:
    list(scanning.scan(session))
    news = News(session.workspace, session.database_id)
    assert news.read(most=9) is None  # all, when it is asked first
    assert seen(news) == set()
    with open_session(session.settings, session.database.url) as other:
        put(other, STATUS, ZZ9)
        assert seen(news) == {ORDERS, ZZ9}
        other.suggestions.accept(other.suggestions.of_table(ORDERS).values())
        assert seen(news) == {ORDERS}
        assert seen(news) == set()
        other.suggestions.decisions.undo()
        assert seen(news) == {ORDERS}
        other.suggestions.decisions.redo()
        assert seen(news) == {ORDERS}
        assert [r.change.target for r in writes.apply(other)] == [STATUS]
        assert seen(news) == {ORDERS}
        assert seen(news) == set()


def test_an_intent_is_news_when_it_begins_and_when_it_ends(session: Session) -> None:
    list(scanning.scan(session))
    news = News(session.workspace, session.database_id)
    news.read(most=9)
    with session.workspace.transaction() as db:
        db.execute(
            "INSERT INTO runs (id, database, what, started_at) VALUES (7, ?, 'x', '')",
            (session.database_id,),
        )
        db.execute(
            "INSERT INTO ledger (run, schema, name, statement, intended_at)"
            " VALUES (7, 'sales', 'orders', '', '')"
        )
    assert seen(news) == {ORDERS}
    assert seen(news) == set()
    with session.workspace.transaction() as db:
        db.execute("UPDATE ledger SET outcome = 'failed'")
    assert seen(news) == {ORDERS}
    assert seen(news) == set()


def test_many_tables_and_a_new_scan_are_all(session: Session) -> None:
    list(scanning.scan(session))
    news = News(session.workspace, session.database_id)
    news.read(most=1)
    put(session, STATUS, ZZ9)
    assert news.read(most=1) is None
    assert seen(news) == set()
    list(scanning.scan(session))
    assert news.read(most=1) is None
    assert seen(news) == set()
    list(scanning.scan(session, schemas=["legacy"]))  # of some tables too
    assert news.read(most=1) is None
    assert seen(news) == set()
    leave(session.workspace, session.database_id, Place(ORDERS))
    assert seen(news) == set()


def test_another_databases_news_are_not_ours(session: Session) -> None:
    list(scanning.scan(session))
    put(session, STATUS)
    news = News(session.workspace, session.database_id + 1)
    news.read(most=9)
    put(session, ZZ9)
    session.suggestions.accept(session.suggestions.of_table(ORDERS).values())
    assert seen(news) == set()
