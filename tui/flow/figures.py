"""Everything that is drawn of how the work goes, gathered once for screen and report.

Neither knows of Textual nor of files; gathering reads the workspace and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby, pairwise

from catalog.coverage import CoverageHistory, CoveragePoint
from catalog.intervals import Share, fall
from catalog.metrics import Acceptance, DecisionLog, Metrics, Verdicts
from catalog.workspace import Workspace
from tui.flow.text import plain
from tui.flow.two_models import Comparison

NOTHING = "Nothing has been decided yet."


@dataclass(frozen=True, slots=True)
class Rate(Verdicts):
    """How many texts of one kind were taken as they were drafted."""

    name: str
    """What they have in common, as the workspace has it."""
    accepted: int
    """Taken as they were."""
    edited: int
    """Taken with other words."""
    rejected: int
    """Thrown away."""


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
        sums: dict[str, list[int]] = {}
        for each in self.metrics.acceptance:
            counts = sums.setdefault(origin(each.source.value, each.model), [0, 0, 0])
            counts[0] += each.accepted
            counts[1] += each.edited
            counts[2] += each.rejected
        rates = [Rate(name, *counts) for name, counts in sums.items()]
        return tuple(sorted(rates, key=lambda rate: (-rate.decided, rate.name)))

    @property
    def kinds(self) -> tuple[Rate, ...]:
        """Acceptance by kind of object."""
        return tuple(
            Rate(
                each.kind or "no longer there",
                each.accepted,
                each.edited,
                each.rejected,
            )
            for each in self.metrics.kinds
        )

    @property
    def warnings(self) -> tuple[str, ...]:
        """Where a model's acceptance fell."""
        return tuple(falls(self.metrics.acceptance))

    @property
    def provenance(self) -> tuple[tuple[str, int], ...]:
        """Whose words stand in the database; what is of unknown origin where any is."""
        whose = self.metrics.provenance
        known = (
            ("machine, as drafted", whose.machine),
            ("machine, edited", whose.edited),
            ("human", whose.human),
            ("imported", whose.imported),
        )
        return known + ((("unknown", whose.unknown),) if whose.unknown else ())

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
    comparison: Comparison | None = None,
) -> Figures:
    """Count everything; it takes a while in a large workspace.

    Args:
        workspace: the file.
        database: the id of a database; None is all of them.
        label: of what the figures are.
        comparison: of two models, to be shown beside the rest.
    """
    histories = [
        DatabaseCoverage(known.label, CoverageHistory(workspace, known.id).points())
        for known in workspace.databases()
        if database in (None, known.id)
    ]
    return Figures(
        label,
        DecisionLog(workspace, database).metrics(),
        tuple(history for history in histories if history.points),
        comparison,
    )


def falls(acceptance: Sequence[Acceptance]) -> Iterator[str]:
    """A sentence for each origin whose acceptance fell from its last month but one.

    Only where chance is an unlikely reason: the 95 % interval of the difference has no
    0 in it.
    """
    for (source, model), of_origin in groupby(
        acceptance, key=lambda each: (each.source, each.model)
    ):
        months = [each for each in of_origin if each.decided]
        for before, after in list(pairwise(months))[-1:]:
            lost = fall(
                (before.accepted, before.decided), (after.accepted, after.decided)
            )
            if lost is not None and lost.low > 0:
                yield (
                    f"acceptance of {plain(origin(source.value, model))} fell from"
                    f" {before.accepted / before.decided:.0%} in {before.month} to"
                    f" {after.accepted / after.decided:.0%} in {after.month}"
                    f" (by {lost.low:.0%} at least)."
                )


def origin(source: str, model: str | None) -> str:
    """Where texts came from; with the model, whose name is foreign text."""
    return f"{source} ({model})" if model else source


def between(share: Share) -> str:
    """An interval in words."""
    return f"{share.low:.0%} to {share.high:.0%}"
