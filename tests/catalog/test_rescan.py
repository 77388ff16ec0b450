"""What a second scan makes of what has changed since the first."""

from __future__ import annotations

from dataclasses import replace

import pytest

from catalog.addresses import DatabaseIdentity
from catalog.objects import Column, ColumnId, Table, TableId, TableKind, Target
from catalog.rescan import Changes, Rescan
from catalog.snapshot import Snapshot
from catalog.suggestion import Draft, Source, State
from catalog.suggestions import Suggestions
from catalog.workspace import Workspace

ORDERS = TableId("s", "orders")
ITEMS = TableId("s", "items")


def table(table_id: TableId, *columns: str, comment: str | None = None) -> Table:
    """Columns are `name:type` or `name:type:comment`."""
    found = []
    for position, each in enumerate(columns, 1):
        name, kind, *said = each.split(":")
        found.append(
            Column(
                ColumnId(table_id, name),
                position,
                kind,
                comment=said[0] if said else None,
            )
        )
    return Table(table_id, TableKind.TABLE, tuple(found), comment=comment)


class Database:
    """A database that is scanned again and again."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.number = workspace.database(DatabaseIdentity("d", "d"), url="u")
        self.suggestions = Suggestions(workspace, self.number)

    def scan(self, *tables: Table) -> Changes:
        rescan = Rescan(self.workspace, self.number)
        snapshot = Snapshot(self.workspace, self.number)
        number = snapshot.begin()
        for each in tables:
            rescan.save([each], scan=number)
        return rescan.finish(snapshot.finish(number))

    def draft(self, *targets: Target) -> None:
        self.suggestions.put(
            [(Draft(t, f"About {t}.", Source.MODEL, 0.5), None) for t in targets]
        )

    def state(self, target: Target) -> tuple[State, str | None]:
        table_id = target if isinstance(target, TableId) else target.table
        found = self.suggestions.of_table(table_id)[target]
        return found.state, found.reason

    def outdated(self) -> list[tuple[str, str]]:
        found = Rescan(self.workspace, self.number).outdated()
        return [(str(each.target), each.why) for each in found]


@pytest.fixture
def database(workspace: Workspace) -> Database:
    return Database(workspace)


def test_the_first_scan_finds_nothing_changed(database: Database) -> None:
    assert database.scan(table(ORDERS, "id:int")) == Changes()


def test_nothing_changed_is_nothing_found(database: Database) -> None:
    orders = table(ORDERS, "id:int", "state:text")
    database.scan(orders)
    commented = table(ORDERS, "id:int:Number.", "state:text", comment="Orders.")
    assert database.scan(replace(commented, row_estimate=9)) == Changes()


def test_new_changed_and_dropped_tables_are_told(database: Database) -> None:
    database.scan(table(ORDERS, "id:int"), table(ITEMS, "a:int", "b:int"))
    changes = database.scan(
        table(ORDERS, "id:bigint"), table(TableId("s", "x"), "y:int", "z:text")
    )
    assert changes.new == [TableId("s", "x")]
    assert changes.changed == [ORDERS]
    assert changes.dropped == [ITEMS]
    assert not changes.renamed


def test_another_type_gives_the_suggestion_back(database: Database) -> None:
    database.scan(table(ORDERS, "id:int", "state:text"))
    amount, state = ColumnId(ORDERS, "id"), ColumnId(ORDERS, "state")
    database.draft(amount, state)
    database.suggestions.accept(database.suggestions.all())
    changes = database.scan(table(ORDERS, "id:bigint", "state:text"))
    assert changes.suggestions == 1
    assert database.state(amount) == (State.STALE, "its type was int, it is bigint")
    assert database.state(state) == (State.ACCEPTED, None)
    assert [change.target for change in database.suggestions.staged()] == [state]


def test_a_stale_draft_is_drafted_anew_but_a_decided_text_is_kept(
    database: Database,
) -> None:
    database.scan(table(ORDERS, "a:int", "b:int"))
    a, b = ColumnId(ORDERS, "a"), ColumnId(ORDERS, "b")
    database.draft(a, b)
    found = database.suggestions.of_table(ORDERS)
    database.suggestions.edit(found[b], "The steward's own.")
    database.scan(table(ORDERS, "a:text", "b:text"))
    assert (
        database.suggestions.put(
            [(Draft(t, "New.", Source.MODEL, 0.5), None) for t in (a, b)]
        )
        == 1
    )
    found = database.suggestions.of_table(ORDERS)
    assert (found[a].text, found[a].state) == ("New.", State.PENDING)
    assert (found[b].text, found[b].state) == ("The steward's own.", State.STALE)


def test_a_renamed_table_takes_its_suggestions_and_decisions_along(
    database: Database,
) -> None:
    database.scan(table(ORDERS, "id:int", "state:text"), table(ITEMS, "x:int"))
    state = ColumnId(ORDERS, "state")
    database.draft(ORDERS, state)
    database.suggestions.accept(database.suggestions.all())
    now = TableId("sales", "orders_2")
    changes = database.scan(table(now, "id:int", "state:text"), table(ITEMS, "x:int"))
    assert changes == Changes(renamed={ORDERS: now})
    assert database.state(now) == (State.ACCEPTED, None)
    assert database.state(ColumnId(now, "state")) == (State.ACCEPTED, None)
    assert database.suggestions.decisions.undo() is not None
    assert database.state(now)[0] is State.PENDING


def test_two_tables_of_one_shape_are_not_guessed_apart(database: Database) -> None:
    database.scan(table(ORDERS, "a:int", "b:int"), table(ITEMS, "a:int", "b:int"))
    database.draft(ORDERS)
    changes = database.scan(table(TableId("s", "x"), "a:int", "b:int"))
    assert not changes.renamed
    assert changes.dropped == [ITEMS, ORDERS]
    assert database.state(ORDERS) == (State.STALE, "it no longer exists")


def test_a_renamed_column_takes_its_suggestion_along_and_is_asked_again(
    database: Database,
) -> None:
    database.scan(table(ORDERS, "id:int", "state:text"))
    database.draft(ColumnId(ORDERS, "state"))
    database.scan(table(ORDERS, "id:int", "status:text"))
    now = ColumnId(ORDERS, "status")
    assert database.state(now) == (State.STALE, "it was called state")


def test_what_comes_back_has_its_state_back(database: Database) -> None:
    database.scan(table(ORDERS, "a:int"), table(ITEMS, "x:int"))
    database.draft(ORDERS, ColumnId(ORDERS, "a"))
    database.suggestions.accept([database.suggestions.of_table(ORDERS)[ORDERS]])
    database.scan(table(ITEMS, "x:int"))
    assert database.state(ORDERS)[0] is State.STALE
    database.scan(table(ORDERS, "a:int"), table(ITEMS, "x:int"))
    assert database.state(ORDERS)[0] is State.ACCEPTED
    assert database.state(ColumnId(ORDERS, "a"))[0] is State.PENDING


def test_a_comment_on_what_has_changed_is_listed_until_it_is_changed(
    database: Database,
) -> None:
    database.scan(table(ORDERS, "id:int:Number.", "b:int", comment="Orders."))
    database.scan(table(ORDERS, "id:bigint:Number.", comment="Orders."))
    assert database.outdated() == [
        ("s.orders", "its columns changed: 0 came, 1 went"),
        ("s.orders.id", "its type was int, it is bigint"),
    ]
    database.scan(table(ORDERS, "id:bigint:Number.", comment="Orders."))
    assert len(database.outdated()) == 2
    database.scan(table(ORDERS, "id:bigint:Wide number.", comment="Orders."))
    assert database.outdated() == [("s.orders", "its columns changed: 0 came, 1 went")]
    database.scan()
    assert database.outdated() == []


def test_a_view_with_another_definition_is_doubtful(database: Database) -> None:
    view = replace(
        table(ORDERS, "a:int", comment="Open orders."),
        kind=TableKind.VIEW,
        view_sql="SELECT a FROM t WHERE x",
    )
    database.scan(view)
    assert database.scan(replace(view, view_sql="SELECT a\nFROM t  WHERE x")) == (
        Changes()
    )
    database.scan(replace(view, view_sql="SELECT a FROM t WHERE y"))
    assert database.outdated() == [("s.orders", "its definition changed")]
