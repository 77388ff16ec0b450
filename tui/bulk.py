"""What a bulk decision takes and what it leaves to single ones."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from catalog.suggestion import BLOCKING, State, Suggestion


@dataclass(frozen=True, slots=True)
class BulkChoice:
    """What a bulk accept takes and leaves, before anything is decided."""

    taken: list[Suggestion]
    """Pending suggestions with a text and without a blocking finding."""
    blocked: list[Suggestion]
    """Left out because of a blocking finding."""
    replacing: list[Suggestion]
    """Left out because they would replace a comment, which takes a look at each."""

    def left_out(self) -> dict[str, int]:
        """How many were left out, by finding, or as `replaces`."""
        counts: dict[str, int] = {}
        for suggestion in self.blocked:
            for finding in suggestion.draft.findings:
                if finding in BLOCKING:
                    counts[finding.value] = counts.get(finding.value, 0) + 1
        if self.replacing:
            counts["replaces"] = len(self.replacing)
        return counts


def choose_in_bulk(
    suggestions: Iterable[Suggestion], *, min_confidence: float = 0.0
) -> BulkChoice:
    """What a bulk accept of these would take."""
    pending = [
        suggestion
        for suggestion in suggestions
        if suggestion.state is State.PENDING
        and suggestion.text
        and suggestion.draft.confidence >= min_confidence
    ]
    blocked = [s for s in pending if BLOCKING & set(s.draft.findings)]
    replacing = [s for s in pending if s.previous is not None and s not in blocked]
    left = {s.id for s in (*blocked, *replacing)}
    return BulkChoice([s for s in pending if s.id not in left], blocked, replacing)
