from __future__ import annotations

from catalog.addresses import DatabaseIdentity
from catalog.change import CommentChange, Outcome, WriteResult
from catalog.history import history
from catalog.ledger import Ledger, RunLedger
from catalog.objects import TableId, Target, make_target
from catalog.suggestion import Draft, Source
from catalog.suggestions import Suggestions
from catalog.workspace import Workspace

TABLE = TableId("s", "t")
A, B = (make_target("s", "t", name) for name in "ab")


def write(
    workspace: Workspace, ledger: Ledger, what: str, change: CommentChange
) -> None:
    log = RunLedger(workspace, ledger.begin(what))
    (intent,) = log.intend([(change, "COMMENT …")])
    log.close([(intent, WriteResult(change, Outcome.WRITTEN, "COMMENT …"))])


def test_history_is_all_that_happened_to_one_target(workspace: Workspace) -> None:
    number = workspace.database(DatabaseIdentity("k", "l"), url="u")
    store, ledger = Suggestions(workspace, number), Ledger(workspace, number)
    for target in (A, B):
        store.put([(Draft(target, "Drafted.", Source.MODEL, 0.5, model="m"), None)])
    store.reject([store.of_table(TABLE)[A]], reason="wrong")
    store.decisions.undo()
    store.edit(store.of_table(TABLE)[A], "Mine.")
    write(workspace, ledger, "apply", CommentChange(A, None, "Mine."))
    write(workspace, ledger, "revert", CommentChange(A, "Mine.", None))

    def events(target: Target) -> list[tuple[str, str | None, str | None]]:
        return [
            (event.what, event.text, event.reason)
            for event in history(workspace, number, target)
        ]

    assert events(A) == [
        ("drafted", "Drafted.", None),
        ("rejected", "Drafted.", "wrong"),
        ("undo", "Drafted.", None),
        ("edited", "Mine.", None),
        ("written", "Mine.", None),
        ("restored", None, None),
    ]
    assert events(B) == [("drafted", "Drafted.", None)]
