from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from catalog.listing import Listing, Order, Show, TableFilter, name_pattern
from catalog.objects import TableId, TableKind
from catalog.snapshot import TableSummary

NAMES = ["orders", "order_lines", "customers", "Ünïcôde", "a.b", "[x]*", "line\nbreak"]


def listing() -> Listing:
    return Listing(
        [
            TableSummary(TableId("s", name), TableKind.TABLE, n, n % 2 == 0, 2, 2, n, 0)
            for n, name in enumerate(NAMES)
        ]
    )


def names(found: list[TableSummary]) -> list[str]:
    return [each.id.name for each in found]


def subsequence(wanted: str, name: str) -> bool:
    rest = iter(name)
    return all(character in rest for character in wanted)


@given(st.text(max_size=6), st.text(max_size=12))
def test_after_an_apostrophe_letters_are_looked_for_without_case(
    wanted: str, name: str
) -> None:
    expected = subsequence(wanted.lower(), name.lower())
    assert bool(name_pattern(f"'{wanted}").match(name.lower())) == expected


@given(st.text(alphabet="abAB_.*['\n", max_size=4), st.text("abAB_.*['\n", max_size=8))
def test_else_a_part_of_the_name_in_one_piece(wanted: str, name: str) -> None:
    if not wanted.startswith("'"):
        found = name_pattern(wanted).match(name.lower())
        assert bool(found) == (wanted.lower() in name.lower())


@given(st.text(max_size=12), st.data())
def test_every_part_of_a_name_finds_it(name: str, data: st.DataObject) -> None:
    begin = data.draw(st.integers(0, len(name)))
    part = name.lower()[begin : data.draw(st.integers(begin, len(name)))]
    if not part.startswith("'"):
        assert name_pattern(part).match(name.lower())


@given(
    st.lists(
        st.sampled_from(
            ["", "o", "or", "ord", "ordl", "x", "s", "s.o", "'", "'o", "'ol", "'ols"]
        )
    )
)
def test_what_was_typed_before_changes_nothing(typed: list[str]) -> None:
    kept = listing()
    for text in typed:
        wanted = TableFilter(text=text)
        assert kept.find(wanted) == listing().find(wanted)


def test_a_text_in_one_piece_comes_first() -> None:
    found = listing().find(TableFilter(text="'lin"))
    assert names(found) == ["order_lines", "line\nbreak"]
    assert names(listing().find(TableFilter(text="'ols"))) == ["order_lines"]
    assert names(listing().find(TableFilter(text="ols"))) == []
    assert names(listing().find(TableFilter(text="LIN"))) == [
        "order_lines",
        "line\nbreak",
    ]


def test_filters_narrow_together_and_orders_sort() -> None:
    undecided = TableFilter(shows=frozenset({Show.UNDECIDED}))
    assert len(listing().find(undecided)) == len(NAMES) - 1
    assert names(listing().find(undecided, Order.ROWS))[0] == NAMES[-1]
    chosen = TableFilter(tables=frozenset({TableId("s", "orders")}), schema="s")
    assert names(listing().find(chosen)) == ["orders"]
    assert listing().find(TableFilter(schema="other")) == []
    assert listing().find(TableFilter(kinds=frozenset({TableKind.VIEW}))) == []


def test_updated_counts_are_listed_and_covered() -> None:
    of = listing()
    one = of.summaries[0]
    of.update([one._replace(described=True, undecided=9)])
    assert of.find(TableFilter(), Order.WAITING)[0].undecided == 9
    schemas, total = of.coverage()
    assert [each.schema for each in schemas] == ["s"]
    assert total.tables == len(NAMES)
    assert total.columns == total.columns_described == 2 * len(NAMES)
