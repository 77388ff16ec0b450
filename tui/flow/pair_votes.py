"""Votes on two models' drafts side by side: who wins, and whether that is decided.

Columns of one table are not independent: who likes a model's words for one likes them
for the next. So one table is one unit. It counts when nothing in it is left to choose
between, for the model that won more of it, and the test is over tables. Nothing that is
counted may depend on who leads, and a table that is half done could be left at the best
moment.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from shlex import quote

from catalog.intervals import Share, wilson
from catalog.objects import TableId, table_of
from catalog.pairs import Fate, PairOutcome, outcomes
from catalog.preferred import ERROR, decided_after, sign_test
from catalog.workspace import Workspace
from tui.flow.text import count, plain


@dataclass(frozen=True, slots=True)
class FinishedTable:
    """A table in which nothing is left to choose between."""

    wins: tuple[int, int]
    """Of each model."""
    decision: int
    """The one that finished it."""

    @property
    def won(self) -> bool | None:
        """Whether the first model won more of it; None where neither did."""
        first, second = self.wins
        return None if first == second else first > second


@dataclass(frozen=True)
class PairVotes:
    """What was said of two models' drafts that stood side by side."""

    models: tuple[str, str]
    """The names of both."""
    outcomes: tuple[PairOutcome, ...]
    """Everything that stood side by side."""

    @cached_property
    def fates(self) -> Counter[Fate]:
        """How many there are of each."""
        return Counter(each.fate for each in self.outcomes)

    @cached_property
    def wins(self) -> tuple[int, int]:
        """Votes for each model."""
        won = Counter(each.winner for each in self.outcomes)
        return won[self.models[0]], won[self.models[1]]

    @property
    def votes(self) -> int:
        """All that were given, ties among them."""
        return self.fates[Fate.VOTED] + self.fates[Fate.TIE]

    @property
    def edited(self) -> int:
        """Better ones that were edited afterwards."""
        return sum(each.edited for each in self.outcomes)

    @property
    def share(self) -> Share | None:
        """Won by the first of what either won, as if votes were independent."""
        return wilson(self.wins[0], sum(self.wins))

    @property
    def p(self) -> float:
        """The exact sign test over votes, as if they were independent."""
        return sign_test(*self.wins)

    @cached_property
    def finished(self) -> tuple[FinishedTable, ...]:
        """Tables with a vote and nothing left to choose, as they came to be so."""
        by_table: dict[tuple[str, TableId], list[PairOutcome]] = defaultdict(list)
        for each in self.outcomes:
            by_table[each.database, table_of(each.target)].append(each)
        found = []
        for those in by_table.values():
            fates = Counter(each.fate for each in those)
            if not fates[Fate.OPEN] and fates[Fate.VOTED] + fates[Fate.TIE]:
                won = Counter(each.winner for each in those)
                wins = won[self.models[0]], won[self.models[1]]
                # What is alike was no choice, and may be accepted long afterwards.
                last = max(e.decision for e in those if e.fate is not Fate.ALIKE)
                found.append(FinishedTable(wins, last))
        return tuple(sorted(found, key=lambda each: each.decision))

    @cached_property
    def table_wins(self) -> tuple[int, int]:
        """Finished tables that each model won."""
        won = [each.won for each in self.finished]
        return won.count(True), won.count(False)

    @property
    def table_share(self) -> Share | None:
        """Won by the first of the finished tables that either won."""
        return wilson(self.table_wins[0], sum(self.table_wins))

    @property
    def table_p(self) -> float:
        """The exact sign test over finished tables."""
        return sign_test(*self.table_wins)

    @property
    def unfinished(self) -> int:
        """Tables in which something is left to choose between."""
        left = (each for each in self.outcomes if each.fate is Fate.OPEN)
        return len({(each.database, table_of(each.target)) for each in left})

    @cached_property
    def _decided(self) -> tuple[int, str] | None:
        """After how many votes it was decided, and for which model."""
        counted = [each for each in self.finished if each.won is not None]
        found = decided_after(bool(each.won) for each in counted)
        if found is None:
            return None
        last = counted[found[0] - 1].decision
        votes = sum(
            each.fate in (Fate.VOTED, Fate.TIE) and each.decision <= last
            for each in self.outcomes
        )
        return votes, self.models[0 if found[1] else 1]

    @property
    def better(self) -> str | None:
        """The model whose texts are preferred; None where that is not decided."""
        return None if self._decided is None else self._decided[1]

    @property
    def progress(self) -> str:
        """How far it is, without a word of who leads; empty where nothing is asked."""
        if self._decided is not None:
            return f"decided after {count(self._decided[0], 'vote')}"
        if self.votes or self.fates[Fate.OPEN]:
            return f"{count(self.votes, 'vote')}, not decided"
        return ""

    def verdict(self, url: str = "URL") -> str:
        """One or two sentences: which is better and how to use it, or to go on.

        Args:
            url: what the command is to name.
        """
        if self._decided is not None:
            votes, better = self._decided
            other = self.models[self.models[0] == better]
            return (
                f"Decided after {count(votes, 'vote')}: texts of {plain(better)} are"
                f" preferred to those of {plain(other)}; you may stop."
                f" `columnist --model {quote(plain(better))} draft {quote(url)}` drafts"
                " with it."
            )
        tables = count(len(self.finished), "finished table")
        told = f"Go on: {count(self.votes, 'vote')} so far, {tables}, not decided."
        if self.unfinished:
            told += (
                f" {count(self.unfinished, 'table')} more will count when nothing in"
                f" {'it' if self.unfinished == 1 else 'them'} is left to choose."
            )
        return told


RULE = (
    f"A table is one unit, won by the model that won more of it, and the chance of"
    f" calling a difference decided where there is none is {ERROR:.0%} at most, however"
    " often you look."
)
"""What the verdict stands on."""


def pair_votes(
    workspace: Workspace, database: int | None, models: tuple[str, str]
) -> PairVotes | None:
    """Read all votes on two models; None where nothing of theirs stood side by side.

    Args:
        workspace: the file.
        database: the id of a database; None is all of them.
        models: the names of both.
    """
    found = outcomes(workspace, database, models)
    return PairVotes(models, tuple(found)) if found else None


def vote_lines(votes: PairVotes) -> Iterator[str]:
    """All that votes come to, in sentences; the verdict at the end."""
    first, second = map(plain, votes.models)
    yield (
        f"Side by side: {count(votes.votes, 'vote')}, {votes.wins[0]:,} for {first},"
        f" {votes.wins[1]:,} for {second}, {count(votes.fates[Fate.TIE], 'tie')}."
    )
    if told := [f"{votes.fates[f]:,} {s}" for f, s in _TOLD.items() if votes.fates[f]]:
        yield f"No vote: {', '.join(told)}."
    if votes.edited:
        yield f"Of those that won, {votes.edited:,} were edited afterwards."
    for unit, wins, share, p in (
        ("vote", votes.wins, votes.share, votes.p),
        ("finished table", votes.table_wins, votes.table_share, votes.table_p),
    ):
        if share is not None:
            yield (
                f"Of {count(sum(wins), unit)} that either won, {first} has"
                f" {share.share:.0%} ({share.low:.0%} to {share.high:.0%}), sign test p"
                f" = {p:.3g}."
            )
    yield f"{votes.verdict()} {RULE}"


_TOLD = {
    Fate.EDITED: "edited instead",
    Fate.REJECTED: "with both rejected",
    Fate.OTHERWISE: "accepted otherwise",
    Fate.ALIKE: "alike, and not asked",
    Fate.GONE: "drafted anew before anybody chose",
    Fate.OPEN: "left to choose",
}
"""What went otherwise than by a vote."""
