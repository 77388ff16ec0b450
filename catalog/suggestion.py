"""Suggestions, their findings and states, and the steward's decisions on them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from catalog.objects import Target


class Source(Enum):
    """Where a text came from."""

    MODEL = "model"
    RULES = "rules"
    INHERITED = "inherited"
    GLOSSARY = "glossary"
    KNOWN = "known"
    IMPORTED = "imported"
    HUMAN = "human"


class Finding(Enum):
    """What a check found in a draft."""

    LEAK = "leak"
    UNSUPPORTED = "unsupported"
    RESTATES = "restates"
    DEGENERATE = "degenerate"
    TOO_LONG = "too_long"
    CONTROL = "control"
    FALSE_CLAIM = "false_claim"


BLOCKING = frozenset({Finding.LEAK, Finding.CONTROL, Finding.TOO_LONG})
"""Findings that bulk accept leaves out."""


class State(Enum):
    """Where a suggestion stands between drafting and the database."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    EDITED = "edited"
    REJECTED = "rejected"
    ABSTAINED = "abstained"
    WRITTEN = "written"
    CONFLICT = "conflict"
    REFUSED = "refused"
    STALE = "stale"


STAGED = frozenset({State.ACCEPTED, State.EDITED})
"""States whose text is decided and was not tried, or only failed to be written."""

TRIED = STAGED | {State.REFUSED}
"""States whose text the next write run takes: the reason to refuse it may be gone."""

UNDECIDED = frozenset(
    {State.PENDING, State.ABSTAINED, State.STALE, State.CONFLICT, State.REFUSED}
)
"""States that wait for the steward."""


class Likelihood(Enum):
    """How likely a careful steward accepts a text as it is, in steps told apart.

    Of texts on columns in repositories that the fit had not seen, readers accepted 87 %
    of the likely, 66 % of those in the middle and 38 % of the unlikely.
    """

    LIKELY = "likely"
    MAYBE = "maybe"
    UNLIKELY = "unlikely"

    @property
    def bounds(self) -> tuple[float, float]:
        """Confidence from the first up to and without the second; 1 is among it."""
        return _BOUNDS[self]

    @classmethod
    def of(cls, confidence: float) -> Likelihood:
        """The step of a confidence in [0, 1]."""
        return next(each for each in cls if confidence >= each.bounds[0])


_BOUNDS = {
    Likelihood.LIKELY: (0.8, 1.0),
    Likelihood.MAYBE: (0.5, 0.8),
    Likelihood.UNLIKELY: (0.0, 0.5),
}


@dataclass(frozen=True, slots=True)
class Draft:
    """A description proposed for one target, before it is in the workspace."""

    target: Target
    """The table or column it describes."""
    text: str | None
    """The text; None is an abstention."""
    source: Source
    """Where the text came from."""
    confidence: float
    """In [0, 1]."""
    findings: tuple[Finding, ...] = ()
    """What the checks found, in order of declaration."""
    model: str | None = None
    """Name of the model that was asked, if one was."""
    prompt: str | None = None
    """Fingerprint of the exact prompt (hex), if a model was asked."""
    origin: str | None = None
    """Where an inherited, glossary, known or imported text was taken from."""
    guess: str | None = None
    """The best guess beside an abstention."""

    @property
    def likelihood(self) -> Likelihood:
        """How likely a steward accepts it as it is."""
        return Likelihood.of(self.confidence)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A draft as the workspace keeps it: one current per target."""

    id: int
    """Row id in the workspace."""
    draft: Draft
    """What was proposed."""
    state: State
    """Where it stands."""
    text: str | None
    """The text that counts now: the draft's, or the steward's edit of it."""
    previous: str | None
    """The comment in the database when it was drafted or last confirmed."""
    created_at: datetime
    """When it was drafted, UTC."""
    reason: str | None = None
    """Why it was refused or conflicted, or the steward's reason to reject."""

    @property
    def target(self) -> Target:
        """The table or column it describes."""
        return self.draft.target


class Verdict(Enum):
    """What the steward did; undo and redo are decisions too."""

    ACCEPT = "accepted"
    EDIT = "edited"
    REJECT = "rejected"
    UNDO = "undo"
    REDO = "redo"


@dataclass(frozen=True, slots=True)
class Decision:
    """One row of the decision log; rows are added, never changed."""

    id: int
    """Row id; decisions of one bulk action share `batch`."""
    batch: int
    """Number of the action that made it."""
    suggestion: int
    """Id of the suggestion decided on."""
    verdict: Verdict
    """What was decided."""
    before: State
    """State it had."""
    after: State
    """State it got."""
    text_before: str | None
    """Text it had."""
    text_after: str | None
    """Text it got."""
    edit_distance: int
    """Levenshtein distance between drafted and decided text, in characters."""
    who: str
    """Login name of the steward."""
    at: datetime
    """When, UTC."""


@dataclass(frozen=True, slots=True)
class SuggestionFilter:
    """Which suggestions are meant; what is empty leaves none out."""

    states: frozenset[State] = frozenset()
    """Any of these."""
    sources: frozenset[Source] = frozenset()
    """Any of these."""
    likelihoods: frozenset[Likelihood] = frozenset()
    """Any of these steps of confidence."""
    findings: frozenset[Finding] = frozenset()
    """At least one of these."""

    def __bool__(self) -> bool:
        return bool(self.states or self.sources or self.likelihoods or self.findings)

    def fits(self, suggestion: Suggestion) -> bool:
        """Whether a suggestion is meant."""
        draft = suggestion.draft
        return (
            (not self.states or suggestion.state in self.states)
            and (not self.sources or draft.source in self.sources)
            and (not self.likelihoods or draft.likelihood in self.likelihoods)
            and (not self.findings or bool(self.findings & set(draft.findings)))
        )
