"""What is listed: one row a property, chosen with space; groups narrow together."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import ClassVar, TypeVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Label

from catalog.listing import Show
from catalog.objects import TableKind
from catalog.suggestion import (
    Finding,
    Likelihood,
    Source,
    State,
    SuggestionFilter,
)
from tui.app.keys import keys
from tui.app.widgets.keys_line import KeysLine
from tui.app.widgets.row_list import Cell, Heading, RowList

Value = TypeVar("Value")
"""What a facet stands for."""


@dataclass(frozen=True, slots=True)
class Facet:
    """One property that things can be listed by."""

    group: str
    """What it is a property of, such as `source`; any of a group has to fit."""
    value: object
    """What it stands for."""
    label: str
    """For the steward."""


def _step(likelihood: Likelihood) -> str:
    low, high = likelihood.bounds
    return f"{likelihood.value}, {low:.0%} to {high:.0%}"


FACETS = (
    *(Facet("what", each, each.value) for each in Show),
    *(Facet("kind", each, each.value) for each in TableKind),
    *(Facet("state", each, each.words) for each in State),
    *(Facet("source", each, each.value) for each in Source),
    *(Facet("confidence", each, _step(each)) for each in Likelihood),
    *(Facet("finding", each, each.words) for each in Finding),
)
"""What tables can be listed by; the last four are properties of suggestions."""
OF_SUGGESTIONS = tuple(f for f in FACETS if f.group not in ("what", "kind"))
"""Properties of suggestions, which columns are listed by."""


class FacetModal(ModalScreen[frozenset[Facet]]):
    """List only what has these properties."""

    BINDINGS: ClassVar[list[BindingType]] = keys(
        "facets",
        ("space", "choose", "Choose", "Choose or leave out"),
        ("c", "clear", "Clear", "Choose none"),
        ("f,escape,q", "done", "List", "List what fits"),
    )

    def __init__(self, facets: Sequence[Facet], chosen: Collection[Facet] = ()) -> None:
        super().__init__()
        self._facets = facets
        self._chosen = set(chosen)

    def compose(self) -> ComposeResult:
        """The properties, group by group."""
        with Vertical(classes="modal facets"):
            yield Label("List only", classes="modal-title", markup=False)
            yield RowList(
                [Heading("", 3), Heading("", 11), Heading("")],
                self._cells,
                self._facets,
                id="facets",
            )
            yield KeysLine(
                {
                    "facets.choose": "chooses",
                    "list.choose": "this alone",
                    "facets.clear": "none",
                    "facets.done": "lists",
                }
            )

    def on_mount(self) -> None:
        """The list takes the keys."""
        self.query_one(RowList).focus()

    def _cells(self, facet: Facet) -> Sequence[Cell]:
        first = next(each for each in self._facets if each.group == facet.group)
        on_ = facet in self._chosen
        return (
            Cell("[x]" if on_ else "[ ]", "accent" if on_ else "muted"),
            Cell(facet.group if facet is first else "", "muted"),
            Cell(facet.label, "strong" if on_ else ""),
        )

    @property
    def _facet(self) -> Facet:
        return self._facets[self.query_one(RowList).cursor]

    def action_choose(self) -> None:
        """Choose what is under the cursor, or leave it out again."""
        self._chosen ^= {self._facet}
        self.query_one(RowList).show()

    @on(RowList.Chosen)
    def _alone(self) -> None:
        # A second enter may be under way when the first has closed it.
        if self.is_active:
            self.dismiss(frozenset([self._facet]))

    def action_clear(self) -> None:
        """Choose none, which lists all."""
        self._chosen.clear()
        self.query_one(RowList).show()

    def action_done(self) -> None:
        """List what fits."""
        self.dismiss(frozenset(self._chosen))


def values(chosen: Collection[Facet], kind: type[Value]) -> frozenset[Value]:
    """The values of one type among those chosen."""
    return frozenset(each.value for each in chosen if isinstance(each.value, kind))


def suggestions_with(facets: frozenset[Facet]) -> SuggestionFilter:
    """What facets say of suggestions."""
    return SuggestionFilter(
        values(facets, State),
        values(facets, Source),
        values(facets, Likelihood),
        values(facets, Finding),
    )
