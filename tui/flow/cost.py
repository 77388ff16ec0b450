"""What drafting took: seconds, their price, energy, all told for 1,000 columns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from catalog.inferences import Drafting, Inferences, Shown
from catalog.workspace import Workspace
from tui.flow.text import count, plain

NOT_TOLD = "energy not told by this machine"
PER = 1000
"""Columns that costs are told for."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What some drafting took. Its price is that of the machine, busy or not."""

    seconds: float
    """From the first table to the last draft, sampling and all."""
    columns: int
    """Drafted, whoever wrote their texts."""
    joules: float | None
    """Energy; None where the machine does not tell."""
    metered_seconds: float
    """Of the seconds, those whose energy was told."""
    hourly_price: float | None
    """Of the machine, in whatever currency; None where none was said."""

    @property
    def price(self) -> float | None:
        """All of it."""
        if self.hourly_price is None:
            return None
        return self.seconds / 3600 * self.hourly_price

    def each_thousand(self, amount: float | None) -> float | None:
        """An amount of the whole as one for `PER` columns; None for no column."""
        if amount is None or not self.columns:
            return None
        return amount * PER / self.columns

    @property
    def joules_each_thousand(self) -> float | None:
        """Energy for `PER` columns, as if seconds without it were as the others."""
        if self.joules is None or not self.metered_seconds:
            return None
        return self.each_thousand(self.joules * self.seconds / self.metered_seconds)

    def as_json(self) -> dict[str, float | None]:
        """For scripts; what is not known is null."""
        return {
            "joules": _rounded(self.joules, 1),
            "hourly_price": self.hourly_price,
            "cost": _rounded(self.price, 6),
            "seconds_per_thousand_columns": _rounded(
                self.each_thousand(self.seconds), 3
            ),
            "joules_per_thousand_columns": _rounded(self.joules_each_thousand, 1),
            "cost_per_thousand_columns": _rounded(self.each_thousand(self.price), 6),
        }

    def line(self) -> str:
        """For people; empty where there is no column."""
        seconds = self.each_thousand(self.seconds)
        if seconds is None:
            return ""
        joules, price = self.joules_each_thousand, self.each_thousand(self.price)
        energy = NOT_TOLD if joules is None else f"{joules:,.0f} J"
        parts = [f"1,000 columns take {seconds:,.1f} s", energy]
        if price is not None:
            parts.append(f"{price:,.4f} at {self.hourly_price:g} an hour")
        return ", ".join(parts) + "."


@dataclass(frozen=True, slots=True)
class Spending:
    """What the inference log says of drafting."""

    shown: tuple[Shown, ...]
    """Drafts and how many were seen, by the model that was asked."""
    drafting: tuple[Drafting, ...]
    """What it took, by the model that it was done with."""

    @classmethod
    def of(cls, workspace: Workspace, database: int | None) -> Spending:
        """Read it, of one database or of all; a million drafts take seconds."""
        log = Inferences(workspace, database)
        return cls(log.shown(), log.drafting())

    def as_json(self, hourly_price: float | None) -> dict[str, Any]:
        """For scripts."""
        return {
            "drafts": [
                {
                    "model": each.model,
                    "drafts": each.drafts,
                    "shown": each.shown,
                    "shown_undecided": each.undecided,
                    "engine_seconds": _rounded(each.seconds, 3),
                    "prompt_tokens": each.prompt_tokens,
                    "generated_tokens": each.generated_tokens,
                }
                for each in self.shown
            ],
            "drafting": [
                {
                    "model": each.model,
                    "seconds": round(each.seconds, 3),
                    "drafts": each.drafts,
                    "columns": each.columns,
                    "prompt_tokens": each.prompt_tokens,
                    "generated_tokens": each.generated_tokens,
                    **_cost(each, hourly_price).as_json(),
                }
                for each in self.drafting
            ],
        }

    def lines(self, hourly_price: float | None) -> Iterator[str]:
        """For people."""
        for each in self.shown:
            asked = "No model asked" if each.model is None else plain(each.model)
            yield (
                f"{asked}: {count(each.drafts, 'draft')}, {each.shown:,} shown,"
                f" {each.undecided:,} of them still to decide."
            )
        for by in self.drafting:
            name = "rules alone" if by.model is None else plain(by.model)
            yield (
                f"Drafting with {name}: {by.seconds:,.1f} s for"
                f" {count(by.columns, 'column')},"
                f" {by.prompt_tokens:,} tokens read,"
                f" {by.generated_tokens:,} written."
                f" {_cost(by, hourly_price).line()}".rstrip()
            )


def _cost(of: Drafting, hourly_price: float | None) -> Cost:
    return Cost(of.seconds, of.columns, of.joules, of.metered_seconds, hourly_price)


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
