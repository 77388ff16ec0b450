"""Two models that drafted side by side: whose texts were accepted as drafted more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from catalog.errors import UsageError
from catalog.intervals import Share, fall, wilson
from catalog.metrics import DecisionLog
from catalog.trial import TableOutcome, drawn_model
from tui.flow.pair_votes import PairVotes, pair_votes
from tui.flow.text import count, plain

ENOUGH_TABLES = 10
"""With fewer tables of a model, drawing them again says little of what could be."""
RESAMPLES = 2000
"""Of a bootstrap: the ends of a 95 % interval are then the 50th from both ends."""


@dataclass(frozen=True, slots=True)
class ArmOutcome:
    """One of two models, with the tables that were drawn for it."""

    model: str
    """Its name, as drafts are signed with it."""
    tables: tuple[tuple[int, int], ...]
    """Accepted and decided texts of each table that has decided ones."""
    unseen: int = 0
    """Texts accepted in bulk, unseen, which say nothing of the model."""

    @property
    def accepted(self) -> int:
        """Texts taken as drafted."""
        return sum(accepted for accepted, _ in self.tables)

    @property
    def decided(self) -> int:
        """Texts that were decided on, without those accepted unseen."""
        return sum(decided for _, decided in self.tables)

    @property
    def share(self) -> Share | None:
        """Accepted of decided, with Wilson's interval."""
        return wilson(self.accepted, self.decided)


@dataclass(frozen=True, slots=True)
class Comparison:
    """The acceptance of two models on tables that were drawn for them."""

    first: ArmOutcome
    """The one named first."""
    second: ArmOutcome
    """The other."""
    left_out: int
    """Texts of one of the two for a table that was drawn for the other."""
    by_texts: Share | None
    """First less second, as if texts were independent (Newcombe)."""
    by_tables: Share | None
    """First less second, with whole tables drawn again: the honest interval."""
    votes: PairVotes | None = None
    """On drafts of both that stood side by side; None where none did."""

    @property
    def is_split(self) -> bool:
        """Whether tables were split between both, or nothing is known at all."""
        return bool(self.first.tables or self.second.tables or not self.votes)

    @property
    def better(self) -> str | None:
        """The model whose texts are taken more often; None where that is not decided.

        Both intervals must leave out 0: few tables, or tables without a difference
        among them, make that of the tables too narrow.
        """
        texts, tables = self.by_texts, self.by_tables
        if texts is None or tables is None or self._few:
            return None
        if texts.low > 0 and tables.low > 0:
            return self.first.model
        if texts.high < 0 and tables.high < 0:
            return self.second.model
        return None

    @property
    def verdict(self) -> str:
        """One sentence: which is better, or why nobody can say."""
        for arm in (self.first, self.second):
            if not arm.decided:
                read = " read" if arm.unseen else ""
                return (
                    f"Not decided: nothing that {plain(arm.model)} drafted was{read}"
                    " yet."
                )
        texts, tables = self.by_texts, self.by_tables
        assert texts is not None
        assert tables is not None
        better = self.better
        if better is not None:
            # Whichever reaches further, at either end.
            ends = min(texts.low, tables.low), max(texts.high, tables.high)
            low, high = sorted(map(abs, ends))
            worse = self.second if better == self.first.model else self.first
            return (
                f"Decided: texts of {plain(better)} are taken as drafted more often"
                f" than those of {plain(worse.model)}, by {100 * low:.0f} to"
                f" {100 * high:.0f} percentage points."
            )
        if self._few:
            return (
                f"Not decided: {count(len(self.first.tables), 'table')} and"
                f" {count(len(self.second.tables), 'table')} are too few; it takes"
                f" {ENOUGH_TABLES} of each."
            )
        return (
            "Not decided: a difference of"
            f" {100 * tables.share:+.0f} percentage points may be chance."
        )

    @property
    def _few(self) -> bool:
        return min(len(self.first.tables), len(self.second.tables)) < ENOUGH_TABLES


def compare(log: DecisionLog, models: str, *, seed: int = 0) -> Comparison:
    """Compare two models by what was decided on their texts.

    Args:
        log: the decisions.
        models: the names of both with a comma between, as `A,B`.
        seed: of drawing the tables again.

    Raises:
        UsageError: these are not two models whose texts were decided on.
    """
    pair = _pair(models, log.models())
    outcomes = log.by_table(pair)
    drawn = [
        each
        for each in outcomes
        if each.model == drawn_model(each.database, each.table, pair)
    ]
    left_out = sum(e.decided for e in outcomes) - sum(e.decided for e in drawn)
    first, second = (_arm(model, drawn) for model in pair)
    return Comparison(
        first,
        second,
        left_out,
        fall((first.accepted, first.decided), (second.accepted, second.decided)),
        clustered_difference(first.tables, second.tables, seed=seed),
        pair_votes(log.workspace, log.database, pair),
    )


def clustered_difference(
    one: Sequence[tuple[int, int]], other: Sequence[tuple[int, int]], *, seed: int = 0
) -> Share | None:
    """How much a share differs between two groups of clusters, with its 95 % interval.

    Whole clusters are drawn again with replacement, in each group by itself, as they
    were drawn in the first place: what is inside a cluster is not independent. Davison
    and Hinkley 1997, "Bootstrap methods and their application", section 3.8.

    Args:
        one: count and total of each cluster; the share is of all of them together.
        other: the same of the other group.
        seed: of the drawing.

    Returns:
        None where a group is of nothing. The interval has no width where no group has
        two clusters that differ, and is too narrow where there are few.
    """
    # numpy takes 50 ms to import, and few commands come here.
    import numpy

    groups = [[each for each in group if each[1]] for group in (one, other)]
    if not all(groups):
        return None
    draw = numpy.random.default_rng(seed)
    shares = []
    for group in groups:
        counts = numpy.array(group)
        drawn = [
            counts[draw.integers(0, len(counts), len(counts))].sum(axis=0)
            for _ in range(RESAMPLES)
        ]
        shares.append([count / total for count, total in drawn])
    first, second = (sum(c for c, _ in g) / sum(t for _, t in g) for g in groups)
    differences = sorted(a - b for a, b in zip(*shares, strict=True))
    edge = RESAMPLES // 40
    return Share(
        first - second, float(differences[edge - 1]), float(differences[-edge])
    )


def points(difference: Share) -> str:
    """A difference in percentage points with its interval."""
    return (
        f"{100 * difference.share:+.1f} points ({100 * difference.low:+.1f} to"
        f" {100 * difference.high:+.1f})"
    )


def _arm(model: str, outcomes: Sequence[TableOutcome]) -> ArmOutcome:
    own = [each for each in outcomes if each.model == model]
    return ArmOutcome(
        model,
        tuple((each.accepted, each.decided) for each in own if each.decided),
        sum(each.unseen for each in own),
    )


def _pair(text: str, known: Sequence[str]) -> tuple[str, str]:
    """Two names of models, either of which may have a comma of its own."""
    commas = [place for place, each in enumerate(text) if each == ","]
    pairs = [(text[:place].strip(), text[place + 1 :].strip()) for place in commas]
    for one, other in pairs:
        if one != other and one in known and other in known:
            return one, other
    told = ", ".join(plain(name) for name in known) or "none yet"
    if len(pairs) != 1 or not all(pairs[0]) or pairs[0][0] == pairs[0][1]:
        raise UsageError(
            "--compare takes two models, as in A,B.",
            f"Decided on were texts of: {told}.",
        )
    missing = next(name for name in pairs[0] if name not in known)
    raise UsageError(
        f"No text of a model {missing} was decided on.",
        f"Decided on were texts of: {told}.",
    )
