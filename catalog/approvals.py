"""Decisions that a second person approves before they count: the four-eyes rule.

What was decided is a fixed content with a digest. Approvals are about that digest, and
each says what it refuses, what it leaves open and what the person decided themselves;
everything else in it is approved. Nobody approves a decision of their own.
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any

import msgspec

from catalog.errors import RefusedError, UsageError
from catalog.objects import Target, parts_of
from catalog.suggestion import Finding, Source, State, Verdict
from catalog.unseen import of_the_seen
from catalog.workspace import now

VERSION = 1
"""Of the content's form; a digest is of one form only."""


@dataclass(frozen=True, slots=True)
class Decided:
    """One decision, with all that a second person needs to judge it."""

    target: Target
    """The table or column."""
    verdict: Verdict
    """Accepted, edited or rejected."""
    previous: str | None
    """The comment that the steward saw in the database."""
    text: str | None
    """What was decided on; None only where a rejected draft had none."""
    drafted: str | None
    """The draft that it began as."""
    source: Source
    """Where the draft came from."""
    model: str | None
    """The model that was asked, if one was."""
    confidence: float
    """In [0, 1]."""
    findings: tuple[Finding, ...]
    """What the checks found in the draft."""
    reason: str | None
    """Why it was rejected, where that was said."""
    who: str
    """The steward."""
    at: str
    """When, ISO 8601 with its offset."""
    seen: bool = False
    """Whether the text is known to have been on the steward's screen."""
    rank: int | None = None
    """The number of the wording that was picked in place of the draft."""
    author: Source | None = None
    """Who wrote that wording."""

    @property
    def state(self) -> State:
        """What the decision makes of a suggestion: it follows from text and draft.

        A file may say otherwise: edited texts were called accepted before.
        """
        if self.verdict is Verdict.REJECT:
            return State.REJECTED
        own = self.text == self.drafted or self.rank is not None
        return State.ACCEPTED if own else State.EDITED

    @property
    def unseen(self) -> bool:
        """Whether it was accepted without being looked at, as far as is known."""
        return self.state is State.ACCEPTED and not self.seen

    @property
    def said(self) -> str:
        """What was decided, in words."""
        accepted = self.state is State.ACCEPTED
        picked = f"wording {self.rank} " if accepted and self.rank else ""
        return f"{picked}{self.state.words}{', unseen' if self.unseen else ''}"

    def as_json(self) -> dict[str, Any]:
        """As it stands in a file."""
        fields: dict[str, Any] = msgspec.to_builtins(self)
        del fields["target"]
        for name in ("seen", "rank", "author"):  # older files have none of them
            if not fields[name]:
                del fields[name]
        return parts_of(self.target) | fields


@dataclass(frozen=True, slots=True)
class Approval:
    """What a person says of a content."""

    who: str
    """The person."""
    at: str
    """When, ISO 8601 with its offset."""
    content: str
    """Digest of the content that it is about."""
    refused: tuple[Target, ...] = ()
    """What must not be written."""
    open: tuple[Target, ...] = ()
    """What it does not approve."""
    decided: tuple[Target, ...] = ()
    """What of that the person decided themselves, as it stands there."""
    signature: str | None = None
    """An SSH signature of `statement`, where it was signed."""

    def statement(self) -> bytes:
        """What is signed: all of it but the signature."""
        return canonical(self.as_json())

    def as_json(self) -> dict[str, Any]:
        """As it stands in a file, without the signature."""
        named = {"refused": self.refused, "open": self.open}
        if self.decided:
            named["decided"] = self.decided
        return {"who": self.who, "at": self.at, "content": self.content} | {
            name: [parts_of(target) for target in targets]
            for name, targets in named.items()
        }

    @property
    def digest(self) -> str:
        """Changes where anything of it does."""
        return digest_of(self.statement())


class ApprovalState(Enum):
    """What approvals make of one decision."""

    APPROVED = "approved"
    REFUSED = "refused"
    OPEN = "open"
    UNSIGNED = "unsigned"
    """Approved, but the one who is said to have decided it did not sign that."""


@dataclass(frozen=True, slots=True)
class SignOff:
    """Decisions on one database, and what was said of them since."""

    key: str
    """Identifies the database, without any secret."""
    label: str
    """The same for people."""
    exported_by: str
    """Who handed the decisions over."""
    exported_at: str
    """When, ISO 8601 with its offset."""
    items: tuple[Decided, ...]
    """The decisions, a target once."""
    approvals: tuple[Approval, ...] = field(default=())
    """At most one of each person."""

    def content(self) -> dict[str, Any]:
        """What approvals are about, as it stands in a file."""
        return {
            "format": "columnist-decisions",
            "version": VERSION,
            "database": {"key": self.key, "label": self.label},
            "exported_by": self.exported_by,
            "exported_at": self.exported_at,
            "items": [each.as_json() for each in self.items],
        }

    @property
    def digest(self) -> str:
        """Changes where anything that approvals are about does; it reads all items."""
        return digest_of(canonical(self.content()))

    def of(self, person: str) -> list[Decided]:
        """The decisions that a person made."""
        return [each for each in self.items if same_person(each.who, person)]

    def approved(
        self,
        person: str,
        *,
        refused: Collection[Target] = (),
        open: Collection[Target] = (),  # noqa: A002  # as the field is called
        signing: bool = False,
    ) -> SignOff:
        """The same with one more approval, in place of that person's earlier one.

        Their own decisions stay open, and are named as theirs.

        Args:
            person: who says so.
            refused: what must not be written.
            open: what is not approved.
            signing: it gets a signature, which says something of their own decisions
                too; so there need be no others.

        Raises:
            RefusedError: nothing would be left that they may approve or refuse.
            UsageError: something refused is not in it, or there is no name.
        """
        person = person.strip()
        if not name_of(person):
            raise UsageError("An approval needs a name.", "Give it with --by.")
        known = {each.target for each in self.items}
        if unknown := [each for each in refused if each not in known]:
            raise UsageError(
                f"There is no decision on {unknown[0]} in it.",
                "`columnist decisions review FILE` lists what there is.",
            )
        own = {each.target for each in self.of(person)} - set(refused)
        left = own | set(open)
        if self.items and known <= left and not (signing and own):
            raise RefusedError(
                f"{person} decided all of this and cannot approve it too."
                if known <= own
                else "Nothing of it was approved or refused.",
                "A second person signs: columnist decisions sign FILE --by NAME."
                if known <= own
                else "Approve or refuse something first.",
            )
        in_order = [each.target for each in self.items]
        approval = Approval(
            person,
            now(),
            self.digest,
            tuple(target for target in in_order if target in set(refused)),
            tuple(target for target in in_order if target in left),
            tuple(target for target in in_order if target in own),
        )
        others = [each for each in self.approvals if not same_person(each.who, person)]
        return replace(self, approvals=(*others, approval))

    def signed(self, signature: str) -> SignOff:
        """The same with a signature on the latest approval."""
        *others, last = self.approvals
        return replace(self, approvals=(*others, replace(last, signature=signature)))

    def standings(
        self, approvals: Sequence[Approval] | None = None
    ) -> dict[Target, tuple[ApprovalState, str]]:
        """What became of each decision, and who says so.

        One refusal is enough, whoever approved; an approval of one's own counts for
        nothing.

        Args:
            approvals: those with a proof of who says so, which is then demanded of who
                decided too; None is all of them, as they are.
        """
        counted = self.approvals if approvals is None else approvals
        proved = {
            (name_of(each.who), target)
            for each in approvals or ()
            for target in each.decided
        }
        sets = [(each, set(each.refused), set(each.open)) for each in counted]
        found: dict[Target, tuple[ApprovalState, str]] = {}
        for item in self.items:
            target = item.target
            by = next((a.who for a, refused, _ in sets if target in refused), None)
            if by is not None:
                found[target] = (ApprovalState.REFUSED, by)
                continue
            names = [
                a.who
                for a, _, left in sets
                if target not in left and not same_person(a.who, item.who)
            ]
            if not names:
                found[target] = (ApprovalState.OPEN, "")
            elif approvals is None or (name_of(item.who), target) in proved:
                found[target] = (ApprovalState.APPROVED, ", ".join(names))
            else:
                found[target] = (ApprovalState.UNSIGNED, item.who)
        return found


def same_person(one: str, other: str) -> bool:
    """Whether two names are of one person, as far as letters tell."""
    return name_of(one) == name_of(other)


def name_of(person: str) -> str:
    """A person's name without what makes no other one of it.

    That is case, blanks, other forms of the same letters (NFKC), and what nobody sees.
    Letters that merely look alike, such as those of two scripts, make two names.
    """
    # Folding may leave what normalising composes, and the other way round.
    folded = unicodedata.normalize("NFKC", person).casefold()
    seen = of_the_seen(unicodedata.normalize("NFKC", folded))
    return "".join(unicodedata.normalize("NFKC", seen).split())


def canonical(document: Any) -> bytes:
    """The one way of writing a document, in ASCII."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return text.encode("ascii")


def digest_of(data: bytes) -> str:
    """With the name of the method in front."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"
