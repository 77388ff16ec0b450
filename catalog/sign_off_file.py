"""The file of decisions that goes to a second person and comes back.

It is untrusted: every field is checked before anything is made of it, nothing may be in
it that no digest covers, and a digest that differs refuses all of it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn, TypeVar, cast

from catalog.approvals import VERSION, Approval, Decided, SignOff, name_of
from catalog.errors import ColumnistError, RefusedError, UsageError
from catalog.files import write_file
from catalog.objects import Target, make_target
from catalog.suggestion import Finding, Source, Verdict

LARGEST = 1 << 27
"""Most bytes of a file: about two hundred thousand decisions."""
MOST_APPROVALS = 100
LONGEST_NAME = 1000
"""Most characters of a person's name, and of an object's."""
_DECIDED = ("accepted", "edited", "rejected")
_ITEM = (
    *("schema", "table", "column", "verdict", "previous", "text", "drafted"),
    *("source", "model", "confidence", "findings", "reason", "who", "at"),
)
_APPROVAL = ("who", "at", "content", "refused", "open", "signature", "digest")
_TOP = (
    *("format", "version", "database", "exported_by", "exported_at"),
    *("items", "digest", "approvals"),
)

T = TypeVar("T")


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
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except FileNotFoundError:
        raise UsageError(f"There is no file {path}.", "Check the path.") from None
    except OSError as error:
        raise ColumnistError(
            f"Cannot read {path}: {error.strerror}.", "Check the path."
        ) from error
    if len(data) > LARGEST:
        raise UsageError(
            f"{path} has more than {LARGEST >> 20} MiB.",
            "Export less at once, with --schema or --table.",
        )
    return _Reader(path).document(data)


@dataclass(frozen=True, slots=True)
class _Reader:
    path: Path

    def document(self, data: bytes) -> SignOff:
        try:
            whole = json.loads(data, parse_constant=_no_constant)
        except (ValueError, RecursionError):
            self._wrong("it is not JSON")
        top = self._mapping(whole, "it")
        if top.get("format") != "columnist-decisions":
            self._wrong("it is JSON of something else")
        version = top.get("version")
        if type(version) is not int or version != VERSION:
            raise UsageError(
                f"{self.path} is of another version than {VERSION}.",
                "Export it again, or use the Columnist that made it.",
            )
        self._fields(top, _TOP, "it")
        database = self._mapping(top["database"], "its database")
        self._fields(database, ["key", "label"], "its database")
        found = SignOff(
            self._text(database["key"], "its database's key"),
            self._text(database["label"], "its database's label"),
            self._person(top["exported_by"], "exported_by"),
            self._moment(top["exported_at"], "exported_at"),
            self._all(top["items"], "items", self._item),
            self._all(
                top["approvals"], "approvals", self._approval, most=MOST_APPROVALS
            ),
        )
        targets = [each.target for each in found.items]
        if len(set(targets)) < len(targets):
            self._wrong("it decides on one object twice")
        digest = found.digest
        if top["digest"] != digest:
            self._changed("its digest is another one")
        for number, (approval, given) in enumerate(
            zip(found.approvals, top["approvals"], strict=True), 1
        ):
            if approval.content != digest:
                self._changed(f"approval {number} is of other decisions")
            if given["digest"] != approval.digest:
                self._changed(f"the digest of approval {number} is another one")
            named = {*approval.refused, *approval.open, *approval.decided}
            if not named <= set(targets):
                self._changed(f"approval {number} names what is not in it")
        return found

    def _item(self, value: object, what: str) -> Decided:
        item = self._mapping(value, what)
        self._fields(item, _ITEM, what)
        verdict = self._one_of(item["verdict"], _DECIDED, f"{what}: verdict")
        text = self._optional(item["text"], f"{what}: text")
        if not text and verdict != "rejected":
            self._wrong(f"{what} has no text")
        confidence = item["confidence"]
        if type(confidence) not in (int, float) or not 0 <= confidence <= 1:
            self._wrong(f"{what}: confidence is not between 0 and 1")
        findings = self._all(
            item["findings"],
            f"{what}: findings",
            lambda one, which: self._one_of(one, [f.value for f in Finding], which),
        )
        return Decided(
            self._target(item, what),
            Verdict(verdict),
            self._optional(item["previous"], f"{what}: previous"),
            text,
            self._optional(item["drafted"], f"{what}: drafted"),
            Source(
                self._one_of(
                    item["source"], [s.value for s in Source], f"{what}: source"
                )
            ),
            self._optional(item["model"], f"{what}: model"),
            float(confidence),
            tuple(Finding(one) for one in findings),
            self._optional(item["reason"], f"{what}: reason"),
            self._person(item["who"], f"{what}: who"),
            self._moment(item["at"], f"{what}: at"),
        )

    def _approval(self, value: object, what: str) -> Approval:
        given = self._mapping(value, what)
        own = ("decided",) if "decided" in given else ()
        self._fields(given, (*_APPROVAL, *own), what)

        def target(one: object, which: str) -> Target:
            fields = self._mapping(one, which)
            self._fields(fields, ["schema", "table", "column"], which)
            return self._target(fields, which)

        return Approval(
            self._person(given["who"], f"{what}: who"),
            self._moment(given["at"], f"{what}: at"),
            self._text(given["content"], f"{what}: content"),
            self._all(given["refused"], f"{what}: refused", target),
            self._all(given["open"], f"{what}: open", target),
            self._all(given["decided"], f"{what}: decided", target) if own else (),
            self._optional(given["signature"], f"{what}: signature"),
        )

    def _target(self, item: dict[str, Any], what: str) -> Target:
        column = item["column"]
        return make_target(
            self._text(item["schema"], f"{what}: schema", most=LONGEST_NAME),
            self._name(item["table"], f"{what}: table"),
            None if column is None else self._name(column, f"{what}: column"),
        )

    # Pieces

    def _all(
        self,
        value: object,
        what: str,
        read: Callable[[object, str], T],
        *,
        most: int | None = None,
    ) -> tuple[T, ...]:
        if not isinstance(value, list):
            self._wrong(f"{what} is no list")
        listed = cast("list[object]", value)
        if most is not None and len(listed) > most:
            self._wrong(f"it has more than {most} {what}")
        return tuple(
            read(each, f"{what} {number}") for number, each in enumerate(listed, 1)
        )

    def _mapping(self, value: object, what: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            self._wrong(f"{what} is no object")
        return cast("dict[str, Any]", value)

    def _fields(self, given: dict[str, Any], wanted: Sequence[str], what: str) -> None:
        if missing := [name for name in wanted if name not in given]:
            self._wrong(f"{what} has no {missing[0]}")
        if len(given) > len(wanted):
            self._wrong(f"{what} has a field that does not belong there")

    def _one_of(self, value: object, known: Sequence[str], what: str) -> str:
        if not isinstance(value, str) or value not in known:
            self._wrong(f"{what} is none of {', '.join(known)}")
        return value

    def _text(self, value: object, what: str, *, most: int | None = None) -> str:
        if not isinstance(value, str):
            self._wrong(f"{what} is no text")
        if most is not None and len(value) > most:
            self._wrong(f"{what} has more than {most} characters")
        if any("\ud800" <= c <= "\udfff" for c in value):
            self._wrong(f"{what} holds half a character")
        return value

    def _optional(self, value: object, what: str) -> str | None:
        return None if value is None else self._text(value, what)

    def _name(self, value: object, what: str) -> str:
        name = self._text(value, what, most=LONGEST_NAME)
        if not name.strip():
            self._wrong(f"{what} is empty")
        return name

    def _person(self, value: object, what: str) -> str:
        name = self._name(value, what)
        if not name_of(name):
            self._wrong(f"{what} has no letter that is seen")
        return name

    def _moment(self, value: object, what: str) -> str:
        text = self._text(value, what, most=100)
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            self._wrong(f"{what} is no moment")
        if moment.tzinfo is None:
            self._wrong(f"{what} has no offset from UTC")
        if not 1971 <= moment.year <= 9000:  # clocks cannot tell others everywhere
            self._wrong(f"{what} is no moment of our time")
        return text

    def _wrong(self, why: str) -> NoReturn:
        raise UsageError(
            f"{self.path} is not a file of decisions: {why}.",
            "`columnist decisions export` writes one.",
        )

    def _changed(self, why: str) -> NoReturn:
        raise RefusedError(
            f"{self.path} was changed since it was written: {why}.",
            "Do not use it; get it again from where it was written.",
        )


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)
