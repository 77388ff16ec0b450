"""Everything that is drawn of how the work goes, gathered once for screen and report.

Neither knows of Textual nor of files; gathering reads the workspace and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from operator import add

from catalog.coverage import CoverageHistory, CoveragePoint
from catalog.drift import Drift
from catalog.intervals import Share
from catalog.metrics import DecisionLog, Metrics, Verdicts
from catalog.workspace import Workspace
from tui.flow import watching
from tui.flow.text import count
from tui.flow.two_models import Comparison, compare
from tui.flow.watching import sentences

NOTHING = "Nothing has been decided yet."


@dataclass(frozen=True, slots=True)
class Rate(Verdicts):
    """What became of texts of one kind."""

    name: str
    """What they have in common, as the workspace has it."""


@dataclass(frozen=True, slots=True)
class DatabaseCoverage:
    """How one database came to be described."""

    label: str
    """The database's name for people."""
    points: tuple[CoveragePoint, ...]
    """Every change, the oldest first."""


@dataclass(frozen=True, slots=True)
class Figures:
    """All of it, of one database or of all in a workspace."""

    label: str
    """Of what."""
    metrics: Metrics
    """What is counted from decisions and writes."""
    drift: Drift
    """Week by week, and what is alarming in it."""
    coverage: tuple[DatabaseCoverage, ...] = ()
    """Databases whose coverage was noted."""
    comparison: Comparison | None = None
    """Two models side by side, where that was asked for."""
    made_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    """When they were gathered, UTC."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing was decided or written yet."""
        return not self.metrics.acceptance and not self.metrics.provenance.comments

    @property
    def origins(self) -> tuple[Rate, ...]:
        """Acceptance by origin over all months, the most decided first."""
        sums: dict[str, tuple[int, ...]] = {}
        for each in self.metrics.acceptance:
            name = origin(each.source.value, each.model)
            before = sums.get(name, (0,) * len(each.counts))
            sums[name] = tuple(map(add, before, each.counts))
        rates = [Rate(a, e, r, u, w, name) for name, (a, e, r, u, w) in sums.items()]
        return tuple(sorted(rates, key=lambda rate: (-rate.decided, rate.name)))

    @property
    def kinds(self) -> tuple[Rate, ...]:
        """Acceptance by kind of object."""
        return tuple(
            Rate(*each.counts, each.kind or "no longer there")
            for each in self.metrics.kinds
        )

    @property
    def warnings(self) -> tuple[str, ...]:
        """What got worse, and stands."""
        return sentences(self.drift)

    @property
    def provenance(self) -> tuple[tuple[str, int], ...]:
        """Whose words stand in the database; some rows only where there are any."""
        whose = self.metrics.provenance
        known = (
            ("machine, as drafted", whose.machine - whose.unseen),
            ("machine, unseen", whose.unseen),
            ("machine, edited", whose.edited),
            ("human", whose.human),
            ("imported", whose.imported),
        )
        listed = (*known, ("unknown", whose.unknown))
        rare = ("machine, unseen", "unknown")
        return tuple(each for each in listed if each[1] or each[0] not in rare)

    @property
    def reasons(self) -> tuple[tuple[str, int], ...]:
        """Why texts were rejected, the most frequent first."""
        return tuple(
            (reason or "without a reason", number)
            for reason, number in self.metrics.reasons
        )


def gather(
    workspace: Workspace,
    database: int | None,
    label: str,
    *,
    models: str | None = None,
    seed: int = 0,
    reference: str | None = None,
) -> Figures:
    """Count everything; it takes a while in a large workspace.

    Args:
        workspace: the file.
        database: the id of a database; None is all of them.
        label: of what the figures are.
        models: the names of two to compare, as in `A,B`.
        seed: of that comparison.
        reference: the days that later weeks are compared with, as FROM..TO.

    Raises:
        UsageError: these are not two models whose texts were decided on, or no such
            days.
    """
    log = DecisionLog(workspace, database)
    comparison = None if models is None else compare(log, models, seed=seed)
    histories = [
        DatabaseCoverage(known.label, CoverageHistory(workspace, known.id).points())
        for known in workspace.databases()
        if database in (None, known.id)
    ]
    return Figures(
        label,
        log.metrics(),
        watching.gather(log, reference=reference),
        tuple(history for history in histories if history.points),
        comparison,
    )


def apart(rates: Sequence[Verdicts]) -> Iterator[str]:
    """Sentences on what was accepted otherwise than as drafted and seen."""
    if unseen := sum(rate.unseen for rate in rates):
        verb = "was" if unseen == 1 else "were"
        yield f"{count(unseen, 'text')} {verb} accepted in bulk, unseen: in no share."
    if reworded := sum(rate.reworded for rate in rates):
        verb = "is" if reworded == 1 else "are"
        yield (
            f"{count(reworded, 'accepted text')} {verb} another wording, picked in"
            " place of the draft."
        )


def origin(source: str, model: str | None) -> str:
    """Where texts came from; with the model, whose name is foreign text."""
    return f"{source} ({model})" if model else source


def between(share: Share) -> str:
    """An interval in words."""
    return f"{share.low:.0%} to {share.high:.0%}"
