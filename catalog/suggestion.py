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
"""States whose text the next write run takes."""

UNDECIDED = frozenset({State.PENDING, State.ABSTAINED, State.STALE, State.CONFLICT})
"""States that wait for the steward."""


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
    """Where an inherited, glossary or imported text was taken from."""
    guess: str | None = None
    """The best guess beside an abstention."""


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
