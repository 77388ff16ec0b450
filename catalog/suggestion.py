"""Suggestions, their findings and states, and the steward's decisions on them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from catalog.objects import Target
from catalog.trial import Favoured


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

    @property
    def words(self) -> str:
        """What it is called where people read."""
        return self.value.replace("_", " ")


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

    @property
    def words(self) -> str:
        """What it is called where people read; files and scripts have the value."""
        return _WORDS.get(self, self.value)


_WORDS = {
    State.PENDING: "to decide",
    State.CONFLICT: "in conflict",
    State.REFUSED: "refused by the database",
    State.STALE: "outdated",
}

STAGED = frozenset({State.ACCEPTED, State.EDITED})
"""States whose text is decided and was not tried, or only failed to be written."""

TRIED = STAGED | {State.REFUSED}
"""States whose text the next write run takes: the reason to refuse it may be gone."""

IN_BULK = frozenset({State.PENDING, State.REFUSED})
"""States whose text may be accepted with others: nobody doubts what it was made of."""

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
class Effort:
    """What asking a model for one draft took."""

    read: int
    """Tokens of the prompt; what a table's texts share is split evenly among them."""
    written: int
    """Tokens of the text that it wrote."""
    seconds: float
    """Of the engine's work, split between the texts that it had in hand."""


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
    effort: Effort | None = field(default=None, compare=False)
    """What it took, if a model was asked; it goes into the inference log."""

    @property
    def likelihood(self) -> Likelihood:
        """How likely a steward accepts it as it is."""
        return Likelihood.of(self.confidence)


@dataclass(frozen=True, slots=True)
class Wording:
    """Another text that the steward may pick in place of the drafted one."""

    text: str
    """The text."""
    by: Source
    """The model, or the rules."""
    model: str | None = None
    """The model's name, where it wrote the text."""
    findings: tuple[Finding, ...] = ()
    """What the checks found in it."""


@dataclass(frozen=True, slots=True)
class Offered:
    """One of two models' drafts that stand side by side; whose it is, is not told."""

    id: int
    """Row id of its suggestion."""
    text: str
    """The text."""
    findings: tuple[Finding, ...] = ()
    """What the checks found in it."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A draft as the workspace keeps it: one current per target.

    What is known of the draft alone (`draft.source`, its confidence and findings) says
    nothing of another text: whoever shows a text asks `by`, `confidence`, `findings`.
    """

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
    author: Source | None = None
    """Whose words the text is: a person's, or those of a wording that was picked;
    None where it is the draft's."""
    rank: int | None = None
    """The number of the wording that was picked; None where none was."""
    own_findings: tuple[Finding, ...] = ()
    """What the checks found in a text that is not the draft's."""
    writer: str | None = None
    """Login name of the person whose words the text is; None where it is no one's."""
    pair: tuple[Offered, ...] = ()
    """Two models' drafts in the order drawn for this target, until one is decided on;
    no field of this or its draft then tells which model wrote what, or hints at it."""

    @property
    def target(self) -> Target:
        """The table or column it describes."""
        return self.draft.target

    @property
    def by(self) -> Source:
        """Whose words the text is."""
        return self.author or self.draft.source

    @property
    def edited(self) -> bool:
        """Whether a person wrote the text in place of the draft's."""
        return self.author is Source.HUMAN

    @property
    def confidence(self) -> float | None:
        """How likely the text is accepted as it is; known of the draft's alone."""
        return None if self.author or self.pair else self.draft.confidence

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What the checks found in the text."""
        return self.own_findings if self.author else self.draft.findings

    @property
    def model(self) -> str | None:
        """The model that wrote the text, if one did and its name is known."""
        return self.draft.model if self.by is Source.MODEL else None


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
    """Levenshtein distance of a person's text from the draft, in characters; 0 for the
    draft's own and for a wording that was picked."""
    rank: int | None
    """The number of the wording that was picked, which the text is; None for others."""
    favoured: Favoured | None
    """What was said of two drafts side by side, where they stood there."""
    seen: bool
    """Whether the text was on the screen when it was decided on."""
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
        sure = suggestion.confidence
        told = not suggestion.pair
        return (
            (not self.states or suggestion.state in self.states)
            and (not self.sources or (told and suggestion.by in self.sources))
            and (
                not self.likelihoods
                or (sure is not None and Likelihood.of(sure) in self.likelihoods)
            )
            and (not self.findings or bool(self.findings & set(suggestion.findings)))
        )
