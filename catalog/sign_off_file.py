"""The file of decisions that goes to a second person and comes back.

It is untrusted: every field is checked before anything is made of it, nothing may be in
it that no digest covers, and a digest that differs refuses all of it.
"""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from catalog.approvals import VERSION, Approval, Decided, SignOff, name_of
from catalog.checked import mistake
from catalog.errors import RefusedError, UsageError
from catalog.files import reading, write_file
from catalog.objects import Target, make_target
from catalog.suggestion import Finding, Source, Verdict

LARGEST = 1 << 27
"""Most bytes of a file: about two hundred thousand decisions."""
MOST_APPROVALS = 100
LONGEST_NAME = 1000
"""Most characters of a person's name, and of an object's."""
_Name = Annotated[
    str,
    msgspec.Meta(
        pattern=r"\S",
        max_length=LONGEST_NAME,
        description=f"a name of at most {LONGEST_NAME} characters",
    ),
]
_Moment = Annotated[str, msgspec.Meta(max_length=100, description="a moment")]


class _Head(msgspec.Struct):
    """What tells the file from others, and its version from later ones."""

    format: Literal["columnist-decisions"]
    version: int


class _Place(msgspec.Struct, forbid_unknown_fields=True):
    schema: Annotated[str, msgspec.Meta(max_length=LONGEST_NAME)]
    table: _Name
    column: _Name | None

    @property
    def target(self) -> Target:
        return make_target(self.schema, self.table, self.column)


class _Item(_Place):
    verdict: Literal["accepted", "edited", "rejected"]
    previous: str | None
    text: str | None
    drafted: str | None
    source: Source
    model: str | None
    confidence: Annotated[float, msgspec.Meta(ge=0, le=1)]
    findings: tuple[Finding, ...]
    reason: str | None
    who: _Name
    at: _Moment
    seen: bool = False
    rank: Annotated[int, msgspec.Meta(ge=1, le=9)] | None = None
    author: Literal["model", "rules"] | None = None

    def __post_init__(self) -> None:
        _check(self.who, self.at)
        if (self.rank is None) is not (self.author is None):
            raise ValueError("a wording that was picked has a number and an author")
        if not self.text and self.verdict != "rejected":
            raise ValueError("there is no text")

    def decided(self) -> Decided:
        fields: dict[str, Any] = msgspec.structs.asdict(self)
        fields["verdict"] = Verdict(self.verdict)
        fields["author"] = self.author and Source(self.author)
        for each in _Place.__struct_fields__:
            del fields[each]
        return Decided(self.target, **fields)


class _Approval(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    who: _Name
    at: _Moment
    content: str
    refused: tuple[_Place, ...]
    open: tuple[_Place, ...]
    decided: tuple[_Place, ...] = ()
    signature: str | None
    digest: str

    def __post_init__(self) -> None:
        _check(self.who, self.at)

    def approval(self) -> Approval:
        refused, left, decided = (
            tuple(each.target for each in places)
            for places in (self.refused, self.open, self.decided)
        )
        return Approval(
            self.who, self.at, self.content, refused, left, decided, self.signature
        )


class _Database(msgspec.Struct, forbid_unknown_fields=True):
    key: str
    label: str


class _File(_Head, forbid_unknown_fields=True):
    database: _Database
    exported_by: _Name
    exported_at: _Moment
    items: tuple[_Item, ...]
    digest: str
    approvals: Annotated[tuple[_Approval, ...], msgspec.Meta(max_length=MOST_APPROVALS)]

    def __post_init__(self) -> None:
        _check(self.exported_by, self.exported_at)


def _check(person: str, at: str) -> None:
    """That somebody can be seen, and a moment be compared with others.

    Raises:
        ValueError: they cannot.
    """
    if not name_of(person):
        raise ValueError("a name has no letter that is seen")
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        raise ValueError("a moment is none") from None
    if moment.tzinfo is None:
        raise ValueError("a moment has no offset from UTC")
    if not 1971 <= moment.year <= 9000:  # clocks cannot tell others everywhere
        raise ValueError("a moment is none of our time")


def to_text(document: SignOff) -> str:
    """The file's text: ASCII, with keys in order, so that two of them compare."""
    whole = document.content() | {
        "digest": document.digest,
        "approvals": [
            each.as_json() | {"signature": each.signature, "digest": each.digest}
            for each in document.approvals
        ],
    }
    return json.dumps(whole, indent=1, sort_keys=True, allow_nan=False) + "\n"


def save(document: SignOff, path: Path, *, over: bool = False) -> None:
    """Write the file, all of it or nothing.

    Args:
        document: what is written.
        path: where.
        over: a file that is there is replaced.

    Raises:
        UsageError: there is one already.
        ColumnistError: it cannot be written.
    """
    if path.is_file() and not over:
        raise UsageError(
            f"There is a file {path} already.", "It may hold approvals: name another."
        )
    write_file(path, to_text(document), hint="Choose another place.")


def load(path: Path) -> SignOff:
    """Read a file and check all of it.

    Raises:
        UsageError: there is no such file, or it is something else.
        RefusedError: it was changed since it was written.
        ColumnistError: it cannot be read.
    """
    with reading(path), path.open("rb") as stream:
        data = stream.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise UsageError(
            f"{path} has more than {LARGEST >> 20} MiB.",
            "Export less at once, with --schema or --table.",
        )
    try:
        text = data.decode(json.detect_encoding(data))  # an editor may have changed it
        if msgspec.json.decode(text, type=_Head).version != VERSION:
            raise UsageError(
                f"{path} is of another version than {VERSION}.",
                "Export it again, or use the Columnist that made it.",
            )
        file = msgspec.json.decode(text, type=_File)
    except msgspec.ValidationError as error:
        raise _wrong(path, mistake(_File, error).what) from None
    except (ValueError, RecursionError):
        raise _wrong(path, "it is not JSON") from None
    found = SignOff(
        file.database.key,
        file.database.label,
        file.exported_by,
        file.exported_at,
        tuple(item.decided() for item in file.items),
        tuple(each.approval() for each in file.approvals),
    )
    targets = {each.target for each in found.items}
    if len(targets) < len(found.items):
        raise _wrong(path, "it decides on one object twice")
    if changed := _changed(file, found, targets):
        raise RefusedError(
            f"{path} was changed since it was written: {changed}.",
            "Do not use it; get it again from where it was written.",
        )
    return found


def _changed(file: _File, found: SignOff, targets: set[Target]) -> str:
    """What of a file is not as it was written; empty where all of it is."""
    digest = found.digest
    if file.digest != digest:
        return "its digest is another one"
    for number, (approval, given) in enumerate(
        zip(found.approvals, file.approvals, strict=True), 1
    ):
        if approval.content != digest:
            return f"approval {number} is of other decisions"
        if given.digest != approval.digest:
            return f"the digest of approval {number} is another one"
        if not {*approval.refused, *approval.open, *approval.decided} <= targets:
            return f"approval {number} names what is not in it"
    return ""


def _wrong(path: Path, why: str) -> UsageError:
    return UsageError(
        f"{path} is not a file of decisions: {why}.",
        "`columnist decisions export` writes one.",
    )
