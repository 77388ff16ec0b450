from __future__ import annotations

from catalog.addresses import DatabaseIdentity
from catalog.objects import TableId
from catalog.places import Place, first_time, leave, left
from catalog.workspace import Workspace


def test_a_place_is_kept_for_each_database(workspace: Workspace) -> None:
    one = workspace.database(DatabaseIdentity("a", "a"), url="u")
    other = workspace.database(DatabaseIdentity("b", "b"), url="u")
    assert left(workspace, one) is None
    leave(workspace, one, Place(TableId("s", "t")))
    leave(workspace, one, Place(TableId("s", "u"), "c", reviewing=True))
    assert left(workspace, one) == Place(TableId("s", "u"), "c", reviewing=True)
    assert left(workspace, other) is None


def test_a_hint_is_given_once(workspace: Workspace) -> None:
    assert first_time(workspace, "catalog")
    assert not first_time(workspace, "catalog")
    with Workspace(workspace.path) as again:
        assert not first_time(again, "catalog")
        assert first_time(again, "review")
