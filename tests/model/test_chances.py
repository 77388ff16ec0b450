from __future__ import annotations

from dataclasses import replace
from functools import partial

from catalog.addresses import DatabaseIdentity
from catalog.objects import TableId, make_target
from catalog.suggestion import Draft, Finding, Source
from catalog.suggestions import Suggestions
from catalog.workspace import Workspace
from model import chances
from model.chances import Chances

HERE = Draft(
    make_target("s", "orders", "period_no"), "Number of the period.", Source.RULES, 0.6
)


def there(confidence: float, table: str = "invoices", **changes: object) -> Draft:
    target = make_target("s", table, "period_no")
    return replace(HERE, target=target, confidence=confidence, **changes)  # type: ignore[arg-type]


def test_one_text_has_one_number_on_all_columns_of_a_name() -> None:
    """The same text of `period_no` was 61 % sure in one table and 36 % in another."""
    known = Chances()
    assert known.steady(HERE) == HERE
    assert known.steady(there(0.36)).confidence == 0.6
    assert known.steady(there(0.36, source=Source.MODEL)).confidence == 0.6


def test_what_a_steward_sees_otherwise_has_its_own_number() -> None:
    known = Chances()
    known.steady(HERE)
    for other in (
        there(0.4, text="Period."),
        there(0.4, findings=(Finding.RESTATES,)),
        replace(there(0.4), target=make_target("s", "orders", "period")),
    ):
        assert known.steady(other) == other
    about_table = replace(HERE, target=TableId("s", "orders"), confidence=0.4)
    assert known.steady(about_table) == about_table


def test_a_later_run_gives_the_number_that_is_there(workspace: Workspace) -> None:
    store = Suggestions(
        workspace, workspace.database(DatabaseIdentity("k", "l"), url="u")
    )
    store.put([(HERE, None)])
    by_rules, asked = (
        partial(store.confidences, model=model) for model in (None, "other")
    )
    assert Chances(by_rules).steady(there(0.36)).confidence == 0.6
    assert Chances(by_rules).steady(there(0.3, text="N.")).confidence == 0.3
    assert Chances(asked).steady(there(0.36)).confidence == 0.36
    # What became of it says nothing of another text.
    (found,) = store.all()
    store.edit(found, "Number of the fiscal period.")
    assert Chances(by_rules).steady(there(0.36)).confidence == 0.36


def test_only_so_many_names_and_texts_are_kept() -> None:
    asked: list[str] = []

    def before(name: str) -> dict[chances.Said, float]:
        asked.append(name)
        return {}

    known = Chances(before)
    names = [f"n{number}" for number in range(chances.NAMES + 1)]
    for name in (*names, names[0], names[-1]):
        known.steady(replace(HERE, target=make_target("s", "t", name)))
    assert asked == [*names, names[0]]
    for number in range(chances.TEXTS + 9):
        text = f"Text {number}."
        assert known.steady(there(0.1, text=text)).text == text
    assert known.steady(there(0.9, text="Text 0.")).confidence == 0.1
