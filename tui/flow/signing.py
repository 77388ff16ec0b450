"""Signing a file of decisions, and which of its approvals count."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path

from catalog.approvals import Approval, ApprovalState, SignOff, same_person
from catalog.errors import RefusedError, UsageError
from catalog.objects import Target
from catalog.sign_off_file import load, save
from model.signature import Signers, sign, signing_key

NAMESPACE = "columnist-decisions"
"""What signatures are for; one made for something else does not count."""


def sign_file(
    path: Path,
    person: str,
    *,
    digest: str | None = None,
    refused: Collection[Target] = (),
    left: Collection[Target] = (),
    key: Path | None = None,
    ask: bool = True,
) -> SignOff:
    """Add an approval to a file as it is now, and a signature where a key is given.

    Signed so, it says of one's own decisions that they are, and need say no more.

    Args:
        path: the file.
        person: who approves.
        digest: what was looked at; None is whatever is in the file.
        refused: what must not be written.
        left: what nothing is said of.
        key: an SSH key to sign with.
        ask: its passphrase may be asked for at the terminal.

    Raises:
        RefusedError: the person decided all of it, or it is not what was looked at.
        ColumnistError: it cannot be read, signed or written.
    """
    document = load(path)
    if digest is not None and document.digest != digest:
        raise RefusedError(
            f"{path} holds other decisions by now.", "Open it again and look at them."
        )
    document = document.approved(
        person, refused=refused, open=left, signing=key is not None
    )
    if key is not None:
        document = signed(document, key, ask=ask)
    save(document, path, over=True)
    return document


def signed_as_own(document: SignOff, person: str, key: Path) -> SignOff:
    """The same, where a person says with a signature which decisions are theirs.

    Raises:
        RefusedError: none is.
        ColumnistError: it cannot be signed.
    """
    if not document.of(person):
        raise RefusedError(
            f"{person} decided none of this.", "Whoever did signs it, with --key."
        )
    targets = [each.target for each in document.items]
    return signed(document.approved(person, open=targets, signing=True), key)


def signed(document: SignOff, key: Path, *, ask: bool = True) -> SignOff:
    """The same with a signature on the latest approval."""
    signature = sign(document.approvals[-1].statement(), key, NAMESPACE, ask=ask)
    return document.signed(signature.decode("ascii", "replace"))


def proved(document: SignOff, allowed: Path) -> list[Approval]:
    """The approvals with a signature of the one whose name they bear.

    Raises:
        RefusedError: two people of these have one key.
        ColumnistError: there is no such file, or no ssh-keygen.
    """
    found: list[Approval] = []
    holders: dict[str, str] = {}
    for each in document.approvals:
        signature = (each.signature or "").encode()
        signers = Signers(allowed, each.who)
        key = signing_key(each.statement(), signature, signers, NAMESPACE)
        if key is None:
            continue
        if not same_person(holder := holders.setdefault(key, each.who), each.who):
            raise RefusedError(
                f"{holder} and {each.who} signed with one key.",
                f"Two people have a key each; correct {allowed}.",
            )
        found.append(each)
    return found


def named(document: SignOff, names: Sequence[str]) -> list[Target]:
    """Targets by `schema.table` or `schema.table.column`.

    Raises:
        UsageError: a name is of none, or of more than one.
    """
    known: dict[str, list[Target]] = {}
    for each in document.items:
        known.setdefault(str(each.target), []).append(each.target)
    found: list[Target] = []
    for name in names:
        targets = known.get(name, [])
        if len(targets) != 1:
            raise UsageError(
                f"{name} names {len(targets) or 'none'} of the decisions.",
                "`columnist decisions review FILE` lists what there is.",
            )
        found += targets
    return found


def counted(
    document: SignOff, approvals: Sequence[Approval] | None = None
) -> Counter[ApprovalState]:
    """How many decisions are approved, refused and open; by those that count."""
    return Counter(standing for standing, _ in document.standings(approvals).values())
